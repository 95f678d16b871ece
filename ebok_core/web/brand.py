"""One brand colour in, safe colour roles out (look.md §3), served as a small second style sheet.

Hue stays; lightness moves in OKLCH until the contrast that a role promises holds; chroma shrinks only to fit sRGB.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from functools import lru_cache

DEFAULT = "#0B5C78"
# The grounds of theme.css on which brand colours stand.
LIGHT = {"page": "#F6F3EC", "surface": "#FFFFFF", "sunken": "#EDE8DC", "ink": "#16242B"}
DARK = {"page": "#0F191E", "surface": "#17242B", "sunken": "#0B1317", "ink": "#EAF0F1"}
_STEP = 0.005
_TO_LMS = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_FROM_LAB = (
    (1.0, 0.3963377774, 0.2158037573),
    (1.0, -0.1055613458, -0.0638541728),
    (1.0, -0.0894841775, -1.2914855480),
)
_FROM_LMS = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)
Vector = tuple[float, float, float]


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two colours given as #RRGGBB, from 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def roles(brand: str) -> Mapping[str, Mapping[str, str]]:
    """The brand roles of the light and the dark theme for one colour."""
    lightness, chroma, hue = to_oklch(brand)
    chroma = min(chroma, 0.15)
    soft = from_oklch(0.945, min(chroma * 0.3, 0.022), hue)
    dark_soft = from_oklch(0.30, min(chroma * 0.5, 0.04), hue)
    fill = brand.upper()
    if contrast(fill, "#FFFFFF") < 5 or lightness < 0.3:
        fill = _seek(max(min(lightness, 0.62), 0.3), chroma, hue, -_STEP, [("#FFFFFF", 5)])
    deep_start = min(to_oklch(fill)[0], 0.38)
    ink_grounds = [(LIGHT["sunken"], 5.0), (soft, 5.0), (LIGHT["page"], 5.5)]
    dark_fill_grounds = [(DARK["surface"], 6.0), (DARK["sunken"], 7.0)]
    dark_ink_grounds = [(DARK["surface"], 7.0), (dark_soft, 5.5)]
    return {
        "light": {
            "brand": fill,
            "brand-deep": _seek(deep_start, min(chroma, 0.12), hue, -_STEP, [("#FFFFFF", 9)]),
            "brand-ink": _seek(min(lightness, 0.5), chroma, hue, -_STEP, ink_grounds),
            "brand-line": _seek(0.70, min(chroma, 0.08), hue, -_STEP, [(LIGHT["surface"], 2.2)]),
            "brand-soft": soft,
            "on-brand": "#FFFFFF",
        },
        "dark": {
            "brand": _seek(max(lightness, 0.72), min(chroma, 0.11), hue, _STEP, dark_fill_grounds),
            "brand-deep": from_oklch(0.285, min(chroma, 0.07), hue),
            "brand-ink": _seek(max(lightness, 0.78), min(chroma, 0.10), hue, _STEP, dark_ink_grounds),
            "brand-line": from_oklch(0.50, min(chroma, 0.06), hue),
            "brand-soft": dark_soft,
            "on-brand": DARK["sunken"],
        },
    }


def promises(brand: str) -> list[tuple[str, str, str, float]]:
    """What must hold for every colour: `(name, foreground, ground, least ratio)`."""
    found = roles(brand)
    light, dark = found["light"], found["dark"]
    return [
        ("white on brand", "#FFFFFF", light["brand"], 4.5),
        ("white on deep", "#FFFFFF", light["brand-deep"], 7),
        ("fill on page", light["brand"], LIGHT["page"], 3),
        ("fill on sunken", light["brand"], LIGHT["sunken"], 3),
        ("link on page", light["brand-ink"], LIGHT["page"], 4.5),
        ("link on surface", light["brand-ink"], LIGHT["surface"], 4.5),
        ("link on sunken", light["brand-ink"], LIGHT["sunken"], 4.5),
        ("link on soft", light["brand-ink"], light["brand-soft"], 4.5),
        ("ink on soft", LIGHT["ink"], light["brand-soft"], 7),
        ("dark: ink on brand", dark["on-brand"], dark["brand"], 4.5),
        ("dark: fill on surface", dark["brand"], DARK["surface"], 3),
        ("dark: white on deep", "#FFFFFF", dark["brand-deep"], 7),
        ("dark: link on page", dark["brand-ink"], DARK["page"], 4.5),
        ("dark: link on surface", dark["brand-ink"], DARK["surface"], 4.5),
        ("dark: link on soft", dark["brand-ink"], dark["brand-soft"], 4.5),
        ("dark: ink on soft", DARK["ink"], dark["brand-soft"], 7),
    ]


@lru_cache(maxsize=16)
def sheet(brand: str) -> str:
    """The style sheet of a brand colour. High contrast keeps its own black and yellow."""
    found = roles(brand)
    light, dark = (" ".join(f"--eb-{name}: {value};" for name, value in found[t].items()) for t in ("light", "dark"))
    return (
        f":root {{ {light} }}\n"
        f':root[data-theme="dark"] {{ {dark} }}\n'
        "@media (prefers-color-scheme: dark) and (not (prefers-contrast: more)) {\n"
        f':root:not([data-theme="light"], [data-theme="contrast"]) {{ {dark} }}\n}}\n'
        "@media (prefers-color-scheme: dark) and (prefers-contrast: more) {\n"
        f':root[data-theme="normal"] {{ {dark} }}\n}}\n'
    )


def sheet_name(brand: str) -> str | None:
    """The file name of a colour's style sheet, or None for the colour that theme.css has by itself."""
    brand = brand.upper()
    return None if brand == DEFAULT else f"{brand[1:].lower()}-{_fingerprint(brand)}"


