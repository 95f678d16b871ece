"""A set of numbers and its picture (L146-L149): server-side SVG without script or style, in percent coordinates.

The colours, patterns and the size of the letters are the look's (`eb-chart`); they stay what they are on any width.
The picture is named and described; every number stands in the table beside it, so a reader misses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup, escape

from ebok_core.i18n import number

# Pixels from the top: where the highest line lies, where the axis, where the names of the periods.
_TOP, _AXIS, _NAMES = 34, 222, 246
# Percent of the width that the scale takes on the left, and how much of its place a group of bars fills.
_LEFT, _FILLED = Decimal(11), Decimal("0.8")
_MOST_NAMES, _MOST_VALUES, _LINES = 6, 8, 4
_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
_PATTERNS = (
    '<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path class="eb-p2" d="M0 0V7"/></pattern><pattern id="dots" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<circle class="eb-p4" cx="3" cy="3" r="1.6"/></pattern></defs>'
)


@dataclass(frozen=True, kw_only=True)
class Series:
    """One row of numbers, a value for each period; not negative."""

    name: str
    values: tuple[Decimal, ...]

    @property
    def total(self) -> Decimal:
        """The sum over all periods."""
        return sum(self.values, Decimal(0))


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Up to four series over the same periods. `title` names the picture, `description` says what is to be seen.

    `short` are the names of the periods under the bars, `periods` those of the table; `unit` stands at the scale.
    """

    title: str
    description: str
    unit: str
    periods: tuple[str, ...]
    short: tuple[str, ...]
    series: tuple[Series, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.series) <= 4:
            raise ValueError("a chart shows one to four series")
        if any(len(x.values) != len(self.periods) for x in self.series) or len(self.short) != len(self.periods):
            raise ValueError("each series has a value for each period")

    def rows(self) -> Iterator[tuple[str, tuple[Decimal, ...]]]:
        """The same numbers as rows: the period and a value of each series."""
        yield from zip(self.periods, zip(*(x.values for x in self.series), strict=True), strict=True)


def chart(figures: Figures, key: str = "wykres") -> Markup:
    """The picture with its legend; `key` begins the ids on the page. Nothing where all values are zero."""
    top = max((value for x in figures.series for value in x.values), default=Decimal(0))
    if top <= 0:
        return Markup("")
    step = _step(top)
    inside = "".join([_PATTERNS, *_scale(step, top, figures.unit), *_bars(figures, step * _LINES), _axis()])
    return Markup(  # noqa: S704 - numbers of ours and escaped texts
        f'{_legend(figures.series)}<svg class="eb-chart" role="img" aria-labelledby="{key}-t {key}-d">'
        f'<title id="{key}-t">{escape(figures.title)}</title><desc id="{key}-d">{escape(figures.description)}</desc>'
        f"{inside}</svg>"
    )


def _step(top: Decimal) -> Decimal:
    """The distance of the scale's lines: four of them reach the highest value."""
    least = top / _LINES
    power = Decimal(10) ** (least.adjusted())
    return next(factor * power for factor in _STEPS if factor * power >= least)


def _scale(step: Decimal, top: Decimal, unit: str) -> Iterator[str]:
    for place in range(1, _LINES + 1):
        y = _AXIS - (_AXIS - _TOP) * place // _LINES
        value = step * place
        text = number(value.normalize() if value != value.to_integral_value() else int(value))
        text = f"{text} {unit}" if place == _LINES else text
        yield f'<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/><text x="0" y="{y - 5}">{escape(text)}</text>'


def _bars(figures: Figures, full: Decimal) -> Iterator[str]:
    place = (100 - _LEFT) / len(figures.periods)
    width = place * _FILLED / len(figures.series)
    every = -(-len(figures.periods) // _MOST_NAMES)
    has_values = len(figures.periods) * len(figures.series) <= _MOST_VALUES
    for index, name in enumerate(figures.short):
        start = _LEFT + place * index + place * (1 - _FILLED) / 2
        for number_, series in enumerate(figures.series):
            yield _bar(series.values[index], start + width * number_, width, full, number_, has_values)
        if (len(figures.periods) - 1 - index) % every == 0:
            middle = start + place * _FILLED / 2
            yield f'<text x="{middle:.2f}%" y="{_NAMES}" text-anchor="middle">{escape(name)}</text>'


def _bar(value: Decimal, left: Decimal, width: Decimal, full: Decimal, place: int, has_value: bool) -> str:
    height = int(value / full * (_AXIS - _TOP)) if value > 0 else 0
    bar = (
        f'<rect class="eb-s{place + 1}" x="{left:.2f}%" width="{width * Decimal("0.9"):.2f}%" '
        f'y="{_AXIS - height}" height="{height}"/>'
    )
    if not has_value or not height:
        return bar
    text = number(value.quantize(Decimal(1)))
    middle = left + width * Decimal("0.45")
    return f'{bar}<text class="val" x="{middle:.2f}%" y="{_AXIS - height - 6}" text-anchor="middle">{text}</text>'


def _axis() -> str:
    return f'<line class="axis" x1="0" x2="100%" y1="{_AXIS}" y2="{_AXIS}"/>'


def _legend(series: Sequence[Series]) -> str:
    lines = "".join(
        f'<li><svg aria-hidden="true"><rect class="eb-s{place}" x="1" y="1" width="26" height="16"/></svg>'
        f"{escape(x.name)}</li>"
        for place, x in enumerate(series, start=1)
    )
    return f'<ul class="eb-legend">{lines}</ul>'
