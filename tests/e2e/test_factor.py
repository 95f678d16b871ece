"""A second factor in a real browser: an app and a passkey (Chromium's virtual authenticator), on a phone's width."""

from __future__ import annotations

import re
import time
from urllib.parse import urlsplit

import pyotp
import pytest

from ebok_core.testing import browser

C = "1-01003"
OWN = "/konto/drugi-skladnik"


@pytest.fixture
def phone(chromium, portal):
    """A phone that opens the portal as `localhost`, which passkeys need, with a fingerprint reader."""
    address = f"http://localhost:{urlsplit(portal.url).port}"
    context = browser.context_for(chromium, address, width=360, viewport={"width": 360, "height": 780})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    reader = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": reader})
    yield page
    context.close()


def looked_at(page):
    """Nothing sticks out, everything is big enough, axe finds nothing."""
    assert browser.reflow(page) == []
    assert browser.targets(page) == []
    assert browser.axe(page) == []


def type_password(page, password):
    """The first of two steps."""
    page.goto("/logowanie")
    page.locator("input[name=login]").fill(C)
    page.locator("input[name=password]").fill(password)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert urlsplit(page.url).path == "/logowanie/kod"


def sign_out(page):
    """By the button of the page's own form, wherever the menu hides it on a phone."""
    with page.expect_navigation():
        page.locator("form[action='/wyloguj']").first.evaluate("form => form.submit()")


def click(page, name):
    with page.expect_navigation():
        page.get_by_role("button", name=name).click()


def remove_all(page, password):
    """Leave the account as it was found, for the other tests of this portal."""
    page.goto(OWN)
    while page.locator(f"a[href*='{OWN}/usun']").count():
        page.locator(f"a[href*='{OWN}/usun']").first.click()
        if page.locator("input[name=password]").count():
            page.locator("input[name=password]").fill(password)
        click(page, "Usuń")


@pytest.mark.feature("P08")
def test_a_passkey_on_a_phone(phone, portal):
    password, said = portal.passwords[C], browser.listen(phone)
    browser.sign_in(phone, C, password)
    phone.goto(OWN)
    looked_at(phone)
    phone.get_by_role("link", name="Dodaj klucz dostępu").click()
    looked_at(phone)
    phone.locator("input[name=name]").fill("mój telefon")
    click(phone, "Dodaj klucz dostępu")
    assert phone.locator("h1").inner_text() == "Twoje kody zapasowe"
    assert phone.locator(".eb-codes code").count() == 10
    looked_at(phone)
    with phone.expect_download() as download:
        phone.get_by_role("button", name="Pobierz jako plik tekstowy").click()
    assert download.value.suggested_filename == "kody-zapasowe.txt"

    sign_out(phone)
    looked_at(phone)
    click(phone, "Zaloguj się kluczem dostępu")
    assert urlsplit(phone.url).path == "/"
    sign_out(phone)

    type_password(phone, password)
    looked_at(phone)
    click(phone, "Potwierdź kluczem dostępu")
    assert urlsplit(phone.url).path == "/"
    phone.goto("/konto/logowania")
    history = phone.locator("main").inner_text()
    assert "hasło + klucz dostępu" in history
    assert "klucz dostępu" in history

    remove_all(phone, password)
    looked_at(phone)
    sign_out(phone)
    browser.sign_in(phone, C, password)
    assert urlsplit(phone.url).path == "/"
    assert said == []


def test_an_app_on_a_phone(phone, portal):
    """The key stands as text beside the picture: the app may be on the same phone."""
    password, said = portal.passwords[C], browser.listen(phone)
    browser.sign_in(phone, C, password)
    phone.goto(f"{OWN}/aplikacja")
    looked_at(phone)
    secret = re.sub(r"\s", "", phone.locator("code").inner_text())
    app = pyotp.TOTP(secret)
    phone.locator("input[name=code]").fill(app.at(int(time.time())))
    click(phone, "Dodaj aplikację")
    kept = phone.locator(".eb-codes code").first.inner_text()
    sign_out(phone)
    type_password(phone, password)
    looked_at(phone)
    phone.locator("input[name=code]").fill(kept)
    with phone.expect_navigation():
        phone.keyboard.press("Enter")
    assert urlsplit(phone.url).path == "/"
    remove_all(phone, password)
    assert said == []


def test_no_button_where_no_passkey_works(portal, window):
    """At an address of digits and without scripts the page offers the password alone."""
    page = window().new_page()
    page.goto("/logowanie", wait_until="load")
    assert not page.get_by_role("button", name="Zaloguj się kluczem dostępu").is_visible()
    plain = window(java_script_enabled=False).new_page()
    plain.goto("/logowanie")
    assert not plain.locator("[data-passkey]").is_visible()
    assert plain.get_by_role("button", name="Zaloguj się").is_visible()
