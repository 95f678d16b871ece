"""What a correction changes, line by line: before, after, and the difference (billing.md §1.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from .bills import BillLine
from .states import ZERO


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A line before and after a correction: quantities in its unit, amounts gross in złoty."""

    name: str
    unit: str
    quantity_before: Decimal
    quantity_after: Decimal
    gross_before: Decimal
    gross_after: Decimal

    @property
    def quantity(self) -> Decimal:
        """By how much the quantity changed."""
        return self.quantity_after - self.quantity_before

    @property
    def gross(self) -> Decimal:
        """By how much the amount changed."""
        return self.gross_after - self.gross_before


def before_and_after(corrected: Sequence[BillLine], correction: Iterable[BillLine]) -> list[Changed]:
    """The lines of a bill and what a correction makes of them.

    `corrected` are the original's lines with those of earlier corrections, `correction` the lines of this one: its
    totals are differences against that state, whichever of the three ways it is written in.
    """
    names = dict.fromkeys((x.name, x.unit) for x in corrected)
    after = list(correction)
    names.update(dict.fromkeys((x.name, x.unit) for x in after))
    found = []
    for name, unit in names:
        old = [x for x in corrected if (x.name, x.unit) == (name, unit)]
        own = [x for x in after if (x.name, x.unit) == (name, unit)]
        quantity, gross = sum((x.quantity for x in old), Decimal(0)), sum((x.gross for x in old), ZERO)
        found.append(
            Changed(
                name=name,
                unit=unit,
                quantity_before=quantity,
                quantity_after=quantity + sum((x.quantity for x in own), Decimal(0)),
                gross_before=gross,
                gross_after=gross + sum((x.gross for x in own), ZERO),
            )
        )
    return found
