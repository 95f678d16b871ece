"""A lost password without a mailbox, on the real thing: the office prints a letter, the person types its code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ebok_core.standin import mail_store
from ebok_core.testing import browser, pdfs
from ebok_core.testing.site import eventually

D, ADDRESS = "1-01004", "halina.nowa@example.pl"


def letter(portal, address):
    """The newest mail to an address, or None."""
    folder = portal.folder / "poczta"
    mails = [mail_store.load(folder, name) for name in mail_store.names(folder)]
    return next((mail for mail in mails if mail and address in mail.recipients), None)


def looked_at(page, complaints):
    """What axe and a narrow window say against the page."""
    complaints.extend(f"{page.url}: {c}" for c in [*browser.axe(page), *browser.reflow(page), *browser.targets(page)])


@pytest.mark.feature("L158")
def test_a_letter_from_the_office_to_a_new_password(portal, window, tmp_path):
    office, complaints = window(width=1280).new_page(), []
    browser.sign_in(office, "admin", portal.passwords["admin"], path="/panel/logowanie")
    office.goto("/panel/")
    office.get_by_role("link", name="Reset hasła użytkownika").first.click()
    looked_at(office, complaints)
    office.goto(f"{office.url}?szukaj={D}")
    office.get_by_role("link", name=D).first.click()
    looked_at(office, complaints)
    office.get_by_label("list z kodem na adres korespondencyjny").check()
    office.get_by_label("Powód").fill("prośba telefoniczna, brak poczty")
    office.get_by_role("button", name="Rozpocznij zmianę hasła").click()
    assert "List jest gotowy" in office.locator("main").inner_text()
    looked_at(office, complaints)
    with office.expect_download() as waiting:
        office.get_by_role("button", name="Wydrukuj list (PDF)").click()
    file = Path(tmp_path, "list.pdf")
    waiting.value.save_as(file)
    paper = pdfs.read(file.read_bytes())
    assert pdfs.problems(file.read_bytes()) == [] and f"{portal.url}/haslo/kod" in paper.text
    code = re.search(r"[2-9A-Z]{5}-[2-9A-Z]{5}", paper.text).group(0)

    page = window(width=360).new_page()
    page.goto("/logowanie")
    page.get_by_role("link", name="Nie pamiętam hasła").click()
    page.get_by_role("link", name="Mam kod z listu").click()
    looked_at(page, complaints)
    page.get_by_role("textbox", name="Kod klienta albo login").fill(D)
    page.get_by_role("textbox", name="Kod z listu").fill("22222-22222")
    page.get_by_role("button", name="Dalej").click()
    assert page.title().startswith("Błąd: ")
    looked_at(page, complaints)
    page.get_by_role("textbox", name="Kod z listu").fill(code.lower().replace("-", " "))
    page.get_by_role("button", name="Dalej").click()
    page.wait_for_url(f"{portal.url}/haslo")
    # The password that the demo shows: the person may take the old one again, and the demo's people stay as they are.
    page.get_by_label("Nowe hasło").fill(portal.passwords[D])
    page.get_by_role("button", name="Zapisz hasło").click()
    page.wait_for_url(f"{portal.url}/logowanie")
    page.fill("#f-login", D)
    page.locator("#f-password").fill(portal.passwords[D])
    page.get_by_role("main").get_by_role("button", name="Zaloguj się").click()
    page.wait_for_url(f"{portal.url}/")
    for address in ("/konto/haslo", "/konto/sesje", "/konto/logowania", "/konto/logowania/to-nie-ja"):
        page.goto(address)
        looked_at(page, complaints)
    for link in ("Zakończ wszystkie sesje", "Halina Dąb", "Wszystkie konta", "Zakończ sesje wszystkich"):
        office.get_by_role("main").get_by_role("link", name=link, exact=True).click()
        looked_at(office, complaints)
    assert not complaints, "\n".join(complaints)


def test_a_new_address_waits_for_its_mailbox(portal, window):
    page, complaints = window(width=360).new_page(), []
    browser.sign_in(page, D, portal.passwords[D], path="/logowanie")
    page.goto("/konto/email")
    page.get_by_label("Nowy adres e-mail").fill("bez-malpy")
    page.get_by_role("button", name="Wyślij link").click()
    assert page.title().startswith("Błąd: ")
    looked_at(page, complaints)
    page.get_by_label("Nowy adres e-mail").fill(ADDRESS)
    page.get_by_role("button", name="Wyślij link").click()
    assert ADDRESS in page.locator("main").inner_text()
    looked_at(page, complaints)
    mail = eventually(lambda: letter(portal, ADDRESS), what="the mail with the link")
    page.goto(re.search(r"https?://\S+/adres-email/\S+", mail.text).group(0))
    assert page.url == f"{portal.url}/adres-email" and ADDRESS in page.locator("main").inner_text()
    looked_at(page, complaints)
    page.goto("/konto/email")
    page.get_by_role("button", name="Nie chcę zmieniać").click()
    assert "zostaje bez zmian" in page.locator("main").inner_text()
    page.goto("/adres-email")
    assert "Ten link już nie działa" in page.locator("h1").inner_text()
    assert not complaints, "\n".join(complaints)
