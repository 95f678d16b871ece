"""The page "Pliki cookie" lists what the portal sets, and the portal sets nothing else (identity.md §10.7)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ebok_core.privacy.cookies import COOKIES
from ebok_core.testing import people

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
NAMES = {cookie.name for cookie in COOKIES}


def names_in(answer):
    return {value.partition("=")[0] for value in answer.headers.getlist("Set-Cookie")}


@SQLITE
def test_what_the_pages_set_is_what_the_page_says(app, client, filled_copy):
    told = client.get("/pliki-cookie").get_data(as_text=True)
    seen = set()
    public = [r for r in app.url_map.iter_rules() if r.endpoint.startswith("public.") and not r.arguments]
    for rule in public:
        if "GET" in rule.methods:
            seen |= names_in(client.get(str(rule)))
    seen |= names_in(client.submit("/logowanie", {"login": people.LOGINS["A"], "password": people.PASSWORD}))
    customer = [r for r in app.url_map.iter_rules() if r.endpoint.startswith("customer.") and not r.arguments]
    for rule in customer:
        if "GET" in rule.methods:
            seen |= names_in(client.get(str(rule)))
    seen |= names_in(client.submit("/wyglad", {"theme": "contrast", "size": "1", "locale": "pl"}))
    assert {"__Host-ebok", "__Host-device"} <= seen, "the test proves nothing"
    assert seen <= NAMES, "a cookie that the page does not name"
    assert all(f">{name}<" in told for name in NAMES)


def test_no_source_sets_a_cookie_that_the_page_does_not_name(root):
    """What no page of this test sets (login.gov.pl, look): its name stands in the sources."""
    found = set()
    for path in [*root.glob("ebok_core/**/*.py"), *root.glob("plugins/*/ebok_*/**/*.py")]:
        if "standin" not in path.parts and "testing" not in path.parts:
            found |= set(re.findall(r"[\"'](__Host-[\w-]+)[\"']", Path(path).read_text()))
    assert found == NAMES


@SQLITE
def test_the_page_says_how_long_a_session_rests(client, filled_copy, read):
    page = read(client.get("/pliki-cookie"))
    minutes = filled_copy.settings.idle_minutes_customer
    assert f"po {minutes} minutach" in page and "Nie liczy odwiedzin" in page
