"""Recovery codes: made as a set of ten, kept as argon2id hashes, each good for once (identity.md §6.6)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.db import uuid7
from ebok_core.identity import passwords

from . import rules
from .models import RecoveryCode

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

_C = RecoveryCode.__table__
_UNUSED = sa.select(_C.c.id, _C.c.code_hash).where(
    _C.c.account_id == sa.bindparam("account_id"), _C.c.used_at.is_(None)
)


def make() -> list[str]:
    """Ten new codes of 80 bits each."""
    return [
        "".join(secrets.choice(rules.ALPHABET) for _ in range(rules.RECOVERY_LENGTH))
        for _ in range(rules.RECOVERY_CODES)
    ]


def hashed(runtime: Runtime, codes: Iterable[str]) -> list[str]:
    """Their hashes. Never call it inside a unit of work (G4)."""
    hasher = passwords.hasher_in(runtime.database.info)
    return [hasher.hash(code) for code in codes]


def store(session: Session, account_id: str, hashes: Iterable[str]) -> None:
    """Put a new set in the place of the old one."""
    now = clock.now_utc()
    session.execute(sa.delete(_C).where(_C.c.account_id == account_id))
    session.execute(
        sa.insert(_C),
        [{"id": uuid7(), "account_id": account_id, "code_hash": h, "created_at": now, "used_at": None} for h in hashes],
    )


def matching(runtime: Runtime, account_id: str, code: str) -> str | None:
    """The id of the unused code that was typed, or None. Never call it inside a unit of work."""
    with runtime.database.snapshot() as session:
        rows = session.execute(_UNUSED, {"account_id": account_id}).all()
    hasher = passwords.hasher_in(runtime.database.info)
    return next((row.id for row in rows if hasher.verify(row.code_hash, code)), None)


def use(session: Session, code_id: str) -> bool:
    """Use a code up; of two at once one gets True."""
    used = session.execute(
        sa.update(_C).where(_C.c.id == code_id, _C.c.used_at.is_(None)).values(used_at=clock.now_utc())
    )
    return bool(used.rowcount)  # type: ignore[attr-defined]


def left(session: Session, account_id: str) -> int:
    """How many codes are not used yet."""
    count = sa.select(sa.func.count()).select_from(_UNUSED.subquery())
    return int(session.execute(count, {"account_id": account_id}).scalar_one())
