"""Every page that exists: axe finds nothing, nothing sticks out at 320 px, Tab goes through it, targets are big enough.

The list of pages is made from the URL map and the links, for a visitor, a customer and staff.
"""

from __future__ import annotations

import pytest

from ebok_core.testing import browser

PEOPLE = ["gosc", "klient", "panel"]
# axe rules that are wrong about a page, with the reason.
IGNORED: dict[str, tuple[str, ...]] = {}


@pytest.mark.parametrize("width", browser.WIDTHS)
@pytest.mark.parametrize("person", PEOPLE)
def test_axe_finds_nothing(pages_of, person, width):
    """At each width whole, and its colours again in the dark and with more contrast."""
    found, context = pages_of(person, width=width)
    page, complaints = context.new_page(), []
    for endpoint, address in found.items():
        page.goto(address)
        complaints += [f"{endpoint} ({address}): {c}" for c in browser.axe(page, ignore=IGNORED.get(endpoint, ()))]
        for scheme in ("dark", "contrast"):
            page.emulate_media(**browser.SCHEMES[scheme])
            page.reload()  # Chromium may keep an old colour here and there when the scheme changes under a page
            complaints += [f"{endpoint} ({address}, {scheme}): {c}" for c in browser.axe_colours(page)]
        page.emulate_media(**browser.SCHEMES["light"])
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("person", PEOPLE)
def test_nothing_sticks_out_at_320_px(pages_of, person):
    found, context = pages_of(person, width=320)
    page, complaints = context.new_page(), []
    for endpoint, address in found.items():
        page.goto(address)
        complaints += [f"{endpoint} ({address}): {c}" for c in browser.reflow(page)]
        complaints += [f"{endpoint} ({address}): small target: {c}" for c in browser.targets(page)]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("person", PEOPLE)
def test_tab_goes_through_every_page(pages_of, person):
    found, context = pages_of(person, width=1280)
    page, complaints = context.new_page(), []
    for endpoint, address in found.items():
        page.goto(address)
        stops = browser.tab_walk(page)
        complaints += [f"{endpoint} ({address}): {c}" for c in browser.walk_faults(stops)]
        assert len(stops) >= 3, f"{endpoint}: Tab finds only {stops}"
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("person", PEOPLE)
def test_no_page_breaks_in_the_console(pages_of, person):
    """No script error, no blocked resource (CSP), no failed request."""
    found, context = pages_of(person, width=1280)
    page = context.new_page()
    said = browser.listen(page)
    for address in found.values():
        page.goto(address, wait_until="load")
    assert not said, "\n".join(said)


# The measurements themselves: each finds what was planted for it.


@pytest.fixture
def blank(chromium):
    context = chromium.new_context(viewport={"width": 320, "height": 256})
    page = context.new_page()

    def show(body):
        page.set_content(f"<!doctype html><html lang='pl'><title>x</title><body><main><h1>x</h1>{body}</main>")
        return page

    yield show
    context.close()


def test_axe_finds_a_field_without_a_label(blank):
    assert any("label" in complaint for complaint in browser.axe(blank("<input>")))


def test_axe_finds_a_colour_too_pale(blank):
    pale = blank("<p style='color:#ccc;background:#fff'>tekst</p>")
    assert any("color-contrast" in complaint for complaint in browser.axe_colours(pale))


def test_reflow_finds_what_sticks_out(blank):
    assert browser.reflow(blank("<div style='width:900px'>x</div>"))
    assert not browser.reflow(blank("<div style='overflow-x:auto'><div style='width:900px'>x</div></div>"))


def test_targets_finds_a_small_button(blank):
    assert browser.targets(blank("<button style='width:10px;height:10px;padding:0'></button>"))
    assert not browser.targets(blank("<p>zdanie z <a href='/'>odnośnikiem</a></p>"))


def test_tab_walk_finds_a_focus_that_does_not_show(blank):
    page = blank("<a href='/1'>1</a><a href='/2' style='outline:none'>2</a><a href='/3'>3</a>")
    assert [fault[:10] for fault in browser.walk_faults(browser.tab_walk(page))] == ["has no vis"]


def test_tab_walk_finds_an_order_against_the_page(blank):
    page = blank("<a href='/1' tabindex='2'>1</a><a href='/2' tabindex='1'>2</a>")
    assert any("before its predecessor" in fault for fault in browser.walk_faults(browser.tab_walk(page)))
