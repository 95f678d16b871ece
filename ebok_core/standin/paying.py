"""How a customer pays: habits, late payers with interest notes, debtors with demands. Days are ordinals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from ebok_core.standin import billing, interest, numbering
from ebok_core.standin.billing import Draft
from ebok_core.standin.books import DEMAND_COST, DEMAND_COST_NAME, Books, Document
from ebok_core.standin.dice import Dice
from ebok_core.standin.interest import Segment

NOTE_TERM = 14
DEMAND_TERM = 21
LATE_ENOUGH_FOR_A_NOTE = 8
OVERPAID = frozenset({"overpaid", "overpayment_transferred"})
METHODS = (("przelew", 62), ("płatność internetowa", 20), ("polecenie zapłaty", 10), ("kasa", 8))


class Habit(NamedTuple):
    """When a customer pays, in days after the due date, and from which due date on no more (None: always).

    Who is `prompt` leaves nothing open: the newest documents are paid too.
    """

    earliest: int
    latest: int
    stopped: int | None = None
    prompt: bool = False


PROMPT = Habit(-9, -1, prompt=True)
HABITS: Sequence[tuple[Habit, int]] = ((Habit(-9, -1), 45), (Habit(-3, 0), 40), (Habit(1, 25), 15))


def habit(dice: Dice, traits: frozenset[str], as_of: int) -> Habit:
    """How this customer pays."""
    if "debtor" in traits:
        return Habit(0, 12, as_of - dice.between(50, 220))
    if traits & OVERPAID:
        return PROMPT
    return dice.weighted(HABITS)


def settle(books: Books, document: Document, how: Habit, dice: Dice) -> None:
    """Pay a document by habit, if the day has come; some pay in two parts, and some late payers get a note."""
    if how.stopped is not None and document.due >= how.stopped:
        return
    delay = dice.between(how.earliest, how.latest)
    day = max(document.due + delay, document.issued + 7)
    if how.prompt:
        day = min(day, books.as_of)
    if document.to_pay > 2000 and dice.chance(0.03) and day - 1 <= books.as_of and not how.prompt:
        books.pay(day - 1, document, document.to_pay // 2)
    if day > books.as_of:
        return
    books.pay(day, document, document.to_pay)
    if delay >= LATE_ENOUGH_FOR_A_NOTE and day + 6 <= books.as_of and dice.chance(0.25):
        note = interest_note(books, [document], day + 6, upto=day)
        if note and note.due <= books.as_of:
            books.pay(note.due, note, note.to_pay)


def chase(books: Books, dice: Dice) -> None:
    """Remind a debtor: a note on all overdue documents and a demand with its cost, neither of them paid yet."""
    overdue = [found for found in books.documents if found.to_pay > 0 and found.due < books.as_of - 20]
    if overdue:
        day = books.as_of - dice.between(4, 16)
        interest_note(books, overdue, day, upto=day)
        demand(books, day + 2)


def demand(books: Books, issued: int, number: str | None = None) -> Document:
    """A payment demand; the receivable is its cost alone."""
    number = number or books.numbers.document(numbering.PAYMENT_DEMAND, issued)
    line = Draft(DEMAND_COST_NAME, billing.PIECE, 1, DEMAND_COST * billing.GROSZ_PRICE, DEMAND_COST, billing.VAT_NONE)
    return books.issue("payment_demand", number, issued, issued + DEMAND_TERM, billing.total([line]))


def interest_note(
    books: Books, overdue: Sequence[Document], issued: int, *, upto: int, number: str | None = None
) -> Document | None:
    """A note of the interest on documents until a day; None when it comes to nothing.

    Remembers how far each document is charged, so that the office goes on from there.
    """
    rates = interest.COMMERCIAL if books.customer.nip else interest.CONSUMER
    drafts: list[Draft] = []
    for document in overdue:
        drafts += interest_drafts(document.number, _segments(document, _payments(books, document), upto, rates))
    bill = billing.total(drafts)
    if not bill.gross:
        return None
    number = number or books.numbers.document(numbering.INTEREST_NOTE, issued)
    books.charges += [(document.number, date.fromordinal(upto).isoformat()) for document in overdue]
    return books.issue("interest_note", number, issued, issued + NOTE_TERM, bill)


def interest_of(document: Document, payments: Sequence[tuple[int, int]], upto: int) -> int:
    """The interest in grosze of a consumer's document until a day, given part payments (day, grosze)."""
    return billing.grosze(interest.rounded(_segments(document, payments, upto, interest.CONSUMER)))


def _segments(
    document: Document, payments: Sequence[tuple[int, int]], upto: int, rates: interest.Rates
) -> list[Segment]:
    paid = [(date.fromordinal(day), billing.zloty(amount)) for day, amount in payments]
    principal, due = billing.zloty(document.bill.gross), date.fromordinal(document.due)
    return interest.segments(principal, due, date.fromordinal(upto), rates=rates, payments=paid)


def _payments(books: Books, document: Document) -> list[tuple[int, int]]:
    """What lowered a document: (day, grosze) of part payments and of corrections."""
    found = [
        (day, amount) for day, receipt in books.receipts.items() for paid, amount in receipt.parts if paid is document
    ]
    return found + [(other.issued, -other.bill.gross) for other in books.documents if other.corrected is document]


def interest_drafts(document_number: str, parts: Sequence[Segment]) -> list[Draft]:
    """The lines of a note for one document: days, the price of a day, and amounts that add up to the rounded sum."""
    left = billing.grosze(interest.rounded(parts))
    drafts = []
    for place, part in enumerate(parts):
        own = left if place == len(parts) - 1 else billing.grosze(part.amount.quantize(interest.GROSZ, ROUND_HALF_UP))
        left -= own
        price = int((part.amount / part.days).quantize(Decimal("0.0001"), ROUND_HALF_UP).scaleb(4))
        rate = str(part.rate).replace(".", ",")
        name = f"Odsetki od {document_number}, {rate}% w skali roku"
        drafts.append(Draft(name, billing.DAY, part.days, price, own, billing.VAT_NONE))
    return drafts
