"""The balance's pages stand under one blueprint, mounted only while a module deals in money.

Slots for modules: `core.balance_actions` (`account`) under the amount of Saldo; in the tables of open documents
`core.document_actions` (rows: `rules.LedgerLine`), loaded once with `rows` and rendered for each `row`.
"""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("balance", __name__)
