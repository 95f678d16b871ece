"""Contracts of people: permissions, the viewer, ways to sign in, proofs of identity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, kw_only=True)
class Permission:
    """A right that a module checks. `roles` are the ready-made roles that have it unless a utility says otherwise.

    The roles of the core towards a customer: `customer` is the owner, who may do everything, beside whom stand
    `customer_manager`, `customer_payer` and `customer_observer` (identity.md §8.4); whom a permission does not name
    lacks it. For staff: `clerk`, `observer`, `accountant`, `dispatcher`, `fitter`, `editor`, `admin` (P75).
    """

    key: str
    title: str
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """In whose name a page acts. Built by a zone's guard once per request; services take it, never an id.

    `customer_codes` are all customers of the account, `customer_code` the one acted for (None for staff), `role` the
    role towards this one: `owner`, `manager`, `payer` or `observer`. `narrowed` names the points of those customers who
    are reached only in part; `tytan.reads` binds them. `status` is the account's, `normal` or `suspended` (L06).
    """

    account_id: str
    kind: str
    login: str
    display_name: str
    permissions: frozenset[str]
    customer_codes: tuple[str, ...] = ()
    customer_code: str | None = None
    role: str = ""
    narrowed: tuple[tuple[str, tuple[str, ...]], ...] = ()
    email: str | None = None
    locale: str = "pl"
    session_id: str | None = None
    status: str = "normal"

    @property
    def is_preview(self) -> bool:
        """Whether a member of staff looks as this customer (P78): nothing read counts, nothing can be changed."""
        return self.kind == "staff" and self.customer_code is not None

    @property
    def points(self) -> tuple[str, ...] | None:
        """The service points of the acting customer that are in reach; None for all of them."""
        return dict(self.narrowed).get(self.customer_code or "")

    def may(self, permission: Permission | None) -> bool:
        """Tell whether the viewer has the permission; None asks for nothing."""
        return permission is None or permission.key in self.permissions


class LoginMethod(Protocol):
    """A further way to sign in, shown as a button on the sign-in page.

    With an attribute `posts` that is true the button posts to the endpoint, else it is a link. A method
    `title_in(session)` gives a text that is a setting.
    """

    key: str
    title: str
    endpoint: str

    def is_configured(self, session: Session) -> bool:
        """Tell whether the button is shown."""


@dataclass(frozen=True, kw_only=True)
class ProofField:
    """One thing that a registration asks for beside the customer code.

    `kind` is `text` or `amount` (złoty, written as people write it; the proof carries it as `1234.56`).
    """

    name: str
    label: str
    hint: str = ""
    kind: str = "text"
    most: int = 60


@dataclass(frozen=True, kw_only=True)
class RegistrationVerifier:
    """A proof that a person belongs to a customer (P02): what the form asks for, and the comparison with the copy.

    `verify(session, customer_code, proof)` gets what was typed and gives the code as TYTAN writes it, or None. It runs
    in the worker, so that no page can tell by its time what is known; it may be called again. `figure` is a template
    that shows where on paper to look. Of several verifiers the first by `(order, key)` is in use, the core's the last.
    """

    key: str
    title: str
    fields: tuple[ProofField, ...]
    verify: Callable[[Session, str, Mapping[str, str]], str | None]
    figure: str = ""
    order: int = 100
