"""How documents look: the portal's colours on white paper, sizes in points, and the utility's letterhead."""

from __future__ import annotations

from dataclasses import dataclass, field

# A4 with margins of 18 mm; the foot holds two lines and the page's number.
PAGE_WIDTH, PAGE_HEIGHT = 595.28, 841.89
MARGIN = 51.0
FRAME_WIDTH = PAGE_WIDTH - 2 * MARGIN
FIRST_TOP, NEXT_TOP, BOTTOM = 106.0, 74.0, 62.0

# Text size and line height of each kind of text, in points.
BODY, SMALL, LEAD = (9.5, 13.5), (8.5, 12.0), (11.0, 15.5)
TITLE, SECTION, PART = (21.0, 26.0), (13.0, 17.5), (10.5, 14.5)
KEY_VALUE, KEY_LABEL = (27.0, 33.0), (10.0, 14.0)
CELL = (9.0, 12.5)
# Sizes to which a table with many columns may shrink.
CELL_STEPS = (9.0, 8.5, 8.0, 7.5, 7.0)

# Distances above a block, in points: a heading is nearer to its own text than to what stands above it.
BLOCK_GAP, SECTION_GAP, PART_GAP, TEXT_GAP = 12.0, 19.0, 13.0, 5.0


@dataclass(frozen=True, kw_only=True)
class Look:
    """The colours, as #RRGGBB, by the roles of the portal's theme; the defaults are the portal's own brand."""

    ink: str = "#16242B"
    ink_2: str = "#46545B"
    line: str = "#DAD3C3"
    edge: str = "#6F777A"
    paper: str = "#F6F3EC"
    white: str = "#FFFFFF"
    brand: str = "#0B5C78"
    brand_deep: str = "#014961"
    brand_ink: str = "#0B5C78"
    brand_line: str = "#66A8C6"
    brand_soft: str = "#DEF0F9"
    brass: str = "#7A4E00"
    brass_line: str = "#B07A1E"
    brass_soft: str = "#FBF0D9"
    ok: str = "#17633A"
    ok_line: str = "#3F8F62"
    ok_soft: str = "#E4F2E9"
    bad: str = "#A3211B"
    bad_line: str = "#C4463F"
    bad_soft: str = "#FBEAE7"


@dataclass(frozen=True)
class Run:
    """A piece of a text that is bold, or a link to a web or mail address."""

    text: str
    bold: bool = False
    link: str = ""


Text = str | Run | tuple[str | Run, ...]


@dataclass(frozen=True, kw_only=True)
class Letterhead:
    """Whose document it is: the name and up to three short lines at the top, the colours, a line at the foot.

    `ebok_core.web.letterhead` makes it of the portal's settings.
    """

    name: str = ""
    lines: tuple[Text, ...] = ()
    foot: str = ""
    look: Look = field(default_factory=Look)
