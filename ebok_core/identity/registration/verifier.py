"""The core's own proof of identity: customer code, number and gross amount of one of the three newest bills (P01)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy.orm import Session

from ebok_core.contracts.identity import ProofField, RegistrationVerifier
from ebok_core.i18n import lazy_gettext as _

from . import rules, tytan


def verify(session: Session, customer_code: str, proof: Mapping[str, str]) -> str | None:
    """The code of the customer who got this bill, or None; several customers of alike codes are told apart by it."""
    number, amount = rules.folded(proof["bill_number"]), Decimal(proof["bill_amount"])
    found = [
        customer.code
        for customer in tytan.customers_like(session, customer_code)
        for bill in tytan.newest_bills(session, customer.code)
        if rules.folded(bill.number) == number and bill.gross == amount
    ]
    return found[0] if len(set(found)) == 1 else None


BILL = RegistrationVerifier(
    key="core.bill",
    title=_("Data from a bill"),
    fields=(
        ProofField(
            name="bill_number",
            label=_("Number of the bill"),
            hint=_("Mark 2 in the picture. One of the last three bills. Spaces and slashes don't matter"),
        ),
        ProofField(
            name="bill_amount",
            label=_("Gross amount of this bill, in złoty"),
            hint=_("Mark 3 in the picture: the whole amount, such as 123,45. Not what is left to pay"),
            kind="amount",
        ),
    ),
    verify=verify,
    figure="ebok_core/identity/registration/_bill.html",
    order=1000,
)
ALL = (BILL,)
