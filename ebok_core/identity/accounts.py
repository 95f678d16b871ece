"""Accounts: who may have one, which customers they act for, their roles and status; one-time links to a password."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.contracts.identity import Viewer
from ebok_core.db import uuid7
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _

from . import rules, sessions
from .access import grants
from .models import Account, AccountRole, CustomerAccess, OneTimeLink
from .recovery.models import LetterCode

_A, _L, _C = Account.__table__, OneTimeLink.__table__, CustomerAccess.__table__
_R, _LETTER = AccountRole.__table__, LetterCode.__table__
SET_PASSWORD = "set_password"  # noqa: S105 - the purpose of a link

_BY_LOGIN = (
    sa.select(
        _A.c.id,
        _A.c.kind,
        _A.c.login,
        _A.c.status,
        _A.c.password_hash,
        _A.c.password_changed_at,
        _A.c.display_name,
        _A.c.password_spoiled_at,
    )
    .where(
        _A.c.kind == sa.bindparam("kind"),
        sa.or_(_A.c.login_key == sa.bindparam("key"), _A.c.email_key == sa.bindparam("key")),
    )
    .order_by(sa.case((_A.c.login_key == sa.bindparam("key"), 0), else_=1))
    .limit(1)
)
_BY_LINK = (
    sa.select(_A.c.id, _A.c.kind, _A.c.login, _A.c.display_name, _A.c.email)
    .join_from(_L, _A, _A.c.id == _L.c.account_id)
    .where(
        _L.c.token_hash == sa.bindparam("token_hash"),
        _L.c.purpose == sa.bindparam("purpose"),
        _L.c.used_at.is_(None),
        _L.c.expires_at > sa.bindparam("now"),
        _A.c.status != "blocked",
    )
)
_LIST = (
    sa.select(
        _A.c.id,
        _A.c.kind,
        _A.c.login,
        _A.c.display_name,
        _A.c.status,
        sa.select(sa.func.aggregate_strings(_R.c.role, ","))
        .where(_R.c.account_id == _A.c.id)
        .scalar_subquery()
        .label("roles"),
        sa.select(sa.func.count()).where(_C.c.account_id == _A.c.id, _C.c.revoked_at.is_(None)).scalar_subquery(),
    )
    .where(sa.or_(_A.c.kind == sa.bindparam("kind"), sa.bindparam("kind") == ""))
    .order_by(_A.c.kind, _A.c.login_key)
)


class Found(NamedTuple):
    """An account as a sign-in looks it up."""

    id: str
    kind: str
    login: str
    status: str
    password_hash: str | None
    password_changed_at: datetime | None
    display_name: str
    password_spoiled_at: datetime | None


class LinkOwner(NamedTuple):
    """Whose password a one-time link sets."""

    id: str
    kind: str
    login: str
    display_name: str
    email: str | None


class Line(NamedTuple):
    """An account in a list: its roles by comma, and how many customers it acts for."""

    id: str
    kind: str
    login: str
    display_name: str
    status: str
    roles: str | None
    customers: int


def add_account(
    session: Session,
    *,
    kind: str,
    login: str,
    display_name: str,
    email: str | None = None,
    password_hash: str | None = None,
    roles: Iterable[str] = (),
    customer_codes: Iterable[str] = (),
    access_role: str = rules.OWNER,
    locale: str = "pl",
    source: str = "admin",
    actor: Viewer | str = audit.SYSTEM,
) -> str:
    """Make an account and return its id. Hash a password before the unit of work begins, or send a one-time link.

    `access_role` is a customer account's role towards its `customer_codes`. A login with @ must be the account's own
    e-mail address, so that nobody takes another's way in. Raises `Refused` with the codes `login_taken`, `login_shape`,
    `roles`.
    """
    login, roles, codes = login.strip(), sorted(set(roles)), sorted(set(customer_codes))
    key, email_key = rules.login_key(login), rules.login_key(email) if email else None
    if kind not in rules.KINDS:
        raise ValueError(f"an account is a customer's or a member of staff's, not {kind!r}")
    if not login.isprintable() or not 3 <= len(login) <= rules.MOST_LOGIN or ("@" in login and key != email_key):
        raise Refused(
            _("Choose a login of at least 3 characters, without @, or the e-mail address"), code="login_shape"
        )
    if (kind == "staff") != bool(roles) or set(roles) - set(rules.STAFF_ROLES):
        raise _unknown_roles()
    now = clock.now_utc()
    account = Account(
        id=uuid7(),
        kind=kind,
        login=login,
        login_key=key,
        email=email,
        email_key=email_key,
        display_name=display_name.strip()[:150],
        password_hash=password_hash,
        password_changed_at=now if password_hash else None,
        status="normal",
        locale=locale,
        created_at=now,
    )
    _store(session, account, roles, codes, source, access_role)
    _record(session, "added", actor, account.id, after={"kind": kind, "roles": roles, "customers": codes})
    return account.id


def _store(
    session: Session, account: Account, roles: list[str], codes: list[str], source: str, access_role: str
) -> None:
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError as error:
        raise Refused(_("This login or e-mail address already has an account"), code="login_taken") from error
    session.add_all(AccountRole(account_id=account.id, role=role) for role in roles)
    for code in codes:
        grants.add(session, account.id, code, source=source, role=access_role)
    session.flush()


def _unknown_roles() -> Refused:
    allowed = ", ".join(rules.STAFF_ROLES)
    return Refused(_("An account of staff has roles of this list: %(roles)s", roles=allowed), code="roles")


def set_roles(session: Session, account_id: str, roles: Iterable[str], *, actor: Viewer | str = audit.SYSTEM) -> None:
    """Give a member of staff these roles and no other; they act at the next request (S07).

    Raises `Refused` with `roles` for an unknown or empty set, `last_admin` when nobody would be left to administer,
    `own_rights` for who changes their own.
    """
    wanted = set(roles)
    _refuse_own(account_id, actor)
    if not wanted or wanted - set(rules.STAFF_ROLES):
        raise _unknown_roles()
    before = set(session.scalars(sa.select(_R.c.role).where(_R.c.account_id == account_id)))
    if "admin" in before - wanted:
        _keep_an_admin(session, account_id)
    session.execute(sa.delete(_R).where(_R.c.account_id == account_id))
    session.execute(sa.insert(_R), [{"account_id": account_id, "role": role} for role in sorted(wanted)])
    _record(session, "roles_changed", actor, account_id, before={"roles": before}, after={"roles": wanted})


def set_status(
    session: Session, account_id: str, status: str, *, reason: str, actor: Viewer | str = audit.SYSTEM
) -> None:
    """Set an account's status (L06); `blocked` ends its sessions, `reason` stands on its owner's pages.

    Raises `NotFound`, `Refused` with `last_admin` or `own_rights`.
    """
    if status not in rules.STATUSES:
        raise ValueError(f"unknown status {status!r}")
    _refuse_own(account_id, actor)
    account = session.get(Account, account_id, with_for_update=True)
    if account is None:
        raise NotFound(_("There is no such account."))
    before, account.status = account.status, status
    account.status_reason = None if status == "normal" else reason[:500]
    if status == "blocked":
        _keep_an_admin(session, account_id)
        by = actor.account_id if isinstance(actor, Viewer) else None
        sessions.end_all(session, account_id, "blocked", by=by)
    session.flush()
    _record(
        session, "status_changed", actor, account_id, before={"status": before}, after={"status": status}, reason=reason
    )


def find(session: Session, typed: str, kind: str) -> Found | None:
    """The account of a typed login or e-mail address, at one of the two entries."""
    key = rules.login_key(typed)
    if not key or len(key) > rules.MOST_LOGIN or "\0" in key:
        key = "\N{REPLACEMENT CHARACTER}"  # nobody's, and the same work
    row = session.execute(_BY_LOGIN, {"kind": kind, "key": key}).first()
    return Found._make(row) if row else None


def listed(session: Session, kind: str = "") -> list[Line]:
    """All accounts, or those of one kind, by login."""
    return [Line._make(row) for row in session.execute(_LIST, {"kind": kind})]


# One-time links (security.md S10)


def make_link(session: Session, account_id: str, *, actor: Viewer | str = audit.SYSTEM) -> tuple[str, datetime]:
    """A link's token and until when it works; former links of the account are void. Only a hash is kept."""
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound(_("There is no such account."))
    void_links(session, account_id)
    now, token = clock.now_utc(), secrets.token_urlsafe(32)
    expires = now + (rules.RESET_LIVES if account.password_hash else rules.INVITATION_LIVES)
    session.add(
        OneTimeLink(
            id=uuid7(),
            token_hash=hashlib.sha256(token.encode()).hexdigest(),
            purpose=SET_PASSWORD,
            account_id=account_id,
            created_at=now,
            created_by=actor.account_id if isinstance(actor, Viewer) else actor,
            expires_at=expires,
        )
    )
    session.flush()
    _record(session, "link_made", actor, account_id, after={"purpose": SET_PASSWORD, "until": expires})
    return token, expires


