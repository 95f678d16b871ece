"""Kontakt on the real thing: a stranger writes on a phone by keyboard, the clerk answers, a mail leads there."""

from __future__ import annotations

import re

import pytest

from ebok_core.standin import mail_store
from ebok_core.testing import browser
from ebok_core.testing.site import eventually

LATE = 2100


def letter(portal, address, words):
    """The newest mail to an address whose subject holds these words, or None."""
    folder = portal.folder / "poczta"
    mails = [mail_store.load(folder, name) for name in mail_store.names(folder)]
    return next((m for m in mails if m and address in m.recipients and words in m.subject), None)


def a_person_needs_some_seconds(page):
    """Wait until the form is old enough to be a person's: its token tells when it was made (P12)."""
    made = "() => document.querySelector('main [name=form_token]').value.replace('-', '').slice(0, 12)"
    begun = int(page.evaluate(made), 16)
    eventually(lambda: page.evaluate("() => Date.now()") - begun > LATE, what="the passing of two seconds")


def tab_to(page, name, most=70):
    """Press Tab until the focus is on the field or the button of this name."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.name || document.activeElement.innerText || ''").strip() == name:
            return
    raise AssertionError(f"{most} times Tab and no {name!r}")


def press(page):
    with page.expect_navigation():
        page.keyboard.press("Enter")


def complaints_of(page):
    """What axe and the width of the window have against a page."""
    found = [f"{page.url}: {c}" for c in [*browser.axe(page), *browser.reflow(page), *browser.targets(page)]]
    page.evaluate("() => { document.activeElement?.blur(); window.scrollTo(0, 0); }")
    return found


@pytest.mark.feature("P51", "L142")
@pytest.mark.parametrize("portal_on", ["sqlite", "postgresql"])
def test_from_a_phone_to_the_answer(portal, window, portal_on, tmp_path):
    address, complaints = "zofia.nowicka@example.pl", []
    photo = tmp_path / "licznik.txt"
    photo.write_text("stan 41")
    page = window(width=360).new_page()
    page.goto("/kontakt")
    assert page.get_by_role("link", name="994").first.is_visible()
    complaints += complaints_of(page)
    tab_to(page, "Reklamacja")
    press(page)
    complaints += complaints_of(page)
    a_person_needs_some_seconds(page)
    tab_to(page, "text")
    page.keyboard.type("Dzień dobry, odczyt jest za wysoki.")
    page.set_input_files("[name=pliki]", photo)
    tab_to(page, "Wyślij wiadomość")
    press(page)
    assert page.title().startswith("Błąd: ")
    assert page.evaluate("() => document.activeElement.id") == "bledy"
    complaints += complaints_of(page)
    assert page.locator("[name=text]").input_value() == "Dzień dobry, odczyt jest za wysoki."
    assert page.get_by_label("Usuń licznik.txt").is_visible()
    tab_to(page, "name")
    page.keyboard.type("Zofia Nowicka")
    tab_to(page, "email")
    page.keyboard.type(address)
    tab_to(page, "Wyślij wiadomość")
    press(page)
    assert "Mamy Twoją wiadomość" in page.locator("h1").inner_text()
    complaints += complaints_of(page)
    number = re.search(r"K-\d{4}-\d{6}", page.locator("main").inner_text())[0]
    assert eventually(lambda: letter(portal, address, number), what="the confirmation")
    answer_in_the_panel(portal, window, number, complaints)
    mail = eventually(lambda: letter(portal, address, "Odpowiedzieliśmy"), what="the mail about the answer")
    assert "Skorygujemy" not in mail.text
    page.goto(re.search(r"https?://\S+/kontakt/sprawa/\S+", mail.text).group(0))
    assert "Skorygujemy rachunek." in page.locator("main").inner_text()
    complaints += complaints_of(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="licznik.txt").click()
    assert download.value.suggested_filename == "licznik.txt"
    assert complaints == []


def answer_in_the_panel(portal, window, number, complaints):
    """The clerk finds the case and answers."""
    page = window(width=1280).new_page()
    browser.sign_in(page, "bok", portal.passwords["bok"], path="/panel/logowanie")
    page.goto("/panel/sprawy")
    page.get_by_role("link", name=number).click()
    complaints += complaints_of(page)
    page.locator("[name=text]").fill("Skorygujemy rachunek.")
    page.get_by_role("button", name="Wyślij odpowiedź").click()
    page.get_by_text("Odpowiedź jest w sprawie").wait_for()
