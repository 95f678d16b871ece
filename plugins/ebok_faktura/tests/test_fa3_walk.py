"""Every element of the official schema is tried: documents made by walking it are read, and nothing of them is lost."""

from __future__ import annotations

import random
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from importlib.resources import files

import pytest
from lxml import etree

from ebok_core import pdf
from ebok_core.testing import pdfs
from ebok_faktura.drawing import draw
from ebok_faktura.rules.fa3 import words
from ebok_faktura.service import reading

XS = "{http://www.w3.org/2001/XMLSchema}"
FOLDER = files("ebok_faktura.service") / "xsd"
MAIN = etree.fromstring((FOLDER / reading.SCHEMA).read_bytes())
BASE = [
    etree.fromstring((FOLDER / name).read_bytes())
    for name in ("ElementarneTypyDanych_v10-0E.xsd", "KodyKrajow_v10-0E.xsd")
]
TYPES = {("etd", t.get("name")): t for root in BASE for t in root if t.tag in (XS + "simpleType", XS + "complexType")}
TYPES |= {("tns", t.get("name")): t for t in MAIN if t.tag in (XS + "simpleType", XS + "complexType")}
ROOT = next(e for e in MAIN if e.tag == XS + "element")
# Texts for types whose pattern a made-up word does not fit; `n` makes each of them another.
SHAPED = {
    "TNrNIP": lambda n: f"{1234500000 + n}".replace("0", "7"),
    "TNIPIdWew": lambda n: f"7777777777-{n % 100000:05d}",
    "TNrVatUE": lambda n: f"EU{n:08d}",
    "TNumerKSeF": lambda n: f"7777777777-20260904-{n:012X}-AB",
    "TAdresEmail": lambda n: f"adres{n}@przyklad.example",
    "TNrKRS": lambda n: f"{n:010d}",
    "TNrREGON": lambda n: f"{n:09d}",
    "SWIFT_Type": lambda n: "ABCDPL" + chr(65 + n % 26) + chr(65 + n // 26 % 26),
    "LinkDoPlatnosci": lambda n: f"https://platnosci.example/p{n}?a=1&IPKSeF=123abcDEF{n % 10000:04d}",
    "NrRB": lambda n: f"{n:026d}",
    "IPKSeF": lambda n: f"123abcDEF{n % 10000:04d}",
}
NUMBERS = {
    "TKwotowy": lambda n: f"{n}.{n % 90 + 10}",
    "TKwotowy2": lambda n: f"{n}.1234{n % 90 + 10}",
    "TIlosci": lambda n: f"{n}.125",
    "TProcentowy": lambda n: f"{n % 90}.{n % 900 + 100}",
    "TNaturalny": lambda n: str(n),
}
DAYS = frozenset({"TData", "TDataT", "TDataU"})
MOMENTS = frozenset({"TDataCzas"})


class Maker:
    """Makes documents from the schema. `optional(element)` tells how often one that may be missing stands there."""

    def __init__(self, turn: int, optional, text="Tekst") -> None:
        self.turn, self.optional, self.text = turn, optional, text
        self.count, self.paths = 1000 + 7 * turn, set()

    def document(self) -> bytes:
        root = etree.Element(f"{{{reading.NAMESPACE}}}Faktura", nsmap={None: reading.NAMESPACE})
        self.fill(root, ROOT, "Faktura")
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True)

    def fill(self, node, declared, path) -> None:
        self.paths.add(path)
        name, kind = resolve(declared)
        if kind is not None and kind.tag == XS + "complexType":
            self.complex(node, kind, path)
            return
        node.text = declared.get("fixed") or self.value(declared.get("name"), name, kind)

    def complex(self, node, kind, path) -> None:
        for part in kind:
            if part.tag in (XS + "complexContent", XS + "simpleContent"):
                extension = part[0]
                name, base = lookup(extension.get("base"))
                if base.tag == XS + "complexType":
                    self.complex(node, base, path)
                else:
                    node.text = self.value(path, name, base)
                self.attributes(node, extension)
            elif part.tag != XS + "annotation" and part.tag != XS + "attribute":
                self.particle(node, part, path)
        self.attributes(node, kind)

    def attributes(self, node, kind) -> None:
        for attribute in kind.findall(XS + "attribute"):
            choices = [e.get("value") for e in attribute.iter(XS + "enumeration")]
            node.set(attribute.get("name"), attribute.get("fixed") or choices[self.turn % len(choices)])

    def particle(self, node, part, path) -> None:
        for _ in range(self.times(part, path)):
            if part.tag == XS + "element":
                child = etree.SubElement(node, f"{{{reading.NAMESPACE}}}{part.get('name')}")
                self.fill(child, part, f"{path}/{part.get('name')}")
            elif part.tag == XS + "choice":
                branches = [b for b in part if b.tag != XS + "annotation"]
                # What is left of the turn decides inside: so every branch of a choice in a choice has its turn.
                turn = self.turn
                self.turn, place = divmod(turn, len(branches))
                self.particle(node, branches[place], path)
                self.turn = turn
            else:
                for inner in part:
                    if inner.tag != XS + "annotation":
                        self.particle(node, inner, path)

    def times(self, part, path) -> int:
        least, most = int(part.get("minOccurs", 1)), int(part.get("maxOccurs", 1))
        return min(max(least, self.optional(part, path, most)), most)

    def value(self, element, name, kind) -> str:
        self.count += 1
        choices = [e.get("value") for e in kind.iter(XS + "enumeration")] if kind is not None else []
        if choices:
            return choices[(self.turn + self.count) % len(choices)]
        if element in SHAPED or name in SHAPED:
            return SHAPED.get(element, SHAPED.get(name))(self.count)
        if name in NUMBERS:
            return NUMBERS[name](self.count)
        if name in DAYS:
            return date.fromordinal(date(2016, 8, 1).toordinal() + self.count % 9000).isoformat()
        if name in MOMENTS or element == "DataWytworzeniaFa":
            return f"2026-{self.count % 12 + 1:02d}-{self.count % 28 + 1:02d}T{self.count % 24:02d}:15:00Z"
        if element == "Ilosc":
            return str(self.count)
        sizes = [int(e.get("value")) for e in chain(kind) for e in e.iter(XS + "maxLength")] or [256]
        return f"{self.text}{self.count}"[-min(sizes) :]


