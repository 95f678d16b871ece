"""One line of the benchmark: what was measured, the limit measured beside it, the target, the verdict."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Line(NamedTuple):
    """A measured figure.

    `ours` and `limit` are texts with their units ("1.31 ms"), `ratio` is ours to the limit where both are comparable,
    `target` the promise of performance.md in words, `is_kept` None where there is no promise.
    """

    id: str
    what: str
    ours: str
    limit: str = ""
    ratio: float | None = None
    target: str = ""
    is_kept: bool | None = None


def ratio_line(
    id: str, what: str, ours: float, limit: float, unit: str, most: float | None = None, least: float | None = None
) -> Line:
    """A line whose promise is a ratio: at most `most` times the limit, or at least `least` times."""
    ratio = ours / limit if limit else 0.0
    target = f"≤ {most:g}×" if most is not None else f"≥ {least:g}×" if least is not None else ""
    is_kept = None
    if most is not None:
        is_kept = ratio <= most
    elif least is not None:
        is_kept = ratio >= least
    return Line(id, what, f"{ours:.3g} {unit}", f"{limit:.3g} {unit}", ratio, target, is_kept)


def table(lines: Iterable[Line]) -> str:
    """The lines as aligned text."""
    verdicts = {True: "ok", False: "MISSED", None: ""}
    cells = [("id", "what", "ours", "limit", "ratio", "target", "")]
    for line in lines:
        ratio = f"{line.ratio:.2f}×" if line.ratio is not None else ""
        cells.append((line.id, line.what, line.ours, line.limit, ratio, line.target, verdicts[line.is_kept]))
    widths = [max(len(row[column]) for row in cells) for column in range(7)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells)
