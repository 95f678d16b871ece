"""Deleting an account: the wish, undoing it, and what an administrator asks for. `erasing` does the rest (§10.6)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ebok_core import audit, clock, runtime_settings
from ebok_core.contracts.identity import Viewer
from ebok_core.db import uuid7
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity import accounts, sessions
from ebok_core.identity.access.models import Delegation
from ebok_core.identity.access.rules import OFFERED
from ebok_core.identity.models import Account, CustomerAccess

from .. import duties
from ..models import AccountDeletion
from ..settings import RetentionConfigSchema
from . import notices, rules

_W, _A, _C = AccountDeletion.__table__, Account.__table__, CustomerAccess.__table__
_D = Delegation.__table__
SUSPENDED, BLOCKED = "suspended", "blocked"
# By this reason an undone deletion finds the rights again that it took away.
_TAKEN = "deletion {}"


class Waiting(NamedTuple):
    """A deletion that waits: whose, since when, until when it can be undone."""

    id: str
    account_id: str
    way: str
    reason: str
    asked_at: datetime
    due_at: datetime
    status_before: str


class Person(NamedTuple):
    """An account as the panel's page finds it; `code` is one of its customers."""

    id: str
    login: str
    display_name: str
    email: str | None
    status: str
    codes: tuple[str, ...]


_FIELDS = tuple(_W.c[name] for name in Waiting._fields)
_OF_ACCOUNT = sa.select(*_FIELDS).where(_W.c.account_id == sa.bindparam("account_id"), _W.c.state == rules.WAITING)
_OF_TOKEN = sa.select(*_FIELDS).where(
    _W.c.token_hash == sa.bindparam("token_hash"),
    _W.c.state == rules.WAITING,
    _W.c.due_at > sa.bindparam("now", type_=_W.c.due_at.type),
)
_CODES = sa.select(_C.c.account_id, _C.c.customer_code).where(
    _C.c.account_id.in_(sa.bindparam("ids", expanding=True)), _C.c.revoked_at.is_(None)
)
MOST_FOUND = 20


def waiting_of(session: Session, account_id: str) -> Waiting | None:
    """The deletion of an account that waits, or None."""
    row = session.execute(_OF_ACCOUNT, {"account_id": account_id}).first()
    return Waiting._make(row) if row else None


def by_token(session: Session, token: str) -> Waiting | None:
    """The deletion that the link of a mail may still undo; looking does not use it up."""
    row = session.execute(_OF_TOKEN, {"token_hash": _hash(token), "now": clock.now_utc()}).first()
    return Waiting._make(row) if row else None


def ask(session: Session, viewer: Viewer) -> datetime:
    """The person's own wish: suspended from now on, all sessions end, rights given to others end; returns when due.

    Raises `Refused` with `waiting` when it was asked for already.
    """
    return _begin(session, viewer.account_id, viewer, rules.OWN, rules.WISH, SUSPENDED)


def order(session: Session, viewer: Viewer, account_id: str, reason: str) -> datetime:
    """An administrator's order: nobody enters the account from now on; returns when it is erased.

    Raises `NotFound` for what is no customer's account, `Refused` with `waiting`.
    """
    if reason not in rules.REASONS:
        raise ValueError(f"unknown reason {reason!r}")
    return _begin(session, account_id, viewer, rules.OFFICE, reason, BLOCKED)


def _begin(session: Session, account_id: str, viewer: Viewer, way: str, reason: str, status: str) -> datetime:
    account = session.get(Account, account_id, with_for_update=True)
    if account is None or account.kind != "customer":
        raise NotFound(_("There is no such account."))
    now = clock.now_utc()
    grace = runtime_settings.get(session, RetentionConfigSchema).grace_days
    token, deletion_id, due = secrets.token_urlsafe(32), uuid7(), rules.due(now, reason, grace)
    row = {
        "id": deletion_id,
        "account_id": account_id,
        "way": way,
        "reason": reason,
        "asked_by": viewer.account_id,
        "asked_at": now,
        "due_at": due,
        "status_before": account.status,
        "token_hash": _hash(token) if way == rules.OWN else None,
        "state": rules.WAITING,
    }
    try:
        with session.begin_nested():
            session.execute(sa.insert(_W), row)
    except IntegrityError as error:
        raise Refused(_("This account is waiting to be deleted already"), code="waiting") from error
    account.status = status
    session.flush()
    accounts.void_links(session, account_id)
    sessions.end_all(session, account_id, "deleted")
    taken = _take_rights(session, account_id, deletion_id)
    notices.tell(session, account_id, deletion_id, way=way, due=due, at_once=reason in rules.AT_ONCE, token=token)
    audit.record(
        session,
        "core.account.deletion_asked",
        actor=viewer,
        object_type="account",
        object_id=account_id,
        before={"status": row["status_before"]},
        after={"status": status, "due": due, "way": way, "rights_ended": taken},
        reason=reason,
    )
    return due


