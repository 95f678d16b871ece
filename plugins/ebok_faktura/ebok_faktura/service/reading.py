"""FA(3) files, read with nothing but what they hold: no entities, no network, no second file; checked by the schema."""

from __future__ import annotations

import re
import threading
from functools import cache
from importlib.resources import files
from typing import Any

from lxml import etree

from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext

from ..rules import fa3
from ..rules.document import InvoiceDocument

NAMESPACE = "http://crd.gov.pl/wzor/2025/06/25/13775/"
ROOT = f"{{{NAMESPACE}}}Faktura"
SCHEMA = "schemat_FA(3)_v1-0E.xsd"
LARGEST = 10 * 1024 * 1024
"""Bytes of a file (security.md S53); KSeF itself takes 3 MB at most."""
_FOLDER = files(__package__) / "xsd"
BOM = b"\xef\xbb\xbf"

REASONS = {
    "empty": lazy_gettext("The file is empty. Choose the invoice file again."),
    "too_large": lazy_gettext("The file is larger than 10 MB, which no invoice of KSeF is. Choose another file."),
    "dtd": lazy_gettext("The file brings definitions of its own (DOCTYPE), which no invoice of KSeF does."),
    "encoding": lazy_gettext("The file is not written in UTF-8, as an invoice of KSeF must be."),
    "not_xml": lazy_gettext("The file is not a well-formed XML document: it is damaged or of another kind."),
    "not_fa3": lazy_gettext("The file is an XML document, but not an invoice of KSeF."),
    "version": lazy_gettext("The file is an invoice in another version of the form: only FA(3) can be read."),
}


class Unreadable(Refused):
    """A file that is no FA(3) document; `code` is a key of `REASONS`, or `invalid` for a breach of the schema."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or str(REASONS[code]), code=code)


def read_document(content: bytes) -> InvoiceDocument:
    """The document in the bytes of an FA(3) file. Raises `Unreadable` with a sentence for a person."""
    return fa3.read(_node(_valid(content)))


def _valid(content: bytes) -> etree._Element:
    """The root of a file that the official schema accepts."""
    root = _parsed(content)
    schema, lock = _schema()
    with lock:  # the list of errors is the schema's
        if not schema.validate(root):
            raise Unreadable("invalid", _breach(schema.error_log[0]))
    return root


def _breach(error: Any) -> str:
    element = re.search(r"\{[^}]*\}(\w+)", error.message)
    return _(
        "The file is not a correct FA(3) document: line %(line)s, element %(element)s. Ask the office for a new one.",
        line=error.line,
        element=element[1] if element else "?",
    )


def _parsed(content: bytes) -> etree._Element:
    if not content.strip():
        raise Unreadable("empty")
    if len(content) > LARGEST:
        raise Unreadable("too_large")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in content[:4]:
        raise Unreadable("encoding")
    if _has_doctype(content):
        raise Unreadable("dtd")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise Unreadable("not_xml") from error
    info = root.getroottree().docinfo
    if info.doctype:
        raise Unreadable("dtd")
    if (info.encoding or "UTF-8").upper() not in ("UTF-8", "UTF8", "ASCII", "US-ASCII"):
        raise Unreadable("encoding")
    if root.tag != ROOT:
        raise Unreadable("version" if etree.QName(root).localname == "Faktura" else "not_fa3")
    return root


def _has_doctype(content: bytes) -> bool:
    """Whether a DOCTYPE stands before the first element: asked before any parser sees the file."""
    place = len(BOM) if content.startswith(BOM) else 0
    while (place := content.find(b"<", place)) >= 0:
        if content.startswith(b"<?", place):
            end = content.find(b"?>", place)
        elif content.startswith(b"<!--", place):
            end = content.find(b"-->", place)
        else:
            return content[place : place + 9].upper() == b"<!DOCTYPE"
        if end < 0:
            return False
        place = end
    return False


def _node(element: etree._Element) -> fa3.Node:
    return fa3.Node(
        name=etree.QName(element).localname,
        text=(element.text or "").strip() if len(element) == 0 else "",
        attributes={etree.QName(name).localname: value for name, value in element.attrib.items()},
        children=[_node(child) for child in element],
    )


class _Local(etree.Resolver):
    """The schemas that a schema names, by the last part of the address, from the package and from nowhere else."""

    def resolve(self, url: str, public_id: str, context: Any) -> Any:
        found = _FOLDER / url.rpartition("/")[2]
        if not found.is_file():
            return self.resolve_empty(context)
        return self.resolve_string(found.read_bytes(), context, base_url=url)


@cache
def _schema() -> tuple[etree.XMLSchema, threading.Lock]:
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    parser.resolvers.add(_Local())
    content = (_FOLDER / SCHEMA).read_bytes()
    return etree.XMLSchema(etree.fromstring(content, parser, base_url=SCHEMA)), threading.Lock()
