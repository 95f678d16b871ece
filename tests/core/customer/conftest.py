"""The customer's pages beside a made-up module that deals in money, and a reader of what they show."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint
from flask.testing import FlaskClient

from ebok_core import DashboardCard, Module, Mount, SlotFragment, Zone, hookimpl

EMPTY = ("area", "base", "br", "hr", "img", "input", "link", "meta", "path", "use")
CELLS = ("th", "td")
INLINE = ("a", "b", "button", "i", "span", "strong", "svg", "symbol")


class Kasa:
    """A module that deals in money and says a word wherever the core's pages ask modules."""

    def __init__(self) -> None:
        self.pending: list[Any] = []
        self.words: dict[str, str] = {}
        self.asked: dict[str, Any] = {}

    def load(self, name: str) -> Callable[..., dict[str, Any] | None]:
        """Answer with the word for this place, if the test gave one, and remember what was passed."""

        def answer(session: Any, viewer: Any, **subject: Any) -> dict[str, Any] | None:
            self.asked[name] = subject
            return {"text": self.words[name]} if name in self.words else None

        return answer

    @hookimpl
    def ebok_module(self) -> Module:
        return Module(title="Kasa", deals_in_money=True)

    @hookimpl
    def ebok_blueprints(self) -> list[Mount]:
        blueprint = Blueprint("kasa", __name__, template_folder=str(Path(__file__).parent / "templates"))
        blueprint.add_url_rule("/kasa/", "index", lambda: "kasa")
        return [Mount(zone=Zone.CUSTOMER, blueprint=blueprint)]

    @hookimpl
    def ebok_slot_fragments(self) -> list[SlotFragment]:
        rows = ("core.customer_actions", "core.document_actions")
        subjects = (
            "core.balance_actions",
            "core.contract",
            "core.customer_data",
            "core.meter_actions",
            "core.meter_readings",
            "core.point_actions",
        )
        return [
            SlotFragment(
                key=f"kasa.{slot.removeprefix('core.')}",
                slot=slot,
                template=f"ebok_kasa/{'action' if slot in rows else 'fragment'}.html",
                load=self.load(slot),
            )
            for slot in (*rows, *subjects)
        ]

    @hookimpl
    def ebok_dashboard_cards(self) -> list[DashboardCard]:
        return [
            DashboardCard(
                key=f"kasa.{area}",
                area=area,
                template=f"ebok_kasa/{'next' if area == 'next' else 'fragment'}.html",
                load=self.load(area),
            )
            for area in ("key", "next", "main")
        ]

    @hookimpl
    def ebok_pending_entries(self, viewer: Any, session: Any) -> list[Any]:
        return self.pending


@dataclass
class Page(HTMLParser):
    """What a page shows: words as a person reads them, tables, description lists, links."""

    source: str
    status: int
    tables: list[list[list[str]]] = field(default_factory=list)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    headings: list[tuple[str, str]] = field(default_factory=list)
    crumbs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._words: list[str] = []
        self.feed(self.source)
        self.words = _tidy("".join(self._words))
        self.title = _tidy(re.search(r"<title>(.*?)</title>", self.source, re.S).group(1))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        if tag not in INLINE:
            self.handle_data(" ")
        if tag not in EMPTY:
            self._open.append((tag, dict(attrs), []))

    def handle_endtag(self, tag: str) -> None:
        if tag in EMPTY:
            return
        opened, attributes, parts = self._open.pop()
        if tag not in INLINE:
            self.handle_data(" ")
        assert opened == tag, f"</{tag}> closes <{opened}>"
        text = _tidy("".join(parts))
        if tag in CELLS:
            self.tables[-1][-1].append(text)
        elif tag == "dt":
            self.pairs.append((text, ""))
        elif tag == "dd":
            self.pairs[-1] = (self.pairs[-1][0], text)
        elif tag == "a":
            self.links[text] = attributes.get("href") or ""
        elif tag in ("h1", "h2", "h3"):
            self.headings.append((tag, text))
        elif tag == "li" and any("eb-crumbs" in (a.get("class") or "") for _, a, _ in self._open):
            self.crumbs.append(text)

    def handle_data(self, data: str) -> None:
        if any(tag in ("script", "style", "title") for tag, _, _ in self._open):
            return
        if not any(a.get("aria-hidden") == "true" for _, a, _ in self._open):
            self._words.append(data)
            for _, _, parts in self._open:
                parts.append(data)

    @property
    def h1(self) -> list[str]:
        """The texts of the first headings: there is one."""
        return [text for tag, text in self.headings if tag == "h1"]

    def table(self, *head: str) -> list[list[str]]:
        """The rows of the table whose head cells begin with these words."""
        for table in self.tables:
            if table and table[0][: len(head)] == list(head):
                return table[1:]
        raise AssertionError(f"no table begins with {head}: {[table[0] for table in self.tables if table]}")


def _tidy(text: str) -> str:
    return re.sub(r"[ \n\t]+", " ", text.replace("\N{NO-BREAK SPACE}", " ")).strip()


@pytest.fixture
def kasa() -> Kasa:
    """The made-up module."""
    return Kasa()


@pytest.fixture
def modules(kasa: Kasa) -> list[tuple[str, Any]]:
    """A portal in which a module deals in money."""
    return [("ebok_kasa", kasa)]


@pytest.fixture
def read(signed_in: Callable[[str], FlaskClient]) -> Callable[..., Page]:
    """Open an address as a person: `read("A", "/saldo")`."""
    visitors: dict[str, FlaskClient] = {}

    def get(person: str, address: str, status: int = 200) -> Page:
        visitor = visitors.setdefault(person, signed_in(person))
        answer = visitor.get(address, follow_redirects=True)
        assert answer.status_code == status
        return Page(answer.get_data(as_text=True), answer.status_code)

    return get
