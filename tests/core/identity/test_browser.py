"""What only a real browser can tell: cookies on plain http of this machine, the policy, going back after sign-out."""

from __future__ import annotations

import threading

import pytest
from werkzeug.serving import make_server

from ebok_core.app import create_app_of
from ebok_core.testing import browser

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]
PASSWORD = "cztery zielone rowery w rzece"


@pytest.fixture
def address(runtime, people):
    """The portal on a free port of 127.0.0.1, over http as in the demo."""
    server = make_server("127.0.0.1", 0, create_app_of(runtime), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def window(address):
    """A browser window, and what its console said beside the expected 422."""
    with browser.chromium() as chromium, browser.context_for(chromium, address) as context:
        page = context.new_page()
        page.said = browser.listen(page)
        yield page


def enter(page, password=PASSWORD):
    page.fill("#f-login", "anna")
    page.fill("#f-password", password)
    page.get_by_role("main").get_by_role("button", name="Zaloguj się").click()


@pytest.mark.feature("L22", "L165")
def test_in_out_and_back(window):
    """Through the sign-in page to the page that was wanted; after signing out, going back shows nothing of it."""
    window.goto("/konto/logowania")
    enter(window, "wrong")
    assert "Nie udało się zalogować" in window.inner_text("main")
    enter(window)
    window.wait_for_url("**/konto/logowania")
    cookies = {c["name"]: c for c in window.context.cookies()}
    assert set(cookies) == {"__Host-ebok", "__Host-device"}
    assert all(c["secure"] and c["httpOnly"] and c["sameSite"] == "Lax" for c in cookies.values())
    assert window.evaluate("document.cookie") == ""
    window.goto("/konto")
    assert "Anna Testowa" in window.inner_text("main")
    window.get_by_role("banner").get_by_role("button", name="Wyloguj").first.click()
    window.wait_for_url("**/logowanie")
    window.go_back()
    assert "Anna Testowa" not in window.content()
    assert window.url.endswith("/logowanie?dalej=/konto")
    assert [text for text in window.said if "422" not in text and "Clear-Site-Data" not in text] == []


def test_password_managers_and_pasting_work(window):
    window.goto("/logowanie")
    field = window.locator("#f-password")
    assert field.get_attribute("autocomplete") == "current-password"
    field.focus()
    window.keyboard.insert_text(PASSWORD)
    show = window.get_by_role("button", name="Pokaż hasło")
    show.click()
    assert field.get_attribute("type") == "text"
    assert field.input_value() == PASSWORD
    window.fill("#f-login", "anna")
    field.press("Enter")
    window.wait_for_url("**/")


@pytest.mark.parametrize("width", browser.WIDTHS)
def test_pages_are_accessible(window, width):
    window.set_viewport_size({"width": width, "height": 800})
    window.goto("/logowanie")
    enter(window, "wrong")
    assert browser.axe(window) == []
    enter(window)
    for page in ("/konto", "/konto/haslo", "/konto/sesje", "/konto/logowania"):
        window.goto(page)
        assert browser.axe(window) == [], page
        assert browser.reflow(window) == [], page
        assert browser.targets(window) == [], page
