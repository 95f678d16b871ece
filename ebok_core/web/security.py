"""Cookies, limits, cross-site checks, headers: the fixed values of security.md §9, on every answer, errors included."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, abort, current_app, g, redirect, render_template, request, session
from flask.sessions import SecureCookieSessionInterface
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect
from itsdangerous import URLSafeTimedSerializer
from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix

from ebok_core import clock
from ebok_core.audit import RequestMeta, meta
from ebok_core.contracts.web import CspSource
from ebok_core.i18n import gettext as _
from ebok_core.settings import CoreSettings

from .context import runtime
from .edge import request_id
from .errors import is_secret
from .frame import Frame, frame_zone
from .login import signed_in_viewer

log = structlog.get_logger(__name__)
View = TypeVar("View", bound=Callable[..., Any])

COOKIE = "__Host-ebok"
BODY_LIMIT = 1024 * 1024
MOST_FIELDS = 1000
MOST_USER_AGENT = 200
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

CSP: Mapping[str, str] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
    "upgrade-insecure-requests": "",
    "report-uri": "/csp",
}
HEADERS: Mapping[str, str] = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=(), payment=()",
}


def exempt(view: View) -> View:
    """Mark a view that machines post to without our token and that has a proof of its own (a gateway's signature).

    The list of such views is frozen by a test.
    """
    view.ebok_csrf_exempt = True  # type: ignore[attr-defined]
    return view


def body_limit(megabytes: int) -> Callable[[View], View]:
    """Let a view take bigger bodies than 1 MB: uploads (security.md §9.4)."""

    def mark(view: View) -> View:
        view.ebok_body_limit = megabytes * 1024 * 1024  # type: ignore[attr-defined]
        return view

    return mark


class _Cookies(SecureCookieSessionInterface):
    """Flask's signed cookie with its signer made once: the keys are deployment settings, they live as the portal."""

    def __init__(self) -> None:
        self._made: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """What signs and reads the cookie."""
        if self._made is None:
            self._made = super().get_signing_serializer(app)
        return self._made


def init_app(app: Flask, settings: CoreSettings) -> None:
    """Set the cookie's flags, the limits, cross-site protection and the headers of every answer."""
    app.secret_key = settings.secret_key
    app.session_interface = _Cookies()
    host = urlsplit(settings.public_url).hostname or ""
    app.config.update(
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_DOMAIN=None,
        MAX_CONTENT_LENGTH=BODY_LIMIT,
        MAX_FORM_PARTS=MOST_FIELDS,
        # Health checks of this machine ask by loopback; absolute links never come from the request (S32).
        TRUSTED_HOSTS=[f"[{host}]" if ":" in host else host, *LOOPBACK],
        # A token lives as long as the session it is bound to; the origin check below replaces the one by referrer.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        WTF_CSRF_CHECK_DEFAULT=False,
    )
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0, x_port=0, x_prefix=0)  # type: ignore[method-assign]
    CSRFProtect(app)
    app.before_request(_admit)
    app.after_request(_protect)
    app.teardown_request(_leave)
    app.register_error_handler(CSRFError, _stale_form)


def _admit() -> ResponseReturnValue | None:
    """What stands before any view: the host, https, who asks, how much, and from where."""
    g.ebok_started = clock.monotonic()
    if isinstance(request.routing_exception, SecurityError):
        return Response("400 unknown host\n", 400, mimetype="text/plain")
    meta.set_request(
        RequestMeta(ip=_address(), user_agent=request.user_agent.string[:MOST_USER_AGENT], request_id=request_id())
    )
    settings = runtime().settings
    if settings.is_https and settings.trusted_proxies and not request.is_secure and not _is_loopback():
        return _to_https(settings.public_url)
    view = current_app.view_functions.get(request.endpoint or "")
    if request.method in SAFE or view is None or request.routing_exception is not None:
        return None
    limit = getattr(view, "ebok_body_limit", None)
    if limit:
        request.max_content_length = limit
    if request.mimetype == "application/x-www-form-urlencoded" and request.get_data().count(b"&") >= MOST_FIELDS:
        abort(413)
    if not getattr(view, "ebok_csrf_exempt", False) and current_app.config["WTF_CSRF_ENABLED"]:
        if not _is_from_here():
            abort(400)
        current_app.extensions["csrf"].protect()
    return None


