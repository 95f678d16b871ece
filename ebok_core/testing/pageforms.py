"""A page's form as a browser would send it back: for tests that change one answer and post the rest as it stands."""

from __future__ import annotations

import html
import re

_FIELD = re.compile(
    r"<input[^>]+>|<textarea[^>]*>\n?[^<]*</textarea>|<select[^>]*>.*?</select>", re.DOTALL | re.IGNORECASE
)


def as_sent(page: str) -> dict[str, list[str]]:
    """The answers of the first form inside `main`: hidden fields, texts, ticked boxes, chosen options, by name."""
    form = page[page.index("<main") :].partition("</form>")[0]
    answers: dict[str, list[str]] = {}
    for tag in _FIELD.findall(form):
        name = _attribute(tag, "name")
        value = _value(tag)
        if name and value is not None:
            answers.setdefault(name, []).append(html.unescape(value))
    return answers


def _value(tag: str) -> str | None:
    """What the control sends; None for a box that is not ticked."""
    if tag.startswith("<textarea"):
        return tag[tag.index(">") + 1 :].removeprefix("\n").removesuffix("</textarea>")
    if tag.startswith("<select"):
        chosen = re.search(r'<option value="([^"]*)" selected', tag)
        return chosen[1] if chosen else ""
    if _attribute(tag, "type") in ("checkbox", "radio") and " checked" not in tag:
        return None
    return _attribute(tag, "value") or ""


def _attribute(tag: str, name: str) -> str | None:
    found = re.search(rf'\s{name}="([^"]*)"', tag)
    return found[1] if found else None
