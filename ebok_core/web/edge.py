"""The outermost check of a request: what no honest browser sends is answered 400 or 404, never 500 (R43)."""

from __future__ import annotations

import os
import re
from urllib.parse import unquote_to_bytes

import structlog
from flask import Flask, Response, abort, g, request
from werkzeug.routing import BaseConverter, ValidationError

_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FORM = "application/x-www-form-urlencoded"
# No signs that are mistaken for each other when a person reads them out.
_SIGNS = "23456789BCDFGHJKMNPQRSTVWXZ"
# 63 bits: what a database's integer holds.
_BIGGEST = 2**63 - 1


class Number(BaseConverter):
    """`<int:…>`: ASCII digits up to 2⁶³−1, so that no database is asked for a number it can't hold (S50)."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        """The number. Raises werkzeug's `ValidationError`, a 404."""
        number = int(value)
        if number > _BIGGEST:
            raise ValidationError
        return number


def init_app(app: Flask) -> None:
    """Put the check before everything else, and our own number into the URL map."""
    install_converters(app)
    app.before_request_funcs.setdefault(None, []).insert(0, _check)
    app.after_request(_number)


def install_converters(app: Flask) -> None:
    """Path converters of the portal; also for the trial application that checks modules' pages."""
    app.url_map.converters["int"] = Number


def request_id() -> str:
    """The code of this request, short enough to be read out on the phone: `B7K2-0916`."""
    if "ebok_request_id" not in g:
        signs = "".join([_SIGNS[byte % len(_SIGNS)] for byte in os.urandom(8)])
        g.ebok_request_id = f"{signs[:4]}-{signs[4:]}"
    return str(g.ebok_request_id)


def _number(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    return response


def _check() -> None:
    g.zone = None
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id())
    path = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or "").partition("?")[0]
    query = request.environ.get("QUERY_STRING", "")
    if "\N{REPLACEMENT CHARACTER}" in request.path or "\0" in request.path or _BAD_PERCENT.search(path):
        abort(400)
    if not _is_text(query):
        abort(400)
    if request.method not in ("GET", "HEAD") and request.mimetype == _FORM:
        body = request.get_data(cache=True).decode("latin-1")
        if not _is_text(body):
            abort(400)


def _is_text(encoded: str) -> bool:
    """Whether form-encoded data are well-formed UTF-8 without NUL."""
    if _BAD_PERCENT.search(encoded):
        return False
    decoded = unquote_to_bytes(encoded.encode("latin-1", "replace"))
    if b"\0" in decoded:
        return False
    try:
        decoded.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
