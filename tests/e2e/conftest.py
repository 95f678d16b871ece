"""A real browser on the real thing: Chromium, and the demo's processes on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ebok_core.testing import browser, screenshots, site


def pytest_collection_modifyitems(items):
    """One worker runs the tests of one portal, so that it is started once."""
    for item in items:
        if "tests/e2e/" in item.nodeid:
            item.add_marker("browser")
            backend = getattr(item, "callspec", None) and item.callspec.params.get("portal_on")
            item.add_marker(pytest.mark.xdist_group(f"e2e-{backend or 'sqlite'}"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """Debian's Chromium, one for the run."""
    with browser.chromium() as running:
        yield running


@pytest.fixture(scope="session")
def portals(tmp_path_factory, databases):
    """Start the demo on a database when it is first asked for; all are stopped at the end."""
    from contextlib import ExitStack

    started: dict[str, site.Site] = {}
    with ExitStack() as stack:

        def start(backend: str) -> site.Site:
            if backend not in started:
                url = databases.empty(backend) if backend == "postgresql" else ""
                folder = tmp_path_factory.mktemp(f"demo-{backend}")
                started[backend] = stack.enter_context(site.running(folder, url, EBOK_STRICT="1"))
            return started[backend]

        yield start


@pytest.fixture
def portal_on() -> str:
    """The database of the portal under test; a journey is parametrized with both."""
    return "sqlite"


@pytest.fixture
def portal(portals, portal_on) -> site.Site:
    """The running portal."""
    return portals(portal_on)


@pytest.fixture
def window(chromium, portal):
    """Open browser windows: `window(width=320, scheme="dark", java_script_enabled=False)`; closed after the test."""
    opened = []

    def open_one(**options):
        opened.append(browser.context_for(chromium, portal.url, **options))
        return opened[-1]

    yield open_one
    for context in opened:
        context.close()


@pytest.fixture
def page(window):
    """A page in a fresh window; nobody is signed in."""
    return window().new_page()


_FOUND: dict[tuple[str, str], dict[str, str]] = {}


@pytest.fixture
def pages_of(portal, window):
    """The pages of one of `screenshots.PEOPLE` (`gosc`, `klient`, `panel`) and a signed-in window to see them in."""

    def find(name, **options):
        context = window(**options)
        key = (portal.url, name)
        _, login, path, _ = screenshots.PEOPLE[name]
        if key not in _FOUND:
            _FOUND[key] = screenshots.pages_of(portal, context, name)
        elif login:
            first = context.new_page()
            browser.sign_in(first, login, portal.passwords[login], path=path)
            first.close()
        assert len(_FOUND[key]) >= 3, f"{name} finds only {_FOUND[key]}"
        return _FOUND[key], context

    return find
