"""Small texts that travel through the browser and stay ours: the place in a list may hold a name (S62)."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from .context import runtime


def seal(text: str) -> str:
    """The text encrypted under a key made of the portal's secret; URL-safe, without padding."""
    return _box(_keys()).encrypt(text.encode()).decode().rstrip("=")


def unseal(sealed: str) -> str | None:
    """The text, or None for what we did not seal."""
    if not sealed or len(sealed) > 2000 or not sealed.isascii():
        return None
    try:
        return _box(_keys()).decrypt((sealed + "=" * (-len(sealed) % 4)).encode()).decode()
    except (InvalidToken, ValueError):
        return None


def _keys() -> tuple[str, ...]:
    settings = runtime().settings
    return (settings.secret_key, *settings.secret_key_fallbacks)


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"ebok.sealed:" + key.encode()).digest())) for key in keys]
    )
