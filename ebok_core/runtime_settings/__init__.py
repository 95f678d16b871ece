"""Runtime settings: what an administrator edits. `get(session, Schema)` gives a page's frozen dataclass."""

from .schema import ConfigSchema, secret_text
from .service import SecretLost, get, save, saved_at

__all__ = ["ConfigSchema", "SecretLost", "get", "save", "saved_at", "secret_text"]
