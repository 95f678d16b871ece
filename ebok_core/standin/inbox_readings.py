"""Readings that customers give through the portal: taken over, or refused with a reason. billing.md §10.3, §10.4."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa

from ebok_core.standin import billing, messages
from ebok_core.standin.database import Work
from ebok_core.standin.messages import (
    DUPLICATE,
    IMPLAUSIBLE,
    TOO_LATE,
    UNKNOWN_OBJECT,
    Message,
    Verdict,
    accepted,
    rejected,
)

READINGS, METERS, POINTS = "ebok_readings", "ebok_meters", "ebok_service_points"
LIVE = ("accepted", "settled")
ROLLOVER_ABOVE_PERCENT = 90
ROLLOVER_LIMIT_M3, ROLLOVER_TIMES_EXPECTED = 50, 3
M3_A_DAY: tuple[tuple[int, int], ...] = ((20, 60), (25, 96), (40, 240), (10_000, 2_400))
"""The most that a meter up to this diameter can let through in a day (24 × Q3)."""


def submit(work: Work, message: Message) -> Verdict:
    """`reading.submitted` v1: `{"meter_id", "read_on", "reading_value_m3", "confirmed_warnings", "note", "reference",
    "accepted_at"}`. Accepted: a row in `ebok_readings` that waits to be settled.
    """
    day, value = message.day("read_on"), message.whole("reading_value_m3")
    meter = work.get(METERS, id=message.text("meter_id"))
    point = work.get(POINTS, code=meter["point_code"]) if meter else None
    if meter is None or point is None or point["customer_code"] != message.customer_code:
        return rejected(UNKNOWN_OBJECT, "Nie znaleziono takiego wodomierza u tego odbiorcy.")
    if not meter["active"]:
        return rejected(UNKNOWN_OBJECT, "Wodomierz nie jest już rozliczany.")
    readings = _readings(work, meter["id"])
    refusal = _refusal(meter, readings, day, value, message.accepted_on)
    if refusal:
        return refusal
    previous = _before(readings, day)
    start = int(previous["reading_value"] if previous else meter["installed_value"])
    work.insert(
        READINGS,
        id=f"O{work.next_number('reading'):09d}",
        meter_id=meter["id"],
        point_code=meter["point_code"],
        customer_code=point["customer_code"],
        read_on=day,
        reading_value=value,
        consumption_m3=billing.consumption(start, value, meter["digits"]),
        reading_method="customer",
        status="accepted",
        message_id=message.message_id,
    )
    return accepted(messages.reference(work, "OD"))


def withdraw(work: Work, message: Message) -> Verdict:
    """`reading.withdrawn` v1: `{"reading_message_id": str}`. Accepted while the reading is on no invoice."""
    table = work.tables[READINGS]
    row = work.first(sa.select(table).where(table.c.message_id == message.text("reading_message_id")))
    if row is None or row["customer_code"] != message.customer_code:
        return rejected(UNKNOWN_OBJECT, "Nie znaleziono odczytu, który ma być wycofany.")
    if row["status"] == "settled":
        return rejected(TOO_LATE, f"Odczyt jest już rozliczony na dokumencie {row['invoice_number']}.")
    if not row["removed"]:
        work.update(READINGS, {"id": row["id"]}, removed=1)
    return accepted(messages.reference(work, "WO"))


def _readings(work: Work, meter_id: str) -> list[sa.RowMapping]:
    """The readings of a meter that count, oldest first."""
    table = work.tables[READINGS]
    return work.rows(
        sa.select(table)
        .where(table.c.meter_id == meter_id, table.c.status.in_(LIVE), table.c.removed == 0)
        .order_by(table.c.read_on, table.c.id)
    )


def _before(readings: list[sa.RowMapping], day: date) -> sa.RowMapping | None:
    return next((row for row in reversed(readings) if row["read_on"] < day), None)


def _refusal(
    meter: sa.RowMapping, readings: list[sa.RowMapping], day: date, value: int, accepted_on: date
) -> Verdict | None:
    """The first rule that speaks against a reading."""
    if not 0 <= value < 10 ** meter["digits"]:
        return rejected(IMPLAUSIBLE, f"Wodomierz ma {meter['digits']} cyfr, a podano stan {value}.")
    if day > accepted_on:
        return rejected(IMPLAUSIBLE, "Data odczytu jest z przyszłości.")
    if day < meter["installed_on"]:
        return rejected(IMPLAUSIBLE, "Data odczytu jest wcześniejsza niż montaż wodomierza.")
    if any(row["read_on"] == day and row["reading_method"] == "customer" for row in readings):
        return rejected(DUPLICATE, "Odczyt tego wodomierza z tego dnia już jest.")
    settled = [row for row in readings if row["status"] == "settled"]
    if settled and day <= settled[-1]["read_on"]:
        return rejected(TOO_LATE, f"Okres do {settled[-1]['read_on']:%d.%m.%Y} jest już rozliczony.")
    return _implausible(meter, readings, day, value)


def _implausible(meter: sa.RowMapping, readings: list[sa.RowMapping], day: date, value: int) -> Verdict | None:
    """Against the neighbours: lower than before without a plausible roll-over, more than the pipe can carry."""
    previous = _before(readings, day)
    start, since = (
        (int(previous["reading_value"]), previous["read_on"])
        if previous
        else (int(meter["installed_value"]), meter["installed_on"])
    )
    used = value - start
    if used < 0:
        capacity = 10 ** meter["digits"]
        used += capacity
        limit = max(ROLLOVER_TIMES_EXPECTED * _expected(readings, since, day), ROLLOVER_LIMIT_M3)
        if start * 100 < capacity * ROLLOVER_ABOVE_PERCENT or used > limit:
            return rejected(IMPLAUSIBLE, f"Stan {value} jest niższy niż poprzedni ({start} z {since:%d.%m.%Y}).")
    a_day = next(most for diameter, most in M3_A_DAY if (meter["diameter_mm"] or 20) <= diameter)
    if used > a_day * max((day - since).days, 1):
        return rejected(IMPLAUSIBLE, f"Zużycie {used} m3 przekracza przepustowość wodomierza.")
    later = next((row for row in readings if row["read_on"] > day), None)
    if later and used > billing.consumption(start, int(later["reading_value"]), meter["digits"]):
        return rejected(IMPLAUSIBLE, f"Stan {value} jest wyższy niż z {later['read_on']:%d.%m.%Y}.")
    return None


def _expected(readings: list[sa.RowMapping], since: date, day: date) -> int:
    """The usual m³ for the days since the last reading, from the settled consumption of the last year."""
    year = [
        row
        for row in readings
        if row["status"] == "settled" and row["consumption_m3"] and row["read_on"] > since - timedelta(days=365)
    ]
    return int(sum(row["consumption_m3"] for row in year) * (day - since).days / 365)
