"""The structure tree, by pikepdf: from the same nodes that drew, never guessed afterwards (accessibility.md §6.2)."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, String

from .blocks import Document
from .pen import Mark, Node, Spot

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" \
xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<pdfuaid:part>1</pdfuaid:part>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>{author}{created}
<xmp:CreatorTool>e-BOK</xmp:CreatorTool>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""
_AUTHOR = "\n<dc:creator><rdf:Seq><rdf:li>{}</rdf:li></rdf:Seq></dc:creator>"
_CREATED = "\n<xmp:CreateDate>{}</xmp:CreateDate>"


def finished(drawn: bytes, document: Document, root: Node, marks: list[list[Node]]) -> bytes:
    """The drawn file with its tree, its names and its PDF/UA mark, objects packed. `marks` are the owners by page."""
    with pikepdf.open(io.BytesIO(drawn)) as pdf:
        _Tree(pdf).write(root, marks)
        _describe(pdf, document)
        target = io.BytesIO()
        pdf.save(
            target,
            min_version="1.7",
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            deterministic_id=True,
            fix_metadata_version=False,
        )
        return target.getvalue()


class _Tree:
    """Writes nodes as objects."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self.pdf = pdf
        self.pages = [page.obj for page in pdf.pages]
        self.objects: dict[int, Object] = {}
        self.links: list[Object] = []

    def write(self, root: Node, marks: list[list[Node]]) -> None:
        """The tree, the way back from marked content to it, and what each page must say."""
        top = self.pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
        top.K = self._node(root, top)
        numbers = Array()
        for number, owners in enumerate(marks):
            numbers.extend([number, self.pdf.make_indirect(Array([self.objects[id(owner)] for owner in owners]))])
            self.pages[number].StructParents = number
            self.pages[number].Tabs = Name.S
        for number, link in enumerate(self.links, start=len(marks)):
            numbers.extend([number, link])
        top.ParentTree = self.pdf.make_indirect(Dictionary(Nums=numbers))
        top.ParentTreeNextKey = len(marks) + len(self.links)
        self.pdf.Root.StructTreeRoot = top

    def _node(self, node: Node, parent: Object) -> Object:
        made = self.pdf.make_indirect(Object.parse(f"<</Type/StructElem/S/{node.tag}{_extras(node)}>>".encode()))
        made.P = parent
        self.objects[id(node)] = made
        pages = {kid.page for kid in node.kids if isinstance(kid, Mark)}
        own = min(pages) if pages else None
        if own is not None:
            made.Pg = self.pages[own]
        kids = [self._kid(kid, made, own) for kid in node.kids]
        if kids:
            made.K = kids[0] if len(kids) == 1 else Array(kids)
        return made

    def _kid(self, kid: Node | Mark | Spot, made: Object, own: int | None) -> Object | int:
        if isinstance(kid, Node):
            return self._node(kid, made)
        if isinstance(kid, Spot):
            return self._spot(kid, made)
        if kid.page == own:
            return kid.number
        return Dictionary(Type=Name.MCR, Pg=self.pages[kid.page], MCID=kid.number)

    def _spot(self, spot: Spot, link: Object) -> Object:
        page = self.pages[spot.page]
        annotation = self.pdf.make_indirect(
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Link,
                Rect=Array([round(value, 2) for value in spot.box]),
                Border=Array([0, 0, 0]),
                F=4,
                Contents=String(spot.text),
                A=Dictionary(Type=Name.Action, S=Name.URI, URI=String(spot.address)),
                StructParent=len(self.pages) + len(self.links),
            )
        )
        if Name.Annots not in page:
            page.Annots = Array()
        page.Annots.append(annotation)
        self.links.append(link)
        return Dictionary(Type=Name.OBJR, Obj=annotation, Pg=page)


def _extras(node: Node) -> str:
    alt = f"/Alt<FEFF{node.alt.encode('utf-16-be').hex()}>" if node.alt else ""
    return f"{alt}/A{node.attributes}" if node.attributes else alt


def _describe(pdf: pikepdf.Pdf, document: Document) -> None:
    """Language, title in the window, the PDF/UA mark; ReportLab's own dates and names go."""
    root, author = pdf.Root, document.letterhead.name
    root.Lang = String(document.language)
    root.MarkInfo = Dictionary(Marked=True)
    root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    info = Dictionary(Title=String(document.title), Creator=String("e-BOK"))
    created = ""
    if author:
        info.Author = String(author)
    if document.created:
        moment = document.created.astimezone(UTC)
        info.CreationDate = String(f"D:{moment:%Y%m%d%H%M%S}Z")
        created = _CREATED.format(_zulu(moment))
    pdf.trailer.Info = pdf.make_indirect(info)
    xmp = _XMP.format(
        title=escape(document.title),
        language=escape(document.language),
        author=_AUTHOR.format(escape(author)) if author else "",
        created=created,
    )
    root.Metadata = pdf.make_stream(xmp.encode(), Type=Name.Metadata, Subtype=Name.XML)


def _zulu(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
