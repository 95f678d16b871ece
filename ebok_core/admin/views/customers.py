"""The customer card: what staff need at a glance, and the ways on."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from ebok_core import audit
from ebok_core.i18n import lazy_gettext, lazy_pgettext, pgettext
from ebok_core.privacy.diary import rules as diary_rules
from ebok_core.privacy.diary import service as diary
from ebok_core.web import (
    Column,
    Word,
    after_answer,
    back_to,
    render,
    rows_table,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)

from .. import cards, permissions
from . import finder
from .blueprint import customers

ROLES = {
    "owner": lazy_pgettext("access", "owner"),
    "manager": lazy_pgettext("access", "manager"),
    "payer": lazy_pgettext("access", "payer"),
    "observer": lazy_pgettext("access", "observer"),
}
STATUSES = {
    "normal": ("ok", lazy_pgettext("account", "normal")),
    "suspended": ("wait", lazy_pgettext("account", "suspended")),
    "blocked": ("bad", lazy_pgettext("account", "blocked")),
}
TARGETS = {"tytan": "TYTAN", "mail": lazy_gettext("e-mail"), "sms": "SMS"}
STATES = {
    "pending": ("wait", lazy_pgettext("message", "waits")),
    "leased": ("wait", lazy_pgettext("message", "being sent")),
    "uncertain": ("wait", lazy_pgettext("message", "not certain")),
    "parked": ("wait", lazy_pgettext("message", "waits for another")),
    "delivered": ("ok", lazy_pgettext("message", "delivered")),
    "applied": ("ok", lazy_pgettext("message", "accepted")),
    "rejected": ("bad", lazy_pgettext("message", "rejected")),
    "dead": ("bad", lazy_pgettext("message", "could not be delivered")),
    "cancelled": ("", lazy_pgettext("message", "cancelled")),
}

_POINTS = (
    Column("code", lazy_gettext("Point code"), head=True),
    Column("name", lazy_gettext("Point name")),
    Column("address", lazy_gettext("Address of supply")),
    Column("status", lazy_gettext("Status")),
)
_METERS = (
    Column("meter_number", lazy_gettext("Meter"), head=True),
    Column("point_name", lazy_gettext("Service point")),
    Column("last_read_on", lazy_gettext("Last reading"), "date"),
    Column("last_value", lazy_gettext("State [m³]"), "volume"),
)
_PEOPLE = (
    Column("display_name", lazy_gettext("Person"), head=True, note=lambda row: row.email or row.login),
    Column("login", lazy_gettext("Login")),
    Column("role", lazy_gettext("Role"), value=lambda row: str(ROLES.get(row.role, row.role))),
    Column("valid_to", lazy_gettext("Access until"), "date"),
    Column("status", lazy_gettext("Status of the account"), "word", value=lambda row: _status(row.status)),
)
_SENT = (
    Column("accepted_at", lazy_gettext("Accepted"), "instant", head=True),
    Column("target", lazy_gettext("Where to"), value=lambda row: str(TARGETS.get(row.target, row.target))),
    Column("kind", lazy_gettext("What"), value=lambda row: _what(row)),
    Column("state", lazy_gettext("State of sending"), "word", value=lambda row: _state(row)),
)


@customers.get("/klienci/<code>")
def card(code: str) -> ResponseReturnValue:
    """One customer at a glance; the look is noted in the customer's diary and in the audit trail (S59)."""
    found = cards.card(snapshot(), viewer(), code, with_money=runtime().portal.deals_in_money)
    _note(code)
    return render(
        "ebok_core/admin/card.html",
        title=pgettext("panel", "Customer %(code)s", code=code),
        menu="core.admin_preview",
        card=found,
        back=back_to(finder.CUSTOMERS, "admin.customers.find"),
        points=rows_table(lazy_gettext("Service points"), _POINTS, found.points),
        meters=rows_table(lazy_gettext("Meters in use"), _METERS, found.meters),
        people=rows_table(lazy_gettext("People with access"), _PEOPLE, found.people),
        sent=rows_table(lazy_gettext("Last messages"), _SENT, found.sent),
        may_preview=viewer().may(permissions.PREVIEW),
        may_refresh=viewer().may(permissions.REFRESH),
    )


def _note(code: str) -> None:
    """Half an hour of looking is one line, in the diary as in the audit trail."""
    staff = viewer()

    def note() -> None:
        with unit_of_work() as session:
            if diary.seen(session, staff, code, diary_rules.CUSTOMER):
                audit.record(session, permissions.SEEN, actor=staff, object_type="customer", object_id=code)

    after_answer(note)


def _status(status: str) -> Word:
    kind, text = STATUSES.get(status, ("", status))
    return Word(kind, str(text))


def _state(row: cards.Sent) -> Word:
    kind, text = STATES.get(row.state, ("", row.state))
    return Word(kind, str(text), row.reason or "")


def _what(row: cards.Sent) -> str:
    """A mail by the title of its template; a message to TYTAN by its kind."""
    titles = {template.key: str(template.title) for template in runtime().portal.of("ebok_notification_templates")}
    return titles.get(row.subject_type, row.kind)
