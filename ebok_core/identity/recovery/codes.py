"""Letters with a code, for who has no mailbox (identity.md §8.2): made by the office, printed, typed in by the person.

The letter goes to the correspondence address of the copy and nowhere else. The code stands in the database as a keyed
hash, and encrypted for the day in which it may be printed.
"""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy.orm import Session

from ebok_core import audit, clock, i18n
from ebok_core.contracts.identity import Viewer
from ebok_core.db import uuid7
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity import accounts, throttle
from ebok_core.identity.models import Account, CustomerAccess
from ebok_core.identity.registration.rules import folded
from ebok_core.identity.registration.tytan import SEPARATORS
from ebok_core.identity.rules import OWNER, login_key
from ebok_core.tytan import copy

from . import rules
from .models import LetterCode

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

SUBJECT = "core.letter_code"
_L, _A, _C, _T = LetterCode.__table__, Account.__table__, CustomerAccess.__table__, copy.customers.c
_OPEN = (
    _L.c.used_at.is_(None),
    _L.c.voided_at.is_(None),
    _L.c.expires_at > sa.bindparam("now", type_=_L.c.expires_at.type),
)
_ADDRESS_PARTS = ("street", "house_no", "flat_no", "postal_code", "city")
# The office writes to who owns the account: the customers that it acts for in full. A delegate's letter would go to
# another person's home.
_ADDRESSES = (
    sa.select(
        _T.code,
        _T.name,
        *(_T[name] for name in _ADDRESS_PARTS),
        *(_T[f"mailing_{name}"] for name in _ADDRESS_PARTS),
    )
    .join_from(_C, copy.customers, _T.code == _C.c.customer_code)
    .where(
        _C.c.account_id == sa.bindparam("account_id"),
        _C.c.role == OWNER,
        _C.c.revoked_at.is_(None),
        sa.or_(_C.c.valid_to.is_(None), _C.c.valid_to >= sa.bindparam("today", type_=sa.Date)),
    )
    .order_by(_T.code)
    .limit(50)
)
_LETTERS = sa.select(_L).where(_L.c.account_id == sa.bindparam("account_id")).order_by(_L.c.created_at.desc()).limit(5)
_ONE = (
    sa.select(_L, _A.c.login, _A.c.locale)
    .join_from(_L, _A, _A.c.id == _L.c.account_id)
    .where(_L.c.account_id == sa.bindparam("account_id"), *_OPEN, _L.c.sealed_code.is_not(None))
)


