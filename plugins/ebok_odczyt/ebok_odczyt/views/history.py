"""*Wszystkie odczyty*: every reading once, by state, with what may be done; taking a pending one back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ebok_core import clock
from ebok_core.errors import Refused
from ebok_core.i18n import NBSP, in_words, iso, lazy_gettext, ngettext, number
from ebok_core.i18n import gettext as _
from ebok_core.tytan import copy
from ebok_core.web import (
    Action,
    Column,
    DateFilter,
    Filter,
    Option,
    Table,
    Word,
    done,
    list_page,
    needs,
    render,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)

from .. import rules, schemas, service
from ..models import TOO_LATE, WITHDRAWN, Reading
from ..permissions import SUBMIT
from ..tytan import MeterRow
from .blueprint import blueprint
from .submit import meter_label

# Which readings are compared with a year ago when no meter was chosen.
MOST_COMPARED = 3
# Own rows stand first within a day; no id of the copy sorts behind this.
_OWN_FIRST = "zzzz"

_r, _own = copy.readings.c, Reading.__table__.c
_STATES = {"oczekujace": "pending", "nierozliczone": "accepted", "rozliczone": "settled", "odrzucone": "rejected"}


class AllReadings(Table):
    """The list over the copy, with the readings that the copy does not carry yet merged in, in the list's own order."""

    def _read(self, wish: Any, bound: Mapping[str, Any]) -> tuple[dict[str, int], list[Any]]:
        counts, rows = super()._read(wish, bound)
        for row in self._waiting(wish):
            counts["all"] += 1
            for option, status in _STATES.items():
                counts[option] += row["status"] == status
        counts[""] = counts.get(wish.chip or "all", counts["all"])
        return counts, self._merged(wish, rows)[: self.page_size + 1]

    def _fetch(self, wish: Any, bound: Mapping[str, Any], limit: int) -> list[Any]:
        return self._merged(wish, super()._fetch(wish, bound, limit))[:limit]

    def _merged(self, wish: Any, rows: list[Any]) -> list[Any]:
        make = self._row_type(len(self.statements.order(wish.sort)))
        own = [row for row in self._waiting(wish) if not wish.chip or row["status"] == _STATES[wish.chip]]
        rows += [make(**row) for row in own if self._beyond(row, wish)]
        downwards = wish.descending != (wish.way == "before")
        return sorted(rows, key=lambda row: (row.sort_0, row.sort_1), reverse=downwards)

    def _waiting(self, wish: Any) -> list[dict[str, Any]]:
        """Own rows that fit the filters but the chosen view, as rows of the statement."""
        first, last, meter = wish.days["okres_od"], wish.days["okres_do"], wish.choices["licznik"]
        return [
            _as_row(reading)
            for reading in not_copied()
            if (not meter or reading.meter_id == meter)
            and (first is None or reading.read_on >= first)
            and (last is None or reading.read_on <= last)
        ]

    def _beyond(self, row: Mapping[str, Any], wish: Any) -> bool:
        if not wish.way:
            return True
        here, place = (row["sort_0"], row["sort_1"]), tuple(wish.place)
        return here < place if wish.descending == (wish.way == "after") else here > place


def _as_row(reading: Reading) -> dict[str, Any]:
    key = _OWN_FIRST + reading.id
    return {
        "id": key,
        "meter_id": reading.meter_id,
        "read_on": reading.read_on,
        "reading_value": reading.reading_value,
        "consumption_m3": reading.consumption_m3,
        "reading_method": "customer",
        "status": reading.status,
        "reason": reading.reason,
        "invoice_number": None,
        "own_id": reading.id,
        "reference": reading.reference,
        "own_status": reading.status,
        "reason_code": reading.reason_code,
        "sort_0": reading.read_on,
        "sort_1": key,
    }


def not_copied() -> list[Reading]:
    """The readings of this request's customer that the copy does not carry yet, read once."""
    if "odczyt_not_copied" not in g:
        g.odczyt_not_copied = service.not_copied(snapshot(), viewer(), since())
    found: list[Reading] = g.odczyt_not_copied
    return found


def meters() -> dict[str, MeterRow]:
    """The meters of this request's customer, read once."""
    if "odczyt_meters" not in g:
        g.odczyt_meters = {row.id: row for row in service.meters_of(snapshot(), viewer())}
    found: dict[str, MeterRow] = g.odczyt_meters
    return found


def limits() -> rules.Limits:
    """The reading rules, read once a request."""
    if "odczyt_limits" not in g:
        g.odczyt_limits = service.limits_of(snapshot())
    found: rules.Limits = g.odczyt_limits
    return found


