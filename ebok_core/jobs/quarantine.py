"""What is wrong with a row of TYTAN, in words for the office: the rule that it broke and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext


class Rule(NamedTuple):
    """A rule of the contract that a row broke: what is wrong, and what puts it right in TYTAN."""

    text: Any
    remedy: Any


RULES: Mapping[str, Rule] = {
    "address": Rule(
        lazy_gettext("the address of a page is not a secure one"), lazy_gettext("Give an address with https.")
    ),
    "code_page": Rule(
        lazy_gettext("letters are garbled"), lazy_gettext("Check the code page of the column or of the connection.")
    ),
    "control_character": Rule(
        lazy_gettext("an invisible character stands in the text"), lazy_gettext("Write the text anew in TYTAN.")
    ),
    "date": Rule(lazy_gettext("this is no date"), lazy_gettext("Correct the date in TYTAN.")),
    "decimals": Rule(
        lazy_gettext("too many decimals"), lazy_gettext("Round the amount or the volume in the view of TYTAN.")
    ),
    "duplicate_key": Rule(
        lazy_gettext("two rows have the same key"), lazy_gettext("Leave one of the two rows in the view.")
    ),
    "flag": Rule(lazy_gettext("neither yes nor no"), lazy_gettext("Write 0 or 1.")),
    "instant": Rule(lazy_gettext("this is no time"), lazy_gettext("Correct the date with its time in TYTAN.")),
    "missing": Rule(lazy_gettext("a value is missing"), lazy_gettext("Fill the field in TYTAN.")),
    "negative": Rule(
        lazy_gettext("a value below zero where none can be"), lazy_gettext("Correct the number in TYTAN.")
    ),
    "number": Rule(lazy_gettext("this is no number"), lazy_gettext("Correct the number in TYTAN.")),
    "range": Rule(lazy_gettext("a value out of its range"), lazy_gettext("Correct the value in TYTAN.")),
    "too_long": Rule(lazy_gettext("the text is too long"), lazy_gettext("Shorten the text in TYTAN.")),
    "unknown_customer": Rule(
        lazy_gettext("TYTAN has no such customer"), lazy_gettext("Give the row the code of a customer that is there.")
    ),
    "unknown_word": Rule(
        lazy_gettext("a word that the contract does not know"),
        lazy_gettext("Write one of the words that the contract names for this column."),
    ),
}
HELD: Mapping[str, Any] = {
    "balance": lazy_gettext("the balance is not the sum of what is to be paid"),
    "invoice_total": lazy_gettext("an invoice is not worth what its lines are worth"),
    "linked": lazy_gettext("rows move between this customer and one who is held back"),
}


def rule(code: str) -> str:
    """What is wrong; the code of a rule that has no words."""
    return str(RULES[code].text) if code in RULES else code


def remedy(code: str) -> str:
    """What to do."""
    known = str(RULES[code].remedy) if code in RULES else _("Compare the row with the contract.")
    return _("%(what)s The row leaves the quarantine by itself with the next refresh.", what=known)


def held_reason(code: str) -> str:
    """Why a customer is held back; references name the row that points nowhere."""
    return str(HELD.get(code, _("a row points to another one that is not there: %(code)s", code=code)))
