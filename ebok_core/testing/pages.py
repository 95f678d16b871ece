"""Which pages there are for a person: every GET rule of the URL map, with an address that really leads to it.

Rules without arguments are their own address. For the others an address is found the way a person finds it: by
following the links of the pages, from the start page on.
"""

from __future__ import annotations

import html
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, RequestRedirect, Rule

_LINK = re.compile(r"""<a\b[^>]*?\bhref\s*=\s*["']([^"'#]*)""", re.IGNORECASE)
MOST_PER_RULE = 3
"""Addresses of one rule that are followed: a list of invoices need not be read to its end."""


class Answer(NamedTuple):
    """What came back from one GET, after redirects: the last address, the status, the content type, the text."""

    address: str
    status: int
    content_type: str
    text: str

    @property
    def is_page(self) -> bool:
        """Whether it is a whole HTML page."""
        return self.content_type.startswith("text/html") and "<html" in self.text[:2000].lower()


@dataclass
class Site:
    """What a person found: `pages` and `files` by endpoint, `unreached` rules with arguments, `broken` links.

    A rule that nothing links to may answer 404: the page is there for others. No page may fail.
    """

    pages: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    unreached: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


Get = Callable[[str], Answer]


def explore(get: Get, url_map: Map, zones: tuple[str, ...], *starts: str) -> Site:
    """Follow the links from `starts` and gather a page for each rule of the zones (`public`, `customer`, `admin`).

    `get` fetches an address as the person. Rules without arguments are visited even if nothing links to them.
    """
    adapter = url_map.bind("localhost")
    site, seen, tries = Site(), set(), dict[str, int]()
    bare = [(str(rule), False) for rule in _rules(url_map, zones) if not rule.arguments]
    waiting = deque([*((start, True) for start in starts), *bare])
    while waiting:
        address, is_linked = waiting.popleft()
        path = urlsplit(address).path
        endpoint = _endpoint(adapter, path)
        if endpoint is None or address in seen or not endpoint.startswith(tuple(f"{zone}." for zone in zones)):
            continue
        if tries.get(endpoint, 0) >= MOST_PER_RULE:
            continue
        seen.add(address)
        tries[endpoint] = tries.get(endpoint, 0) + 1
        answer = get(address)
        if answer.status >= 400:
            if is_linked or answer.status >= 500:
                site.broken.append(f"{address}: {answer.status}")
            continue
        landed = _endpoint(adapter, urlsplit(answer.address).path)
        if landed != endpoint:
            waiting.append((_path(answer.address), is_linked))
        elif answer.is_page:
            site.pages.setdefault(endpoint, address)
            waiting.extend((link, True) for link in links(answer))
        else:
            site.files.setdefault(endpoint, address)
    for rule in _rules(url_map, zones):
        if rule.endpoint not in tries and rule.arguments:
            site.unreached.append(f"{rule.endpoint} ({rule})")
    return site


def links(answer: Answer) -> list[str]:
    """The page's own links, as paths with their query."""
    found = (html.unescape(href).strip() for href in _LINK.findall(answer.text))
    whole = (urljoin(answer.address, href) for href in found if not href.startswith(("mailto:", "tel:", "data:")))
    here = urlsplit(answer.address).netloc
    return [_path(address) for address in whole if urlsplit(address).netloc == here]


def _path(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _rules(url_map: Map, zones: tuple[str, ...]) -> list[Rule]:
    prefixes = tuple(f"{zone}." for zone in zones)
    return [r for r in url_map.iter_rules() if "GET" in (r.methods or ()) and r.endpoint.startswith(prefixes)]


def _endpoint(adapter: object, path: str) -> str | None:
    try:
        endpoint, _ = adapter.match(path, method="GET")  # type: ignore[attr-defined]
    except RequestRedirect as redirect:
        return _endpoint(adapter, urlsplit(redirect.new_url).path)
    except (NotFound, MethodNotAllowed, HTTPException):
        return None
    return str(endpoint)


def flask_get(client: object, environ: Mapping[str, str] | None = None) -> Get:
    """Fetch as a Flask test client does."""

    def get(address: str) -> Answer:
        answer = client.get(address, follow_redirects=True, environ_overrides=dict(environ or {}))  # type: ignore[attr-defined]
        is_text = answer.content_type.startswith("text/")
        text = answer.get_data(as_text=True) if is_text else ""
        return Answer(answer.request.url, answer.status_code, answer.content_type, text)

    return get
