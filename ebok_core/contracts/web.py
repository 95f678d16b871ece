"""Contracts of pages: zones, mounted blueprints, menu entries, cards, slots, public blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Blueprint
    from sqlalchemy.orm import Session

    from .identity import Permission, Viewer


class Zone(Enum):
    """Where a page lives; each zone's guard runs before any view in it."""

    PUBLIC = "public"
    CUSTOMER = "customer"
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A blueprint in a zone. Its rules must begin with the module's own Polish prefix (`/odczyty/`).

    `permission` is asked for by the zone's guard before any view of the blueprint runs; an admin mount must have one.
    `with_money`, here as elsewhere: it is there only while some module deals in money. `own_account`: pages of one
    person's own account (password, devices, consents), which a member of staff's preview never opens.
    """

    zone: Zone
    blueprint: Blueprint
    permission: Permission | None = None
    with_money: bool = False
    own_account: bool = False


@dataclass(frozen=True, kw_only=True)
class MenuEntry:
    """One entry of a zone's menu.

    `endpoint` carries its zone (`customer.odczyt.index`), `arguments` what its address needs. `parent` is the key of
    the entry it stands under: the admin menu has the groups `core.service`, `core.start`, `core.configuration` and
    `core.help`, the customer's `core.payments` while there is money. Entries are ordered by `(order, key)` and left out
    when the viewer lacks `permission`. `icon` is a name of the icon set.
    """

    key: str
    zone: Zone
    label: str
    endpoint: str | None = None
    arguments: tuple[tuple[str, str], ...] = ()
    permission: Permission | None = None
    parent: str | None = None
    icon: str | None = None
    order: int = 100
    with_money: bool = False


@dataclass(frozen=True, kw_only=True)
class DashboardCard:
    """A card on the customer's start page.

    `load(session, viewer)` runs in the page's read snapshot, guarded and timed; None leaves the card out, else the
    mapping is the template's context. `area` is one of `key`, `next`, `main`: the key block, the list "Co teraz zrobić"
    (its template renders `li` elements), the sections below.
    """

    key: str
    template: str
    load: Callable[[Session, Viewer], Mapping[str, Any] | None]
    permission: Permission | None = None
    area: str = "main"
    order: int = 100


@dataclass(frozen=True, kw_only=True)
class SlotFragment:
    """A fragment for a named slot of another page, such as `core.customer_actions`.

    `load(session, viewer, **subject)` gets what the page passes to the slot; None leaves the fragment out.
    """

    key: str
    slot: str
    template: str
    load: Callable[..., Mapping[str, Any] | None]
    permission: Permission | None = None
    order: int = 100


@dataclass(frozen=True, kw_only=True)
class PublicEntry:
    """A block on the page shown before sign-in (L28); `load(session)` as for a card."""

    key: str
    template: str
    load: Callable[[Session], Mapping[str, Any] | None]
    order: int = 100


@dataclass(frozen=True, kw_only=True)
class HelpPage:
    """A page of Pomoc (L95, L163); `endpoints` are the pages whose help link leads here."""

    key: str
    zone: Zone
    title: str
    template: str
    endpoints: tuple[str, ...] = ()
    order: int = 100


@dataclass(frozen=True, kw_only=True)
class CspSource:
    """An external origin that the pages of one blueprint need, for one CSP directive (`form-action`, `img-src`)."""

    directive: str
    origin: str
    endpoints: tuple[str, ...] = field(default=())
