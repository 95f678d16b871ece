"""Whether a customer gets e-invoices and how: the portal's own events beside what TYTAN says of its consent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

SETTLES = timedelta(days=1)
"""After TYTAN has taken a consent over, its own word counts from so much later on: the copy needs a run to show it."""

PORTAL, OFFICE = "portal", "office"


@dataclass(frozen=True, kw_only=True)
class Event:
    """The newest decision in the portal that TYTAN did not reject. `on` is its day in Warsaw."""

    kind: str
    on: date
    applied_at: datetime | None
    channel: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a customer's consent stands: `since` its first day, `source` where it was given.

    Without an `email` the address that TYTAN knows is meant.
    """

    active: bool
    since: date | None = None
    source: str = ""
    channel: str = "email"
    email: str | None = None
    phone: str | None = None


def standing(
    event: Event | None, *, given_on: date | None, einvoice_since: date | None, as_of: datetime | None
) -> Standing:
    """Weigh the portal's newest event against TYTAN's `einvoice_since` (the copy as of `as_of`).

    The event decides, but for two cases in which TYTAN knows of a later paper: a consent that was taken over and is
    gone there a day later was withdrawn at the office, and a date later than our withdrawal is a new consent given
    there. `given_on` is the day from which the consent of the event runs.
    """
    by_office = Standing(active=einvoice_since is not None, since=einvoice_since, source=OFFICE)
    if event is None:
        return by_office if by_office.active else Standing(active=False)
    if event.kind == "withdrawn":
        newer = einvoice_since is not None and einvoice_since > event.on
        return by_office if newer else Standing(active=False, source=PORTAL)
    settled = event.applied_at is not None and as_of is not None and as_of > event.applied_at + SETTLES
    if settled and einvoice_since is None:
        return Standing(active=False, source=OFFICE)
    return Standing(
        active=True,
        since=given_on or event.on,
        source=PORTAL,
        channel=event.channel or "email",
        email=event.email,
        phone=event.phone,
    )
