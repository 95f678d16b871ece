"""Error pages: what happened, what to do, whom to call (look.md §7). They stand while the database is away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import structlog
from flask import Flask, Response, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge, TooManyRequests

from ebok_core import clock
from ebok_core.audit import page_errors
from ebok_core.contracts.web import Zone
from ebok_core.db.engine import plain_error
from ebok_core.errors import DatabaseUnavailable, EbokError, NotAllowed, NotFound, Refused, StorageFull
from ebok_core.i18n import gettext
from ebok_core.i18n import lazy_gettext as _

from .addresses import here
from .context import after_answer, runtime
from .edge import request_id
from .frame import SIGN_IN, Frame, frame_zone
from .login import signed_in_viewer

log = structlog.get_logger(__name__)

RETRY_S = 30
# What is never carried on in a page: passwords and codes.
_SECRET = re.compile(r"has[lł]|passw|kod|code|secret|pin|token", re.IGNORECASE)


class Words(NamedTuple):
    """A title and what to know about it."""

    title: object
    text: object


_WORDS: Mapping[int, Words] = {
    400: Words(_("We could not read this request"), _("The address or the form was damaged. Go back and try again.")),
    403: Words(_("You have no access to this page"), _("If you need it, ask the office to change your rights.")),
    404: Words(_("There is no such page"), _("The address may have changed.")),
    405: Words(_("This page can't be opened this way"), _("Go back and use the buttons and links of the page.")),
    413: Words(
        _("This is too much at once"), _("The file or the form is too big. Choose a smaller file and try again.")
    ),
    422: Words(_("We can't accept this"), _("Go back, check what you wrote and try again.")),
    429: Words(_("Too many tries"), _("Wait a little, then try again.")),
    500: Words(
        _("Something went wrong on our side"), _("What you did may not have been saved. Try again in a few minutes.")
    ),
    503: Words(
        _("The portal is busy for a moment"), _("We saved nothing of what you just sent. Try again in half a minute.")
    ),
}


def init_app(app: Flask) -> None:
    """Register the error pages: for HTTP errors, our own errors, the database's, and everything else."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(NotFound, lambda error: _page(404))
    # A preview's refusal says so; what else is not allowed tells nothing of itself.
    app.register_error_handler(NotAllowed, lambda error: _page(403, text=str(error) if g.get("ebok_preview") else ""))
    app.register_error_handler(Refused, lambda error: _page(422, text=str(error)))
    app.register_error_handler(DatabaseUnavailable, _unavailable)
    app.register_error_handler(StorageFull, _unavailable)
    app.register_error_handler(NoConnection, _unavailable)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(Exception, _unexpected)


def _http(error: HTTPException) -> ResponseReturnValue:
    """werkzeug's own errors; redirects and ready answers pass."""
    if error.code is None or error.code < 400 or error.response is not None:
        return error
    if error.code == 401:
        zone = g.get("zone") or (Zone.ADMIN if request.path.startswith("/panel") else Zone.PUBLIC)
        return redirect(url_for(SIGN_IN.get(zone, SIGN_IN[Zone.PUBLIC]), dalej=here()), 303)
    code = error.code if error.code in _WORDS else 400 if error.code < 500 else 500
    headers: dict[str, str] = {}
    text = ""
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(sorted(error.valid_methods))
    if isinstance(error, TooManyRequests) and error.retry_after is not None:
        headers["Retry-After"], text = _later(error.retry_after)
    if isinstance(error, RequestEntityTooLarge):
        headers["Connection"] = "close"
    if code >= 500:
        log.error("http.error", status=error.code, path=request.path)
        _keep(error, error.code)
    return _page(code, status=error.code, text=text, headers=headers)


def _later(moment: datetime | int) -> tuple[str, str]:
    """The seconds of `Retry-After`, and the sentence with the time on a Warsaw clock."""
    if isinstance(moment, int):
        return str(moment), gettext("Wait %(minutes)s min, then try again.", minutes=max(1, -(-moment // 60)))
    seconds = max(1, int((moment - clock.now_utc()).total_seconds()))
    local = clock.local(moment)
    return str(seconds), gettext("Try again at %(time)s.", time=f"{local.hour}:{local.minute:02d}")


def _unavailable(error: Exception) -> ResponseReturnValue:
    """503 with the form kept: the same form token makes a second sending the same fact (R32)."""
    log.warning("database.unavailable", kind=type(error).__name__, path=request.path)
    return _page(503, headers={"Retry-After": str(RETRY_S)}, kept=_kept())


def _database(error: DBAPIError) -> ResponseReturnValue:
    """A database error that reached a page: away or full, or a fault of ours."""
    plain = plain_error(error, runtime().database.is_sqlite)
    return _unexpected(error) if plain is None else _unavailable(plain)


def _unexpected(error: Exception) -> ResponseReturnValue:
    """The last resort: logged with its trace, told without a detail (S65)."""
    if isinstance(error, EbokError):
        log.error("page.refused", message=str(error), path=request.path)
    else:
        log.error("page.failed", path=request.path, endpoint=request.endpoint, exc_info=error)
    _keep(error, 500)
    return _page(500)


def _keep(error: Exception, status: int) -> None:
    """Let the office find the error by its number (L155), once the answer is made; of a person nothing is kept."""
    zone = g.get("zone")
    row = {
        "number": request_id(),
        "zone": zone.value if zone else None,
        "method": request.method,
        "address": str(request.url_rule or "–"),
        "status": status,
        "error_class": type(error).__name__,
    }

    def write() -> None:
        with runtime().database.unit_of_work() as unit:
            page_errors.store(unit, **row)

    after_answer(write)


def _page(
    code: int,
    *,
    status: int | None = None,
    text: str = "",
    headers: Mapping[str, str] | None = None,
    kept: list[tuple[str, str]] | None = None,
) -> Response:
    """The page of an error, with as much of the frame as still works; at the very worst a sentence."""
    words = _WORDS[code]
    for bare in (False, True) if code < 500 else (True,):
        try:
            if "viewer" not in g and not bare:
                g.viewer = signed_in_viewer()
            frame = Frame(topic=str(words.title), zone=frame_zone(), menu_key="", bare=bare)
            template = (
                "ebok_core/web/_error_part.html" if "HX-Request" in request.headers else "ebok_core/web/error.html"
            )
            page = render_template(
                template,
                frame=frame,
                form=None,
                code=code,
                text=text or str(words.text),
                request_id=request_id(),
                kept=kept,
                had_files=bool(kept) and request.mimetype == "multipart/form-data",
            )
            break
        except Exception:
            log.exception("error_page.failed", code=code)
    else:
        page = f"<!doctype html><html lang=pl><title>{code}</title><p>{request_id()}</p></html>"
    response = make_response(page, status or code)
    response.headers.update(headers or {})
    if code >= 500:
        response.headers["Cache-Control"] = "no-store"
    return response


def is_secret(name: str) -> bool:
    """Whether a field of this name may hold a password or a code: it is never carried on in a page."""
    return name not in ("csrf_token", "form_token") and bool(_SECRET.search(name))


def _kept() -> list[tuple[str, str]] | None:
    """What the form held, to be sent again by a button; nothing of forms with passwords or codes in them."""
    if request.method != "POST":
        return None
    try:
        fields = list(request.form.items(multi=True))
    except HTTPException:
        return None
    if any(is_secret(name) for name, _value in fields):
        return None
    return [(name, value) for name, value in fields if name != "csrf_token"]
