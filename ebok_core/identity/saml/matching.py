"""Whose account a verified person gets: the identity's HMAC, the customers of the copy, the accounts that act for them.

One function makes the HMAC for both sides: the copy's own (`tytan.validate.secret_hmac`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.db import uuid7
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity import rules as identity_rules
from ebok_core.identity.access import grants
from ebok_core.identity.models import Account, CustomerAccess
from ebok_core.tytan.validate import secret_hmac

from . import rules, tasks, tytan
from .models import ExternalIdentity
from .rules import Decision, Found
from .settings import EpuapConfig

if TYPE_CHECKING:
    from ebok_core.settings import CoreSettings

_I, _A, _C = ExternalIdentity.__table__, Account.__table__, CustomerAccess.__table__
_ACTING = (
    sa.select(_C.c.customer_code, _C.c.account_id, _I.c.id.label("identity"))
    .join_from(_C, _A, _A.c.id == _C.c.account_id)
    .outerjoin(_I, _I.c.account_id == _C.c.account_id)
    .where(
        _C.c.customer_code.in_(sa.bindparam("codes", expanding=True)),
        _C.c.revoked_at.is_(None),
        _C.c.role == identity_rules.OWNER,
        sa.or_(_C.c.valid_to.is_(None), _C.c.valid_to >= sa.bindparam("today", type_=sa.Date)),
        _A.c.kind == "customer",
    )
    .order_by(_A.c.created_at)
)
_WK_ACCESSES = (
    sa.select(_C.c.account_id, _C.c.customer_code, _I.c.hmac)
    .join_from(_C, _I, _I.c.account_id == _C.c.account_id)
    .where(_C.c.source == rules.SOURCE, _C.c.revoked_at.is_(None), _I.c.key_id == sa.bindparam("key_id"))
)


@dataclass(frozen=True, kw_only=True)
class Verified:
    """A person who came back, without the number: `marks` are pairs of a key's id and an HMAC, the key of now first."""

    issuer: str
    marks: tuple[tuple[str, str], ...]
    is_pesel: bool
    given: str = field(repr=False)
    family: str = field(repr=False)
    level: str
    authority: str
    name_id: str = field(repr=False)
    session_index: str = field(repr=False)

    @property
    def mark(self) -> tuple[str, str]:
        """The pair under the key of now."""
        return self.marks[0]


def key_id(key: str) -> str:
    """A short name of an HMAC key that does not tell it."""
    return hashlib.sha256(f"ebok-key-id:{key}".encode()).hexdigest()[:16]


def marks_of(settings: CoreSettings, identifier: str) -> tuple[tuple[str, str], ...]:
    """The HMACs of an identifier under the key of now and former ones."""
    keys = (settings.audit_key, *settings.audit_key_fallbacks)
    return tuple((key_id(key), secret_hmac(key, identifier)) for key in keys)


def identity_of(session: Session, person: Verified) -> ExternalIdentity | None:
    """The known identity of a person; one kept under a former key is kept under the key of now from here on."""
    found: ExternalIdentity | None = None
    for key, hmac in person.marks:
        found = session.scalars(
            sa.select(ExternalIdentity).where(_I.c.issuer == person.issuer, _I.c.key_id == key, _I.c.hmac == hmac)
        ).first()
        if found is not None:
            break
    if found is not None:
        if (found.key_id, found.hmac) != person.mark:
            found.key_id, found.hmac = person.mark
            _record(session, "rekeyed", audit.SYSTEM, found.account_id)
        found.used_at, found.level, found.authority = clock.now_utc(), person.level, person.authority
        session.flush()
    return found


def of_account(session: Session, account_id: str) -> ExternalIdentity | None:
    """The identity that is linked to an account."""
    return session.scalars(sa.select(ExternalIdentity).where(_I.c.account_id == account_id)).first()