def _folded(column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    for separator in SEPARATORS:
        column = sa.func.replace(column, separator, "")
    return sa.func.upper(column)


_TYPED = (
    sa.select(_L.c.id, _L.c.account_id, _L.c.code_digest, _L.c.tries)
    .join_from(_L, _A, _A.c.id == _L.c.account_id)
    .where(
        *_OPEN,
        _A.c.kind == "customer",
        _A.c.status != "blocked",
        sa.or_(
            _A.c.login_key == sa.bindparam("key"),
            _A.c.email_key == sa.bindparam("key"),
            _folded(_L.c.customer_code) == sa.bindparam("folded"),
        ),
    )
    .order_by(_L.c.id)
    .with_for_update(of=_L)
)


class Addressee(NamedTuple):
    """Where a letter goes: the customer, the name and the lines below it."""

    customer_code: str
    name: str
    lines: tuple[str, ...]


class Letter(NamedTuple):
    """A letter as the office sees it: never its code."""

    id: str
    customer_code: str
    created_at: datetime
    expires_at: datetime
    state: str
    printable: bool


class Printed(NamedTuple):
    """What stands in a printed letter."""

    addressee: Addressee
    login: str
    code: str
    until: datetime
    locale: str


def addressees(session: Session, account_id: str) -> list[Addressee]:
    """The account's customers with the addresses that billing writes to."""
    rows = session.execute(_ADDRESSES, {"account_id": account_id, "today": clock.today()})
    return [Addressee(row.code, row.name, lines_of(row)) for row in rows]


def letters(session: Session, account_id: str) -> list[Letter]:
    """The account's newest letters and what became of them: `waits`, `used`, `void`, `lapsed`."""
    now = clock.now_utc()
    return [
        Letter(row.id, row.customer_code, row.created_at, row.expires_at, _state(row, now), _is_printable(row, now))
        for row in session.execute(_LETTERS, {"account_id": account_id})
    ]


def make(
    runtime: Runtime, session: Session, viewer: Viewer, account_id: str, customer_code: str, *, reason: str
) -> str:
    """Make a letter to one of the account's customers and return its id; older ones are void.

    Raises `NotFound` for a foreign customer, `Refused` with `too_soon` within seven days of the last letter.
    """
    session.get_one(Account, account_id, with_for_update=True)
    if customer_code not in {found.customer_code for found in addressees(session, account_id)}:
        raise NotFound(_("There is no such customer."))
    now = clock.now_utc()
    last = session.scalar(sa.select(sa.func.max(_L.c.created_at)).where(_L.c.account_id == account_id))
    if last is not None and now - last < rules.ONE_LETTER_IN:
        until = i18n.instant_in_words(last + rules.ONE_LETTER_IN)
        raise Refused(_("A letter was made not long ago. The next one can be made %(day)s", day=until), code="too_soon")
    accounts.void_letters(session, account_id)
    code, letter_id = rules.new_code(), uuid7()
    session.add(
        LetterCode(
            id=letter_id,
            account_id=account_id,
            customer_code=customer_code,
            code_digest=_digest(runtime.settings.secret_key, letter_id, code),
            sealed_code=_box(runtime).encrypt(code.encode()).decode(),
            tries=0,
            created_at=now,
            created_by=viewer.account_id,
            expires_at=now + rules.LETTER_LIVES,
        )
    )
    session.flush()
    _record(session, "letter_made", viewer, account_id, after={"customer": customer_code}, reason=reason)
    return letter_id


def printed(runtime: Runtime, session: Session, viewer: Viewer, account_id: str) -> Printed:
    """What to print, within a day of making the letter; each printing is recorded. Raises `NotFound`."""
    now = clock.now_utc()
    row = session.execute(_ONE, {"account_id": account_id, "now": now}).first()
    found = next((a for a in addressees(session, account_id) if row and a.customer_code == row.customer_code), None)
    if row is None or found is None or not _is_printable(row, now):
        raise NotFound(_("This letter can't be printed any more. Make a new one"))
    try:
        code = _box(runtime).decrypt(row.sealed_code.encode()).decode()
    except InvalidToken as error:
        raise NotFound(_("This letter can't be printed any more. Make a new one")) from error
    _record(session, "letter_printed", viewer, account_id, after={"customer": row.customer_code})
    return Printed(found, row.login, rules.grouped(code), row.expires_at, row.locale)


def redeem(runtime: Runtime, session: Session, typed: str, code: str) -> str | None:
    """The token of a link to a new password for who typed a login or customer code with its letter's code, else None.

    A wrong code counts against every letter that was meant; the fifth makes it worthless. The letter itself is used up
    by the password, not before: who breaks off may type it again.
    """
    typed = typed.replace("\0", "")
    key, typed_code = login_key(typed), rules.code_of(code)
    values = {"key": key, "folded": folded(typed), "now": clock.now_utc()}
    meant = session.execute(_TYPED, values).all()
    # The same work where nothing is meant (S11).
    right = [row for row in meant if _fits(runtime, row, typed_code)]
    if right:
        _record(session, "letter_typed", "stranger", right[0].account_id)
        return accounts.make_link(session, right[0].account_id, actor="letter")[0]
    for row in meant:
        spent = row.tries + 1 >= rules.MOST_TRIES
        changes: dict[str, Any] = {"tries": row.tries + 1}
        changes |= {"voided_at": clock.now_utc(), "sealed_code": None} if spent else {}
        session.execute(sa.update(_L).where(_L.c.id == row.id).values(changes))
        if spent:
            _record(session, "letter_spent", audit.SYSTEM, row.account_id)
    return None


def forget(session: Session) -> int:
    """Forget codes whose day of printing is over; delete what ended long enough ago. For the job of the room."""
    now = clock.now_utc()
    session.execute(
        sa.update(_L)
        .where(_L.c.sealed_code.is_not(None), _L.c.created_at <= now - rules.PRINTABLE_FOR)
        .values(sealed_code=None)
    )
    deleted = session.execute(sa.delete(_L).where(_L.c.expires_at < now - rules.KEEP_ENDED))
    return int(deleted.rowcount)  # type: ignore[attr-defined]


def _state(row: Any, now: datetime) -> str:
    if row.used_at is not None:
        return "used"
    if row.voided_at is not None:
        return "void"
    return "waits" if row.expires_at > now else "lapsed"


def _is_printable(row: Any, now: datetime) -> bool:
    return _state(row, now) == "waits" and row.sealed_code is not None and now - row.created_at < rules.PRINTABLE_FOR


def lines_of(row: Any) -> tuple[str, ...]:
    """The correspondence address where TYTAN has one, else the customer's own."""
    prefix = "mailing_" if row.mailing_city else ""
    street, house, flat, postal, city = (getattr(row, f"{prefix}{name}") for name in _ADDRESS_PARTS)
    place = street or city
    first = " ".join(part for part in (place, house) if part) + (f"/{flat}" if flat else "")
    return tuple(line for line in (first.strip(), f"{postal or ''} {city}".strip()) if line)


def _fits(runtime: Runtime, row: Any, code: str) -> bool:
    """Whether this is the letter's code; a letter outlives a change of the portal's secret."""
    keys = (runtime.settings.secret_key, *runtime.settings.secret_key_fallbacks)
    return any([hmac.compare_digest(_digest(key, row.id, code), row.code_digest) for key in keys])


def _digest(secret: str, letter_id: str, code: str) -> str:
    return throttle.digest(secret, "letter", f"{letter_id}:{code}")


def _box(runtime: Runtime) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in runtime.settings.encryption_keys])


def _record(session: Session, verb: str, actor: Viewer | str, account_id: str, **details: Any) -> None:
    audit.record(session, f"core.recovery.{verb}", actor=actor, object_type="account", object_id=account_id, **details)
