"""From the paper bill to the start page, on the real thing: with a mouse at a desk, by keyboard alone on a phone."""

from __future__ import annotations

import re
import sqlite3

import pytest

from ebok_core.standin import mail_store
from ebok_core.testing import browser
from ebok_core.testing.site import eventually

PASSWORD = "cztery zielone rowery w rzece"


@pytest.fixture
def paper(portal):
    """The newest bills of customers without an account, as they lie in a drawer: code, number, amount."""
    connection = sqlite3.connect(portal.folder / "tytan-sql.db")
    rows = connection.execute(
        "SELECT customer_code, number, gross FROM ebok_invoices i WHERE kind = 'invoice' AND customer_code > '1-02000'"
        " AND issued_on = (SELECT max(issued_on) FROM ebok_invoices n WHERE n.customer_code = i.customer_code)"
        " AND gross > 0 ORDER BY customer_code"
    ).fetchall()
    connection.close()
    return rows


def letter(portal, address):
    """The newest mail to an address, or None."""
    folder = portal.folder / "poczta"
    mails = [mail_store.load(folder, name) for name in mail_store.names(folder)]
    return next((mail for mail in mails if mail and address in mail.recipients), None)


def answered(portal, code):
    """What TYTAN said about the registration of a customer."""
    connection = sqlite3.connect(portal.folder / "tytan-sql.db", timeout=30)
    row = connection.execute(
        "SELECT r.status, r.reference FROM ebok_inbox i JOIN ebok_results r ON r.message_id = i.message_id"
        " WHERE i.kind = 'registration.requested' AND i.customer_code = ?",
        (code,),
    ).fetchone()
    connection.close()
    return row


def a_person_needs_some_seconds(page):
    """Wait until the form is old enough to be a person's: its token tells when it was made (P12)."""
    made = "() => document.querySelector('[name=form_token]').value.replace('-', '').slice(0, 12)"
    begun = int(page.evaluate(made), 16)
    eventually(lambda: page.evaluate("() => Date.now()") - begun > 2100, what="the passing of two seconds")


@pytest.mark.feature("L25", "L26", "P01", "P05")
@pytest.mark.parametrize("portal_on", ["sqlite", "postgresql"])
def test_from_the_paper_bill_to_the_start_page_without_a_clerk(portal, page, paper, portal_on):
    code, number, gross = paper[0]
    address = "stacjonarna@example.pl"
    page.goto("/logowanie")
    page.get_by_role("link", name="Załóż konto").click()
    a_person_needs_some_seconds(page)
    page.get_by_role("textbox", name="Kod klienta").fill(code.replace("-", " "))
    page.get_by_role("textbox", name="Numer rachunku").fill(number.replace("/", "-").lower())
    page.get_by_role("textbox", name="Kwota brutto").fill(f"{gross:.2f} zł".replace(".", ","))
    page.get_by_role("button", name="Dalej").click()
    page.get_by_role("textbox", name="Adres e-mail").fill(address)
    page.get_by_role("button", name="Wyślij link").click()
    assert "Sprawdź pocztę" in page.locator("h1").inner_text()
    mail = eventually(lambda: letter(portal, address), what="the mail with the link")
    page.goto(re.search(r"https?://\S+/rejestracja/link/\S+", mail.text).group(0))
    page.get_by_label("Nowe hasło").fill(PASSWORD)
    page.get_by_role("checkbox", name="Akceptuję regulamin").check()
    page.get_by_role("button", name="Zapisz i wejdź").click()
    page.wait_for_url(f"{portal.url}/")
    assert "Twoje konto działa" in page.locator("main").inner_text()
    assert code in page.locator("body").inner_text()
    assert eventually(lambda: answered(portal, code), what="TYTAN's answer") == ("accepted", code)
    page.reload()
    assert code in page.locator("body").inner_text()


def tab_to(page, name, most=60):
    """Press Tab until the focus is on the field or the button of this name."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.name || document.activeElement.innerText || ''").strip() == name:
            return
    raise AssertionError(f"{most} times Tab and no {name!r}")


def press(page):
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.feature("L25")
def test_by_keyboard_alone_on_a_phone_and_axe_finds_nothing(portal, window, paper):
    page = window(width=360).new_page()
    code, number, gross = paper[1]
    address, complaints = "klawiatura@example.pl", []

    def look():
        complaints.extend(f"{page.url}: {c}" for c in [*browser.axe(page), *browser.reflow(page)])
        page.evaluate("() => { document.activeElement?.blur(); window.scrollTo(0, 0); }")

    page.goto("/logowanie")
    tab_to(page, "Załóż konto")
    press(page)
    look()
    a_person_needs_some_seconds(page)
    for field, text in (("customer_code", code), ("bill_number", number), ("bill_amount", f"{gross:.2f}")):
        tab_to(page, field)
        page.keyboard.type(text)
    tab_to(page, "Dalej")
    press(page)
    look()
    tab_to(page, "email")
    page.keyboard.type("bez-malpy")
    press(page)
    assert page.title().startswith("Błąd: ")
    look()
    tab_to(page, "email")
    page.keyboard.press("Control+a")
    page.keyboard.type(address)
    press(page)
    look()
    mail = eventually(lambda: letter(portal, address), what="the mail with the link")
    page.goto(re.search(r"https?://\S+/rejestracja/link/\S+", mail.text).group(0))
    look()
    tab_to(page, "new")
    page.keyboard.type(PASSWORD)
    tab_to(page, "terms")
    page.keyboard.press("Space")
    press(page)
    assert page.url.rstrip("/") == portal.url
    look()
    assert not complaints, "\n".join(complaints)
    page.goto(re.search(r"https?://\S+/rejestracja/link/\S+", mail.text).group(0))
    assert "Ten link już nie działa" in page.locator("h1").inner_text()
    look()
    page.goto("/haslo/nowe")
    look()
    assert not complaints, "\n".join(complaints)
