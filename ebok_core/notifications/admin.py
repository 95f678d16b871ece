"""The panel's log of mails and text messages: did the letter go out, and did it come back (L157)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint
from flask.typing import ResponseReturnValue

from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, lazy_pgettext, ngettext
from ebok_core.outbox import words
from ebok_core.outbox.models import Message
from ebok_core.web import Column, DateFilter, Filter, Link, Option, Table, Word, list_page, runtime

from . import log

blueprint = Blueprint("notifications", __name__)

_m = Message.__table__.c
# What a message to a person says of itself; a mailbox that refuses is a letter that came back.
STATES = {
    "delivered": ("ok", lazy_pgettext("mail", "accepted by the server")),
    "applied": ("ok", lazy_pgettext("mail", "accepted by the server")),
    "rejected": ("bad", lazy_pgettext("mail", "returned")),
    "dead": ("bad", lazy_pgettext("mail", "not sent")),
    "cancelled": ("", lazy_pgettext("mail", "given up")),
}
_WAITS = ("wait", lazy_pgettext("mail", "waits to be sent"))


def _state(row: Any) -> Word:
    kind, text = STATES.get(row.state, _WAITS)
    return Word(kind, str(text), words.reason(row.reason_code or row.last_class) if kind != "ok" else "")


def _template(row: Any) -> str:
    """What the message is about; its template's key where the module is gone."""
    titles = {t.key: t.title for t in runtime().portal.of("ebok_notification_templates")}
    return str(titles.get(row.template, row.template))


LOG = Table(
    key="core.mail_log",
    caption=lazy_gettext("E-mails and text messages"),
    statement=log.STATEMENT,
    row_key=(_m.id,),
    columns=(
        Column(
            "accepted_at",
            lazy_gettext("Written"),
            "instant",
            sort=_m.accepted_at,
            head=True,
            link=Link("admin.outbox.message", {"message_id": "id"}),
        ),
        Column("target", lazy_gettext("Channel"), value=lambda row: words.target(row.target)),
        Column("address", lazy_gettext("To whom")),
        Column("template", lazy_gettext("About what"), value=_template),
        Column("state", lazy_gettext("State"), "word", value=_state, optional=False),
        Column("delivered_at", lazy_gettext("Handed over"), "instant", shown=False),
        Column("customer_code", lazy_gettext("Customer code"), shown=False),
        Column("attempts", lazy_gettext("Tries"), "number", shown=False),
    ),
    sort="-accepted_at",
    filters=(
        Filter(
            "stan",
            lazy_gettext("States of messages"),
            (
                Option("oczekuje", lazy_gettext("Waiting"), log.WAITING),
                Option("wyslane", lazy_pgettext("mail", "Sent"), log.SENT),
                Option("zwrocone", lazy_gettext("Returned"), log.RETURNED),
                Option("niewyslane", lazy_gettext("Not sent"), log.FAILED),
            ),
            chips=True,
        ),
        Filter(
            "kanal",
            lazy_gettext("Channel"),
            tuple(Option(key, words.TARGETS[key], _m.target == key) for key in log.CHANNELS),
        ),
        DateFilter("okres", lazy_gettext("Written"), _m.accepted_at),
    ),
    search=sa.func.lower(sa.func.coalesce(log.ADDRESS, "") + " " + sa.func.coalesce(_m.customer_code, "")),
    search_label=lazy_gettext("Address, phone number or customer code"),
    search_fold=str.lower,
    reach="stated",
    counted=lambda n: ngettext("%(n)s message", "%(n)s messages", n),
    empty=(lazy_gettext("No message has been written yet"), lazy_gettext("Each of the last 90 days will stand here.")),
)


@blueprint.get("/procesy/wiadomosci")
def index() -> ResponseReturnValue:
    """Mails and text messages of the last 90 days, newest first."""
    return list_page(
        LOG,
        "ebok_core/notifications/log.html",
        title=_("E-mails and text messages"),
        menu="core.admin_processes",
        values={"since": log.since()},
    )
