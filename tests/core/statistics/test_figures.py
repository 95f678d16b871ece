"""The chart: named, described, in proportion, without style or script, from the same numbers as the table."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from ebok_core.statistics import Figures, Series, chart


def figures(*values: str, **more) -> Figures:
    numbers = tuple(Decimal(value) for value in values)
    names = tuple(f"m{index}" for index in range(len(numbers)))
    given = {
        "title": "Kwoty <rok>",
        "description": "Od 10 do 20 zł",
        "unit": "zł",
        "periods": names,
        "short": names,
        "series": (Series(name="Faktury", values=numbers),),
    }
    return Figures(**{**given, **more})


def test_the_picture_is_named_and_described_and_escaped():
    text = chart(figures("10", "20"))
    assert 'role="img" aria-labelledby="wykres-t wykres-d"' in text
    assert "Kwoty &lt;rok&gt;</title>" in text and "Od 10 do 20 zł</desc>" in text
    assert "<script" not in text and "style=" not in text and "<style" not in text


def test_bars_are_in_proportion():
    found = re.findall(r'eb-s1" x="[\d.]+%" width="[\d.]+%" y="\d+" height="(\d+)"', chart(figures("10", "20", "0")))
    heights = [int(x) for x in found]
    assert heights[1] == heights[0] * 2 > 0 and heights[2] == 0


def test_bars_stay_inside_the_picture():
    two = (Series(name="a", values=(Decimal(3),) * 24), Series(name="b", values=(Decimal(4),) * 24))
    text = chart(figures(*["1"] * 24, series=two))
    ends = [Decimal(x) + Decimal(w) for x, w in re.findall(r'x="([\d.]+)%" width="([\d.]+)%"', text)]
    assert len(ends) == 48 and max(ends) <= 100
    assert len(re.findall(r'text-anchor="middle">m', text)) == 6, "six names at most, so that they fit a phone"


def test_the_scale_reaches_the_highest_value():
    for top in ("0.03", "1", "9.99", "123.95", "100000", "7654321"):
        ys = [int(y) for y in re.findall(r'eb-s1" x="[\d.]+%"[^>]* y="(\d+)"', chart(figures(top)))]
        assert len(ys) == 1 and 34 <= ys[0] < 222 - (222 - 34) // 3, f"{top}: the scale is neither too low nor too high"


def test_nothing_is_drawn_of_nothing():
    assert chart(figures("0", "0")) == ""


def test_rows_are_the_same_numbers():
    assert list(figures("10", "20").rows()) == [("m0", (Decimal(10),)), ("m1", (Decimal(20),))]


def test_a_series_has_a_value_for_each_period():
    with pytest.raises(ValueError, match="each period"):
        figures("1", "2", series=(Series(name="a", values=(Decimal(1),)),))
