"""The arithmetic of the chain: canonical bytes of an event, its hash, and what breaks a chain."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

GENESIS = "0" * 64
MOST_REASON = 500


def key_id(key: str) -> str:
    """The name under which events remember their key: it tells keys apart and tells nothing about them."""
    return hashlib.sha256(b"audit key id:" + key.encode()).hexdigest()[:16]


def seal(key: str, event: Mapping[str, Any], prev_hash: str) -> str:
    """HMAC-SHA256 over the event's canonical bytes and the hash before it (security.md §10)."""
    return hmac.new(key.encode(), canonical(event) + prev_hash.encode(), hashlib.sha256).hexdigest()


def seal_day(key: str, day: Mapping[str, Any], prev_hash: str) -> str:
    """HMAC-SHA256 over a day's seal and the seal before it: never the hash of an event, whatever stands in it."""
    return hmac.new(key.encode(), b"audit seal:" + canonical(day) + prev_hash.encode(), hashlib.sha256).hexdigest()


def canonical(event: Mapping[str, Any]) -> bytes:
    """The event as JSON bytes with sorted names: the same on both databases and after a round trip."""
    return as_json({name: _plain(value) for name, value in event.items()}).encode()


def as_json(value: Any) -> str:
    """Compact JSON in ASCII: control characters, line separators and half characters come out escaped.

    Raises `ValueError` for a float: no exact value is one.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))


def digest_of(key: str, value: str) -> str:
    """A personal value as the trail keeps it: equal values look equal, and nobody reads them."""
    return "hmac:" + hmac.new(key.encode(), b"personal:" + value.encode(), hashlib.sha256).hexdigest()[:32]


def clean(text: str, most: int) -> str:
    """Free text on one line, without control characters, cut to `most` characters."""
    return "".join(c if c.isprintable() else " " for c in text)[:most]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError("an audited value is never a float; use Decimal")
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return value if value is None or isinstance(value, str | int | bool) else str(value)
