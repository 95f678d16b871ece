"""The panel in a real browser: the search by keyboard, a preview, and nothing left to see after signing out."""

from __future__ import annotations

import pytest

from ebok_core.testing import browser

CODE, PANEL = "1-01001", "/panel/logowanie"


@pytest.fixture
def panel(window, portal):
    """A page of the signed-in administrator, in a window of a given width."""

    def open_one(**options):
        page = window(**options).new_page()
        browser.sign_in(page, "admin", portal.passwords["admin"], path=PANEL)
        return page

    return open_one


@pytest.mark.feature("L165")
def test_after_signing_out_back_shows_no_data(panel):
    page = panel()
    page.goto(f"/panel/klienci/{CODE}")
    name = page.locator("h1").inner_text()
    assert name and CODE in page.content()
    page.goto("/panel/podglad")
    with page.expect_navigation():
        page.locator("header button", has_text="Wyloguj").click()
    for _ in range(3):
        page.go_back(wait_until="load")
        shown = page.inner_text("body")
        assert CODE not in shown and name not in shown
        assert name not in page.content()
        assert page.locator("[name=password]").count() == 1, page.url


def test_the_slash_leads_to_the_search_from_any_page(panel):
    page = panel()
    page.goto("/panel/moduly")
    page.keyboard.press("/")
    assert page.evaluate("() => document.activeElement.name") == "szukaj"
    page.keyboard.type(CODE)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator("main h2").first.inner_text().startswith("Klienci")
    page.keyboard.press("/")
    page.keyboard.type("a/b")
    assert page.evaluate("() => document.activeElement.value") == "a/b"


@pytest.mark.feature("P78")
@pytest.mark.parametrize("options", [{}, {"java_script_enabled": False}, {"width": 360}], ids=["", "no-script", "360"])
def test_a_preview_from_the_search_to_its_end(panel, options):
    page = panel(**options)
    page.goto("/panel/podglad")
    page.locator("#znajdz").fill(CODE)
    with page.expect_navigation():
        page.locator("main button", has_text="Znajdź").click()
    with page.expect_navigation():
        page.locator("main a", has_text=CODE).first.click()
    with page.expect_navigation():
        page.locator("main a", has_text="Podgląd jako klient").click()
    page.locator("[name=reason]").fill("Klient dzwoni w sprawie rachunku")
    with page.expect_navigation():
        page.locator("main button", has_text="Rozpocznij podgląd").click()
    banner = page.locator(".eb-banner--preview")
    for address in ("/", "/dane", "/liczniki", "/pomoc"):
        page.goto(address)
        assert "tak widzi portal klient 1-01001" in banner.inner_text()
    if options.get("java_script_enabled", True):
        assert not browser.axe(page)
        assert not browser.reflow(page)
    with page.expect_navigation():
        banner.locator("button", has_text="Zakończ podgląd").click()
    assert page.url.endswith(f"/panel/klienci/{CODE}") and banner.count() == 0
    page.goto("/dane")
    assert "Nie ma takiej strony" in page.content()
