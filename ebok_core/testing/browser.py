"""A real browser: Debian's Chromium through Playwright, and what is measured in it (accessibility.md §5).

Nothing here clicks for the person: `axe`, `reflow`, `targets`, `tab_walk` look at the page that is open.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE_EXTRA = [
    "label-content-name-mismatch",
    "td-has-header",
    "table-fake-caption",
    "p-as-heading",
    "css-orientation-lock",
]
SCHEMES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "contrast": "no-preference"},
    "dark": {"color_scheme": "dark", "contrast": "no-preference"},
    "contrast": {"color_scheme": "light", "contrast": "more"},
}
WIDTHS = (1280, 320)

_AXE_RUN = """async (options) => {
  const report = await axe.run(document, options);
  const short = (found) => found.map((v) => ({
    id: v.id, impact: v.impact, help: v.help,
    nodes: v.nodes.map((n) => ({ target: n.target.join(" "), html: n.html.slice(0, 200), why: n.failureSummary })),
  }));
  return { violations: short(report.violations), incomplete: short(report.incomplete) };
}"""
_REFLOW = """() => {
  const width = document.documentElement.clientWidth;
  const inScroller = (e) => {
    for (let p = e.parentElement; p; p = p.parentElement)
      if (["auto", "scroll"].includes(getComputedStyle(p).overflowX)) return true;
    return false;
  };
  const clipped = (e) => { const s = getComputedStyle(e); return s.clip !== "auto" || s.clipPath !== "none"; };
  const wide = [...document.body.querySelectorAll("*")].filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width > 0 && box.right > width + 1 && !inScroller(e) && !clipped(e);
  });
  return { scroll: document.documentElement.scrollWidth, width,
           wide: wide.slice(0, 10).map((e) => e.outerHTML.slice(0, 120)) };
}"""
_TARGETS = """(least) => {
  const interactive = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const inline = (e) => e.tagName === "A" && getComputedStyle(e).display === "inline" && e.closest("p, li, dd, td, th");
  const small = [...document.querySelectorAll(interactive)].filter((e) => {
    if (!e.checkVisibility({ checkVisibilityCSS: true }) || inline(e)) return false;
    if (e.matches(".visually-hidden, .eb-skip")) return false;
    const label = e.matches("input[type=checkbox], input[type=radio]") && e.labels?.[0];
    const box = (label || e).getBoundingClientRect();
    return box.width < least || box.height < least;
  });
  return small.map((e) => e.outerHTML.slice(0, 140));
}"""
# Two frames and the end of every transition: what is measured is what stays.
_SETTLE = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  document.getAnimations().forEach((a) => a.finish());
  done();
})))"""
_FOCUSED = """() => {
  document.getAnimations().forEach((a) => a.finish());
  const e = document.activeElement;
  if (!e || e === document.body || e === document.documentElement) return null;
  // A link over two lines has two boxes, and nothing of it in the middle between them.
  const box = e.getClientRects()[0] || e.getBoundingClientRect(), style = getComputedStyle(e);
  const x = Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1);
  const y = Math.min(Math.max(box.top + box.height / 2, 0), innerHeight - 1);
  const top = document.elementFromPoint(x, y);
  const order = [...document.querySelectorAll("*")].indexOf(e);
  return {
    tag: e.tagName.toLowerCase(), order, html: e.outerHTML.slice(0, 140),
    ring: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none",
    inView: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    covered: !(top && (top === e || e.contains(top) || top.contains(e) || e.labels?.[0]?.contains(top))),
  };
}"""


