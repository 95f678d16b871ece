"""Templates and files of the look: the strict CSP holds, theme blocks agree, nothing is foreign."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ebok_core.web

WEB = Path(ebok_core.web.__file__).parent
STATIC = WEB / "static"
TEMPLATES = sorted((WEB / "templates").rglob("*.html")) + sorted((WEB / "templates").rglob("*.svg"))
PAGES = [path for path in TEMPLATES if "/mail/" not in str(path)]
# The page that sends itself to the hub carries the portal's one inline script, under a nonce (identity.md §2.4); the
# file of one's own data is opened from a disk, where no style sheet of ours is.
REVIEWED = ("identity/saml/hub.html", "privacy/own_data_file.html")


@pytest.mark.parametrize(
    "path", [p for p in PAGES if not str(p).endswith(REVIEWED)], ids=lambda p: str(p.relative_to(WEB / "templates"))
)
def test_no_inline_style_script_or_data_address(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<style\b|\sstyle\s*=", text)
    assert not re.search(r"<script\b(?![^>]*\bsrc=)", text)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text)
    assert not re.search(r"[\"'(]\s*(?:data|javascript):", text)
    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//", text.replace("https://bip.brpo.gov.pl/", "")), (
        "foreign"
    )
    assert not re.search(
        r"\btype\s*=\s*[\"']number[\"']|\brequired\b(?=[\s>])(?![^{]*%\})",
        re.sub(r"{[{%#].*?[}%#]}", "", text, flags=re.S),
    )


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(WEB / "templates")))
def test_template_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 150


@pytest.mark.parametrize("name", ["theme.css", "vendor/bootstrap.min.css"])
def test_style_sheets_name_only_files_that_are_there(name: str) -> None:
    sheet = STATIC / name
    for address in re.findall(r"url\(\"?([^)\"]+)\"?\)", sheet.read_text()):
        assert address.startswith("#") or (sheet.parent / address).is_file(), address


def test_script_uses_no_inner_html_and_no_timers_that_move_things() -> None:
    script = (STATIC / "ebok.js").read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)


def test_theme_blocks_agree() -> None:
    """Each theme stands twice: by choice, and by the device until the person chooses."""
    css = (STATIC / "theme.css").read_text()

    def tokens(selector: str) -> dict[str, str]:
        block = css[css.index(selector) :].partition("{")[2].partition("}")[0]
        return dict(re.findall(r"(--eb-[\w-]+|color-scheme)\s*:\s*([^;]+);", block))

    dark = tokens(':root[data-theme="dark"] {')
    assert len(dark) > 25
    assert dark == tokens(':root:not([data-theme="light"], [data-theme="contrast"]) {')
    contrast = tokens(':root[data-theme="contrast"] {')
    assert contrast == tokens(':root:not([data-theme="light"], [data-theme="dark"], [data-theme="normal"]) {')
    assert set(contrast) - {"--eb-shadow"} == set(dark) - {"--eb-shadow"}


def test_colours_stand_in_the_theme_s_tokens_alone() -> None:
    """No colour outside the token blocks but the drum's, the paper button's and plain black and white."""
    css = (STATIC / "theme.css").read_text()
    components = css[css.index("/* Bootstrap reads these") :]
    found = set(re.findall(r"#[0-9A-Fa-f]{6}\b", components))
    assert found <= {"#0E2129", "#FFFFFF", "#E8F1F4", "#D9E7EC", "#9FB0B8", "#102028", "#0B1317"}