def owner_of_link(session: Session, token: str) -> LinkOwner | None:
    """Whose password a token may still set; looking does not use it up."""
    values = {"token_hash": _hash(token), "purpose": SET_PASSWORD, "now": clock.now_utc()}
    row = session.execute(_BY_LINK, values).first()
    return LinkOwner._make(row) if row else None


def use_link(session: Session, token: str) -> bool:
    """Use a token up; of two at once one gets True."""
    used = session.execute(
        sa.update(_L)
        .where(
            _L.c.token_hash == _hash(token),
            _L.c.purpose == SET_PASSWORD,
            _L.c.used_at.is_(None),
            _L.c.expires_at > clock.now_utc(),
        )
        .values(used_at=clock.now_utc())
    )
    return bool(used.rowcount)


def void_links(session: Session, account_id: str) -> None:
    """A newer link, a new password or a new address makes every older link worthless."""
    session.execute(
        sa.update(_L).where(_L.c.account_id == account_id, _L.c.used_at.is_(None)).values(used_at=clock.now_utc())
    )


def use_letters(session: Session, account_id: str) -> None:
    """A password that was set makes every letter with a code worthless."""
    session.execute(
        sa.update(_LETTER)
        .where(_LETTER.c.account_id == account_id, _LETTER.c.used_at.is_(None), _LETTER.c.voided_at.is_(None))
        .values(used_at=clock.now_utc(), sealed_code=None)
    )


