"""XML of strangers: parsed without entities, DTDs, comments and the network, looked through by path. Needs lxml."""

from __future__ import annotations

from typing import Any

from lxml import etree

NS = {
    "soap": "http://schemas.xmlsoap.org/soap/envelope/",
    "saml2": "urn:oasis:names:tc:SAML:2.0:assertion",
    "saml2p": "urn:oasis:names:tc:SAML:2.0:protocol",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "dsig11": "http://www.w3.org/2009/xmldsig11#",
    "xenc": "http://www.w3.org/2001/04/xmlenc#",
    "xenc11": "http://www.w3.org/2009/xmlenc11#",
    "eidas": "http://eidas.europa.eu/saml-extensions",
}
Element = Any


class BadXml(ValueError):
    """What came is not XML that we read."""


def parse(text: bytes) -> Element:
    """The root element. Raises `BadXml` for a DTD, an entity, a comment, an instruction, or one ID that stands twice.

    A comment inside a value splits it for one reader and not for another, so nothing with a comment is read at all.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadXml("not well-formed") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadXml("a DTD")
    seen: set[str] = set()
    for node in root.getroottree().getroot().iter():
        if not isinstance(node.tag, str):
            raise BadXml("a comment, an entity or an instruction")
        own = node.get("ID")
        if own is not None and own in seen:
            raise BadXml("one ID twice")
        seen.add(own or "")
    return root


def tag(name: str) -> str:
    """`saml2p:Response` as lxml writes it."""
    prefix, _colon, local = name.partition(":")
    return f"{{{NS[prefix]}}}{local}"


def find(element: Element, path: str) -> list[Element]:
    """The elements at a path of prefixed names, such as `saml2p:Status/saml2p:StatusCode`."""
    found: list[Element] = element.findall(path, NS)
    return found


def one(element: Element, path: str) -> Element:
    """The only element at a path. Raises `BadXml` for none and for more."""
    found = find(element, path)
    if len(found) != 1:
        raise BadXml(f"{len(found)} × {path}")
    return found[0]


def text_of(element: Element) -> str:
    """The whole text of an element without children. Raises `BadXml` where it has some."""
    if len(element):
        raise BadXml("elements inside a text")
    return (element.text or "").strip()


def make(name: str, text: str = "", *children: Element, **attributes: str) -> Element:
    """An element of ours with the prefixes of `NS`."""
    made = etree.Element(tag(name), attributes, nsmap={k: NS[k] for k in (name.partition(":")[0],)})
    if text:
        made.text = text
    made.extend(children)
    return made


def written(element: Element) -> bytes:
    """The element as UTF-8."""
    text: bytes = etree.tostring(element, encoding="UTF-8", xml_declaration=False)
    return text