def _take_rights(session: Session, account_id: str, deletion_id: str) -> int:
    """End the rights that the person gave to others, and their invitations: nobody acts for who is leaving."""
    session.execute(
        sa.update(_D)
        .where(_D.c.granted_by == account_id, _D.c.state == OFFERED)
        .values(expires_at=clock.now_utc(), token_hash=None)
    )
    ended = session.execute(
        sa.update(_C)
        .where(_C.c.granted_by == account_id, _C.c.revoked_at.is_(None), _C.c.account_id != account_id)
        .values(revoked_at=clock.now_utc(), reason=_TAKEN.format(deletion_id))
    )
    return int(ended.rowcount)  # type: ignore[attr-defined]


def undo(session: Session, waiting: Waiting, *, actor: Viewer | str) -> None:
    """Take a deletion back: the status and the rights given to others stand as before. Raises `NotFound`."""
    undone = session.execute(
        sa.update(_W)
        .where(_W.c.id == waiting.id, _W.c.state == rules.WAITING)
        .values(state=rules.UNDONE, ended_at=clock.now_utc(), token_hash=None)
    )
    if not undone.rowcount:  # type: ignore[attr-defined]
        raise NotFound(_("This deletion can't be undone any more."))
    session.execute(sa.update(_A).where(_A.c.id == waiting.account_id).values(status=waiting.status_before))
    _give_rights_back(session, waiting)
    duties.done(session, waiting.account_id)
    audit.record(
        session,
        "core.account.deletion_undone",
        actor=actor,
        object_type="account",
        object_id=waiting.account_id,
        after={"status": waiting.status_before},
    )


def _give_rights_back(session: Session, waiting: Waiting) -> None:
    """Those that nothing has taken the place of: an account has one living access to a customer."""
    living = _C.alias("living")
    taken_again = sa.exists(
        sa.select(living.c.id).where(
            living.c.account_id == _C.c.account_id,
            living.c.customer_code == _C.c.customer_code,
            living.c.revoked_at.is_(None),
        )
    )
    session.execute(
        sa.update(_C)
        .where(_C.c.reason == _TAKEN.format(waiting.id), ~taken_again)
        .values(revoked_at=None, reason=None),
        execution_options={"synchronize_session": False},
    )


# The panel


def found(session: Session, typed: str) -> list[Person]:
    """Customers' accounts by login, e-mail, name or customer code, as typed; a few at most."""
    like = f"%{_escaped(typed.strip())}%"
    has_code = sa.exists(
        sa.select(_C.c.id).where(
            _C.c.account_id == _A.c.id,
            _C.c.revoked_at.is_(None),
            _C.c.customer_code.ilike(like, escape="\\"),
        )
    )
    fits = sa.or_(
        *(_A.c[name].ilike(like, escape="\\") for name in ("login", "email", "display_name")),
        has_code,
    )
    return _people(session, sa.select(_A).where(_A.c.kind == "customer", fits).order_by(_A.c.login).limit(MOST_FOUND))


def person(session: Session, account_id: str) -> Person:
    """One customer's account. Raises `NotFound`."""
    people = _people(session, sa.select(_A).where(_A.c.kind == "customer", _A.c.id == account_id))
    if not people:
        raise NotFound(_("There is no such account."))
    return people[0]


def waiting_by_office(session: Session) -> list[tuple[Person, Waiting]]:
    """Deletions that wait, the soonest first, with whose they are."""
    rows = session.execute(sa.select(*_FIELDS).where(_W.c.state == rules.WAITING).order_by(_W.c.due_at).limit(200))
    waiting = [Waiting._make(row) for row in rows]
    ids = [item.account_id for item in waiting]
    people = {p.id: p for p in _people(session, sa.select(_A).where(_A.c.id.in_(ids)))} if ids else {}
    return [(people[item.account_id], item) for item in waiting if item.account_id in people]


def confirms(person: Person, typed: str) -> bool:
    """Whether what was typed names this account: its login or the code of one of its customers (L160)."""
    return typed.strip().casefold() in {person.login.casefold(), *(code.casefold() for code in person.codes)}


def _people(session: Session, statement: sa.Select[Any]) -> list[Person]:
    rows = session.execute(statement).all()
    codes: dict[str, list[str]] = {row.id: [] for row in rows}
    if rows:
        for account_id, code in session.execute(_CODES, {"ids": list(codes)}):
            codes[account_id].append(code)
    return [_person(row._mapping, codes) for row in rows]


def _person(row: Mapping[Any, Any], codes: Mapping[str, list[str]]) -> Person:
    return Person(
        row["id"], row["login"], row["display_name"], row["email"], row["status"], tuple(sorted(codes[row["id"]]))
    )


def _escaped(text: str) -> str:
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, f"\\{sign}")
    return text


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
