"""A reads an invoice on a phone, by keyboard alone: the list, the document, the explanation, the easy version."""

from __future__ import annotations

import pytest

from ebok_core.testing import browser

A, INVOICE = "1-01001", "R. 2026/000412"


def follow(page, name, most=120):
    """Press Tab until the focused link's text contains `name`, then Enter."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.evaluate("() => (document.activeElement.innerText || '').replace(/\\u00a0/g, ' ')")
        if name in focused:
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
    raise AssertionError(f"{most} times Tab and no {name!r}")


def seen(page):
    """The page's visible text with plain spaces; the page has no fault that axe knows and does not scroll sideways."""
    assert not browser.axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    return " ".join(page.locator("main").inner_text().replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.mark.feature("L10", "L19", "P36")
def test_A_finds_out_where_the_amount_comes_from(window, portal):
    page = window(width=360).new_page()
    browser.sign_in(page, A, portal.passwords[A])
    page.goto("/faktury/")
    assert "Zapłacona w części" in seen(page) and "56 dni po terminie" in seen(page)
    follow(page, INVOICE)
    text = seen(page)
    assert "Skąd ta kwota" in text and "minus stan 412" in text
    assert "Ten rachunek jest o 1,46 zł niższy" in text and "Woda: cena" in text
    follow(page, "Rachunek w skrócie")
    text = seen(page)
    assert "1. Ile zapłacić 10,97 zł" in text and "Przelej 10,97 zł" in text
    follow(page, "Cały dokument")
    follow(page, "Wróć do listy")
    assert page.url.endswith("/faktury/")


@pytest.mark.feature("L147")
def test_the_chart_is_named_and_its_letters_stay_readable_on_a_phone(window, portal):
    page = window(width=360).new_page()
    browser.sign_in(page, A, portal.passwords[A])
    page.goto("/faktury/zestawienia")
    assert "Zafakturowano razem" in seen(page)
    chart = page.get_by_role("img", name="Zafakturowano i wpłacono")
    assert chart.is_visible()
    heights = chart.locator("text").evaluate_all("found => found.map(x => x.getBoundingClientRect().height)")
    assert heights and min(heights) >= 14
