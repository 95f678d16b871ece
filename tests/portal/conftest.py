"""The assembled portal: every module of the tree, the invented utility's people, the pages each of them finds."""

from __future__ import annotations

import importlib
import re

import pytest

from ebok_core.testing import pages


@pytest.fixture
def modules(root):
    names = sorted(path.parent.name for path in root.glob("plugins/*/*/plugin.py"))
    return [importlib.import_module(f"{name}.plugin") for name in names]


@pytest.fixture
def explored(signed_in, app, modules):
    """What a person finds by following links: `explored("A")` the customer's pages, `explored("admin")` the panel's."""

    def explore(person):
        starts, zones = (["/"], ("customer",)) if person in "ABCD" else (["/panel/"], ("admin",))
        browser = signed_in(person)
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


# What a person does first, so that every page of a module has something to show; gives addresses that no link has.
PRELUDES = {"ebok_odczyt": give_a_reading}
