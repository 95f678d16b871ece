"""The pages under Płatności that belong to the core: Saldo, Wpłaty, Wyciąg."""

from . import payments, saldo, statement  # noqa: F401 - they add their addresses
from .blueprint import blueprint
from .facts import about_money, accounts_of, pending

__all__ = ["about_money", "accounts_of", "blueprint", "pending"]
