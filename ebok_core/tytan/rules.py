"""What the contract says about values beyond their kinds: words, signs, bounds, references (tytan-contract.md)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from ebok_core.contracts.tytan import Kind

PLACES: Mapping[Kind, int] = {Kind.MONEY: 2, Kind.VOLUME: 3, Kind.PRICE: 4, Kind.INT: 0}
"""Decimals of the kinds that the copy keeps as whole numbers."""

YEARS = range(1900, 2200)
"""Years that a date of a water utility can have; others are slips of the keyboard."""

OPEN_ENDED = date(9999, 12, 31)
"""What many systems write for "no end": none, where the column may be null, and no date elsewhere."""

CHOICES: Mapping[tuple[str, str], frozenset[str]] = {
    ("ebok_meters", "role"): frozenset({"main", "garden", "flat", "well", "sewage"}),
    ("ebok_readings", "reading_method"): frozenset(
        {"reader", "radio", "customer", "estimate", "initial", "final", "flat_rate"}
    ),
    ("ebok_readings", "status"): frozenset({"pending", "accepted", "settled", "rejected"}),
    ("ebok_invoices", "kind"): frozenset(
        {
            *("invoice", "correction", "advance", "settlement", "simplified"),
            *("advance_correction", "settlement_correction", "duplicate"),
            *("interest_note", "debit_note", "credit_note", "payment_demand", "balance_confirmation", "other"),
        }
    ),
    ("ebok_invoices", "ksef_mode"): frozenset({"online", "offline24", "unavailability", "failure", "failure_total"}),
    ("ebok_ledger", "kind"): frozenset(
        {"invoice", "correction", "interest", "payment_demand", "payment", "overpayment", "refund"}
    ),
}
"""The words of the columns for which the contract names them all."""

NEVER_NEGATIVE = frozenset(
    {
        *("reading_value", "installed_value", "removed_value", "last_value", "value_from", "value_to"),
        *("diameter_mm", "digits", "line_no", "legalization_year"),
    }
)
"""Columns of states and counts: a meter can't show less than nothing."""

URLS = frozenset({("ebok_invoices", "certificate_url")})
"""Columns that become links: only https leads out of the portal (security.md S21, S23)."""

REFERENCES: tuple[tuple[str, str, str], ...] = (
    ("ebok_readings", "meter_id", "ebok_meters"),
    ("ebok_meters", "parent_id", "ebok_meters"),
)
"""`(view, column, parent view)`: references that must resolve before a customer is published. References through which
a row finds its customer are not here: a row that dangles there has no customer and goes to the quarantine."""
