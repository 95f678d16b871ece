"""Runtime settings: what an administrator edits. `get(session, Schema)` gives a page's frozen dataclass."""

from .schema import ConfigSchema, secret_text
from .service import KEPT, VERSION, SecretLost, Stored, every, get, has_secret, save, saved_at

__all__ = [
    "KEPT",
    "VERSION",
    "ConfigSchema",
    "SecretLost",
    "Stored",
    "every",
    "get",
    "has_secret",
    "save",
    "saved_at",
    "secret_text",
]
