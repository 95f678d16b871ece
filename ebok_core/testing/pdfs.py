"""Read a tagged PDF as a screen reader would, and say what is wrong with it; knows nothing of the code that wrote it.

`problems(data)` is empty for a document that keeps accessibility.md §6, `read(data).text` its text in reading order.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pikepdf
from PIL import Image, ImageDraw

_PAINTS = {"Tj", "TJ", "'", '"', "f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "sh", "Do"}
_PAIR = re.compile(rb"<([0-9A-Fa-f]+)>\s+<([0-9A-Fa-f]+)>")
_HEADING = re.compile(r"H[1-6]")


@dataclass
class Element:
    """A node of the structure tree: its tag, what is written in it itself, its nodes and places to click."""

    tag: str
    alt: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    kids: list[Element | str] = field(default_factory=list)
    marks: list[tuple[int, int]] = field(default_factory=list)
    links: list[Any] = field(default_factory=list)
    objgen: tuple[int, int] = (0, 0)

    @property
    def text(self) -> str:
        """All text below, in reading order."""
        return "".join(kid if isinstance(kid, str) else kid.text for kid in self.kids)

    def all(self, *tags: str) -> Iterator[Element]:
        """The elements below in reading order, all or those of some tags."""
        for kid in self.kids:
            if isinstance(kid, Element):
                if not tags or kid.tag in tags:
                    yield kid
                yield from kid.all(*tags)


@dataclass
class ReadPdf:
    """A document as it is read. `marks` are texts of marked content by `(page, number)`, `artifacts` what is not read.

    `untagged` names painting outside marked content; `rectangles` are filled boxes by their mark, in points, `letters`
    what the codes of each font mean.
    """

    pdf: pikepdf.Pdf
    root: Element
    marks: dict[tuple[int, int], str]
    artifacts: list[str]
    untagged: list[str]
    rectangles: dict[tuple[int, int], list[tuple[float, float, float, float]]]
    letters: dict[str, dict[int, str]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text in reading order, one line for each smallest element."""
        return "\n".join(_lines(self.root))

    def table(self, number: int = 0) -> list[list[str]]:
        """The texts of a table's cells, head first."""
        table = list(self.root.all("Table"))[number]
        return [[cell.text.strip() for cell in row.all("TH", "TD")] for row in table.all("TR")]

    def figure(self, number: int = 0, scale: float = 4.0) -> Image.Image:
        """A picture of the boxes of a figure: what a camera sees of a code."""
        element = list(self.root.all("Figure"))[number]
        boxes = [box for mark in element.marks for box in self.rectangles.get(mark, [])]
        left, low = min(box[0] for box in boxes) - 20, min(box[1] for box in boxes) - 20
        right, top = max(box[0] + box[2] for box in boxes) + 20, max(box[1] + box[3] for box in boxes) + 20
        image = Image.new("L", (round((right - left) * scale), round((top - low) * scale)), 255)
        drawing = ImageDraw.Draw(image)
        for x, y, wide, high in boxes:
            corners = [(x - left) * scale, (top - y - high) * scale, (x + wide - left) * scale, (top - y) * scale]
            drawing.rectangle([round(corners[0]), round(corners[1]), round(corners[2]) - 1, round(corners[3]) - 1], 0)
        return image


def _lines(element: Element) -> Iterator[str]:
    if not any(isinstance(kid, Element) and kid.tag != "Link" for kid in element.kids):
        yield element.text.strip()
        return
    for kid in element.kids:
        if isinstance(kid, Element):
            yield from _lines(kid)
        elif kid.strip():
            yield kid.strip()


def read(data: bytes) -> ReadPdf:
    """Open a document and read its pages and its tree."""
    pdf = pikepdf.open(io.BytesIO(data))
    found = ReadPdf(pdf, Element("none"), {}, [], [], {})
    for number, page in enumerate(pdf.pages):
        _read_page(found, number, page)
    if "/StructTreeRoot" in pdf.Root:
        pages = {page.obj.objgen: number for number, page in enumerate(pdf.pages)}
        found.root = _element(pdf.Root.StructTreeRoot.K, None, pages, found)
    return found


