"""The public zone: every block that is seen today, ours and modules', in the utility's order (L28)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from ebok_core.i18n import gettext as _
from ebok_core.web import public_blocks, render, snapshot
from ebok_core.web.markdown import markdown

from . import rules, service, words

blueprint = Blueprint("zone", __name__)
LATEST = "core.public_latest"
MOST_LATEST = 3


@blueprint.get("/informacje")
def index() -> ResponseReturnValue:
    """Everything for people who are not signed in."""
    known = service.places(snapshot())
    own = {block.id: block for block in service.seen(snapshot())}
    parts = {part.key: part for part in public_blocks() if part.key != LATEST and not known.get(part.key)}
    keys = service.arranged([*own, *parts], known)
    return render(
        "ebok_core/public/blocks/zone.html",
        title=_("Information"),
        blocks=[(own.get(key), parts.get(key)) for key in keys],
        icons=rules.KINDS,
        names=words.KINDS,
        dated=words.DATED,
        markdown=markdown,
    )


def latest(session: Session) -> Mapping[str, Any] | None:
    """The first blocks of the zone, for the page on which one signs in; None for none."""
    own = {block.id: block for block in service.seen(session)}
    if not own:
        return None
    keys = service.arranged(own, service.places(session))
    return {"blocks": [own[key] for key in keys[:MOST_LATEST]]}
