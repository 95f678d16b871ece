"""Drawing with marks: every operator lies inside a tagged piece of the tree or inside an artifact, never outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from reportlab.lib.rl_accel import escapePDF

from .typeface import Face

DECORATION = "/Artifact BMC"
HEADER = "/Artifact <</Type/Pagination/Subtype/Header>> BDC"
FOOTER = "/Artifact <</Type/Pagination/Subtype/Footer>> BDC"


@dataclass(slots=True, frozen=True)
class Mark:
    """Marked content of a node: the page and its number there."""

    page: int
    number: int


@dataclass(slots=True, frozen=True)
class Spot:
    """A place to click, in points of the page."""

    page: int
    box: tuple[float, float, float, float]
    address: str
    text: str


@dataclass(slots=True, eq=False)
class Node:
    """A node of the structure tree. `kids` are nodes, marks and spots in reading order.

    `attributes` is the text of its attribute dictionary, `alt` its alternative text.
    """

    tag: str
    kids: list[Node | Mark | Spot] = field(default_factory=list)
    attributes: str = ""
    alt: str = ""

    def add(self, tag: str, attributes: str = "", alt: str = "") -> Node:
        """A new node at the end of this one."""
        node = Node(tag, attributes=attributes, alt=alt)
        self.kids.append(node)
        return node


# What draws may belong to: a node, or the words that open an artifact.
Owner = Node | str


class Pen:
    """Draws on a ReportLab canvas, y upwards in points from the lower left corner."""

    def __init__(self, canvas: Any) -> None:
        self.document = canvas._doc
        self.page = -1
        self.marks: list[list[Node]] = []
        self._canvas = canvas
        self._put: Any = None
        self._fresh()

    def _fresh(self) -> None:
        self._owner: Owner | None = None
        self._fill = self._stroke = ""
        self._line_width = 0.0

    def begin_page(self) -> None:
        """Start the next page."""
        self.page += 1
        self.marks.append([])
        self._fresh()
        self._put = self._canvas._code.append

    def end_page(self) -> None:
        """Close what is open and finish the page."""
        if self._owner is not None:
            self._put("EMC")
        self._canvas.showPage()

    def belongs_to(self, owner: Owner) -> None:
        """What is drawn from here on belongs to this node or artifact. Drawing on for the same one opens nothing."""
        if owner is self._owner:
            return
        if self._owner is not None:
            self._put("EMC")
        self._owner = owner
        if isinstance(owner, str):
            self._put(owner)
            return
        marks = self.marks[self.page]
        self._put(f"/{owner.tag} <</MCID {len(marks)}>> BDC")
        owner.kids.append(Mark(self.page, len(marks)))
        marks.append(owner)

    def text(self, owner: Owner, x: float, y: float, text: str, face: Face, size: float, colour: str) -> None:
        """A line of readable text from its baseline's left end."""
        if not text:
            return
        self.belongs_to(owner)
        self._colour(colour)
        runs = face.encoded(text, self.document)
        parts = " ".join(
            f"{face.getSubsetInternalName(subset, self.document)} {size:g} Tf ({escapePDF(codes)}) Tj"
            if number
            else f"{face.getSubsetInternalName(subset, self.document)} {size:g} Tf {x:.2f} {y:.2f} Td "
            f"({escapePDF(codes)}) Tj"
            for number, (subset, codes) in enumerate(runs)
        )
        self._put(f"BT {parts} ET")

    def link(self, owner: Node, box: tuple[float, float, float, float], address: str, text: str) -> None:
        """A place to click that belongs to a node `Link`."""
        owner.kids.append(Spot(self.page, box, address, text))

    def rule(self, x: float, y: float, width: float, colour: str, thickness: float = 0.5) -> None:
        """A horizontal line; ornament."""
        self.lines([(x, y, x + width, y)], colour, thickness)

    def lines(self, lines: Sequence[tuple[float, float, float, float]], colour: str, thickness: float = 0.5) -> None:
        """Straight lines; ornament."""
        self.belongs_to(DECORATION)
        if colour != self._stroke:
            self._stroke = colour
            self._put(f"{rgb(colour)} RG")
        if thickness != self._line_width:
            self._line_width = thickness
            self._put(f"{thickness:g} w")
        self._put(" ".join(f"{x:.2f} {y:.2f} m {u:.2f} {v:.2f} l" for x, y, u, v in lines) + " S")

    def gauge(self, x: float, top: float, length: float, colour: str, *, across: bool = False) -> None:
        """The graduated board of the portal's pages: ticks that hang from a line, or down to the right of x."""
        self.belongs_to(DECORATION)
        self._line_width, self._stroke = 0.0, ""
        ticks = []
        for wide, gap in ((3.0, 6.0), (6.0, 30.0)):
            beside, below = x + 10 - wide / 2, top - wide / 2
            middle = (x, below, x + length, below) if across else (beside, top, beside, top - length)
            ticks.append("{:g} w [.8 {:g}] 0 d {:.2f} {:.2f} m {:.2f} {:.2f} l S".format(wide, gap - 0.8, *middle))
        self._put(f"q {rgb(colour)} RG {' '.join(ticks)} Q")

    def box(self, x: float, y: float, width: float, height: float, colour: str, radius: float = 0.0) -> None:
        """A filled rectangle from its lower left corner, with round corners where wished; ornament."""
        self.belongs_to(DECORATION)
        self._colour(colour)
        plain = f"{x:.2f} {y:.2f} {width:.2f} {height:.2f} re"
        self._put(f"{_rounded(x, y, width, height, radius) if radius else plain} f")

    def shape(self, owner: Owner, x: float, y: float, scale: float, path: str, colour: str, paint: str = "f") -> None:
        """A path in its own coordinates, moved to (x, y) and scaled."""
        self.belongs_to(owner)
        self._put(f"q {scale:.5f} 0 0 {scale:.5f} {x:.2f} {y:.2f} cm {rgb(colour)} {'rg' if paint == 'f' else 'RG'}")
        self._put(f"{path} {paint} Q")

    def _colour(self, colour: str) -> None:
        if colour != self._fill:
            self._fill = colour
            self._put(f"{rgb(colour)} rg")


@lru_cache(maxsize=256)
def rgb(colour: str) -> str:
    """The three numbers of #RRGGBB as PDF writes them."""
    return " ".join(f"{int(colour[place : place + 2], 16) / 255:.3g}" for place in (1, 3, 5))


def _rounded(x: float, y: float, width: float, height: float, r: float) -> str:
    """A rectangle whose corners are quarter circles (as four Bézier curves)."""
    right, top, k = x + width, y + height, r * 0.4477
    return (
        f"{x + r:.2f} {y:.2f} m {right - r:.2f} {y:.2f} l "
        f"{right - k:.2f} {y:.2f} {right:.2f} {y + k:.2f} {right:.2f} {y + r:.2f} c {right:.2f} {top - r:.2f} l "
        f"{right:.2f} {top - k:.2f} {right - k:.2f} {top:.2f} {right - r:.2f} {top:.2f} c {x + r:.2f} {top:.2f} l "
        f"{x + k:.2f} {top:.2f} {x:.2f} {top - k:.2f} {x:.2f} {top - r:.2f} c {x:.2f} {y + r:.2f} l "
        f"{x:.2f} {y + k:.2f} {x + k:.2f} {y:.2f} {x + r:.2f} {y:.2f} c h"
    )