# A process has one Playwright: a second one beside it would refuse to start.
_started: list[Playwright] = []


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless; nothing is downloaded. Raises `RuntimeError` when it is not installed."""
    path = shutil.which("chromium")
    if path is None:
        raise RuntimeError("chromium is missing: apt-get install -y --no-install-recommends chromium libatomic1")
    with _playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def _playwright() -> Iterator[Playwright]:
    if _started:
        yield _started[0]
        return
    with sync_playwright() as playwright:
        _started.append(playwright)
        try:
            yield playwright
        finally:
            _started.clear()


def context_for(
    browser: Browser, base_url: str, *, width: int = 1280, scheme: str = "light", **more: Any
) -> BrowserContext:
    """A fresh browser window: Polish, one width, one of `SCHEMES`; `java_script_enabled=False` is the one without.

    Motion is reduced, so that nothing is measured halfway through a transition.
    """
    options: dict[str, Any] = {
        "viewport": {"width": width, "height": 256 if width <= 320 else 900},
        "locale": "pl-PL",
        "timezone_id": "Europe/Warsaw",
        "reduced_motion": "reduce",
        **SCHEMES[scheme],
    }
    return browser.new_context(base_url=base_url, **{**options, **more})


def listen(page: Page) -> list[str]:
    """Errors of the console, of scripts and of requests from now on, as they come; a list that grows.

    What a page still loads when it is left is ended by that, and is no fault.
    """
    said: list[str] = []
    page.on("console", lambda m: said.append(f"{page.url}: {m.text}") if m.type == "error" else None)
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    page.on(
        "requestfailed",
        lambda r: None if "ERR_ABORTED" in str(r.failure) else said.append(f"{page.url}: {r.url} {r.failure}"),
    )
    return said


def axe(page: Page, *, ignore: tuple[str, ...] = ()) -> list[str]:
    """What axe-core has against the open page, as sentences; `ignore` names rules with a reason at the caller."""
    page.evaluate(_axe_source())
    page.evaluate(_SETTLE)
    options = {
        "runOnly": {"type": "tag", "values": AXE_TAGS},
        "rules": {**{rule: {"enabled": True} for rule in AXE_EXTRA}, **{rule: {"enabled": False} for rule in ignore}},
    }
    return _sentences(page.evaluate(_AXE_RUN, options))


def axe_colours(page: Page) -> list[str]:
    """The colour rules alone, for a page that axe has seen whole in another scheme."""
    page.evaluate(_axe_source())
    page.evaluate(_SETTLE)
    report = page.evaluate(_AXE_RUN, {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}})
    return _sentences(report)


def reflow(page: Page) -> list[str]:
    """What sticks out to the right of the window (1.4.10); nothing may at 320 px."""
    found = page.evaluate(_REFLOW)
    if found["scroll"] <= found["width"]:
        return []
    return [f"{found['scroll']} px wide in a window of {found['width']}"] + found["wide"]


def targets(page: Page, least: int = 24) -> list[str]:
    """Interactive boxes smaller than `least` px; links inside a sentence are exempt (2.5.8)."""
    small: list[str] = page.evaluate(_TARGETS, least)
    return small


def tab_walk(page: Page, most: int = 250) -> list[dict[str, Any]]:
    """Press Tab through the whole page and note each stop: its ring, its view, its place in the document."""
    page.evaluate("() => { document.activeElement?.blur(); window.scrollTo(0, 0); }")
    stops: list[dict[str, Any]] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(_FOCUSED)
        if stop is None or (len(stops) > 1 and stop["order"] == stops[0]["order"]):
            return stops
        if not stops or stop["order"] != stops[-1]["order"]:  # a date has a stop for each of its parts
            stops.append(stop)
    raise AssertionError(f"after {most} stops Tab has not come back: a keyboard trap at {stops[-1]['html']}")


def walk_faults(stops: list[dict[str, Any]]) -> list[str]:
    """What is wrong with a walk: no ring, out of view, covered by something, against the document's order."""
    faults = []
    for before, stop in zip([None, *stops], stops, strict=False):
        for wrong, text in (
            (not stop["ring"], "has no visible focus"),
            (not stop["inView"], "is out of view"),
            (stop["covered"], "is covered"),
            (before is not None and stop["order"] < before["order"], "comes before its predecessor"),
        ):
            if wrong:
                faults.append(f"{text}: {stop['html']}")
    return faults


def sign_in(page: Page, login: str, password: str, *, path: str = "/logowanie") -> None:
    """Sign in by keyboard, as a person without a mouse."""
    page.goto(path)
    page.locator("input[name=login]").fill(login)
    page.locator("input[name=password]").fill(password)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert path not in page.url, f"{login} could not sign in: {page.locator('main').inner_text()}"


def _sentences(report: dict[str, Any]) -> list[str]:
    """Each broken rule with its first places: a rule is repaired once, however often it is broken."""
    return [
        f"{rule['id']} ({len(rule['nodes'])}×): {node['why'].splitlines()[-1].strip()}: {node['target']} {node['html']}"
        for rule in report["violations"]
        for node in rule["nodes"][:2]
    ]


def _axe_source() -> str:
    source = files("ebok_core.testing").joinpath("axe.min.js").read_text()
    # `evaluate` gets under a strict CSP, where a script tag would not; the wrapper keeps axe's own result out of JSON.
    return f"() => {{ if (!window.axe) {{ (0, eval)({json.dumps(source)}); }} }}"
