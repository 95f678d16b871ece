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

    The templates are `<base>_subject.txt`, `<base>.txt` and `<base>.html`. `apply_result` hears, in the unit of work
    that moves the mail, that a mail server took it (status `delivered`) or refused it for good (`rejected`); the
    result's subject is the one that the notification was enqueued with.
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
