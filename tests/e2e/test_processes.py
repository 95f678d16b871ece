"""The page "Sprawdzenie procesów w tle" in a browser: it refreshes itself, a worker that stops is seen (L157)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from ebok_core.testing import browser
from ebok_core.testing.site import eventually

PAGE = "/panel/procesy"
STOPPED = "Nie działa żaden proces roboczy"


@pytest.fixture
def panel(portal, page):
    browser.sign_in(page, "admin", portal.passwords["admin"], path="/panel/logowanie")
    page.goto(PAGE)
    return page


@pytest.mark.feature("L157")
def test_a_stopped_worker_shows_on_the_open_page_within_a_minute(portal, panel):
    expect(panel.locator("main")).to_contain_text("działa", timeout=30_000)
    expect(panel.locator("#p-pracownicy + .eb-card")).to_contain_text("działa", timeout=30_000)
    panel.evaluate("window.sameDocument = true")
    portal.kill("worker")
    expect(panel.locator("main")).to_contain_text(STOPPED, timeout=65_000)
    assert panel.evaluate("window.sameDocument") is True, "the page refreshed itself in place"
    portal.start_worker()
    expect(panel.locator("main")).not_to_contain_text(STOPPED, timeout=60_000)


def test_the_refreshing_leaves_the_focus_where_it_is(panel):
    link = panel.locator("#procesy th a").first
    link.focus()
    with panel.expect_response(re.compile(r"/panel/procesy$"), timeout=40_000):
        pass
    panel.wait_for_timeout(300)
    assert panel.evaluate("document.activeElement.closest('#procesy') !== null")


def test_without_javascript_the_page_is_whole_and_a_link_refreshes_it(portal, window):
    page = window(java_script_enabled=False).new_page()
    browser.sign_in(page, "admin", portal.passwords["admin"], path="/panel/logowanie")
    page.goto(PAGE)
    assert page.locator("main table").count() >= 2
    page.get_by_role("link", name="Odśwież teraz").click()
    assert page.locator("h1").inner_text() == "Sprawdzenie procesów w tle"


def test_a_process_started_by_hand_has_run(portal, panel):
    panel.get_by_role("link", name="Sprawdzanie dziennika zdarzeń").click()
    panel.get_by_role("button", name="Uruchom teraz").click()
    expect(panel.get_by_role("alert")).to_contain_text("Proces ruszy w ciągu kilku sekund")

    def has_run():
        panel.reload()
        return re.search(r"Sprawdzono \d+ zapis", panel.locator("main table").inner_text())

    eventually(has_run, seconds=60, what="the run")
