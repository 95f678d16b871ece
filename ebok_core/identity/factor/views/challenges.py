"""What passkeys are asked: challenges that the signed cookie carries, so that a stranger's visit costs no row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Response, session
from flask.typing import ResponseReturnValue

from ebok_core.errors import NotFound
from ebok_core.i18n import gettext as _
from ebok_core.identity.factor import passkeys, rules
from ebok_core.identity.factor.passkeys import Challenge
from ebok_core.identity.factor.rules import Party
from ebok_core.web import runtime

CHALLENGE = "ebok_passkey"


def remember(purpose: str) -> Challenge:
    """Make a challenge and let the signed cookie carry it, so that a stranger's visit costs no row."""
    challenge = Challenge.new(purpose)
    session[CHALLENGE] = [purpose, challenge.value, round(challenge.made_at.timestamp() * 1000)]
    return challenge


def recall(purpose: str) -> Challenge:
    """The challenge of this act, once. Raises `Refused` with `passkey`."""
    kept: Any = session.pop(CHALLENGE, None)
    if kept is None:
        raise passkeys.refused()
    challenge = Challenge(kept[0], kept[1], datetime.fromtimestamp(kept[2] / 1000, UTC))
    if not challenge.fits(purpose):
        raise passkeys.refused()
    return challenge


def party_or_none() -> Party | None:
    """Whom passkeys are for, None where the portal's address has no name."""
    return rules.party_of(runtime().settings.public_url)


def party() -> Party:
    """Whom passkeys are for. Raises `NotFound` where the portal's address has no name."""
    found = party_or_none()
    if found is None:
        raise NotFound(_("Passkeys work only at an address with a name and https."))
    return found


def options(text: str) -> ResponseReturnValue:
    """The answer to the page's script."""
    response = Response(text, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def private(response: Any) -> Any:
    """Nothing of a secret is kept by the browser."""
    response.headers["Cache-Control"] = "no-store"
    return response