def found_for(session: Session, person: Verified, config: EpuapConfig, account: str | None) -> list[Found]:
    """The customers with the person's number, and who acts for them; none for a foreign identifier."""
    customers = tytan.customers_of(session, person.mark[1]) if person.is_pesel else []
    rows = session.execute(_ACTING, {"codes": [c.code for c in customers], "today": clock.today()}).all()
    closed = {identity_rules.plain(word.strip()) for word in config.closed_words.splitlines() if word.strip()}
    return [
        Found(
            code=customer.code,
            name_agrees=rules.names_agree(person.given, person.family, customer.name),
            is_company=bool(customer.nip),
            is_closed=identity_rules.plain(customer.status) in closed,
            owners=tuple(r.account_id for r in rows if r.customer_code == customer.code and r.identity is None),
            is_ours=any(r.account_id == account for r in rows if r.customer_code == customer.code),
        )
        for customer in customers
    ]


def link(session: Session, person: Verified, account_id: str, actor: Any) -> None:
    """The identity is this account's from now on.

    Raises `Refused` with `linked` where the account has another identity, or the identity another account.
    """
    known, own = identity_of(session, person), of_account(session, account_id)
    if known is not None and known.account_id == account_id:
        return
    if known is not None or own is not None:
        raise Refused(_elsewhere(), code="linked")
    now = clock.now_utc()
    row = ExternalIdentity(
        id=uuid7(),
        issuer=person.issuer,
        key_id=person.mark[0],
        hmac=person.mark[1],
        is_pesel=person.is_pesel,
        account_id=account_id,
        authority=person.authority,
        level=person.level,
        linked_at=now,
        used_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as error:
        raise Refused(_elsewhere(), code="linked") from error
    _record(session, "linked", actor, account_id, after={"issuer": person.issuer, "authority": person.authority})


def _elsewhere() -> str:
    return _("This account is linked with another person, or this person with another account")


def unlink(session: Session, account_id: str, actor: Any) -> None:
    """The account and the person are strangers again; customers stay. Raises `NotFound`."""
    own = of_account(session, account_id)
    if own is None:
        raise NotFound(_("This account is not linked with login.gov.pl."))
    session.delete(own)
    session.flush()
    _record(session, "unlinked", actor, account_id, before={"issuer": own.issuer, "authority": own.authority})


def open_customers(session: Session, account_id: str, decision: Decision, found: Iterable[Found]) -> None:
    """Give the account the customers of the decision: those whose contract has ended to look at only (I)."""
    closed = {c.code for c in found if c.is_closed}
    for code in decision.link:
        role = identity_rules.OBSERVER if code in closed else identity_rules.OWNER
        try:
            grants.grant_access(session, account_id, code, source=rules.SOURCE, role=role)
        except Refused:
            continue  # it acts for the customer already, in another role


def hand_over(session: Session, person: Verified, decision: Decision, found: Iterable[Found]) -> None:
    """Put down for the office what the person does not get (D, E, G)."""
    agreeing = {c.code for c in found if c.name_agrees}
    for code in decision.office:
        tasks.put_down(
            session,
            tasks.OWNED if code in agreeing else tasks.NAMES,
            f"{person.mark[1][:40]}:{code}",
            customer_code=code,
            person=f"{person.given} {person.family}"[:300],
        )


def forget_changed(session: Session, settings: CoreSettings) -> int:
    """K: take back what login.gov.pl opened where billing has another number now; returns how many accesses ended."""
    rows = session.execute(_WK_ACCESSES, {"key_id": key_id(settings.audit_key)}).all()
    known = tytan.numbers_of(session, {row.customer_code for row in rows}) if rows else {}
    ended = 0
    for row in rows:
        if row.customer_code in known and known[row.customer_code] != row.hmac:
            reason = _("Billing has another PESEL now")
            grants.revoke_access(session, row.account_id, row.customer_code, reason=reason)
            ended += 1
    return ended


def _record(session: Session, verb: str, actor: Any, account_id: str, **details: Any) -> None:
    audit.record(session, f"core.external.{verb}", actor=actor, object_type="account", object_id=account_id, **details)