def since() -> date:
    """How far back the list goes: 60 months unless the machine's setting says otherwise (L71)."""
    months = runtime().module_settings["ebok_odczyt"].history_months
    today = clock.today()
    first = today.year * 12 + today.month - 1 - months
    return rules.last_of_month(first // 12, first % 12 + 1, today.day)


def _meter_name(row: Any) -> str:
    found = meters().get(row.meter_id)
    return found.meter_number if found else str(row.meter_id)


def _status(row: Any) -> Word:
    """The state in words, and what is to be known about it: its number, its bill, or why it was rejected."""
    label, kind = schemas.STATUSES.get(row.status, (row.status, ""))
    note = ""
    if row.status == "rejected":
        words = schemas.result_words(row.reason_code, row.reason)
        note = row.reason if row.reason and row.own_id is None else words.title
    elif row.status == "accepted":
        note = _("on the bill after %(day)s", day=in_words(rules.window_at(row.read_on, limits()).closes))
    elif row.status == "settled" and row.invoice_number:
        note = _("on the bill %(number)s", number=row.invoice_number)
    elif row.reference:
        note = _("no. %(reference)s", reference=row.reference)
    return Word(kind, str(label), note)


def _method(row: Any) -> Any:
    return schemas.METHODS.get(row.reading_method, row.reading_method)


def _actions(row: Any) -> list[Action]:
    what = _("%(meter)s, %(day)s", meter=_meter_name(row), day=iso(row.read_on))
    found = []
    may_give = viewer().may(SUBMIT)
    if may_give and row.status == "pending" and row.own_id is not None:
        found.append(Action(_("Correct or withdraw"), url_for(".withdraw", reading_id=row.own_id), what))
    elif may_give and row.status in ("rejected", WITHDRAWN) and row.meter_id in meters():
        found.append(Action(_("Give once more"), url_for(".index", licznik=row.meter_id), what))
    if row.own_id is not None:
        path = url_for(".confirmation_of_one", reading_id=row.own_id)
        found.append(Action(_("Download the confirmation (PDF)"), path, what))
    return found


READINGS = AllReadings(
    key="odczyt.readings",
    caption=lazy_gettext("Readings"),
    statement=sa.select(
        _r.id,
        _r.meter_id,
        _r.read_on,
        _r.reading_value,
        _r.consumption_m3,
        _r.reading_method,
        _r.status,
        _r.reason,
        _r.invoice_number,
        _own.id.label("own_id"),
        _own.reference,
        _own.status.label("own_status"),
        _own.reason_code,
    )
    .select_from(copy.readings.outerjoin(Reading.__table__, _own.message_id == _r.message_id))
    .where(
        _r.read_on >= sa.bindparam("since"),
        # A withdrawal that stands (`service.facts.is_withdrawn`) shows as our own row alone.
        sa.or_(
            _own.id.is_(None),
            _own.status != WITHDRAWN,
            _own.reason_code == TOO_LATE,
            _r.status.not_in(("pending", "accepted")),
        ),
    ),
    row_key=(_r.id,),
    columns=(
        Column("read_on", lazy_gettext("Date of the reading"), "date", head=True, sort=_r.read_on, optional=False),
        Column("meter_id", lazy_gettext("Meter"), value=_meter_name),
        Column("reading_value", lazy_gettext("State [m³]"), "volume"),
        Column("consumption_m3", lazy_gettext("Use [m³]"), "volume"),
        Column(
            "reading_method",
            lazy_gettext("Who read"),
            value=lambda r: schemas.METHODS.get(r.reading_method, r.reading_method),
        ),
        Column("status", lazy_gettext("State of the reading"), "word", value=_status, optional=False),
        Column("invoice_number", lazy_gettext("Invoice no."), shown=False),
        Column("actions", lazy_gettext("Possible actions"), "actions", value=_actions),
    ),
    sort="-read_on",
    filters=(
        Filter(
            "stan",
            lazy_gettext("States of readings"),
            tuple(
                Option(option, schemas.STATUSES[status][0], _r.status == status) for option, status in _STATES.items()
            ),
            chips=True,
        ),
        Filter(
            "licznik",
            lazy_gettext("Meter"),
            lambda: [(row.id, meter_label(row)) for row in meters().values()],
            column=_r.meter_id,
        ),
        DateFilter("okres", lazy_gettext("Date of the reading"), _r.read_on),
    ),
    counted=lambda n: ngettext("%(n)s reading", "%(n)s readings", n),
    empty=(lazy_gettext("There are no readings yet"), lazy_gettext("Give the first state of your meter.")),
    slot="odczyt.row_actions",
)


@blueprint.get("/historia")
def history() -> ResponseReturnValue:
    """All readings of at least 60 months, each once, by state and meter (L71-L75), compared with a year ago (P27)."""
    chosen = meters().get(request.args.get("licznik", ""))
    in_use = [row for row in meters().values() if row.active and row.removed_on is None]
    shown = [chosen] if chosen else in_use if len(in_use) <= MOST_COMPARED else []
    return list_page(
        READINGS,
        "ebok_odczyt/history.html",
        title=_("All readings"),
        values={"since": since()},
        compared=service.compared(snapshot(), viewer(), shown, list(meters().values())) if shown else [],
        chosen=chosen,
        label=meter_label,
        may_give=viewer().may(SUBMIT),
        daily=lambda use: f"{number(use, decimals=2)}{NBSP}m³",
        since=since(),
    )


@blueprint.route("/<reading_id>/wycofaj", methods=["GET", "POST"])
@needs(SUBMIT)
def withdraw(reading_id: str) -> ResponseReturnValue:
    """Ask, then take a pending reading back; from here another one may be given at once (P25)."""
    reading = service.own_reading(snapshot(), viewer(), reading_id)
    if request.method == "POST":
        try:
            with unit_of_work() as session:
                service.withdraw_reading(session, viewer(), reading_id)
        except Refused as refused:
            done(str(refused), title=_("Nothing has changed"), kind="wait")
            return redirect(url_for(".history"), 303)
        done(_("We withdrew the reading %(reference)s. Now you may give another.", reference=reading.reference))
        return redirect(url_for(".index", licznik=reading.meter_id), 303)
    return render(
        "ebok_odczyt/withdraw.html",
        title=_("Withdraw the reading %(reference)s", reference=reading.reference),
        menu="odczyt.history",
        reading=reading,
        can_withdraw=reading.status == "pending",
    )
