"""The main tasks by keyboard alone, and again without JavaScript: nobody needs a mouse or a script here."""

from __future__ import annotations

import re

import pytest

from ebok_core.testing import browser

A = "1-01001"
# Gives no reading elsewhere, so the fields are there.
D = "1-01004"


def press_until(page, name, key="Tab", most=80):
    """Press Tab until the focused thing's text contains `name`, then Enter; returns how often."""
    for count in range(most):
        page.keyboard.press(key)
        focused = page.evaluate("() => document.activeElement.innerText || document.activeElement.name || ''")
        if name in focused:
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return count
    raise AssertionError(f"{most} times Tab and no {name!r}")


def test_K1_the_first_stop_skips_to_the_content(page, portal):
    page.goto("/logowanie")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.innerText") == "Przejdź do treści"
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "tresc"


def test_K4_a_wrong_password_keeps_the_login_and_says_what_to_do(page, portal):
    page.goto("/logowanie")
    page.locator("[name=login]").fill(A)
    page.locator("[name=password]").fill("nie to hasło")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.title().startswith("Błąd: ")
    assert page.locator("[role=alert], .eb-errsum").count() == 1
    assert page.locator("[name=login]").input_value() == A
    assert page.locator("[name=password]").input_value() == ""
    assert not browser.axe(page)


def test_K4_sign_in_and_K22_sign_out(page, portal):
    browser.sign_in(page, A, portal.passwords[A])
    assert "Maria Zielińska" in page.locator("body").inner_text()
    press_until(page, "Wyloguj")
    page.goto("/")
    assert "logowanie" in page.url, "signed out"


def test_K11_an_impossible_reading_is_explained_and_corrected(page, portal):
    browser.sign_in(page, D, portal.passwords[D])
    page.goto("/odczyty/")
    field = page.locator("input[name^=stan-]").first
    field.fill("osiem")
    page.locator("input[name^=stan-]").first.press("Enter")
    page.wait_for_load_state()
    assert page.title().startswith("Błąd: ")
    summary = page.locator(".eb-errsum")
    assert page.evaluate("() => document.activeElement.classList.contains('eb-errsum')"), "the summary has the focus"
    assert not browser.axe(page)
    summary.locator("a").first.press("Enter")
    focused = page.evaluate("() => [document.activeElement.name, document.activeElement.value]")
    assert focused[0].startswith("stan-")
    assert focused[1] == "osiem", "what was typed is still there"
    assert page.evaluate("() => document.activeElement.getAttribute('aria-invalid')") == "true"


def test_nothing_typed_is_sent_by_a_look_at_another_page(page, portal):
    """Leaving a form is no submission: the history has no reading more."""
    browser.sign_in(page, D, portal.passwords[D])
    page.goto("/odczyty/")
    page.locator("input[name^=stan-]").first.fill("99999")
    page.goto("/odczyty/historia")
    assert "99\N{NO-BREAK SPACE}999" not in page.locator("main").inner_text()


@pytest.fixture
def plain(window):
    """A window without JavaScript."""
    return window(java_script_enabled=False).new_page()


def test_without_a_script_one_signs_in_reads_lists_and_signs_out(plain, portal):
    browser.sign_in(plain, A, portal.passwords[A])
    for address in ("/dane", "/punkty", "/liczniki", "/umowy", "/odczyty/", "/odczyty/historia", "/konto"):
        answer = plain.goto(address)
        assert answer.status == 200, address
        assert plain.locator("main h1").count() == 1, address
    button = plain.get_by_role("button", name=re.compile("Wyloguj")).first
    with plain.expect_navigation():
        button.press("Enter")
    plain.goto("/dane")
    assert "logowanie" in plain.url


def test_without_a_script_an_error_names_its_field(plain, portal):
    browser.sign_in(plain, D, portal.passwords[D])
    plain.goto("/odczyty/")
    with plain.expect_navigation():
        plain.locator("input[name^=stan-]").first.press("Enter")
    assert plain.locator(".eb-errsum a[href^='#']").count() >= 1
    assert plain.title().startswith("Błąd: ")


LOOKS = {
    "kontrast": ("wysoki", "data-theme", "contrast"),
    "tekst": ("2", "data-text", "2"),
    "jezyk": ("en", "lang", "en"),
}


@pytest.mark.parametrize("name", LOOKS)
def test_without_a_script_the_look_is_chosen_and_kept(plain, portal, name):
    value, attribute, shown = LOOKS[name]
    plain.goto("/kontakt")
    with plain.expect_navigation():
        plain.locator(f"button[name='{name}'][value='{value}']").first.press("Enter")
    assert plain.url.endswith("/kontakt"), "one stays on the page"
    plain.goto("/logowanie")
    assert plain.locator("html").get_attribute(attribute) == shown
