"""Where browsers report what the content policy stopped: one log line each, a few a minute, no personal data."""

from __future__ import annotations

import json
from threading import Lock
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, Response, request

from ebok_core import clock

from .assets import anonymous
from .security import exempt

log = structlog.get_logger(__name__)
blueprint = Blueprint("csp", __name__)

MOST_A_MINUTE, LARGEST = 30, 16 * 1024
_count = {"minute": 0, "seen": 0}
_lock = Lock()


@blueprint.post("/csp")
@anonymous
@exempt
def report() -> Response:
    """Take a report; whatever it holds, the answer is the same."""
    if (request.content_length or 0) <= LARGEST and _may_log():
        _log(request.get_data())
    return Response(status=204)


def _may_log() -> bool:
    with _lock:
        minute = int(clock.monotonic() // 60)
        if minute != _count["minute"]:
            _count.update(minute=minute, seen=0)
        _count["seen"] += 1
        return _count["seen"] <= MOST_A_MINUTE


def _log(body: bytes) -> None:
    try:
        found = json.loads(body)["csp-report"]
        page, blocked = (urlsplit(str(found.get(name, ""))[:300]) for name in ("document-uri", "blocked-uri"))
        directive = str(found.get("effective-directive") or found.get("violated-directive"))[:60]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return
    log.warning("csp.violation", directive=directive, page=page.path, blocked=blocked.netloc or blocked.path)
