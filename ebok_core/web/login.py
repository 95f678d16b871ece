"""Flask-Login joined to our session rows: the signed cookie carries a token, the row decides at each request."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user
from itsdangerous import BadSignature, URLSafeTimedSerializer

from ebok_core import audit
from ebok_core.audit import meta
from ebok_core.contracts.identity import Viewer
from ebok_core.identity import service as identity
from ebok_core.privacy import duties

from . import glance
from .context import reading, runtime

log = structlog.get_logger(__name__)

DEVICE_COOKIE = "__Host-device"
DEVICE_LIVES_S = 90 * 24 * 3600
MOST_LOGINS = 5
# Where a duty of the session is done; until then only public pages and signing out are open.
DUTY_PAGES = {
    ("customer", identity.DUTY_PASSWORD): "customer.identity.password",
    ("staff", identity.DUTY_PASSWORD): "admin.identity.password",
    ("customer", duties.DOCUMENTS): "customer.documents.answer",
    ("customer", duties.DELETION): "customer.deletion.undo",
}

# What stays open beside that page: one's own data and deleting the account need no acceptance (identity.md §10.3).
STILL_OPEN = {duties.DOCUMENTS: ("customer.own_data.", "customer.deletion."), duties.DELETION: ("customer.own_data.",)}


class SignedIn(UserMixin):
    """What Flask-Login keeps for a request: the live session, identified by its token."""

    def __init__(self, token: str, live: identity.LiveSession | None = None) -> None:
        self.token = token
        self.live = live

    def get_id(self) -> str:
        """The token that the cookie carries."""
        return self.token


def init_app(app: Flask) -> None:
    """Look the token up at each request; Flask-Login's own IP check is off, the row does its work."""
    manager = LoginManager(app)
    manager.session_protection = None
    manager._session_identifier_generator = str  # its hash of address and browser, made at each request for nothing
    manager.user_loader(_load)
    # There is no "remember me" (identity.md §6.4); its hook would read the session for every file, which is then nobody
    # else's to keep.
    app.after_request_funcs[None].remove(manager._update_remember_cookie)
    app.before_request(_duty_first)
    # First in the list is the last to run: the request's snapshot is closed by then.
    app.teardown_appcontext_funcs.insert(0, _note_activity)


def signed_in_viewer() -> Viewer | None:
    """The viewer of this request's session row, or None."""
    live = live_session()
    return live.viewer if live else None


def live_session() -> identity.LiveSession | None:
    """This request's session row, or None."""
    return current_user.live if current_user.is_authenticated else None


def made_by_the_page() -> None:
    """This request came from a page that refreshes itself: it is no activity, the session may run out meanwhile."""
    g.pop("ebok_touch", None)


def token() -> str | None:
    """The token that the cookie carries, dead or alive."""
    return session.get("_user_id")


def carry(token: str) -> None:
    """Carry a new session's token in the cookie; nothing of the visitor before stays, so nothing was planted (S09)."""
    session.clear()
    login_user(SignedIn(token))
    session.pop("_id", None)  # Flask-Login's fingerprint of address and browser: the row has its own


def renew(token: str) -> None:
    """Carry the same session's new token; what the next page has to say is kept."""
    session["_user_id"] = token


def proved_with(token: str, **known: Any) -> None:
    """Carry the token that a session got when its owner proved who it is; the rest of this request knows of it too."""
    renew(token)
    current_user.token = token
    current_user.live = current_user.live._replace(**{name: value for name, value in known.items() if value})


def end() -> None:
    """Empty the cookie."""
    session.clear()


# Devices that a login was used from before (identity.md §6.2)


def known_device(login_digest: str) -> str | None:
    """The id of this browser if this very login was used in it within 90 days."""
    device = _device()
    return device["id"] if login_digest in device.get("logins", ()) else None


def remember_device(response: Response, login_digest: str) -> None:
    """Note in the browser that this login was used in it; the cookie tells nobody which login."""
    device = _device()
    logins = [login_digest, *(d for d in device.get("logins", ()) if d != login_digest)][:MOST_LOGINS]
    value = _serializer().dumps({"id": device.get("id") or secrets.token_hex(8), "logins": logins})
    response.set_cookie(
        DEVICE_COOKIE, value, max_age=DEVICE_LIVES_S, secure=True, httponly=True, samesite="Lax", path="/"
    )


def _device() -> Mapping[str, Any]:
    try:
        found = _serializer().loads(request.cookies.get(DEVICE_COOKIE, ""), max_age=DEVICE_LIVES_S)
    except BadSignature:
        return {}
    return found if isinstance(found, dict) else {}


def _serializer() -> URLSafeTimedSerializer:
    settings = runtime().settings
    return URLSafeTimedSerializer([*settings.secret_key_fallbacks, settings.secret_key], salt="ebok-device")


def _load(token: str) -> SignedIn | None:
    live = identity.session_of(reading(), runtime(), token, glance.STATEMENT)
    if live is None:
        return None
    glance.note(live)
    meta.set_request(replace(audit.current_request(), session_hash=identity.token_hash(token)))
    if identity.needs_touch(live):
        g.ebok_touch = live.viewer.session_id
    return SignedIn(token, live)


def _duty_first() -> ResponseReturnValue | None:
    """Send who must do something first (a lapsed password) to where it is done."""
    view = current_app.view_functions.get(request.endpoint or "")
    zone = (request.endpoint or "").partition(".")[0]
    if zone not in ("customer", "admin") or view is None:
        return None
    live = live_session()
    page = DUTY_PAGES.get((live.viewer.kind, live.duty)) if live and live.duty else None
    if page is None or request.endpoint == page:
        return None
    if (request.endpoint or "").startswith(STILL_OPEN.get(live.duty or "" if live else "", ())):
        return None
    # Afterwards the person goes where they wanted to go, but for the start page, which says nothing.
    wanted = request.full_path.rstrip("?") if request.method == "GET" and request.path not in ("/", "/panel/") else None
    return redirect(url_for(page, dalej=wanted))


def _note_activity(_error: BaseException | None) -> None:
    """Write the last activity, at most once a minute and after the page is made: it must never cost the page."""
    session_id = g.pop("ebok_touch", None)
    if session_id is None:
        return
    try:
        with runtime().database.unit_of_work() as unit:
            identity.touch(unit, session_id)
    except Exception:
        log.warning("session.touch_failed", exc_info=True)
