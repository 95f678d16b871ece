"""The panel: readings given in the portal, how the rules are set, whether readings get through."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from ebok_core import AuditAction, HealthCheck, Level, StatusRow, Viewer, WorkItem, clock, runtime_settings
from ebok_core.db import Volume
from ebok_core.i18n import gettext, ngettext
from ebok_core.i18n import lazy_gettext as _
from ebok_core.web import Column, DateFilter, Filter, Option, Table, Word, list_page

from . import schemas
from .models import PENDING, Reading
from .permissions import MANAGE
from .settings import OdczytConfigSchema

blueprint = Blueprint("odczyt", "ebok_odczyt", template_folder="templates", url_prefix="/odczyty")

# A reading that TYTAN has not decided about for so long needs somebody to look.
WAITS_TOO_LONG = timedelta(days=2)

_own = Reading.__table__.c
_EXCESS = sa.func.abs(
    sa.func.coalesce(_own.consumption_m3, 0) - sa.func.coalesce(_own.expected_m3, _own.consumption_m3, 0), type_=Volume
)
_WAITING = (
    sa.select(_own.id, _own.reference, _own.meter_number, _own.submitted_at)
    .where(_own.status == PENDING)
    .order_by(_own.submitted_at, _own.id)
    .limit(100)
)
_OLD_PENDING = sa.select(sa.func.count()).where(
    Reading.status == PENDING, Reading.submitted_at < sa.bindparam("before")
)


def _status(row: object) -> Word:
    label, kind = schemas.STATUSES[row.status]  # type: ignore[attr-defined]
    words = schemas.result_words(row.reason_code, row.reason) if row.status == "rejected" else None  # type: ignore[attr-defined]
    return Word(kind, str(label), words.title if words else "")


READINGS = Table(
    key="odczyt.given",
    caption=_("Readings given in the portal"),
    statement=sa.select(
        _own.reference,
        _own.submitted_at,
        _own.customer_code,
        _own.meter_number,
        _own.read_on,
        _own.reading_value,
        _own.consumption_m3,
        _own.expected_m3,
        _EXCESS.label("excess"),
        _own.confirmed_warnings,
        _own.explanation,
        _own.note,
        _own.status,
        _own.reason_code,
        _own.reason,
        _own.id,
    ),
    row_key=(_own.id,),
    columns=(
        Column("reference", _("Number of the reading"), head=True, optional=False),
        Column("submitted_at", _("Received"), "instant", sort=_own.submitted_at),
        Column("customer_code", _("Customer code"), sort=_own.customer_code),
        Column("meter_number", _("Meter")),
        Column("read_on", _("Date of the reading"), "date", sort=_own.read_on),
        Column("reading_value", _("State [m³]"), "volume"),
        Column("consumption_m3", _("Use [m³]"), "volume"),
        Column("excess", _("Away from the usual [m³]"), "volume", sort=_EXCESS),
        Column("confirmed_warnings", _("Confirmed questions"), shown=False),
        Column("note", _("Customer's note"), shown=False),
        Column("status", _("State of the reading"), "word", value=_status),
    ),
    sort="-submitted_at",
    filters=(
        Filter(
            "stan",
            _("States of readings"),
            tuple(Option(status, label, _own.status == status) for status, (label, _kind) in schemas.STATUSES.items()),
            chips=True,
        ),
        DateFilter("okres", _("Received"), _own.submitted_at),
    ),
    search=sa.func.lower(_own.reference + " " + _own.customer_code + " " + _own.meter_number),
    search_label=_("Number of the reading, customer code or meter"),
    search_fold=str.lower,
    reach="stated",
    counted=lambda n: ngettext("%(n)s reading", "%(n)s readings", n),
    empty=(_("Nobody has given a reading in the portal yet"), ""),
)


@blueprint.get("/")
def readings() -> ResponseReturnValue:
    """Everything that customers gave, newest first; sorted by the distance from the usual on demand (N15)."""
    return list_page(READINGS, "ebok_odczyt/admin/readings.html", title=_("Readings from the portal"))


def work_items(viewer: Viewer, session: Session) -> list[WorkItem]:
    """Readings that wait for TYTAN's decision, the oldest first (L03); nothing for who may not see readings."""
    if not viewer.may(MANAGE):
        return []
    return [
        WorkItem(
            key=f"odczyt.{row.id}",
            kind=gettext("Reading"),
            title=gettext("%(reference)s, meter %(meter)s", reference=row.reference, meter=row.meter_number),
            since=row.submitted_at,
            endpoint="admin.odczyt.readings",
            arguments=(("szukaj", row.reference),),
        )
        for row in session.execute(_WAITING)
    ]


def config_status(session: Session) -> list[StatusRow]:
    """Whether the reading rules were looked at or stand at their defaults."""
    saved = runtime_settings.saved_at(session, OdczytConfigSchema)
    return [
        StatusRow(
            key=OdczytConfigSchema.key,
            title=gettext("Reading rules"),
            level=Level.OK if saved else Level.DEFAULT,
            text=gettext("Configured") if saved else gettext("Default"),
            hint="" if saved else gettext("Readings are taken from the 20th to the last day of each month."),
            order=200,
        )
    ]


def readings_get_through(session: Session) -> tuple[Level, str]:
    """Whether readings wait for TYTAN's decision longer than two days."""
    before = clock.now_utc() - WAITS_TOO_LONG
    count = session.execute(_OLD_PENDING, {"before": before}).scalar_one()
    if not count:
        return Level.OK, gettext("No reading waits longer than two days.")
    text = ngettext("%(n)s reading waits longer than two days", "%(n)s readings wait longer than two days", count)
    return Level.ERROR, gettext("%(text)s. Look at the outbox and at TYTAN's side.", text=text)


ACTIONS = (
    AuditAction(key="odczyt.reading.submitted", title=_("A reading was given")),
    AuditAction(key="odczyt.reading.withdrawn", title=_("A reading was withdrawn")),
    AuditAction(key="odczyt.reading.rejected", title=_("A reading was rejected")),
)
HEALTH = (HealthCheck(key="odczyt.pending", title=_("Readings get through"), check=readings_get_through),)
