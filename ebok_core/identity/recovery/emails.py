"""Another e-mail address (identity.md §6.3, §6.7): asked for with the password, said yes to from its own mailbox.

The old address stays until then. Whether an address belongs to somebody else, its mailbox alone learns (S11).
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ebok_core import audit, clock, i18n
from ebok_core.contracts.identity import Viewer
from ebok_core.db import uuid7
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity import accounts, notices, throttle
from ebok_core.identity.models import Account
from ebok_core.identity.registration import rules as registration
from ebok_core.identity.rules import login_key
from ebok_core.identity.signin import Delayed

from . import mails, rules
from .models import EmailChange

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

SUBJECT = "core.email_change"
_C, _A = EmailChange.__table__, Account.__table__
_WAITS = (
    _C.c.confirmed_at.is_(None),
    _C.c.voided_at.is_(None),
    _C.c.expires_at > sa.bindparam("now", type_=_C.c.expires_at.type),
)
_WAITING = sa.select(_C.c.email, _C.c.expires_at).where(_C.c.account_id == sa.bindparam("account_id"), *_WAITS)
_BY_TOKEN = (
    sa.select(_C.c.id, _C.c.account_id, _C.c.email, _A.c.login, _A.c.display_name, _A.c.kind, _A.c.email.label("now"))
    .join_from(_C, _A, _A.c.id == _C.c.account_id)
    .where(_C.c.token_hash == sa.bindparam("token_hash"), *_WAITS, _A.c.status != "blocked")
)
# Also what an account of the other kind is called: logins are one namespace.
_TAKEN = sa.select(_A.c.id).where(
    _A.c.id != sa.bindparam("account_id"),
    sa.or_(
        _A.c.login_key == sa.bindparam("key"),
        sa.and_(_A.c.kind == sa.bindparam("kind"), _A.c.email_key == sa.bindparam("key")),
    ),
)


class Waiting(NamedTuple):
    """An address that was not confirmed yet, and until when its link works."""

    email: str
    until: datetime


class Asked(NamedTuple):
    """What a link would do: which address, for whose account."""

    email: str
    login: str
    display_name: str
    kind: str


def ask(runtime: Runtime, session: Session, viewer: Viewer, email: str) -> None:
    """Send a link to the new address and a notice to the old one; what was asked for before is void.

    The caller has asked for the password. Raises `Delayed` after three questions in an hour, `Refused` with `same`.
    The same work and the same words whether the address is somebody's or free.
    """
    until = throttle.take(session, {f"email:{viewer.account_id}": rules.PER_ACCOUNT})
    if until:
        raise Delayed(until)
    owner = session.get_one(Account, viewer.account_id, with_for_update=True)
    key = login_key(email)
    if key == owner.email_key:
        raise Refused(_("This is your address now. Write another one"), code="same")
    cancel(session, viewer.account_id)
    now, token = clock.now_utc(), secrets.token_urlsafe(32)
    change = EmailChange(
        id=uuid7(),
        account_id=owner.id,
        email=email,
        token_hash=_hash(token),
        created_at=now,
        expires_at=now + rules.EMAIL_LINK_LIVES,
    )
    session.add(change)
    session.flush()
    taken = session.execute(_TAKEN, {"account_id": owner.id, "key": key, "kind": owner.kind}).first() is not None
    if throttle.take(session, {_mailbox(runtime, email): registration.PER_MAILBOX}) is None:
        with i18n.use_locale(owner.locale):
            lapses = i18n.instant_in_words(change.expires_at)
        mails.send(
            session,
            mails.EMAIL_TAKEN if taken else mails.EMAIL_LINK,
            email,
            subject=(SUBJECT, change.id, 1),
            locale=owner.locale,
            path=mails.SIGN_IN_PATH if taken else f"{mails.CONFIRM_PATH}{token}",
            login=owner.login,
            until=lapses,
        )
    notices.tell_owner(session, notices.EMAIL_ASKED, owner.id, address=rules.masked(email))
    _record(session, "asked", viewer, owner.id, after={"email": audit.personal(session, key)})


def waiting(session: Session, viewer: Viewer) -> Waiting | None:
    """The viewer's address that waits for its yes."""
    row = session.execute(_WAITING, {"account_id": viewer.account_id, "now": clock.now_utc()}).first()
    return Waiting._make(row) if row else None


def cancel(session: Session, account_id: str) -> bool:
    """The link of an address that waits works no longer; False where none waits."""
    voided = session.execute(
        sa.update(_C)
        .where(_C.c.account_id == account_id, _C.c.confirmed_at.is_(None), _C.c.voided_at.is_(None))
        .values(voided_at=clock.now_utc())
    )
    return bool(voided.rowcount)


def withdraw(session: Session, viewer: Viewer) -> None:
    """The viewer does not want the new address any more. Raises `NotFound` where none waits."""
    if not cancel(session, viewer.account_id):
        raise NotFound(_("There is no new address to confirm."))
    _record(session, "withdrawn", viewer, viewer.account_id)


def asked(session: Session, token: str) -> Asked | None:
    """What a token would do; looking does not use it up."""
    row = _row(session, token)
    return Asked(row.email, row.login, row.display_name, row.kind) if row else None


def confirm(session: Session, token: str) -> Asked:
    """The new address is the account's: also its login, where that was the old address. Both addresses get a notice.

    Raises `NotFound` for a link that is used, lapsed or void, `Refused` with `taken` where the address became
    somebody's meanwhile (the database decides).
    """
    row = _row(session, token)
    used = row is not None and session.execute(
        sa.update(_C)
        .where(_C.c.id == row.id, _C.c.confirmed_at.is_(None), _C.c.voided_at.is_(None))
        .values(confirmed_at=clock.now_utc(), former_email=row.now)
    )
    if row is None or not used.rowcount:
        raise NotFound(_("This link no longer works. Ask for a new one"))
    owner = session.get_one(Account, row.account_id, with_for_update=True)
    before = owner.email_key
    follows = before is not None and owner.login_key == before
    key = login_key(row.email)
    values = {"email": row.email, "email_key": key}
    values |= {"login": row.email, "login_key": key} if follows else {}
    try:
        with session.begin_nested():
            session.execute(sa.update(_A).where(_A.c.id == owner.id).values(values))
    except IntegrityError as error:
        raise Refused(_("This address can't be used. Choose another one"), code="taken") from error
    session.expire(owner)
    accounts.void_links(session, owner.id)
    accounts.void_letters(session, owner.id)
    notices.tell_owner(session, notices.EMAIL_CHANGED, owner.id, address=rules.masked(row.email))
    _record(
        session,
        "changed",
        owner.id,
        owner.id,
        before={"email": audit.personal(session, before)},
        after={"email": audit.personal(session, key), "is_login": follows},
    )
    return Asked(row.email, owner.login, owner.display_name, owner.kind)


def _row(session: Session, token: str) -> Any:
    return session.execute(_BY_TOKEN, {"token_hash": _hash(token), "now": clock.now_utc()}).first()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _mailbox(runtime: Runtime, email: str) -> str:
    """The counter of mails to one mailbox, shared with registration."""
    return f"mailbox:{throttle.digest(runtime.settings.secret_key, 'registration', login_key(email))}"


def _record(session: Session, verb: str, actor: Viewer | str, account_id: str, **details: Any) -> None:
    audit.record(session, f"core.email.{verb}", actor=actor, object_type="account", object_id=account_id, **details)
