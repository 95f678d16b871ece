"""Six years of one service point: readings, exchanges, corrections, invoices, period by period. Days are ordinals."""

from __future__ import annotations

from collections.abc import Iterator

from ebok_core.standin import billing
from ebok_core.standin.billing import Bill, Metered
from ebok_core.standin.books import Books, Document
from ebok_core.standin.dice import Dice
from ebok_core.standin.plans import MeterPlan, PointPlan
from ebok_core.standin.timeline import Period

METHODS = (("reader", 62), ("customer", 24), ("estimate", 14))
REJECTIONS = ("Stan niższy niż poprzedni, prosimy o zdjęcie liczydła.", "Na zdjęciu jest inny stan niż wpisany.")
CORRECTION_REASON = "Błędny odczyt wodomierza"
CORRECTION_DELAY = 6
"""Days from an invoice to its correction, which comes before the due date."""


def bill_point(books: Books, point: PointPlan, dice: Dice, periods: tuple[Period, ...]) -> Iterator[Document]:
    """Read and bill a point for each period until the one that is still open; yields its invoices, oldest first.

    A period is billed `point.lag` days after its end. One that has ended and waits for its invoice has readings that
    are accepted and not settled, where a radio brings them.
    """
    mistake = dice.between(len(periods) // 2, len(periods) - 5) if "correction" in books.customer.traits else -1
    for number, period in enumerate(periods):
        if period.last < point.opened:
            continue
        if point.closed is not None and period.first > point.closed:
            return
        amounts = _amounts(point, period, dice)
        issued = period.last + point.lag
        if issued > books.as_of:
            _leave_open(books, point, period, amounts)
            return
        yield from _bill_period(books, point, dice, period, amounts, issued, wrong=number == mistake)


def _amounts(point: PointPlan, period: Period, dice: Dice) -> tuple[int, int]:
    """The m³ of the mains and of the garden in a period; the mains' include the garden's."""
    draw = dice.draw
    garden = int(point.garden_monthly * period.summer * (0.6 + 0.8 * draw()))
    main = int(point.monthly * len(period.months) * (0.85 + 0.3 * draw()) + draw())
    return main + garden, garden


def _bill_period(
    books: Books, point: PointPlan, dice: Dice, period: Period, amounts: tuple[int, int], issued: int, *, wrong: bool
) -> Iterator[Document]:
    number = books.numbers.invoice(issued, point.ordinal)
    main_m3, garden_m3 = amounts
    method = "radio" if point.mains[-1].radio_number else dice.weighted(METHODS)
    extra = 2 if wrong and books.as_of > issued + CORRECTION_DELAY else 0
    if method == "customer" and dice.chance(0.03):
        _reject(books, point, period, dice)
    main = read_meters(books, point, point.mains, period, main_m3 + extra, method, number)
    garden = read_meters(books, point, point.gardens, period, garden_m3, method, number) if point.gardens else ()
    if point.flats:
        _read_flats(books, point, period, main_m3, number)
    bill = billing.water_bill(point.group, point.service, period.first, period.last, period.months, main, garden)
    document = books.issue(
        "invoice", number, issued, issued + point.term, bill, period=(period.first, period.last), point=point
    )
    if extra and main[-1].quantity >= extra:
        correct_reading(books, document, main[-1], extra)
    yield document


def read_meters(
    books: Books, point: PointPlan, meters: list[MeterPlan], period: Period, m3: int, method: str, number: str
) -> list[Metered]:
    """Read the meters of one role at a period's end (and at an exchange in it); returns what the invoice bills.

    Their readings are settled by the invoice `number`; the meters' `value` and `read` move on.
    """
    found = []
    for meter, upto, share in _on_duty(meters, period, m3):
        value = (meter.value + share) % 10**meter.digits
        way = "final" if upto == meter.removed else method
        found.append(
            Metered(meter.id, meter.digits, meter.value, value, meter.read, upto, share, int(way == "estimate"))
        )
        books.read(point, meter.id, upto, value, share, way, invoice_number=number)
        meter.value, meter.read = value, upto
        if way == "final":
            _retire(books, point, meter, value, meters[-1])
    return found


def _on_duty(meters: list[MeterPlan], period: Period, m3: int) -> Iterator[tuple[MeterPlan, int, int]]:
    """The meters that served in a period, oldest first, each with its last day and its share of the m³."""
    meter = meters[-1]
    if len(meters) == 1 or meter.installed < period.first:
        yield meter, period.last, m3
        return
    old = meters[0]
    exchanged = old.removed or period.last
    if exchanged > period.last:
        yield old, period.last, m3
        return
    before = m3 * (exchanged - period.first + 1) // (period.last - period.first + 1)
    yield old, exchanged, before
    yield meter, period.last, m3 - before


def _retire(books: Books, point: PointPlan, meter: MeterPlan, value: int, follower: MeterPlan) -> None:
    """A meter is taken down with its final state; where another follows, that one begins with its initial state."""
    meter.removed_value = value
    meter.status = "Zdemontowany"
    if follower is not meter:
        follower.value, follower.read = follower.installed_value, follower.installed
        books.read(point, follower.id, follower.installed, follower.installed_value, None, "initial")


def _read_flats(books: Books, point: PointPlan, period: Period, main_m3: int, number: str) -> None:
    """Flat meters are read for the manager, who divides the bill: together they show a little less than the main."""
    each = main_m3 * 92 // (100 * len(point.flats))
    for place, meter in enumerate(point.flats):
        share = max(each + (place + period.last) % 3 - 1, 0) if each else 0
        meter.value = (meter.value + share) % 10**meter.digits
        meter.read = period.last
        books.read(
            point,
            meter.id,
            period.last,
            meter.value,
            share,
            "radio" if meter.radio_number else "reader",
            invoice_number=number,
        )


def _reject(books: Books, point: PointPlan, period: Period, dice: Dice) -> None:
    meter = point.mains[-1]
    day = period.last - 4
    if day > meter.read and day > meter.installed:
        wrong = (meter.value * 10 + dice.between(0, 9)) % 10**meter.digits
        books.read(point, meter.id, day, wrong, None, "customer", "rejected", reason=dice.pick(REJECTIONS))


def _leave_open(books: Books, point: PointPlan, period: Period, amounts: tuple[int, int]) -> None:
    """What is known of a period without an invoice: an exchange in it, and the radio's reading at its end."""
    m3 = amounts[0]
    for meter, upto, share in _on_duty(point.mains, period, m3):
        value = (meter.value + share) % 10**meter.digits
        if upto == meter.removed and upto <= books.as_of:
            books.read(point, meter.id, upto, value, share, "final", "accepted")
            _retire(books, point, meter, value, point.mains[-1])
        elif meter.radio_number and upto <= books.as_of and not meter.removed:
            books.read(point, meter.id, upto, value, share, "radio", "accepted")


def correct_reading(books: Books, document: Document, metered: Metered, too_much: int) -> Document:
    """Correct an invoice whose main meter was read too high: a new reading of that day, an invoice of the difference.

    The difference is one line each for water and sewage, at the price of the period's last day; the sum is negative.
    """
    point, (_, last) = document.point, document.period
    meter = next(found for found in point.mains if found.id == metered.meter_id)
    meter.value = (meter.value - too_much) % 10**meter.digits
    correction = books.correct(
        document, document.issued + CORRECTION_DELAY, _difference(document.bill, -too_much), CORRECTION_REASON
    )
    books.read(
        point, meter.id, last, meter.value, metered.quantity - too_much, "reader", invoice_number=correction.number
    )
    return correction


def _difference(bill: Bill, m3: int) -> Bill:
    per_m3 = {item.draft.name: item.draft for item in bill.lines if item.draft.unit == billing.CUBIC_METRE}
    return billing.total(
        [billing.draft(name, billing.CUBIC_METRE, m3, line.price) for name, line in per_m3.items() if line.price]
    )


def open_meters(books: Books, point: PointPlan, first: int) -> None:
    """The readings that a history begins with: installation, or the state on the day before its first period."""
    before = first - 1
    for meter in [*point.mains[:1], *point.gardens, *point.flats]:
        meter.read = max(meter.installed, before)
        if meter.read == meter.installed:
            meter.value = meter.installed_value
            books.read(point, meter.id, meter.read, meter.value, None, "initial")
        else:
            books.read(point, meter.id, meter.read, meter.value, None, "reader")
