"""Contracts of messages to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class NotificationTemplate:
    """A notification: the key (`odczyt.accepted`) and the template names of its subject line and its two bodies.

    The templates are `<base>_subject.txt`, `<base>.txt` and `<base>.html`.
    """

    key: str
    title: str
    base: str


class NotificationChannel(Protocol):
    """A way to reach a person (an SMS gateway)."""

    key: str

    def send(self, recipient: str, text: Mapping[str, Any]) -> None:
        """Hand the message over."""
