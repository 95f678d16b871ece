"""What a document is made of: frozen blocks, in reading order. Texts arrive translated and formatted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from .look import Letterhead, Text


@dataclass(frozen=True)
class Title:
    """The document's one first heading, with a sentence under it and a word on a tint beside it (`WERSJA TESTOWA`)."""

    text: str
    lead: str = ""
    badge: str = ""


@dataclass(frozen=True)
class Heading:
    """A heading of a section (level 2) or of a part of one (3)."""

    text: str
    level: Literal[2, 3] = 2


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; line ends in it stay. `small` for explanations under something else."""

    text: Text
    small: bool = False


@dataclass(frozen=True)
class Bullets:
    """A list of short points."""

    items: tuple[Text, ...]


@dataclass(frozen=True)
class Pairs:
    """Labels and values, one a line, or two beside each other where `columns` is 2. An empty value is written as –.

    `label_share` is the labels' part of the width, else 0.36, in two columns 0.44.
    """

    items: tuple[tuple[str, Text], ...]
    columns: Literal[1, 2] = 1
    label_share: float | None = None


@dataclass(frozen=True)
class Column:
    """A column of a table. `numeric` is right-aligned; `head` makes its cells the heads of their rows, in bold.

    `share` fixes its part of the width (0 to 1); without it the contents decide.
    """

    title: str
    numeric: bool = False
    head: bool = False
    share: float | None = None


@dataclass(frozen=True)
class Cell:
    """A cell with a note under its text, or a bold one. `span` columns, for a caption inside a table."""

    text: str
    note: str = ""
    bold: bool = False
    span: int = 1


@dataclass(frozen=True)
class Table:
    """A table with a head that is repeated on each page. `totals` stands under a heavy line.

    `caption` is its name; `quiet` gives it to readers only, where a heading above says the same. A row may be shorter
    than the head: its last cell then spans the rest, as a caption inside the table. None is an empty cell.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str | Cell | None, ...], ...]
    totals: tuple[tuple[str | Cell | None, ...], ...] = ()
    quiet: bool = False


@dataclass(frozen=True)
class Sums:
    """A sum column: parts, then the total over a double line. `name` tells readers what is summed."""

    name: str
    parts: tuple[tuple[str, str], ...]
    total: tuple[str, str]


@dataclass(frozen=True)
class Key:
    """The document's answer on deep ground: what, how much, until when, and its sum beside it. One a document."""

    label: str
    value: str
    note: str = ""
    sums: Sums | None = None


@dataclass(frozen=True)
class Notice:
    """A sentence that must be seen, on a tint."""

    text: Text
    title: str = ""
    kind: Literal["info", "wait", "ok", "bad"] = "info"


@dataclass(frozen=True)
class QrCode:
    """A QR code of `size` points with the quiet zone around it. `alt` says what it holds and where that stands as text.

    `error` is the least error correction, L M Q or H.
    """

    text: str
    alt: str
    size: float = 120.0
    error: str = "M"


@dataclass(frozen=True)
class Beside:
    """Blocks side by side, read from left to right; `shares` are parts of the width. Too high for a page: below."""

    columns: tuple[tuple[Block, ...], ...]
    shares: tuple[float, ...] = ()
    gap: float = 24.0


@dataclass(frozen=True)
class Together:
    """Blocks that are not parted by the end of a page, where they fit on one."""

    blocks: tuple[Block, ...]


Block = Title | Heading | Paragraph | Bullets | Pairs | Table | Sums | Key | Notice | QrCode | Beside | Together


@dataclass(frozen=True, kw_only=True)
class Document:
    """A document. `title` is the file's name in the window ("Faktura FV/1/2026 – Wodociągi X").

    `running` stands at the top of each further page (else the title). `language` is the texts' own. `created` is the
    only time in the file: without it the same document is the same bytes for ever.
    """

    title: str
    body: tuple[Block, ...]
    letterhead: Letterhead = field(default_factory=Letterhead)
    running: str = ""
    language: str = "pl-PL"
    created: datetime | None = None
