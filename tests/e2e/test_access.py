"""Several customers and a second person, on the real thing: the switch, an invitation by mail, taking it back."""

from __future__ import annotations

import re

import pytest

from ebok_core.standin import mail_store
from ebok_core.testing import browser
from ebok_core.testing.site import eventually

OWNER, FIRST, SECOND = "1-01001", "1-01001", "1-01006"
PASSWORD = "cztery zielone rowery w rzece"
# One after another, as the demo's people are the same for both.
pytestmark = pytest.mark.parametrize("portal_on", ["sqlite"])


def letter(portal, address):
    """The newest mail to an address, or None."""
    folder = portal.folder / "poczta"
    mails = [mail_store.load(folder, name) for name in mail_store.names(folder)]
    return next((mail for mail in mails if mail and address in mail.recipients), None)


def owner_in(portal, context):
    page = context.new_page()
    browser.sign_in(page, OWNER, portal.passwords[OWNER])
    return page


@pytest.mark.feature("P06", "L05")
@pytest.mark.parametrize("scripts", [True, False])
def test_the_switch_in_the_header(portal, window, scripts):
    page = owner_in(portal, window(java_script_enabled=scripts))
    page.goto("/liczniki")
    header = page.locator("header")
    assert f"({FIRST})" in header.inner_text()
    header.get_by_label("Klient", exact=True).select_option(SECOND)
    header.get_by_role("button", name="Zmień klienta").click()
    page.wait_for_url("**/liczniki")
    assert f"({SECOND})" in page.locator("header").inner_text()
    assert f"({FIRST})" not in page.locator("header").inner_text()
    page.locator("header").get_by_label("Klient", exact=True).select_option(FIRST)
    page.locator("header").get_by_role("button", name="Zmień klienta").click()
    page.wait_for_url("**/liczniki")


@pytest.mark.feature("P07")
def test_an_observer_is_invited_looks_and_is_sent_away(portal, window):
    owner = owner_in(portal, window())
    owner.goto("/konto/dostepy")
    owner.get_by_role("link", name="Daj dostęp").first.click()
    owner.get_by_label("Adres e-mail drugiej osoby").fill("sasiad@example.pl")
    owner.get_by_label(re.compile("^obserwator")).check()
    owner.get_by_label("wszystko u tego klienta").check()
    owner.get_by_label("Ostatni dzień dostępu").fill("2027-11-24")
    complaints = [f"{owner.url}: {c}" for c in browser.axe(owner)]
    owner.get_by_role("button", name="Wyślij zaproszenie").click()
    owner.wait_for_url("**/konto/dostepy")
    mail = eventually(lambda: letter(portal, "sasiad@example.pl"), what="the invitation")
    other = window(width=360).new_page()
    other.goto(re.search(r"https?://\S+/zaproszenie/\S+", mail.text).group(0))
    complaints += [f"{other.url}: {c}" for c in [*browser.axe(other), *browser.reflow(other)]]
    other.get_by_label("Twoje imię i nazwisko").fill("Sąsiad Testowy")
    other.get_by_label("Nowe hasło").fill(PASSWORD)
    other.get_by_role("checkbox", name="Akceptuję regulamin").check()
    other.get_by_role("button", name="Załóż konto i przyjmij").click()
    other.wait_for_url(f"{portal.url}/")
    assert FIRST in other.locator("body").inner_text()
    other.goto("/odczyty/historia")
    assert "Wszystkie odczyty" in other.locator("h1").inner_text()
    assert other.get_by_role("link", name="Podaj stan").count() == 0, "an observer gives nothing"
    answer = other.goto("/odczyty/")
    assert answer.status == 403
    owner.goto("/konto/dostepy")
    complaints += [f"{owner.url}: {c}" for c in browser.axe(owner)]
    owner.get_by_role("listitem").filter(has_text="Sąsiad Testowy").get_by_role("button", name="Odbierz").click()
    owner.wait_for_url("**/konto/dostepy")
    other.goto("/liczniki")
    assert FIRST not in other.locator("header").inner_text()
    assert not complaints, "\n".join(complaints)


@pytest.mark.feature("L152", "L153")
def test_the_pages_of_the_panel_are_sound(portal, window):
    """axe and 320 px, and Tab at a desk, on the pages of users, groups and rights, with something on them."""
    page, desk = window(width=320).new_page(), window(width=1280).new_page()
    for each in (page, desk):
        browser.sign_in(each, "admin", portal.passwords["admin"], path="/panel/logowanie")
    page.goto("/panel/grupy/dodaj")
    page.get_by_label(re.compile("^grupa uprawnień")).check()
    page.get_by_label("Nazwa grupy").fill("Konfiguracja i podgląd")
    page.get_by_role("button", name="Utwórz grupę").click()
    page.wait_for_url(re.compile(r"/panel/grupy/[0-9a-f-]{36}"))
    rights = page.url
    page.goto("/panel/uzytkownicy")
    person = page.locator("a[href*='/panel/uzytkownicy/0']").first.get_attribute("href")
    complaints = []
    for address in (
        rights, person, "/panel/uzytkownicy", "/panel/uzytkownicy/dodaj", "/panel/uzytkownicy/dodaj-pracownika",
        "/panel/grupy", "/panel/grupy/dodaj", "/panel/uprawnienia",
    ):  # fmt: skip
        page.goto(address)
        desk.goto(address)
        found = [*browser.axe(page), *browser.reflow(page), *browser.walk_faults(browser.tab_walk(desk))]
        complaints += [f"{address}: {c}" for c in found]
    assert not complaints, "\n".join(complaints)
