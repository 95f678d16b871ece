"""Slots, cards and public blocks: what modules add to pages, each guarded, so that a failing one leaves a notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from flask import Flask, current_app, render_template
from markupsafe import Markup
from sqlalchemy.orm import Session

from ebok_core.contracts.web import DashboardCard, SlotFragment
from ebok_core.i18n import gettext

from .context import optional_viewer, runtime, viewer
from .guard import Breaker, Failed, breaker, guarded, owner, title_of

_NOTICE = "ebok_core/web/_failed.html"


class Part(NamedTuple):
    """A rendered card, fragment or block: the key it was declared with, its area, its HTML."""

    key: str
    area: str
    html: Markup


def init_app(app: Flask) -> None:
    """A breaker for this application."""
    app.extensions["ebok_breaker"] = Breaker()


def slot(name: str, **subject: Any) -> Markup:
    """What modules put into a named slot of this page: `{{ slot("faktura.invoice_actions", invoice=row) }}`."""
    portal, found = runtime().portal, []
    for fragment in portal.of("ebok_slot_fragments"):
        person = optional_viewer()
        if fragment.slot != name or (fragment.permission and not (person and person.may(fragment.permission))):
            continue
        module = owner(portal, "ebok_slot_fragments", fragment)
        html = _part(
            module,
            fragment.key,
            fragment.template,
            lambda s, f=fragment: f.load(s, optional_viewer(), **subject),
            subject,
        )
        if html is not None:
            found.append(html)
    return Markup("").join(found)


def row_parts(name: str, rows: Sequence[Any]) -> dict[int, Markup]:
    """What modules put into a list's rows: each fragment is loaded once, with `rows`, and rendered for each `row`."""
    portal, person = runtime().portal, optional_viewer()
    found: dict[int, Markup] = {}
    for fragment in portal.of("ebok_slot_fragments") if rows else ():
        if fragment.slot != name or (fragment.permission and not (person and person.may(fragment.permission))):
            continue
        module = owner(portal, "ebok_slot_fragments", fragment)

        def run(session: Session, fragment: SlotFragment = fragment) -> list[str]:
            context = fragment.load(session, person, rows=rows)
            if context is None:
                return []
            if not isinstance(context, Mapping):
                raise TypeError(f"a mapping or None was expected, not {type(context).__name__}")
            return [render_template(fragment.template, **{**context, "row": row}).strip() for row in rows]

        texts = [] if breaker().is_off(module) else guarded(module, fragment.key, run)
        for index, text in enumerate(() if isinstance(texts, Failed) else texts):
            found[index] = found.get(index, Markup("")) + Markup(text)  # noqa: S704 - a template's output
    return found


def cards() -> list[Part]:
    """The cards of the start page that have something to say to this viewer, in the portal's order."""
    portal, person, found = runtime().portal, viewer(), []
    for card in portal.of("ebok_dashboard_cards"):
        if not person.may(card.permission):
            continue
        module = owner(portal, "ebok_dashboard_cards", card)
        html = _part(module, card.key, card.template, lambda s, c=card: c.load(s, person), {}, card)
        if html is not None:
            found.append(Part(card.key, card.area, html))
    return found


def public_blocks() -> list[Part]:
    """The blocks of the page before sign-in (L28), in the portal's order."""
    portal, found = runtime().portal, []
    for entry in portal.of("ebok_public_entries"):
        module = owner(portal, "ebok_public_entries", entry)
        html = _part(module, entry.key, entry.template, lambda s, e=entry: e.load(s), {})
        if html is not None:
            found.append(Part(entry.key, "main", html))
    return found


def _part(
    module: str,
    what: str,
    template: str,
    load: Callable[[Session], Any],
    subject: Mapping[str, Any],
    card: DashboardCard | None = None,
) -> Markup | None:
    """Load and render one part; None where it has nothing to say, a notice where it failed."""
    if breaker().is_off(module):
        return None

    def run(session: Session) -> Markup | None:
        context = load(session)
        if context is None:
            return None
        if not isinstance(context, Mapping):
            raise TypeError(f"a mapping or None was expected, not {type(context).__name__}")
        return Markup(render_template(template, **{**subject, **context}))  # noqa: S704 - a template's output

    result = guarded(module, what, run)
    if not isinstance(result, Failed):
        return result
    area = card.area if card else "main"
    text = gettext("We can't show this part of the page now: %(title)s.", title=title_of(module))
    return Markup(current_app.jinja_env.get_template(_NOTICE).render(text=text, area=area))  # noqa: S704
