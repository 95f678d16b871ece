"""Parties of an FA(3) document, today's and those before a correction."""

from __future__ import annotations

from ..document import Labelled, Party
from .node import Node
from .words import label, labelled, meaning

OWN_ROLE = "RolaInna"


def party(node: Node, role: str) -> Party:
    """A party under a heading; everything that it says is in one of its parts."""
    identity = node.first("DaneIdentyfikacyjne")
    nip, name = identity.take("NIP"), identity.take("Nazwa")
    return Party(
        role=role,
        name=name,
        nip=nip,
        identifiers=_identifiers(identity),
        address=address(node.first("Adres")),
        mailing_address=address(node.first("AdresKoresp")),
        contacts=tuple(labelled(leaf, "") for contact in node.all("DaneKontaktowe") for leaf in contact.children),
        details=tuple(labelled(child, "") for child in node.children if not child.children and _says(child)),
    )


def third_party(node: Node) -> Party:
    """A third party; its role is the heading, in the code's meaning or in the document's own words."""
    code, words = node.take("Rola"), node.take("OpisRoli")
    node.take(OWN_ROLE)
    return party(node, meaning("role", code) if code else words or label(node.name))


def authorized_party(node: Node) -> Party:
    """The party that the law lets issue the document in the seller's place."""
    return party(node, f"{label(node.name)} – {meaning('authorized_role', node.take('RolaPU'))}")


def address(node: Node) -> tuple[str, ...]:
    """An address as lines: the two lines of the form, the location number, the country by its name."""
    country = node.take("KodKraju")
    lines = [node.take("AdresL1"), node.take("AdresL2")]
    location = node.take("GLN")
    if location:
        lines.append(f"{label('GLN')} {location}")
    return tuple(line for line in [*lines, meaning("country", country)] if line)


def _identifiers(identity: Node) -> tuple[Labelled, ...]:
    """What the party is known by for taxes, in the file's order; that it has none is said in words."""
    found = []
    for child in identity.children:
        if child.used and child.name != "NIP":
            continue
        if child.name == "BrakID":
            child.used = True
            found.append(Labelled(label=label("NIP"), value="brak"))
        else:
            found.append(labelled(child, ""))
    return tuple(found)


def _says(child: Node) -> bool:
    return bool(child.text) and not child.used
