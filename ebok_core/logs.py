"""Logs: one JSON event a line, with the request's id, without what logs must not hold (security.md S60)."""

from __future__ import annotations

import hashlib
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

from .errors import ConfigurationError

HIDDEN = "***"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_SECRET_NAME = re.compile(
    r"passw|has[lł]o|secret|token|cookie|authorization|signature|csrf|api_?key|credential", re.IGNORECASE
)
_EMAIL = re.compile(r"[\w.%+\-]{1,64}@[\w\-]{1,60}(?:\.[\w\-]{1,60}){1,5}")
# Runs of digits that may be grouped: 26 of an account (with or without PL), 13-19 of a card, 11 of a PESEL.
_DIGITS = re.compile(r"(?<![\w.])(?:PL[ \-]?)?\d(?:[ \-]?\d){10,27}(?![\w.]|:\d)")
_QUERY = re.compile(r"(?<=[?&])([^=&\s\"']{1,80})=[^&\s\"']*")
# Secrets by their name inside a text, as in a printed header or form: "'Cookie': '__Host-ebok=…'", "password=…".
_NAMED = re.compile(
    r"((?:passw|has[lł]o|secret|token|cookie|authorization|signature|csrf)[\w\-]{0,20}['\"]?\s?[:=]\s?b?)"
    r"('[^']*'|\"[^\"]*\"|[^\s'\",&}]+)",
    re.IGNORECASE,
)
_OUR_COOKIE = re.compile(r"(__Host-[a-z]{1,20}=)[^;\s'\"]+")
_LONGEST = 20_000


def configure(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Write structlog's and the standard library's events as JSON lines; once per process, by whoever starts it.

    Raises `ConfigurationError` for an unknown level.
    """
    if level.upper() not in LEVELS:
        raise ConfigurationError(f"EBOK_LOG_LEVEL={level}: give one of {', '.join(LEVELS)}")
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(sort_keys=True, ensure_ascii=True, default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it logs whole addresses with their queries


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide secrets by the name of their key, personal numbers and addresses by their shape."""
    for name, value in list(event.items()):
        if not name.startswith("_"):
            event[name] = _clean(name, value)
    return event


def clean_text(text: str) -> str:
    """A text as logs may hold it: numbers of persons, accounts and cards hidden, mail addresses hashed."""
    text = _QUERY.sub(rf"\1={HIDDEN}", text[:_LONGEST])
    text = _OUR_COOKIE.sub(rf"\1{HIDDEN}", _NAMED.sub(rf"\1{HIDDEN}", text))
    return _DIGITS.sub(_digits, _EMAIL.sub(_address, text))


def _clean(name: str, value: Any) -> Any:
    if _SECRET_NAME.search(name) and value is not None:
        return HIDDEN
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {str(key): _clean(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", item) for item in value]
    return value if value is None or isinstance(value, bool | int | float) else clean_text(str(value))


def _address(found: re.Match[str]) -> str:
    """Equal addresses stay equal, so that a fault can be followed; nobody reads them."""
    return "mail:" + hashlib.sha256(found.group().lower().encode()).hexdigest()[:10]


def _digits(found: re.Match[str]) -> str:
    count = sum(c.isdigit() for c in found.group())
    return HIDDEN if count == 11 or 13 <= count <= 19 or count == 26 else found.group()
