"""A sign-in between its two steps: the password was right, no session is there yet (identity.md §6.4)."""

from __future__ import annotations

import hashlib
import secrets
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.db import uuid7
from ebok_core.identity.models import Account

from . import rules
from .models import Passkey, SignInStep, Totp

_S, _A = SignInStep.__table__, Account.__table__
_T, _P = Totp.__table__, Passkey.__table__
HAS_TOTP = sa.exists().where(_T.c.account_id == _A.c.id)
HAS_PASSKEY = sa.exists().where(_P.c.account_id == _A.c.id)
"""Whether the account of the statement around has them; the truth is in their tables alone."""
_HAS_FACTOR = sa.select(sa.or_(HAS_TOTP, HAS_PASSKEY)).select_from(_A).where(_A.c.id == sa.bindparam("account_id"))
_OPEN = (
    sa.select(
        _S.c.id,
        _S.c.account_id,
        _S.c.login_digest,
        _S.c.duty,
        _A.c.kind,
        _A.c.login,
        HAS_TOTP.label("has_totp"),
        HAS_PASSKEY.label("has_passkey"),
    )
    .join_from(_S, _A, _A.c.id == _S.c.account_id)
    .where(
        _S.c.token_hash == sa.bindparam("token_hash"), _S.c.expires_at > sa.bindparam("now"), _A.c.status != "blocked"
    )
)


class HalfWay(NamedTuple):
    """The password was right and the second factor is to come: the step's token, which opens nothing by itself."""

    token: str
    account_id: str


class Step(NamedTuple):
    """An open step: whose it is, what the account can answer with, what its session must do first."""

    id: str
    account_id: str
    login_digest: str
    duty: str | None
    kind: str
    login: str
    has_totp: bool
    has_passkey: bool


def has_factor(session: Session, account_id: str) -> bool:
    """Whether a sign-in to this account has a second step."""
    return bool(session.execute(_HAS_FACTOR, {"account_id": account_id}).scalar())


def start(session: Session, account_id: str, *, login_digest: str, duty: str | None) -> HalfWay:
    """Note that the password was right; the browser carries the token for ten minutes."""
    now, token = clock.now_utc(), secrets.token_urlsafe(32)
    row = {
        "id": uuid7(),
        "token_hash": _hash(token),
        "account_id": account_id,
        "login_digest": login_digest,
        "duty": duty,
        "created_at": now,
        "expires_at": now + rules.STEP_LIVES,
    }
    session.execute(sa.insert(_S), row)
    return HalfWay(token, account_id)


def open_step(session: Session, token: str) -> Step | None:
    """The step of a token; None when it is over, or the account is blocked."""
    row = session.execute(_OPEN, {"token_hash": _hash(token), "now": clock.now_utc()}).first()
    return Step._make(row) if row else None


def use(session: Session, step: Step) -> bool:
    """End the step for good; of two at once one gets True."""
    ended = session.execute(sa.delete(_S).where(_S.c.id == step.id, _S.c.expires_at > clock.now_utc()))
    return bool(ended.rowcount)  # type: ignore[attr-defined]


def void(session: Session, account_id: str) -> None:
    """A new password, or a factor taken away, ends every sign-in that is half way."""
    session.execute(sa.delete(_S).where(_S.c.account_id == account_id))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
