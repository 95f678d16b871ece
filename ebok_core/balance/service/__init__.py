"""What the balance's pages, and modules that deal in money, read: functions of a session and a viewer."""

from .accounts import Account, Customer, Withheld, account, accounts, holder, is_held
from .doubts import DOUBT, doubts, tell_of_sum, tell_office, work_items
from .history import Books, books
from .interest import Interest, interest_of
from .payments import Payment, payment, set_against, years
from .receivables import Payable, payable

__all__ = [
    "Account",
    "Books",
    "Customer",
    "DOUBT",
    "Interest",
    "Payable",
    "Payment",
    "Withheld",
    "account",
    "accounts",
    "books",
    "doubts",
    "holder",
    "interest_of",
    "is_held",
    "payable",
    "payment",
    "set_against",
    "tell_of_sum",
    "tell_office",
    "work_items",
    "years",
]
