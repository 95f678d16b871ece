"""What the pages of money share: the account with its balance, money on its way, the settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask.typing import ResponseReturnValue

from ebok_core.contracts.domain import PendingEntry
from ebok_core.web import (
    Acting,
    Failed,
    acting,
    after_answer,
    copy_age,
    kept_settings,
    live,
    render,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)

from .. import service
from ..service import Account, Customer, Withheld
from ..settings import BalanceConfig, BalanceConfigSchema
from .blueprint import blueprint


def config() -> BalanceConfig:
    """The settings "Saldo i odsetki"."""
    found: BalanceConfig = kept_settings(BalanceConfigSchema)
    return found


@blueprint.context_processor
def about_money() -> dict[str, Any]:
    """What templates of money ask for: `posting_days` for the sentence beside each balance (P40)."""
    return {"deals_in_money": runtime().portal.deals_in_money, "posting_days": lambda: config().posting_days}


def pending() -> list[PendingEntry]:
    """What modules have sent to TYTAN and the copy does not carry yet; a module that fails adds nothing."""
    answers = [result for _module, result in live("ebok_pending_entries", viewer=viewer())]
    return [e for found in answers if not isinstance(found, Failed) for e in found if isinstance(e, PendingEntry)]


def accounts_of(rows: Sequence[Customer]) -> list[Account]:
    """The balances of some of the viewer's customers, the same on every page (L77); the office hears of a wrong one."""
    found = service.accounts(snapshot(), viewer(), rows, pending(), may_be_held=may_be_held())
    for account in found:
        if account.withheld is Withheld.DOES_NOT_ADD_UP:
            _tell_of(account.customer.code)
    return found


def may_be_held() -> bool:
    """Whether the last refresh holds anybody back: most pages need not ask who."""
    return copy_age().held_back > 0


def not_copied(title: str) -> ResponseReturnValue:
    """The copy does not hold the customer: before the first refresh, or right after signing up."""
    return render("ebok_core/customer/not_copied.html", title=title)


def is_withheld(customer: Acting) -> bool:
    """Whether pages of the past show nothing either: what is held back is an older state."""
    return may_be_held() and service.is_held(snapshot(), viewer())


def _tell_of(code: str) -> None:
    def tell() -> None:
        with unit_of_work() as session:
            service.tell_of_sum(session, code)

    after_answer(tell)


__all__ = ["Acting", "acting", "about_money", "accounts_of", "config", "is_withheld", "not_copied", "pending"]
