"""One colour in, safe roles out: the promises hold over the whole cube of colours (look.md §3)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ebok_core.web import brand

THEME = Path(brand.__file__).parent / "static" / "theme.css"


def test_promises_hold_on_a_coarse_cube() -> None:
    channels = [*range(0, 256, 32), 255]
    for colour in (f"#{r:02X}{g:02X}{b:02X}" for r in channels for g in channels for b in channels):
        broken = [(name, f, g) for name, f, g, least in brand.promises(colour) if brand.contrast(f, g) < least]
        assert broken == [], colour


@pytest.mark.parametrize("colour", ["#7AB800", "#C8102E", "#FFCC00", "#0072CE", "#000000", "#FFFFFF", "#0B5C78"])
def test_hue_stays_where_there_is_one(colour: str) -> None:
    _lightness, chroma, hue = brand.to_oklch(colour)
    found = brand.to_oklch(brand.roles(colour)["light"]["brand"])
    assert chroma < 0.02 or abs(found[2] - hue) < 0.05


def test_the_default_colour_is_the_theme_s_own() -> None:
    first = THEME.read_text().partition("}")[0]
    root = THEME.read_text()[: THEME.read_text().index('[data-theme="dark"]')]
    found = dict(re.findall(r"--eb-((?:on-)?brand(?:-\w+)?): (#[0-9A-F]{6})", root))
    assert first and brand.roles(brand.DEFAULT)["light"] == found
    assert brand.sheet_name(brand.DEFAULT) is None


def test_contrast_is_wcag_s() -> None:
    assert brand.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert brand.contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


def test_a_sheet_is_found_by_its_own_name_only() -> None:
    name = brand.sheet_name("#c8102e")
    assert name is not None and name == brand.sheet_name("#C8102E")
    assert brand.sheet_of(name) == brand.sheet("#C8102E")
    for wrong in (name[:-1], name + "x", "c8102e", "C8102E" + name[6:], "../../etc", "zzzzzz-" + name[7:]):
        assert brand.sheet_of(wrong) is None


def test_a_sheet_leaves_high_contrast_alone() -> None:
    sheet = brand.sheet("#C8102E")
    assert "not (prefers-contrast: more)" in sheet
    assert '[data-theme="contrast"] {' not in sheet.replace(':not([data-theme="light"], [data-theme="contrast"]) {', "")