def lookup(name):
    prefix, _, local = name.partition(":")
    return local, TYPES.get((prefix, local))


def resolve(declared):
    """The name of an element's type and the type; one of its own is named by what it restricts."""
    if declared.get("type"):
        return lookup(declared.get("type"))
    own = next((c for c in declared if c.tag in (XS + "complexType", XS + "simpleType")), None)
    if own is not None and own.tag == XS + "simpleType":
        return own[-1].get("base").partition(":")[2], own
    return "", own


def chain(kind):
    """A simple type and those that it restricts."""
    while kind is not None:
        yield kind
        restriction = kind.find(XS + "restriction")
        base = restriction.get("base") if restriction is not None else ""
        kind = lookup(base)[1] if base else None


def declared_paths(declared=ROOT, path="Faktura"):
    yield path
    _, kind = resolve(declared)
    if kind is None or kind.tag != XS + "complexType":
        return
    bases = [lookup(e.get("base"))[1] for e in kind.findall(f"{XS}complexContent/{XS}extension")]
    for holder in (kind, *(base for base in bases if base is not None)):
        for element in children(holder):
            yield from declared_paths(element, f"{path}/{element.get('name')}")


def children(holder):
    for part in holder:
        if part.tag == XS + "element":
            yield part
        elif part.tag in (XS + "sequence", XS + "choice"):
            yield from children(part)


def said(value, found=None):
    """Every text, number, day and mark of a document."""
    found = {"text": [], "number": set(), "day": set(), "mark": set()} if found is None else found
    if is_dataclass(value):
        for part in fields(value):
            said(getattr(value, part.name), found)
            if getattr(value, part.name) is True:
                found["mark"].add(part.name)
    elif isinstance(value, tuple):
        for item in value:
            said(item, found)
    elif isinstance(value, Enum):
        found["mark"].add(value.value)
    elif isinstance(value, str):
        found["text"].append(" ".join(value.split()))
    elif isinstance(value, Decimal | int):
        found["number"].add(Decimal(value))
    elif isinstance(value, date | datetime):
        found["day"].add(value)
    return found


# Marks that are said by what they stand beside, or by a sentence of another element.
SAID_BY = {
    "BrakID": "brak",
    "Zaplacono": "zapłacono",
    "P_19": "Zwolnienie",
    "P_PMarzy": "Procedura marży",
}
SILENT = frozenset({"P_19N", "P_22N", "P_PMarzyN", "NrKSeF", "RolaInna", "PlatnoscInna"})
MARKS = {"NrKSeFN": "outside_ksef", "StanPrzed": "before"}


def lost(content: bytes) -> list[str]:
    """The leaves of a file that its document does not say."""
    document = reading.read_document(content)
    found = said(document)
    text = "\n".join(found["text"])
    return [
        f"{leaf.tag.rpartition('}')[2]}={leaf.text}"
        for leaf in etree.fromstring(content).iter(etree.Element)
        if len(leaf) == 0 and (leaf.text or "").strip() and not is_said(leaf, text, found)
    ]