def void_letters(session: Session, account_id: str) -> None:
    """A newer letter or a new address makes every older letter with a code worthless."""
    session.execute(
        sa.update(_LETTER)
        .where(_LETTER.c.account_id == account_id, _LETTER.c.used_at.is_(None), _LETTER.c.voided_at.is_(None))
        .values(voided_at=clock.now_utc(), sealed_code=None)
    )


def is_spoiled(session: Session, viewer: Viewer) -> bool:
    """Whether the viewer's password must be changed because others may know it."""
    return session.scalar(sa.select(_A.c.password_spoiled_at).where(_A.c.id == viewer.account_id)) is not None


def spoil_password(session: Session, account_id: str) -> None:
    """From now on the password of an account opens nothing but the page that changes it."""
    session.execute(sa.update(_A).where(_A.c.id == account_id).values(password_spoiled_at=clock.now_utc()))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _refuse_own(account_id: str, actor: Viewer | str) -> None:
    """Nobody takes rights from oneself, or gives them: another administrator does."""
    if isinstance(actor, Viewer) and actor.account_id == account_id:
        raise Refused(_("You can't change your own rights. Ask another administrator"), code="own_rights")


def _keep_an_admin(session: Session, but: str) -> None:
    """The last administrator can't be removed (identity.md §9)."""
    admins = (
        sa.select(_A.c.id)
        .join(_R, _R.c.account_id == _A.c.id)
        .where(_R.c.role == "admin")
        .order_by(_A.c.id)
        .with_for_update(of=_A)
    )
    held = session.scalars(admins).all()
    left = sa.select(sa.func.count()).where(_A.c.id.in_([i for i in held if i != but]), _A.c.status != "blocked")
    if but in held and not session.scalar(left):
        raise Refused(_("This is the last administrator. Make another one first"), code="last_admin")


def _record(session: Session, verb: str, actor: Viewer | str, account_id: str, **details: object) -> None:
    audit.record(
        session,
        f"core.account.{verb}",
        actor=actor,
        object_type="account",
        object_id=account_id,
        **details,  # type: ignore[arg-type]
    )
