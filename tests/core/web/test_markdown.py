"""Markdown of administrators: nothing in it runs, and its headings fit under the page's own."""

from __future__ import annotations

import pytest

from ebok_core.web.markdown import markdown


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "![x](https://example.pl/x.png)",
        "<a href='javascript:alert(1)'>x</a>",
        "<iframe src='https://example.pl'></iframe>",
        "<p style='position:fixed'>x</p>",
        "[x](https://example.pl 'y\" onmouseover=\"alert(1)')",
    ],
)
def test_S18_nothing_in_it_runs(text):
    found = str(markdown(text)).lower()
    tags = "".join(part.partition(">")[0] for part in found.split("<")[1:])
    for word in ("script", "onerror", "iframe", "img", "style", "data:", "vbscript"):
        assert word not in tags, found
    assert " onmouseover=" not in tags.replace("&quot;", '"').split('title="')[0]


def test_what_people_write_is_kept():
    found = markdown("## Tytuł\n\nTekst **ważny**, [adres](https://example.pl/a?b=1).\n\n- raz\n- dwa\n")
    assert "<h2>Tytuł</h2>" in found and "<strong>ważny</strong>" in found and found.count("<li>") == 2
    assert 'href="https://example.pl/a?b=1"' in found and 'rel="noopener noreferrer"' in found


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("# A\n\n## B\n\n# C", ["h2", "h3", "h2"]),
        ("### A\n\n### B", ["h2", "h2"]),
        ("## A\n\n##### B\n\n###### C", ["h2", "h3", "h4"]),
        ("# A\n\n## B\n\n### C\n\n#### D", ["h2", "h3", "h4", "h4"]),
    ],
)
def test_headings_begin_at_two_and_skip_no_level(text, tags):
    found = str(markdown(text))
    assert [part[:2] for part in found.split("<")[1:] if part[:1] == "h"] == tags
