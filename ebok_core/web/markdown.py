"""Markdown of administrators as safe HTML: parsed without raw HTML, then sanitised once more on its way out.

Headings fit under the page's h1 whatever was typed: the highest becomes h2 and no level is skipped (WCAG 1.3.1).
"""

from __future__ import annotations

from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from ebok_core.i18n import lazy_gettext as _

from .fields import Text

TAGS = {"a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "strong", "ul"}
SCHEMES = {"http", "https", "mailto", "tel"}
HIGHEST, LOWEST = 2, 4

_PARSER = MarkdownIt("commonmark", {"html": False}).disable("image")


@lru_cache(maxsize=64)
def markdown(text: str) -> Markup:
    """The text as HTML for a page: no scripts, styles, pictures or addresses but http, https, mailto and tel."""
    tokens = _PARSER.parse(text)
    _fit(tokens)
    rendered = _PARSER.renderer.render(tokens, _PARSER.options, {})
    safe = nh3.clean(
        rendered,
        tags=TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer",
    )
    return Markup(safe)  # noqa: S704 - sanitised a line above


def title_field(most: int) -> Text:
    """The title of a text that staff write, of at most so many characters."""
    return Text(
        required=True,
        max=most,
        error_messages={"required": _("Write the title")},
        metadata={"label": _("Title")},
    )


def body_field(most: int) -> Text:
    """The text itself, with a hint how it is written."""
    hint = _("Markdown: ## a heading, - an item of a list, **bold**, [a link](https://…). No HTML and no pictures.")
    return Text(
        required=True,
        max=most,
        multiline=True,
        error_messages={"required": _("Write the text")},
        metadata={"label": _("Text"), "hint": hint},
    )


def _fit(tokens: list[Token]) -> None:
    levels = [int(token.tag[1]) for token in tokens if token.type == "heading_open"]
    if not levels:
        return
    up, before = min(levels) - HIGHEST, HIGHEST - 1
    for token in tokens:
        if token.type == "heading_open":
            before = min(int(token.tag[1]) - up, before + 1, LOWEST)
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{before}"
