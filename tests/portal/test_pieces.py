"""What pages keep between requests: never anything of one person, and nothing older than what was saved."""

from __future__ import annotations

import re

import pytest

from ebok_core import runtime_settings
from ebok_core.app import create_app_of
from ebok_core.contact.settings import ContactConfig, ContactConfigSchema
from ebok_core.testing import people

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

CUSTOMERS = ("A", "B", "C", "D")


def menu(page):
    return re.findall(r"<li><a [^>]*>([^<]*)</a>", page[page.index('id="menu"') :].partition("</nav>")[0])


def save_name(runtime, name):
    with runtime.database.unit_of_work() as session:
        runtime_settings.save(
            session, ContactConfigSchema, ContactConfig(name=name), keys=runtime.settings.encryption_keys
        )


def test_S52_no_kept_piece_holds_what_is_one_person_s(app, explored, viewer_of):
    for person in (*CUSTOMERS, "admin"):
        explored(person)
    pieces = app.extensions["ebok_pieces"]
    assert len(pieces) > 10
    own = {text for person in (*CUSTOMERS, "admin") for text in words_of(viewer_of(person))}
    for key, piece in pieces.items():
        held = " ".join(piece.parts) + repr(key)
        found = {text for text in own if text in held}
        assert not found, (key, found)


def words_of(viewer):
    named = (viewer.display_name, viewer.account_id, viewer.email, viewer.session_id)
    return {text for text in (*named, *viewer.customer_codes) if text}


def test_S52_what_is_typed_into_a_list_is_not_kept(app, signed_in):
    browser = signed_in("A")
    page = browser.get("/liczniki?szukaj=nigdzie-takiego&punkt=403-1001-0").text
    assert "nigdzie-takiego" in page
    held = repr(app.extensions["ebok_pieces"])
    assert "nigdzie-takiego" not in held and "403-1001-0" not in held


def test_people_with_other_rights_or_another_language_get_their_own_menu(signed_in):
    admin, clerk, customer, foreign = (signed_in(person) for person in ("admin", "clerk", "A", "A"))
    foreign.submit("/wyglad", {"jezyk": "en"})
    for _round in range(2):  # the second one is served from what the first one kept
        assert "Moduły" in menu(admin.get("/panel/").text)
        assert "Dane kontaktowe" in menu(admin.get("/panel/").text)
        assert "Dane kontaktowe" not in menu(clerk.get("/panel/").text)
        assert '<html lang="pl">' in customer.get("/liczniki").text
        page = foreign.get("/liczniki").text
        assert '<html lang="en">' in page and "Skip to content" in page and "Przejdź do treści" not in page


def test_the_look_of_one_is_not_the_look_of_another(signed_in):
    one, other = signed_in("A"), signed_in("B")
    one.submit("/wyglad", {"kontrast": "wysoki"})
    assert 'value="wysoki" aria-pressed="true"' in one.get("/liczniki").text
    assert 'value="wysoki" aria-pressed="false"' in other.get("/liczniki").text


def test_everybody_posts_their_own_form_token(signed_in):
    pages = {person: signed_in(person).get("/liczniki").text for person in ("A", "B")}
    tokens = {person: set(re.findall(r'name="csrf_token" value="([^"]+)"', page)) for person, page in pages.items()}
    assert all(len(found) == 1 for found in tokens.values())
    assert not tokens["A"] & tokens["B"]
    assert all("\ue000" not in page for page in pages.values())


@pytest.mark.parametrize("person", ["A", "admin", None])
def test_a_changed_name_of_the_utility_shows_at_once_in_every_process(runtime, app, signed_in, person):
    """Two applications over one database stand for two processes: each keeps for itself."""
    address = {"A": "/liczniki", "admin": "/panel/", None: "/kontakt"}[person]
    other = create_app_of(runtime)
    here = signed_in(person) if person else app.test_client()
    there = people.sign_in(other, person) if person else other.test_client()
    for name in ("Wodociągi Pierwsze", "Wodociągi Drugie"):
        save_name(runtime, name)
        for browser in (here, there):
            assert f" – e-BOK – {name}</title>" in browser.get(address).text


def test_settings_of_modules_are_seen_at_once_too(runtime, app, signed_in):
    """Cards and pages read their settings from what is kept under the common version."""
    browser = signed_in("A")
    before = browser.get("/odczyty/").text
    page = next(p for p in runtime.portal.of("ebok_config_pages") if p.key == "odczyt.rules")
    with runtime.database.snapshot() as session:
        limits = runtime_settings.get(session, page.schema)
    changed = type(limits)(**{**vars(limits), "window_from_day": 1, "window_to_day": 3})
    with runtime.database.unit_of_work() as session:
        runtime_settings.save(session, page.schema, changed, keys=runtime.settings.encryption_keys)
    assert browser.get("/odczyty/").text != before
