"""Message catalogues held to the source: what is to be translated, what is not, and where two catalogues disagree.

`python -m ebok_core.testing.catalogues` adds the missing messages of this tree to its Polish catalogues, untranslated.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

LOCALE = "pl"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "lazy_pgettext": ((1, "c"), 2),
}
_METHODS = [
    ("**/migrations/**", "ignore"),
    ("**/static/**", "ignore"),
    ("**.py", "python"),
    ("**/templates/**.html", "jinja2"),
    ("**/templates/**.txt", "jinja2"),
]
_OPTIONS = {"**/templates/**.html": {"trimmed": "true"}, "**/templates/**.txt": {"trimmed": "true"}}
_PLACE = re.compile(r"%\((\w+)\)[sd]")


class Key(NamedTuple):
    """What makes a message: its context, its English sentence, and its plural sentence if it has one."""

    context: str | None
    singular: str
    plural: str | None = None


def extracted(package: Path) -> dict[Key, list[str]]:
    """Every message that the sources under a package's folder ask for, with its places (`web/forms.py:12`)."""
    found: dict[Key, list[str]] = defaultdict(list)
    for name, line, message, _, context in extract_from_dir(
        package, _METHODS, _OPTIONS, keywords=KEYWORDS, strip_comment_tags=True
    ):
        # Babel leaves the context inside the message of some extractors.
        parts = [part for part in (message if isinstance(message, tuple) else (message,)) if part is not None]
        if context is not None and parts and parts[0] == context:
            parts = parts[1:]
        if parts and parts[0]:
            found[Key(context, parts[0], parts[1] if len(parts) > 1 else None)].append(f"{name}:{line}")
    return dict(found)


def catalogues(package: Path, locale: str = LOCALE) -> list[Path]:
    """The `.po` files of a package in one language."""
    return sorted((package / "translations" / locale / "LC_MESSAGES").glob("*.po"))


def read(path: Path) -> Catalog:
    """Read a `.po` file. Raises babel's `PoFileError` for one that is broken."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], abort_invalid=True)


def translated(paths: Iterable[Path]) -> dict[Key, dict[Path, tuple[str, ...]]]:
    """The complete translations of every message, by file: fuzzy and half-filled ones are left out."""
    found: dict[Key, dict[Path, tuple[str, ...]]] = defaultdict(dict)
    for path in paths:
        for message in read(path):
            texts = message.string if isinstance(message.string, tuple) else (message.string,)
            if message.id and all(texts) and not message.fuzzy:
                found[_key(message)][path] = tuple(texts)
    return dict(found)


def missing(package: Path, *others: Path, locale: str = LOCALE) -> list[str]:
    """Complaints about messages of a package that neither its catalogues nor those of `others` translate."""
    known = translated(path for folder in (package, *others) for path in catalogues(folder, locale))
    return [
        f"{places[0]}: no {locale} translation of {key.singular!r}" + (f" ({key.context})" if key.context else "")
        for key, places in sorted(extracted(package).items(), key=lambda item: item[1][0])
        if key not in known
    ]


def unused(package: Path, locale: str = LOCALE) -> list[str]:
    """Messages that a catalogue of the package translates and no source asks for."""
    asked = extracted(package)
    return [
        f"{path.name}: {key.singular!r} is asked for nowhere"
        for key, files in translated(catalogues(package, locale)).items()
        for path in files
        if key not in asked
    ]


def conflicts(packages: Iterable[Path], locale: str = LOCALE) -> list[str]:
    """Messages that two catalogues translate differently: on a merge the last one would win without a word."""
    known = translated(path for package in packages for path in catalogues(package, locale))
    return [
        f"{key.singular!r}: " + ", ".join(f"{path.name} says {texts[0]!r}" for path, texts in sorted(files.items()))
        for key, files in known.items()
        if len(set(files.values())) > 1
    ]


def faulty(path: Path) -> list[str]:
    """What is wrong inside one catalogue: places that differ from the message's, a wrong count of plural forms."""
    catalogue = read(path)
    complaints = []
    for message in catalogue:
        if not message.id:
            continue
        key = _key(message)
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        if key.plural and len(texts) != catalogue.num_plurals:
            complaints.append(f"{path.name}: {key.singular!r} has {len(texts)} of {catalogue.num_plurals} plural forms")
        wanted = set(_PLACE.findall(f"{key.singular} {key.plural or ''}"))
        for text in texts:
            strange = set(_PLACE.findall(text or "")) - wanted
            lost = set() if key.plural else wanted - set(_PLACE.findall(text or ""))
            if text and (strange or lost):
                complaints.append(f"{path.name}: {key.singular!r}: the places {sorted(strange | lost)} differ")
    return complaints


def update(package: Path, locale: str = LOCALE) -> int:
    """Add the messages that are missing to the catalogue of their room, untranslated; returns how many."""
    known = translated(catalogues(package, locale))
    by_file: dict[Path, list[tuple[Key, list[str]]]] = defaultdict(list)
    for key, places in extracted(package).items():
        if key not in known:
            by_file[_catalogue_of(package, places[0], locale)].append((key, places))
    for path, messages in by_file.items():
        catalogue = read(path) if path.exists() else Catalog(locale=locale, charset="utf-8", fuzzy=False)
        for key, _ in messages:
            ids = (key.singular, key.plural) if key.plural else key.singular
            catalogue.add(ids, context=key.context)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalogue, width=0, omit_header=False, sort_output=False)
    return sum(len(messages) for messages in by_file.values())


def _catalogue_of(package: Path, place: str, locale: str) -> Path:
    """The core has a catalogue per room, a module has one."""
    parts = place.partition(":")[0].split("/")
    name = package.name
    if package.name == "ebok_core":
        name = parts[3] if parts[:2] == ["web", "templates"] and len(parts) > 4 else parts[0]
        name = "core" if name.endswith(".py") else name
    return package / "translations" / locale / "LC_MESSAGES" / f"{name}.po"


def _key(message: object) -> Key:
    ids = message.id if isinstance(message.id, tuple) else (message.id, None)  # type: ignore[attr-defined]
    return Key(message.context, ids[0], ids[1])  # type: ignore[attr-defined]


def packages(root: Path) -> Iterator[Path]:
    """The packages of a tree that have texts: the core and the modules."""
    yield root / "ebok_core"
    yield from sorted(path.parent for path in root.glob("plugins/*/*/plugin.py"))


if __name__ == "__main__":
    for folder in packages(Path.cwd()):
        sys.stdout.write(f"{folder.name}: {update(folder)} messages added\n")
