"""D agrees to e-invoices on a phone; the next bill comes by mail and SMS, and the office sees that it was received."""

from __future__ import annotations

import re

import pytest

from ebok_core.testing import browser, site

D, EMAIL = "1-01004", "halina.dab@wodociagi-struga.example"


def seen(page):
    """The page's visible text with plain spaces; axe finds nothing on it and nothing sticks out."""
    assert not browser.axe(page)
    assert not browser.reflow(page)
    return " ".join(page.locator("main").inner_text().replace("\N{NO-BREAK SPACE}", " ").split())


def give_a_reading(page) -> None:
    """The stand-in settles a reading into an invoice at once."""
    page.goto("/odczyty/")
    last = re.search(r"Ostatnio: ([0-9 ]+) m³", page.locator("main").inner_text().replace("\N{NO-BREAK SPACE}", " "))
    assert last, "no meter of D takes a reading"
    page.locator("input[name^='stan-']").first.fill(str(int(last[1].replace(" ", "")) + 9))
    page.get_by_role("button", name="Sprawdź i wyślij").click()


@pytest.mark.slow
@pytest.mark.feature("L106", "L108", "L183", "L184", "P34")
def test_D_agrees_is_told_by_mail_and_sms_and_confirms(window, portal):
    page = window(width=360).new_page()
    browser.sign_in(page, D, portal.passwords[D])
    page.goto("/faktury/e-faktura")
    assert "na papierze" in seen(page)
    page.get_by_text("E-mail i SMS", exact=True).click()
    page.get_by_label("Adres e-mail do faktur").fill(EMAIL)
    page.get_by_label("Numer komórkowy").fill("501 000 123")
    page.get_by_text("Wyrażam zgodę", exact=True).click()
    page.get_by_role("button", name="Chcę e-faktury").click()
    text = seen(page)
    assert EMAIL in text and "501 000 123" in text and "Historia Twojej zgody" in text
    site.eventually(lambda: _reloaded(page, "przyjęto w systemie rozliczeń"), 60, "TYTAN's answer")
    give_a_reading(page)
    mails = window().new_page()

    def came() -> bool:
        mails.goto(portal.mail_url)
        text = mails.locator("main").inner_text().replace("\N{NO-BREAK SPACE}", " ")
        return "SMS: Faktura" in text and f"{EMAIL}\tFaktura" in text

    site.eventually(came, 90, "the mail and the text message")
    mails.get_by_role("link", name=re.compile("^Faktura")).first.click()
    link = re.search(r"http\S+/faktury/list/\S+", mails.locator("pre").inner_text())
    assert link
    robot = window().new_page()
    robot.goto(link[0])
    assert "/logowanie" in robot.url
    page.goto(link[0])
    assert "/faktury/dokument/" in page.url
    assert "Potwierdzam odbiór" in seen(page)
    page.get_by_role("button", name="Potwierdzam odbiór").click()
    assert "odbiór potwierdzony" in seen(page)


@pytest.mark.parametrize("width", [1280, 360])
def test_the_office_reads_the_list_the_log_and_one_customer(window, portal, width):
    page = window(width=width).new_page()
    browser.sign_in(page, "bok", portal.passwords["bok"], path="/panel/logowanie")
    page.goto("/panel/faktury/e-faktury")
    assert "E-faktury: doręczenie i odbiór" in seen(page)
    page.goto(f"/panel/faktury/klient/{D}")
    assert "Eksport dowodu (PDF)" in seen(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Eksport dowodu (PDF)").click()
    assert download.value.suggested_filename.startswith(f"dowod-odbioru-{D}-")


def _reloaded(page, text: str) -> bool:
    page.goto("/faktury/e-faktura")
    return text in page.locator("main").inner_text()