def _read_page(found: ReadPdf, number: int, page: Any) -> None:
    """Interpret a page's operators: which mark each text and box belongs to."""
    fonts = {name: _unicode_of(font) for name, font in page.Resources.Font.items()} if "/Font" in page.Resources else {}
    found.letters.update(fonts)
    marks: list[tuple[int, int] | None] = []
    font: dict[int, str] = {}
    matrices, boxes = [(1.0, 0.0, 0.0, 1.0, 0.0, 0.0)], []
    for operands, operator in pikepdf.parse_content_stream(page):
        name = str(operator)
        if name == "BDC":
            number_of = operands[1].get("/MCID") if isinstance(operands[1], pikepdf.Dictionary) else None
            mark = None if number_of is None else (number, int(number_of))
            marks.append(mark)
            if mark is not None:
                found.marks[mark] = ""
        elif name == "BMC":
            marks.append(None)
        elif name == "EMC":
            marks.pop()
        elif name == "q":
            matrices.append(matrices[-1])
        elif name == "Q":
            matrices.pop()
        elif name == "cm":
            matrices[-1] = _product(tuple(float(value) for value in operands), matrices[-1])
        elif name == "re":
            boxes.append(_moved(tuple(float(value) for value in operands), matrices[-1]))
        elif name == "Tf":
            font = fonts[str(operands[0])]
        if name in _PAINTS:
            if not marks:
                found.untagged.append(f"page {number + 1}: {name}")
            elif name == "Tj":
                text = "".join(font[code] for code in bytes(operands[0]))
                if marks[-1] is None:
                    found.artifacts.append(text)
                else:
                    found.marks[marks[-1]] += text
            elif marks[-1] is not None:
                found.rectangles.setdefault(marks[-1], []).extend(boxes)
            boxes = []


def _product(one: Any, two: Any) -> Any:
    a, b, c, d, e, f = one
    g, h, i, j, k, m = two
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)


def _moved(box: Any, matrix: Any) -> tuple[float, float, float, float]:
    x, y, wide, high = box
    return (x * matrix[0] + matrix[4], y * matrix[3] + matrix[5], wide * matrix[0], high * matrix[3])


def _unicode_of(font: Any) -> dict[int, str]:
    pairs = _PAIR.findall(font.ToUnicode.read_bytes().partition(b"beginbfchar")[2]) if "/ToUnicode" in font else []
    return {int(code, 16): bytes.fromhex(sign.decode()).decode("utf-16-be") for code, sign in pairs}


def _element(node: Any, page: int | None, pages: dict[Any, int], found: ReadPdf) -> Element:
    own = pages[node.Pg.objgen] if "/Pg" in node else page
    made = Element(str(node.S)[1:], alt=str(node.get("/Alt", "")), objgen=node.objgen)
    given = node.get("/A")
    for attributes in given if isinstance(given, pikepdf.Array) else [given] if given is not None else []:
        made.attributes.update({str(key)[1:]: value for key, value in attributes.items()})
    kids = node.get("/K")
    for kid in kids if isinstance(kids, pikepdf.Array) else [] if kids is None else [kids]:
        if isinstance(kid, int):
            _add_mark(made, (own if own is not None else -1, kid), found)
        elif kid.get("/Type") == "/MCR":
            _add_mark(made, (pages[kid.Pg.objgen] if "/Pg" in kid else own or 0, int(kid.MCID)), found)
        elif kid.get("/Type") == "/OBJR":
            made.links.append(kid.Obj)
        else:
            made.kids.append(_element(kid, own, pages, found))
    return made


def _add_mark(element: Element, mark: tuple[int, int], found: ReadPdf) -> None:
    element.marks.append(mark)
    element.kids.append(found.marks.get(mark, ""))


def problems(data: bytes) -> list[str]:
    """What keeps the document from being read aloud in order, as sentences."""
    found = read(data)
    return [*_of_file(found), *_of_marks(found), *_of_links(found), *_of_elements(found), *_of_fonts(found)]


def _of_file(found: ReadPdf) -> Iterator[str]:
    root = found.pdf.Root
    if not str(root.get("/Lang", "")):
        yield "no language"
    if not root.get("/MarkInfo", pikepdf.Dictionary()).get("/Marked"):
        yield "not marked as tagged"
    if not root.get("/ViewerPreferences", pikepdf.Dictionary()).get("/DisplayDocTitle"):
        yield "the title is not shown in the window"
    xmp = root.Metadata.read_bytes().decode() if "/Metadata" in root else ""
    if "<pdfuaid:part>1</pdfuaid:part>" not in xmp:
        yield "no PDF/UA mark"
    if not re.search(r"<dc:title>.*<rdf:li[^>]*>[^<]+</rdf:li>", xmp, re.DOTALL):
        yield "no title"
    yield from (f"untagged: {what}" for what in found.untagged)
    for number, page in enumerate(found.pdf.pages, start=1):
        if page.obj.get("/Tabs") != "/S":
            yield f"page {number}: tabs do not follow the structure"


