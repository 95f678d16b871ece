"""Codes from an app: a new secret, its address for a QR code, which time step a code belongs to."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyotp
import segno
import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy.orm import Session

from ebok_core import clock, runtime_settings

from . import rules
from .models import Totp
from .schemas import SecondFactorPolicySchema

_T = Totp.__table__
_SECRET = sa.select(_T.c.secret).where(_T.c.account_id == sa.bindparam("account_id"))


class Picture(NamedTuple):
    """A square drawing: its side in units, and the `d` of its only path."""

    size: int
    path: str


def new_secret() -> str:
    """20 random bytes as base32."""
    return base64.b32encode(secrets.token_bytes(rules.SECRET_BYTES)).decode()


def address(secret: str, *, login: str, utility: str) -> str:
    """What the QR code says to the app: `otpauth://…` with the account's login and the utility's name."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=utility)


def picture(address: str) -> Picture:
    """The QR code as one path of dark squares, which a template draws on white: cameras need it so."""
    rows = segno.make_qr(address, error="m").matrix_iter(scale=1, border=4)
    parts, size = [], 0
    for y, row in enumerate(rows):
        cells, size = bytes(row), len(row)
        parts += [f"M{x} {y}h{length}v1h-{length}z" for x, length in _runs(cells)]
    return Picture(size, "".join(parts))


def seal(keys: Sequence[str], secret: str) -> str:
    """The secret as the database holds it."""
    return _box(keys).encrypt(secret.encode()).decode()


def unseal(keys: Sequence[str], sealed: str) -> str | None:
    """The secret again, or None where the settings' keys no longer fit."""
    try:
        return _box(keys).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def step_of(secret: str, code: str, *, earlier: int) -> int | None:
    """The time step that a code belongs to, among the accepted ones by our clock; None for a wrong code."""
    app = pyotp.TOTP(secret)
    found = None
    for step in rules.steps_at(clock.now_utc().timestamp(), earlier=earlier):
        if hmac.compare_digest(app.generate_otp(step), code) and found is None:
            found = step
    return found


def earlier_steps(session: Session) -> int:
    """How many steps before the present one are accepted, by the utility's policy."""
    return 1 if runtime_settings.get(session, SecondFactorPolicySchema).earlier_code else 0


def sealed_secret(session: Session, account_id: str) -> str | None:
    """The encrypted secret of an account's app."""
    found: str | None = session.execute(_SECRET, {"account_id": account_id}).scalar()
    return found


def use_step(session: Session, account_id: str, step: int) -> bool:
    """Use a time step up; False when it, or a later one, was used before. Of two at once one gets True."""
    used = session.execute(
        sa.update(_T).where(_T.c.account_id == account_id, _T.c.last_step < step).values(last_step=step)
    )
    return bool(used.rowcount)  # type: ignore[attr-defined]


def _runs(cells: bytes) -> Iterator[tuple[int, int]]:
    """Where dark cells lie side by side: `(start, length)`."""
    start = None
    for x, dark in enumerate([*cells, 0]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            yield start, x - start
            start = None


def _box(keys: Sequence[str]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
