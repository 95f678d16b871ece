"""Errors that cross a room's border. Their text is for a person: it says what happened and what to do next."""

from __future__ import annotations


class EbokError(Exception):
    """An error whose text may be shown to the person who runs or uses the portal."""


class ConfigurationError(EbokError):
    """A setting is missing, unknown or wrong; the text names it and says what to do."""


class ModuleError(EbokError):
    """A module can't be loaded or declares something invalid; `distribution` names the culprit."""

    def __init__(self, message: str, *, module: str, distribution: str | None = None) -> None:
        super().__init__(message)
        self.module = module
        self.distribution = distribution


class DatabaseUnavailable(EbokError):
    """The portal's database can't be reached or is locked for too long; nothing was stored."""


class StorageFull(EbokError):
    """The disk or the database is full; nothing was stored."""


class NotFound(EbokError):
    """The thing does not exist or belongs to somebody else: the two are answered alike."""


class NotAllowed(EbokError):
    """The viewer lacks the permission, or a sign-in is refused for good."""


class Refused(EbokError):
    """A rule refuses the request; the text is shown to the person, `code` names the rule."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code
