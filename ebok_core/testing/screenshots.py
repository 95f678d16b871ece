"""`./run screenshots`: every page as PNG, for a visitor, a customer and staff, at 1280 and 360 px."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import BrowserContext

from ebok_core import runtime as runtimes
from ebok_core.app import create_app_of

from . import browser, pages, site

FOLDER = Path("build/screenshots")
WIDTHS = (1280, 360)
# Who looks: the zones of the pages, the login (None: nobody is signed in), where they sign in, where they start.
PEOPLE = {
    "gosc": (("public",), None, "", "/"),
    "klient": (("customer",), "1-01001", "/logowanie", "/"),
    "panel": (("admin",), "admin", "/panel/logowanie", "/panel/"),
}


def main(arguments: list[str]) -> int:
    """Start the demo in a temporary folder, walk through it and write the pictures; returns the exit code."""
    parser = argparse.ArgumentParser(prog="./run screenshots", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help=f"where the pictures go ({FOLDER})")
    parser.add_argument("--scheme", choices=[*browser.SCHEMES], default="light", help="light, dark or contrast")
    parser.add_argument("--only", default="", help="only endpoints that contain this text")
    chosen = parser.parse_args(arguments)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ebok-shots-") as folder, site.running(Path(folder)) as portal:
        for name in PEOPLE:
            for picture in photograph(portal, name, chosen.folder, chosen.scheme, chosen.only):
                sys.stdout.write(f"{picture}\n")
    return 0


def photograph(portal: site.Site, name: str, folder: Path, scheme: str, only: str = "") -> list[Path]:
    """Write one person's pages; returns the files."""
    written = []
    with browser.chromium() as chromium:
        for width in WIDTHS:
            context = browser.context_for(chromium, portal.url, width=width, scheme=scheme)
            found = pages_of(portal, context, name)
            page = context.new_page()
            for endpoint, address in sorted(found.items()):
                if only in endpoint:
                    page.goto(address)
                    written.append(folder / f"{name}-{endpoint}-{width}.png")
                    page.screenshot(path=written[-1], full_page=True)
            context.close()
    return written


def pages_of(portal: site.Site, context: BrowserContext, name: str) -> dict[str, str]:
    """Sign in as one of `PEOPLE` and find the pages: endpoint → address."""
    zones, login, sign_in_path, start = PEOPLE[name]
    if login:
        page = context.new_page()
        browser.sign_in(page, login, portal.passwords[login], path=sign_in_path)
        page.close()
    runtime = runtimes.build(portal.environ)
    try:
        url_map = create_app_of(runtime).url_map
    finally:
        runtime.database.dispose()
    return pages.explore(browser_get(context), url_map, zones, start).pages


def browser_get(context: BrowserContext) -> pages.Get:
    """Fetch with the browser's cookies; Playwright itself sends no `Secure` cookie to a bare loopback address."""
    cookies = "; ".join(f"{c['name']}={c['value']}" for c in context.cookies())  # type: ignore[typeddict-item]

    def get(address: str) -> pages.Answer:
        answer = context.request.get(address, headers={"Cookie": cookies})
        kind = answer.headers.get("content-type", "")
        return pages.Answer(answer.url, answer.status, kind, answer.text() if kind.startswith("text/") else "")

    return get


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