def _is_from_here() -> bool:
    """Whether the browser says that one of our own pages sent this (S34); one that says nothing has only the token."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or origin in (request.host_url.rstrip("/"), runtime().settings.public_url.rstrip("/"))


def _to_https(public_url: str) -> ResponseReturnValue:
    if request.method not in ("GET", "HEAD"):
        abort(400)
    return redirect(public_url.rstrip("/") + request.full_path.rstrip("?"), 301)


def _is_loopback() -> bool:
    return (urlsplit(request.host_url).hostname or "") in ("localhost", "127.0.0.1", "::1")


def _address() -> str | None:
    """The client's address as the trusted proxies name it (S36), None for what is no address."""
    return _checked(request.remote_addr or "")


@lru_cache(maxsize=512)
def _checked(address: str) -> str | None:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


def _stale_form(_error: CSRFError) -> ResponseReturnValue:
    """A form that was open while its session changed: a calm page that keeps what was typed except passwords.

    It offers to send again only when the browser vouched that the form was ours; nothing of a stranger's is repeated.
    """
    vouched = request.headers.get("Sec-Fetch-Site") == "same-origin" or "Origin" in request.headers
    kept = [(n, v) for n, v in request.form.items(multi=True) if n != "csrf_token" and not is_secret(n)]
    g.viewer = signed_in_viewer()
    page = render_template(
        "ebok_core/identity/stale_form.html",
        frame=Frame(topic=_("This form was open for too long"), zone=frame_zone(), menu_key=""),
        form=None,
        kept=kept if vouched else None,
    )
    return Response(page, 400)


# Headers


def _protect(response: Response) -> Response:
    """Put the headers of security.md §9.1 on the answer, and forbid keeping what is somebody's."""
    headers = response.headers
    if headers.get("Referrer-Policy") == "no-referrer":  # stricter than ours
        headers.update({**HEADERS, "Referrer-Policy": "no-referrer"})
    else:
        headers.update(HEADERS)
    response.headers.setdefault("Content-Security-Policy", _csp(request.endpoint))
    if g.get("viewer") is not None:
        response.headers["Cache-Control"] = "no-store"
        response.vary.add("Cookie")
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store" if session.accessed else "no-cache"
    log.info(
        "http.request",
        method=request.method,
        rule=str(request.url_rule) if request.url_rule else None,
        status=response.status_code,
        ms=round((clock.monotonic() - g.get("ebok_started", clock.monotonic())) * 1000),
    )
    return response


def _csp(endpoint: str | None) -> str:
    """The policy of a page; what a module declares for its own pages is added to it. Built once per endpoint."""
    known: dict[str | None, str] = current_app.extensions.setdefault("ebok_csp", {})
    if endpoint not in known:
        known[endpoint] = policy(_sources_of(endpoint))
    return known[endpoint]


def policy(sources: list[CspSource]) -> str:
    """The Content-Security-Policy with these sources added."""
    directives = dict(CSP)
    for source in sources:
        own = directives.get(source.directive, "'self'")
        directives[source.directive] = source.origin if own == "'none'" else f"{own} {source.origin}"
    return "; ".join(f"{name} {value}".rstrip() for name, value in directives.items())


def _sources_of(endpoint: str | None) -> list[CspSource]:
    """Sources for the endpoints that they name, or for every page of the blueprints that their module mounts."""
    found = []
    for declaration in runtime().portal.declarations:
        rooms = {f"{m.zone.value}.{m.blueprint.name}" for m in declaration.results["ebok_blueprints"]}
        for source in declaration.results["ebok_csp_sources"]:
            if endpoint in source.endpoints or (not source.endpoints and (endpoint or "").rpartition(".")[0] in rooms):
                found.append(source)
    return found


def _leave(_error: BaseException | None) -> None:
    meta.set_request(meta.NOWHERE)
