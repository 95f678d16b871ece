"""The daily seal of the chain (N03): a row, a line in a file outside the database, a mail to who keeps it elsewhere.

A chain alone does not show a cut tail: each seal says how far the chain once went, and it left the database that day.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from ebok_core import clock

from . import rules, service
from .models import AuditEvent, AuditHead, AuditSeal
from .service import Fault, Keyring, Verdict

if TYPE_CHECKING:
    from ebok_core.settings import CoreSettings

log = structlog.get_logger(__name__)

_T = AuditSeal.__table__
_HASHED = ("day", "seq", "events", "head_hash", "sealed_at", "key_id")
_ALL = sa.select(_T).order_by(_T.c.day)
_LAST = sa.select(_T).order_by(_T.c.day.desc()).limit(1)
_H = AuditHead.__table__
_LOCK = sa.select(_H.c.seq, _H.c.hash).where(_H.c.id == 1).with_for_update()
_HASH_AT = sa.select(AuditEvent.hash).where(AuditEvent.seq == sa.bindparam("seq"))
_MOST_LINE = 2_000


class Seal(NamedTuple):
    """One day's seal: the chain's last number and hash at its end, how many events came since the seal before."""

    day: date
    seq: int
    events: int
    head_hash: str
    sealed_at: datetime
    key_id: str
    prev_hash: str
    hash: str

    def line(self) -> str:
        """The seal as one line of JSON: what stands in the file and in the mail."""
        return rules.as_json(self._asdict())


def make(session: Session, day: date | None = None) -> Seal | None:
    """Seal the chain as it stands, for yesterday unless `day` says otherwise; None where the day has its seal."""
    day = day or clock.today() - timedelta(days=1)
    head = session.execute(_LOCK).one()
    last = newest(session)
    if last is not None and last.day >= day:
        return None
    ring = service.keyring(session)
    values = {
        "day": day,
        "seq": head.seq,
        "events": head.seq - (last.seq if last else 0),
        "head_hash": head.hash,
        "sealed_at": clock.now_utc(),
        "key_id": ring.current,
    }
    prev_hash = last.hash if last else rules.GENESIS
    seal = Seal(**values, prev_hash=prev_hash, hash=rules.seal_day(ring.keys[ring.current], values, prev_hash))
    session.execute(sa.insert(_T), seal._asdict())
    return seal


def newest(session: Session) -> Seal | None:
    """The last seal, or None before the first one."""
    row = session.execute(_LAST).first()
    return Seal._make(row) if row else None


def every(session: Session) -> list[Seal]:
    """All seals, the oldest first: one a day."""
    return [Seal._make(row) for row in session.execute(_ALL)]


# The file


def file_of(settings: CoreSettings) -> Path:
    """Where the seals stand outside the database; a backup or the system's log carries the file further."""
    return settings.data_dir / "audit" / "seals.jsonl"


def write_file(path: Path, seals: Iterable[Seal]) -> int:
    """Append the seals that the file has not got, and let them reach the disk; returns how many."""
    known = {seal.day for seal in read_file(path)}
    lines = [seal.line() for seal in seals if seal.day not in known]
    if lines:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a", encoding="ascii", opener=_private) as file:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
    return len(lines)


def read_file(path: Path) -> list[Seal]:
    """The seals of a file; none where there is no file. Raises `ValueError` with the line's number for a bad line."""
    if not path.exists():
        return []
    with open(path, encoding="ascii", errors="replace") as file:
        return [_parsed(number, line) for number, line in enumerate(file, start=1) if line.strip()]


def _parsed(number: int, line: str) -> Seal:
    try:
        found = json.loads(line[:_MOST_LINE])
        return Seal(
            **{
                **{name: found[name] for name in Seal._fields},
                "day": date.fromisoformat(found["day"]),
                "sealed_at": datetime.fromisoformat(found["sealed_at"]),
            }
        )
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"line {number} is no seal") from None


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


# Verification


def verify(session: Session, path: Path | None = None, anchors: Iterable[tuple[int, str]] = ()) -> Verdict:
    """Walk the chain with every seal of the database and of the file as an anchor, and the seals themselves.

    Names the first bad event, or the event that a bad or missing seal stands for.
    """
    own = every(session)
    ring = service.keyring(session)
    fault = fault_of(own, ring)
    if fault is None and path is not None:
        fault = _fault_of_file(path, {seal.day: seal for seal in own}, ring)
    named = {seal.seq: seal.head_hash for seal in own if seal.seq} | dict(anchors)
    walked = service.verify(session, anchors=named.items())
    return Verdict(walked.count, walked.last_seq, walked.fault or fault)


def fault_of(seals: Iterable[Seal], ring: Keyring) -> Fault | None:
    """What is wrong with a chain of seals: one that was changed, one that is missing between two."""
    prev_hash = rules.GENESIS
    for seal in seals:
        if seal.prev_hash != prev_hash:
            return Fault(seal.seq, f"the seal before that of {seal.day} is missing or another one")
        fault = _fault_of_one(seal, ring.keys)
        if fault:
            return fault
        prev_hash = seal.hash
    return None


def fault_of_newest(session: Session, path: Path) -> Fault | None:
    """The cheap look of each half minute: the last seal of the database and of the file against the chain."""
    ring, last = service.keyring(session), newest(session)
    try:
        filed = read_file(path)
    except ValueError as error:
        return Fault(0, f"the file of seals was changed: {error}")
    if filed and (last is None or filed[-1].day > last.day):
        return Fault(filed[-1].seq, f"the seal of {filed[-1].day} is gone")
    if last is None:
        return None
    fault = _fault_of_one(last, ring.keys)
    if fault or not last.seq:
        return fault
    found = session.execute(_HASH_AT, {"seq": last.seq}).scalar()
    if found == last.head_hash:
        return None
    return Fault(last.seq, f"the seal of {last.day} names it, and it {'differs' if found else 'is gone'}")


def _fault_of_file(path: Path, own: Mapping[date, Seal], ring: Keyring) -> Fault | None:
    try:
        filed = read_file(path)
    except ValueError as error:
        return Fault(0, f"the file of seals was changed: {error}")
    for seal in filed:
        fault = _fault_of_one(seal, ring.keys)
        if fault:
            return fault
        if own.get(seal.day) != seal:
            return Fault(seal.seq, f"the seal of {seal.day} differs from the file" if seal.day in own else _gone(seal))
    return None


def _gone(seal: Seal) -> str:
    return f"the seal of {seal.day} is gone"


def _fault_of_one(seal: Seal, keys: Mapping[str, str]) -> Fault | None:
    key = keys.get(seal.key_id)
    if key is None:
        return Fault(seal.seq, f"the seal of {seal.day} was made with the key {seal.key_id}, which is not here")
    values: dict[str, Any] = {name: getattr(seal, name) for name in _HASHED}
    if not hmac.compare_digest(rules.seal_day(key, values, seal.prev_hash), seal.hash):
        return Fault(seal.seq, f"the seal of {seal.day} was changed")
    return None
