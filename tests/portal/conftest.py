"""The assembled portal: every module of the tree, the invented utility's people, the pages each of them finds."""

from __future__ import annotations

import importlib
import io
import re

import pytest

from ebok_core.db import uuid7
from ebok_core.identity import service as identity
from ebok_core.testing import pages, people


@pytest.fixture
def modules(root):
    names = sorted(path.parent.name for path in root.glob("plugins/*/*/plugin.py"))
    return [importlib.import_module(f"{name}.plugin") for name in names]


@pytest.fixture
def someone(filled_copy, app):
    """A browser and the viewer of a person made for the test.

    `someone(staff=("fitter",))` is staff, `someone(role="observer", points=["P1"])` acts for A.
    """

    def make(*, staff=(), **given):
        login = f"osoba-{uuid7()[-8:]}"
        with filled_copy.database.unit_of_work() as session:
            account_id = identity.add_account(
                session, kind="staff" if staff else "customer", login=login, display_name="Osoba Testowa", roles=staff
            )
            if not staff:
                identity.grant_access(session, account_id, people.LOGINS["A"], **given)
            token, _session_id = identity.open_session(session, account_id)
        with filled_copy.database.snapshot() as session:
            viewer = identity.viewer_of(session, filled_copy, token)
        browser = people.Visitor(app, app.response_class)
        with browser.session_transaction() as cookie:
            cookie["_user_id"], cookie["_fresh"] = token, True
        return browser, viewer

    return make


@pytest.fixture
def explored(signed_in, app, modules):
    """What a person finds by following links: `explored("A")` the customer's pages, `explored("admin")` the panel's."""

    def explore(person):
        starts, zones = (["/"], ("customer",)) if person in "ABCD" else (["/panel/"], ("admin",))
        browser = signed_in(person)
        if person in ("A", "admin"):
            write_to_us(signed_in("A"))
        starts += [address for first in FIRST.get(person, ()) for address in first(browser)]
        for module in modules if person == "A" else ():
            starts += PRELUDES.get(module.__name__.partition(".")[0], lambda browser: [])(browser)
        return pages.explore(pages.flask_get(browser), app.url_map, zones, *starts)

    return explore


def give_a_reading(browser):
    """A gives a state, so that there is a reading to withdraw; returns where the confirmation is."""
    page = browser.get("/odczyty/").get_data(as_text=True)
    fields = dict.fromkeys(re.findall(r'name="(stan-[^"]+)"', page))
    last = re.findall(r"Ostatnio: ([\d\N{NO-BREAK SPACE}]+)", page)
    name, before = next(zip(fields, last, strict=False))
    answer = browser.submit("/odczyty/", {name: int(re.sub(r"\D", "", before)) + 9, "data": "2026-11-24"})
    return [answer.headers["Location"]]


def write_to_us(browser):
    """A writes with a file, so that there is a case, for A and for the office."""
    answer = browser.submit(
        "/kontakt/napisz", {"topic": "reklamacja", "text": "Dzień dobry", "pliki": (io.BytesIO(b"stan 41"), "stan.txt")}
    )
    assert answer.status_code == 303


def give_access(browser):
    """A invites somebody to look, so that there is an access to see, prolong and take back."""
    invited = {"email": "obserwator@example.pl", "role": "observer", "scope": "all", "valid_to": "2027-11-24"}
    browser.submit("/konto/dostepy/nowy", invited)
    return ["/konto/dostepy"]


def make_a_group(browser):
    """The administrator makes a group of access, so that there is one to open."""
    browser.submit("/panel/grupy/dodaj", {"kind": "access", "name": "Zarządcy", "role": "observer"})
    return ["/panel/grupy"]


def write_a_block(browser):
    """The administrator publishes a block of the public zone, so that there is one to open."""
    block = {"kind": "news", "title": "Nowe godziny", "body": "Od poniedziałku.", "seen": "0", "action": "publikuj"}
    return [browser.submit("/panel/informacje/nowa", block).location]


FIRST = {"A": (give_access,), "admin": (make_a_group, write_a_block)}
# What a person does first, so that every page of a module has something to show; gives addresses that no link has.
PRELUDES = {"ebok_odczyt": give_a_reading}