def sheet_of(name: str) -> str | None:
    """The style sheet by its file name, None for a name that this version does not give out."""
    colour, _dash, fingerprint = name.partition("-")
    if len(colour) != 6 or any(c not in "0123456789abcdef" for c in colour):
        return None
    brand = f"#{colour.upper()}"
    return sheet(brand) if fingerprint == _fingerprint(brand) else None


def _fingerprint(brand: str) -> str:
    return hashlib.sha256(sheet(brand).encode()).hexdigest()[:10]


def to_oklch(colour: str) -> Vector:
    """Lightness 0–1, chroma and hue (radians) of #RRGGBB."""
    linear = _linear(colour)
    cubes = (_cube_root(value) for value in _times(_TO_LMS, linear))
    lightness, a, b = _times(_TO_LAB, tuple(cubes))  # type: ignore[arg-type]
    return lightness, math.hypot(a, b), math.atan2(b, a)


def from_oklch(lightness: float, chroma: float, hue: float) -> str:
    """Back to #RRGGBB; chroma shrinks until the colour fits sRGB, so hue and lightness stay."""
    while True:
        lab = (lightness, chroma * math.cos(hue), chroma * math.sin(hue))
        l, m, s = _times(_FROM_LAB, lab)  # noqa: E741 - the names of the model
        linear = _times(_FROM_LMS, (l**3, m**3, s**3))
        if chroma <= 0.0005 or all(-0.0005 <= channel <= 1.0005 for channel in linear):
            return "#" + "".join(f"{round(255 * _encoded(min(1.0, max(0.0, channel)))):02X}" for channel in linear)
        chroma *= 0.96


def _seek(lightness: float, chroma: float, hue: float, step: float, grounds: Iterable[tuple[str, float]]) -> str:
    """Move the lightness by `step` until the colour has the ratio to every ground."""
    grounds = list(grounds)
    while True:
        colour = from_oklch(lightness, chroma, hue)
        if all(contrast(colour, ground) >= ratio for ground, ratio in grounds) or not 0 < lightness < 1:
            return colour
        lightness += step


def _times(matrix: tuple[Vector, Vector, Vector], vector: Vector) -> Vector:
    x, y, z = (row[0] * vector[0] + row[1] * vector[1] + row[2] * vector[2] for row in matrix)
    return x, y, z


def _cube_root(value: float) -> float:
    return math.copysign(abs(value) ** (1 / 3), value)


def _linear(colour: str) -> Vector:
    r, g, b = (_decoded(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return r, g, b


def _luminance(colour: str) -> float:
    r, g, b = _linear(colour)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _decoded(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _encoded(channel: float) -> float:
    return 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055
