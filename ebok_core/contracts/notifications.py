"""Contracts of messages to people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from .tytan import Result


@dataclass(frozen=True, kw_only=True)
class NotificationTemplate:
    """A notification: the key (`odczyt.accepted`) and the template names of its subject line and its two bodies.

    The templates are `<base>_subject.txt`, `<base>.txt` and `<base>.html`, and `<base>_sms.txt` where it also goes as a
    text message. `apply_result` hears, in the unit of work that moves the message, that a mail server or a gateway took
    it (status `delivered`) or refused it for good (`rejected`); the result's `kind` tells which (`core.mail`,
    `core.sms`), its subject is the one that the notification was enqueued with.
    """

    key: str
    title: str
    base: str
    apply_result: Callable[[Session, Result], None] | None = None


class NotificationChannel(Protocol):
    """A way to reach a person (an SMS gateway)."""

    key: str

    def send(self, recipient: str, text: Mapping[str, Any]) -> None:
        """Hand the message over."""
