"""The typeface of documents: loaded once a process, measured and encoded here, and what becomes of unknown signs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FOLDER = Path(__file__).parent / "fonts"
_NBSP = 0xA0
# What other fonts have and ours has not, by the sign that says the same.
_STAND_INS = {"\u2011": "-", "\u2010": "-", "\u2015": "—", "\t": " ", "\u2009": "\u202f", "\u200b": "", "\u00ad": ""}
_UNKNOWN = "?"
# Where a word that is longer than its line may be broken, before single letters are.
_JOINTS = re.compile(r"(?<=[/\-_?&=.,@])(?=.)")


class Face(TTFont):  # type: ignore[misc]
    """A weight of the typeface. Not to be used by two threads at once: `render` holds the lock."""

    def __init__(self, name: str, file: str) -> None:
        super().__init__(name, str(FOLDER / file), asciiReadable=False, shapable=False)
        self.advances: dict[str, float] = {chr(code): width for code, width in self.face.charWidths.items()}

    def width(self, text: str, size: float) -> float:
        """How wide a readable text is, in points."""
        advances = self.advances
        return sum([advances[sign] for sign in text]) * size / 1000

    def encoded(self, text: str, document: Any) -> Iterable[tuple[int, bytes]]:
        """The text as runs of `(subset, codes)`. A no-break space stays one, which ReportLab would make a space."""
        codes = list(map(ord, text))
        state = self.state.get(document) or self._new_state(document)
        known = state.assignments
        if not known.keys() >= set(codes):
            self.splitString(text.replace("\xa0", " "), document)
        places = [known[code] for code in codes]
        if all(place < 256 for place in places):
            return [(0, bytes(places))]
        runs: list[tuple[int, bytes]] = []
        for place in places:
            subset, code = place >> 8, bytes([place & 255])
            if runs and runs[-1][0] == subset:
                runs[-1] = (subset, runs[-1][1] + code)
            else:
                runs.append((subset, code))
        return runs

    def _new_state(self, document: Any) -> Any:
        state = self._assignState(document, asciiReadable=False)
        state.assignments[_NBSP] = state.nextCode
        state.subsets[0][state.nextCode] = _NBSP
        state.nextCode += 1
        return state


@cache
def regular() -> Face:
    """The weight of texts (400)."""
    return _registered("EbokSans-Regular")


@cache
def semibold() -> Face:
    """The weight of headings, labels and totals (650)."""
    return _registered("EbokSans-SemiBold")


def _registered(name: str) -> Face:
    face = Face(name, f"{name}.ttf")
    pdfmetrics.registerFont(face)
    return face


def readable(text: str) -> str:
    """The text in signs that the typeface has: composed, control signs out, an unknown letter without its mark or as ?.

    Line ends stay.
    """
    advances = regular().advances
    text = unicodedata.normalize("NFC", text) if not text.isascii() else text
    if all([sign in advances for sign in text]):
        return text
    return "".join(sign if sign in advances or sign == "\n" else _stand_in(sign, advances) for sign in text)


def _stand_in(sign: str, advances: dict[str, float]) -> str:
    if sign in _STAND_INS:
        return _STAND_INS[sign]
    if unicodedata.category(sign) in ("Cc", "Cf", "Mn"):
        return ""
    plain = "".join(s for s in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(s))
    return plain if plain and all(s in advances for s in plain) else _UNKNOWN


def wrapped(text: str, width: float, face: Face, size: float) -> list[str]:
    """The lines of a readable text. A broken line ends with a space, so that a reader does not join two words."""
    lines: list[str] = []
    for part in text.split("\n"):
        if lines:
            lines[-1] += " "
        if face.width(part, size) <= width:
            lines.append(part)
        else:
            lines += _wrapped_part(part, width, face, size)
    return lines


def _wrapped_part(text: str, width: float, face: Face, size: float) -> list[str]:
    space = face.width(" ", size)
    lines, line, filled = [], "", 0.0
    for word in text.split(" "):
        wide = face.width(word, size)
        if line and filled + space + wide > width:
            lines.append(line + " ")
            line, filled = "", 0.0
        if wide > width:
            *whole, word = pieces_of(word, width, face, size)
            lines += whole
            wide = face.width(word, size)
        line, filled = (f"{line} {word}", filled + space + wide) if line else (word, wide)
    return [*lines, line]


def pieces_of(word: str, width: float, face: Face, size: float) -> list[str]:
    """A word that is wider than its line, in pieces: at signs such as / where that helps, else anywhere."""
    pieces, piece = [], ""
    for part in _JOINTS.split(word):
        if face.width(piece + part, size) <= width:
            piece += part
            continue
        if piece:
            pieces.append(piece)
        piece = ""
        for sign in part:
            if piece and face.width(piece + sign, size) > width:
                pieces.append(piece)
                piece = ""
            piece += sign
    return [*pieces, piece]