def _of_marks(found: ReadPdf) -> Iterator[str]:
    """Every mark in exactly one node, and the parent tree leading back to it."""
    owners: dict[tuple[int, int], list[Element]] = {}
    for element in found.root.all():
        for mark in element.marks:
            owners.setdefault(mark, []).append(element)
    for mark in found.marks.keys() | owners.keys():
        if mark not in found.marks:
            yield f"mark {mark} is in the tree, not on the page"
        elif len(owners.get(mark, ())) != 1:
            yield f"mark {mark} is in {len(owners.get(mark, ()))} nodes"
    back = _parents(found.pdf)
    for number, page in enumerate(found.pdf.pages):
        listed = back.get(int(page.obj.get("/StructParents", -1)), [])
        here = {mark[1] for mark in found.marks if mark[0] == number}
        if here != set(range(len(listed))):
            yield f"page {number + 1}: {len(here)} marks, {len(listed)} in the parent tree"
            continue
        known = [(place, owner) for place in here for owner in owners.get((number, place), ())]
        wrong = [place for place, owner in known if listed[place].objgen != owner.objgen]
        yield from (f"page {number + 1}: the parent tree errs about mark {place}" for place in wrong)


def _parents(pdf: pikepdf.Pdf) -> dict[int, Any]:
    numbers = list(pdf.Root.StructTreeRoot.ParentTree.Nums)
    return {int(key): value for key, value in zip(numbers[::2], numbers[1::2], strict=True)}


def _of_links(found: ReadPdf) -> Iterator[str]:
    back = _parents(found.pdf)
    known = {spot.objgen: element for element in found.root.all("Link") for spot in element.links}
    for page in found.pdf.pages:
        for spot in page.obj.get("/Annots", []):
            owner = known.get(spot.objgen)
            if owner is None:
                yield f"a link to {spot.A.URI} is in no node"
            elif back[int(spot.StructParent)].objgen != owner.objgen:
                yield f"the parent tree errs about the link to {spot.A.URI}"
            if not int(spot.F) & 4 or not str(spot.get("/Contents", "")):
                yield f"the link to {spot.A.URI} is not printed or has no words"


def _of_elements(found: ReadPdf) -> Iterator[str]:
    level, headings = 0, [element for element in found.root.all() if _HEADING.fullmatch(element.tag)]
    for heading in headings:
        now = int(heading.tag[1])
        if now > level + 1 or not heading.text.strip():
            yield f"the heading {heading.text!r} skips a level or is empty"
        level = now
    if sum(heading.tag == "H1" for heading in headings) != 1:
        yield "not one first heading"
    for element in found.root.all("Figure"):
        if not element.alt.strip() or "BBox" not in element.attributes:
            yield "a figure without alternative text or place"
    for table in found.root.all("Table"):
        yield from _of_table(table)


def _of_table(table: Element) -> Iterator[str]:
    caption = "".join(part.text for part in table.all("Caption")) or str(table.attributes.get("Summary", ""))
    if not caption.strip():
        yield "a table without a caption"
    rows = [list(row.all("TH", "TD")) for row in table.all("TR")]
    if len({sum(int(cell.attributes.get("ColSpan", 1)) for cell in row) for row in rows}) != 1:
        yield f"the rows of the table {caption!r} differ in width"
    heads = [cell for row in rows for cell in row if cell.tag == "TH"]
    if not heads:
        yield f"the table {caption!r} has no heads"
    for head in heads:
        if head.attributes.get("Scope") not in ("/Row", "/Column") or not head.text.strip():
            yield f"a head of the table {caption!r} is empty or heads nothing: {head.text!r}"


def _of_fonts(found: ReadPdf) -> Iterator[str]:
    for page in found.pdf.pages:
        for name, font in page.Resources.get("/Font", pikepdf.Dictionary()).items():
            if "/FontFile2" not in font.get("/FontDescriptor", pikepdf.Dictionary()):
                yield f"the font {name} is not embedded"
            if "/ToUnicode" not in font:
                yield f"the letters of the font {name} mean nothing"
