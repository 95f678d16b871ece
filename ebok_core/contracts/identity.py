"""Contracts of people: permissions, the viewer, ways to sign in, proofs of identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, kw_only=True)
class Permission:
    """A right that a module checks. `roles` are the ready-made roles that have it unless a utility says otherwise.

    The roles of the core: `customer`, and for staff `clerk`, `observer`, `accountant`, `dispatcher`, `fitter`,
    `editor`, `admin` (P75).
    """

    key: str
    title: str
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """In whose name a page acts. Built by a zone's guard once per request; services take it, never an id.

    `customer_codes` are all customers of the account, `customer_code` the one acted for (None for staff). `status` is
    the account's, `normal` or `suspended` (L06).
    """

    account_id: str
    kind: str
    login: str
    display_name: str
    permissions: frozenset[str]
    customer_codes: tuple[str, ...] = ()
    customer_code: str | None = None
    email: str | None = None
    locale: str = "pl"
    session_id: str | None = None
    status: str = "normal"

    def may(self, permission: Permission | None) -> bool:
        """Tell whether the viewer has the permission; None asks for nothing."""
        return permission is None or permission.key in self.permissions


class LoginMethod(Protocol):
    """A further way to sign in, shown as a button on the sign-in page."""

    key: str
    title: str
    endpoint: str

    def is_configured(self, session: Session) -> bool:
        """Tell whether the button is shown."""


class RegistrationVerifier(Protocol):
    """A proof that a person belongs to a customer code (P02)."""

    key: str
    title: str

    def verify(self, session: Session, customer_code: str, proof: Mapping[str, Any]) -> bool:
        """Compare the proof with the copy; the same work for known and unknown codes."""
