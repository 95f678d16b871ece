"""Contract of the contact form: topics that a module takes over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .identity import Permission, Viewer

TOPICS = ("failure", "complaint", "remarks", "office", "administrator")


@dataclass(frozen=True, kw_only=True)
class ContactTopic:
    """A topic of Kontakt that a module answers for: who chooses it is led to `endpoint` instead of the core's form.

    `topic` is one of `TOPICS`. A `public.` endpoint takes everybody, a `customer.` one signed-in customers who have
    `permission`; for everybody else the core's form stays. Of several modules the first by `(order, key)` is asked.
    """

    key: str
    topic: str
    endpoint: str
    arguments: tuple[tuple[str, str], ...] = ()
    permission: Permission | None = None
    order: int = 100

    def __post_init__(self) -> None:
        if self.topic not in TOPICS:
            raise ValueError(f"{self.key}: the topic is one of {', '.join(TOPICS)}, not {self.topic!r}")
        if not self.endpoint.startswith(("public.", "customer.")):
            raise ValueError(f"{self.key}: the endpoint lies in the zone public or customer, not {self.endpoint!r}")

    def takes(self, viewer: Viewer | None) -> bool:
        """Whether this person is led to the module."""
        if self.endpoint.startswith("public.") and self.permission is None:
            return True
        return viewer is not None and viewer.kind == "customer" and viewer.may(self.permission)
