"""The office's list of e-invoices and what became of each; the log of one; the tick at a returned one (L106–L108)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import abort
from flask.typing import ResponseReturnValue

from ebok_core.errors import NotFound
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, lazy_pgettext, ngettext
from ebok_core.web import (
    Cell,
    Column,
    DateFilter,
    Filter,
    Link,
    Option,
    Table,
    Word,
    done,
    list_page,
    redirect_to,
    render,
    rows_table,
    snapshot,
    unit_of_work,
    viewer,
)

from .. import schemas
from ..models import ACCEPTED, BOUNCED, HELD, PAPER, QUEUED, Notice, Proof
from ..permissions import HANDLE
from ..service import bounces
from .blueprint import blueprint

_n = Notice.__table__.c
COLUMNS = (
    *("id", "document_number", "customer_code", "issued_on", "gross", "channel", "state", "reason", "email", "phone"),
    *("queued_at", "sent_at", "accepted_at", "bounced_at", "bounce_code", "received_at", "received_how"),
    *("confirmed_at", "confirmed_by", "handled_at", "sms_state"),
)
_STEPS = sa.select(Proof).where(Proof.document_number == sa.bindparam("number"))
_LADDER = list(schemas.STEPS)


def state_word(row: Any) -> Word:
    """How a notice stands; a receipt counts above everything that the mail server said."""
    if row.received_at is not None:
        text, kind = schemas.RECEIVED
        return Word(kind, str(text), _("confirmed") if row.confirmed_at else "")
    text, kind = schemas.NOTICE_STATES[row.state]
    note = str(schemas.REASONS.get(row.reason, "")) if row.reason else ""
    if row.state == BOUNCED:
        note = ", ".join(filter(None, (row.bounce_code, _("cleared up") if row.handled_at else _("to be cleared up"))))
    return Word(kind, str(text), note)


def _way(row: Any) -> Cell | None:
    if row.channel is None:
        return None
    return Cell(str(schemas.SHORT_CHANNELS[row.channel]), ", ".join(filter(None, (row.email, row.phone))))


FILTERS = (
    Filter(
        "stan",
        lazy_gettext("States of e-invoices"),
        (
            Option("oczekuje", lazy_gettext("Queued"), _n.state.in_((QUEUED, HELD))),
            Option("wyslane", lazy_gettext("Sent"), _n.sent_at.is_not(None)),
            Option("przyjete", lazy_gettext("Accepted by the server"), _n.state == ACCEPTED),
            Option("zwrocone", lazy_gettext("Returned"), _n.state == BOUNCED),
            Option("odebrane", lazy_pgettext("invoice", "Received"), _n.received_at.is_not(None)),
            Option("papier", lazy_gettext("Paper"), _n.state == PAPER),
        ),
        chips=True,
    ),
    DateFilter("okres", lazy_gettext("Issued"), _n.issued_on),
)
LIST_COLUMNS = (
    Column(
        "document_number",
        lazy_gettext("Document no."),
        head=True,
        optional=False,
        link=Link("admin.faktura.notice", {"notice_id": "id"}),
    ),
    Column(
        "customer_code",
        lazy_gettext("Customer code"),
        sort=_n.customer_code,
        link=Link("admin.faktura.customer", {"code": "customer_code"}),
    ),
    Column("issued_on", lazy_gettext("Issue date"), "date", sort=_n.issued_on),
    Column("gross", lazy_gettext("Amount [zł]"), "money", shown=False),
    Column("way", lazy_gettext("How and where"), "cell", value=_way),
    Column("state", lazy_gettext("State"), "word", value=state_word),
    Column("queued_at", lazy_gettext("Queued"), "instant", sort=_n.queued_at, shown=False),
    Column("sent_at", lazy_gettext("Sent"), "instant", shown=False),
    Column("accepted_at", lazy_gettext("Accepted by the server"), "instant"),
    Column("bounced_at", lazy_gettext("Returned"), "instant", shown=False),
    Column("received_at", lazy_pgettext("invoice", "Received"), "instant", sort=_n.received_at),
    Column("confirmed_by", lazy_gettext("Confirmed by"), shown=False),
)


def table(key: str, caption: Any, statement: sa.Select[Any], columns: tuple[Column, ...]) -> Table:
    """The list of notices, for all customers and for one."""
    return Table(
        key=key,
        caption=caption,
        statement=statement,
        row_key=(_n.id,),
        columns=columns,
        sort="-issued_on",
        filters=FILTERS,
        search=sa.func.lower(_n.document_number + " " + _n.customer_code + " " + sa.func.coalesce(_n.email, "")),
        search_label=lazy_gettext("Document no., customer code or address"),
        search_fold=str.lower,
        reach="stated",
        counted=lambda n: ngettext("%(n)s document", "%(n)s documents", n),
        empty=(
            lazy_gettext("No document has been issued since the installation"),
            lazy_gettext("Documents from before it are not announced; they are in the customer's own list."),
        ),
    )


_STATEMENT = sa.select(*(_n[name] for name in COLUMNS))
OF_CUSTOMER = _STATEMENT.where(_n.customer_code == sa.bindparam("code"))
NOTICES = table("faktura.notices", lazy_gettext("E-invoices and paper"), _STATEMENT, LIST_COLUMNS)


@blueprint.get("/e-faktury")
def notices() -> ResponseReturnValue:
    """Every document issued since the installation, newest first, with what became of its notice."""
    return list_page(
        NOTICES, "ebok_faktura/admin/notices.html", title=_("E-invoices: delivery and receipt"), menu="faktura.notices"
    )


@blueprint.get("/e-faktury/<notice_id>")
def notice(notice_id: str) -> ResponseReturnValue:
    """The log of one document: each step with its time, address, code and audit number. Looking counts for nothing."""
    found = snapshot().get(Notice, notice_id[:36])
    if found is None:
        raise NotFound(_("There is no such page."))
    # Steps of one moment stand in the order of the ladder.
    steps = sorted(
        snapshot().scalars(_STEPS, {"number": found.document_number}), key=lambda x: (x.at, _LADDER.index(x.kind))
    )
    return render(
        "ebok_faktura/admin/notice.html",
        title=_("E-invoice %(number)s", number=found.document_number),
        menu="faktura.notices",
        notice=found,
        kind=schemas.kind_name(found.kind),
        state=state_word(found),
        way=schemas.SHORT_CHANNELS.get(found.channel) if found.channel else None,
        steps=rows_table(_("Log of the document"), LOG, steps, wide=True) if steps else None,
        may_handle=viewer().may(HANDLE) and found.state == BOUNCED and found.handled_at is None,
    )


@blueprint.post("/e-faktury/<notice_id>/zalatwione")
def handle(notice_id: str) -> ResponseReturnValue:
    """Tick a returned notice off the list of work."""
    if not viewer().may(HANDLE):
        abort(403)
    with unit_of_work() as session:
        bounces.handle(session, viewer(), notice_id[:36])
    done(_("Cleared up. The notice stays in the list as returned."))
    return redirect_to(".notice", notice_id=notice_id)


def _step(row: Proof) -> str:
    name = str(schemas.STEPS.get(row.kind, row.kind))
    return f"SMS: {name}" if row.channel == "sms" and row.kind != "failed" else name


LOG = (
    Column("at", lazy_gettext("When"), "instant", head=True),
    Column("kind", lazy_gettext("Step"), value=_step),
    Column("address", lazy_gettext("Address"), value=lambda row: row.address or None),
    Column("display_name", lazy_gettext("Who")),
    Column("ip", lazy_gettext("From which address (IP)")),
    Column("code", lazy_gettext("Code")),
    Column("audit_seq", lazy_gettext("Audit no."), value=lambda row: str(row.audit_seq) if row.audit_seq else None),
)
