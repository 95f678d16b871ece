"""Blocks become pieces: what is drawn as a whole, its height known before a page is chosen for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import NamedTuple

from .look import Look, Run, Text
from .pen import Node, Pen
from .typeface import Face, pieces_of, readable, regular, semibold

Draw = Callable[[Pen, float, float], None]


@dataclass(slots=True)
class Piece:
    """`draw(pen, x, top)` paints it below `top`; all measures are points.

    `gap` is left free above it but at the top of a page; `keeps` ties it to the next piece; `head` is drawn again above
    it where a page begins with it; `split(room)` parts what is higher than a page, or says None.
    """

    height: float
    draw: Draw
    gap: float = 0.0
    keeps: bool = False
    head: Piece | None = None
    split: Callable[[float], tuple[Piece, Piece] | None] | None = None


@dataclass(slots=True, frozen=True)
class Setting:
    """Where blocks are set: the width they have, the node they belong to, the colours."""

    width: float
    node: Node
    look: Look


class Segment(NamedTuple):
    """A stretch of a line in one face; `link` is where it leads."""

    text: str
    face: Face
    link: str = ""


Line = list[Segment]


def baseline(top: float, size: float, leading: float) -> float:
    """The baseline of a line whose box begins at `top`: capitals stand in its middle."""
    return top - leading / 2 - 0.35 * size


def runs_of(text: Text) -> list[Run]:
    """A text as runs of readable signs."""
    parts: Sequence[str | Run] = text if isinstance(text, tuple) else (text,)
    runs = [part if isinstance(part, Run) else Run(part) for part in parts]
    return [Run(readable(run.text), run.bold, run.link) for run in runs if run.text]


def plain(text: Text) -> str:
    """A text without its marks."""
    return "".join(run.text for run in runs_of(text))


def set_text(text: Text, width: float, size: float, *, bold: bool = False) -> list[Line]:
    """The lines of a text. A line broken at a space keeps it, so that a reader does not join the two words."""
    runs = runs_of(text)
    lines: list[Line] = [[]]
    filled = 0.0
    for run in runs:
        face = semibold() if run.bold or bold else regular()
        if len(runs) == 1 and "\n" not in run.text and face.width(run.text, size) <= width:
            return [[Segment(run.text, face, run.link)]]
        for number, part in enumerate(run.text.split("\n")):
            if number:
                lines[-1].append(Segment(" ", face, run.link))  # for readers, who would join the two lines
                lines.append([])
                filled = 0.0
            for word in _words(part):
                filled = _put(lines, filled, Segment(word, face, run.link), width, size)
    return [[_joined(list(same)) for _k, same in groupby(line, key=lambda s: (id(s.face), s.link))] for line in lines]


def _words(text: str) -> list[str]:
    """Words with the space behind each."""
    words = [f"{word} " for word in text.split(" ")]
    words[-1] = words[-1][:-1]
    return [word for word in words if word]


def _put(lines: list[Line], filled: float, word: Segment, width: float, size: float) -> float:
    """Set a word at the end of the last line or on a new one; returns how far that line is filled."""
    wide = word.face.width(word.text.rstrip(" "), size)
    if lines[-1] and filled + wide > width:
        lines.append([])
        filled = 0.0
    text = word.text
    if wide > width:
        *whole, text = pieces_of(text, width, word.face, size)
        for piece in whole:
            lines[-1].append(word._replace(text=piece))
            lines.append([])
        filled = 0.0
    lines[-1].append(word._replace(text=text))
    return filled + word.face.width(text, size)


def _joined(segments: list[Segment]) -> Segment:
    return segments[0]._replace(text="".join(segment.text for segment in segments))


@dataclass(slots=True)
class Painter:
    """Draws the lines of one node: size, line height and colours, and the nodes of the links it has met."""

    node: Node
    size: float
    leading: float
    colour: str
    link_colour: str
    links: dict[str, Node] = field(default_factory=dict)

    def lines(self, pen: Pen, lines: Iterable[Line], x: float, top: float) -> None:
        """Lines below each other from the upper left corner of the first."""
        for line in lines:
            self.line(pen, line, x, baseline(top, self.size, self.leading))
            top -= self.leading

    def line(self, pen: Pen, line: Line, x: float, y: float) -> None:
        """One line from its baseline's left end; a link is a node of its own with a place to click."""
        for text, face, link in line:
            if not link:
                pen.text(self.node, x, y, text, face, self.size, self.colour)
                x += face.width(text, self.size)
                continue
            if link not in self.links:
                self.links[link] = self.node.add("Link")
            wide = face.width(text.rstrip(" "), self.size)
            pen.text(self.links[link], x, y, text, face, self.size, self.link_colour)
            pen.link(self.links[link], (x, y - 0.25 * self.size, x + wide, y + 0.8 * self.size), link, text.strip())
            pen.rule(x, y - 0.14 * self.size, wide, self.link_colour, 0.6)
            x += face.width(text, self.size)


def text_pieces(painter: Painter, lines: Sequence[Line], gap: float, *, keeps: bool = False) -> list[Piece]:
    """A text as pieces: up to four lines stay together, of more the first two and the last two."""
    cuts = [0, len(lines)] if len(lines) <= 4 else [0, *range(2, len(lines) - 1), len(lines)]
    found = []
    for start, end in pairwise(cuts):
        part = lines[start:end]
        found.append(
            Piece(
                height=len(part) * painter.leading,
                draw=lambda pen, x, top, part=part: painter.lines(pen, part, x, top),
                gap=0.0 if start else gap,
            )
        )
    found[-1].keeps = keeps
    return found