def is_said(leaf, text: str, found) -> bool:
    name, value = etree.QName(leaf).localname, " ".join(leaf.text.split())
    kind, codes = words.kind(name), words.code_list(name)
    if codes:
        return words.meaning(codes, value) in text
    if kind in ("money", "zloty", "number", "percent"):
        return Decimal(value) in found["number"] or value in text
    if kind == "date":
        return date.fromisoformat(value) in found["day"]
    if kind == "instant":
        return datetime.fromisoformat(value) in found["day"]
    if kind == "yes":
        by = SAID_BY.get(name, words.label(name))
        return name in SILENT or MARKS.get(name) in found["mark"] or by in text
    if kind == "yes_no":
        return words.label(name) in text or value == "2"
    return value in text or (value.isdecimal() and Decimal(value) in found["number"])


SAME_WORD = frozenset(
    (
        *("NIP", "KRS", "REGON", "BDO", "CN", "GLN", "GTIN", "PKOB", "PKWiU", "SWIFT"),
        *(
            "Adnotacje",
            "Adres",
            "Faktura",
            "Indeks",
            "Kwota",
            "Nazwa",
            "Odliczenia",
            "Opis",
            "Procedura",
            "Rola",
            "Skonto",
            "Stopka",
            "Tabela",
        ),
        *("Tekst", "Telefon", "Transport", "Wiersz", "Rozliczenie", "Rejestry", "Informacje", "Email"),
    )
)


def everything(part, path, most):
    """Each part once, and twice where it may repeat."""
    return min(2, most)


def test_every_element_of_the_schema_is_tried_and_none_is_lost():
    tried = set()
    for turn in range(24):
        maker = Maker(turn, everything)
        content = maker.document()
        assert lost(content) == [], turn
        tried |= maker.paths
    assert tried == set(declared_paths())


@pytest.mark.parametrize("turn", range(0, 24, 5))
def test_the_pdf_says_every_text_of_a_full_document(turn):
    content = Maker(turn, everything).document()
    data = draw(reading.read_document(content), pdf.Letterhead())
    assert pdfs.problems(data) == []
    text = "".join(pdfs.read(data).text.split())
    leaves = [leaf for leaf in etree.fromstring(content).iter(etree.Element) if len(leaf) == 0 and leaf.text]
    texts = [(name, "".join(leaf.text.split())) for leaf in leaves if is_text(name := etree.QName(leaf).localname)]
    assert len(texts) > 200
    assert [said for said in texts if said[1] not in text] == []


def is_text(name: str) -> bool:
    return words.kind(name) == "text" and not words.code_list(name) and name not in ("KodFormularza",)


def test_the_smallest_document_is_read():
    content = Maker(1, lambda part, path, most: 0).document()
    assert lost(content) == []


@pytest.mark.parametrize("seed", range(40))
def test_any_choice_of_parts_is_read(seed):
    dice = random.Random(seed)
    maker = Maker(seed, lambda part, path, most: dice.choice((0, 0, 1, 1, 3)), text="Zażółć <gęślą> & 'jaźń' \"x\" ")
    assert lost(maker.document()) == []


def test_every_element_has_a_name_and_the_right_kind_of_value():
    for element in MAIN.iter(XS + "element"):
        name = element.get("name")
        assert words.label(name) != name or name in SAME_WORD, name
        type_name = resolve(element)[0]
        expected = "date" if type_name in DAYS else "instant" if type_name in MOMENTS else None
        if expected:
            assert words.kind(name) == expected, name
        if type_name in ("TKwotowy", "TKwotowy2"):
            assert words.kind(name) in ("money", "zloty"), name
        if type_name in ("TWybor1", "TWybor1_2"):
            assert words.kind(name) in ("yes", "yes_no") or words.code_list(name), name


def test_every_code_of_the_schema_has_a_meaning():
    checked = set()
    for element in MAIN.iter(XS + "element"):
        codes = words.code_list(element.get("name"))
        _, kind = resolve(element)
        values = {e.get("value") for e in kind.iter(XS + "enumeration")} if kind is not None else set()
        if codes and values:
            assert values <= words.known_codes(codes), element.get("name")
            checked.add(codes)
        elif values - {"1", "2"} and kind.tag == XS + "simpleType":
            assert element.get("name") == "WariantFormularza", element.get("name")
    assert checked == {words.code_list(n) for n in words._table("elements")["codes"]}
