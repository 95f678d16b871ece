"""One customer from birth to balance: draws the customer, tells its six years, pays, leaves what is left."""

from __future__ import annotations

from datetime import date

from ebok_core.standin import history, paying, population, timeline
from ebok_core.standin.books import Books, Document
from ebok_core.standin.dice import Dice
from ebok_core.standin.numbering import Numbering
from ebok_core.standin.paying import Habit
from ebok_core.standin.plans import CustomerPlan, PointPlan


def make_customer(place: int, seed: int, numbers: Numbering, as_of: date) -> Books:
    """The books of the customer at a place (0, 1, …) behind the personas."""
    dice = Dice(f"{seed}:{place}")
    customer = population.draw_customer(place, dice, numbers, as_of)
    how = paying.habit(dice, customer.traits, as_of.toordinal())
    return live(customer, dice, numbers, as_of, how)


def live(customer: CustomerPlan, dice: Dice, numbers: Numbering, as_of: date, how: Habit) -> Books:
    """Read, bill and pay for six years; then debtors are reminded and overpayments appear."""
    books = Books(customer, numbers, as_of, dice.weighted(paying.METHODS))
    for point in customer.points:
        for document in bill_history(books, point, dice, as_of):
            paying.settle(books, document, how, dice)
    if "debtor" in customer.traits:
        paying.chase(books, dice)
    if customer.traits & paying.OVERPAID and books.balance == 0:
        amount = dice.between(500, 9000)
        books.overpay(amount, transferred="overpayment_transferred" in customer.traits)
    return books


def bill_history(books: Books, point: PointPlan, dice: Dice, as_of: date) -> list[Document]:
    """The invoices of a point, oldest first."""
    periods = timeline.periods(as_of, point.cycle, point.phase)
    history.open_meters(books, point, periods[0].first)
    return list(history.bill_point(books, point, dice, periods))
