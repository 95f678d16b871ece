"""Record an event in the unit of work of the change itself; walk the chain and name the first bad row."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.contracts.identity import Viewer
from ebok_core.errors import ConfigurationError

from . import rules
from .meta import current_request
from .models import AuditEvent, AuditHead

if TYPE_CHECKING:
    from ebok_core.settings import CoreSettings

SYSTEM = "system"
_INFO = "ebok.audit"
_EVENT, _H = AuditEvent.__table__, AuditHead.__table__
_APPEND = sa.insert(_EVENT)
_HASHED = tuple(column.name for column in _EVENT.columns if column.name not in ("hash", "prev_hash"))
_HEAD = sa.select(_H.c.seq, _H.c.hash).where(_H.c.id == 1)
_LOCK_HEAD = _HEAD.with_for_update()
_MOVE_HEAD = sa.update(_H).where(_H.c.id == 1).values(seq=sa.bindparam("to_seq"), hash=sa.bindparam("to_hash"))
_WALK = sa.select(_EVENT).where(_EVENT.c.seq > sa.bindparam("after")).order_by(_EVENT.c.seq)
_PART = _WALK.limit(sa.bindparam("most", type_=sa.Integer))


@dataclass(frozen=True)
class Keyring:
    """The audit keys by id; events are sealed with the current one."""

    current: str
    keys: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Keyring({self.current})"


def keys_of(settings: CoreSettings) -> dict[str, Any]:
    """What a database carries in `session.info`, so that `record` needs no settings: the keys stand in no table."""
    known = {rules.key_id(key): key for key in (*settings.audit_key_fallbacks, settings.audit_key)}
    return {_INFO: Keyring(rules.key_id(settings.audit_key), known)}


def record(
    session: Session,
    action: str,
    *,
    actor: Viewer | str,
    object_type: str,
    object_id: str,
    on_behalf_of: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> int:
    """Append an event and return its number; it is committed or rolled back with the change (security.md §10).

    `actor` is the viewer, an account's id, or `SYSTEM`; a viewer's acting customer becomes `on_behalf_of`. `before` and
    `after` are plain values; wrap personal ones in `personal`. Address, browser and request id come from the request.
    Call it last in the unit of work: it puts all writers in one line until the commit.
    """
    if isinstance(actor, Viewer):
        actor, on_behalf_of = actor.account_id, on_behalf_of or actor.customer_code
    what = {
        "actor": actor,
        "on_behalf_of": on_behalf_of,
        "action": action,
        "object_type": object_type,
        "object_id": rules.clean(str(object_id), 80),
        "before": None if before is None else rules.as_json(before),
        "after": None if after is None else rules.as_json(after),
        "reason": None if reason is None else rules.clean(reason, rules.MOST_REASON),
    }
    return _append(session, what)


def _append(session: Session, what: dict[str, Any]) -> int:
    ring, meta = keyring(session), current_request()
    head = session.execute(_LOCK_HEAD).one()
    event = {
        **what,
        "seq": head.seq + 1,
        "at": clock.now_utc(),
        "ip": meta.ip,
        "user_agent_hash": hashlib.sha256(meta.user_agent.encode()).hexdigest() if meta.user_agent else None,
        "session_hash": meta.session_hash,
        "request_id": meta.request_id,
        "key_id": ring.current,
    }
    sealed = rules.seal(ring.keys[ring.current], event, head.hash)
    session.execute(_APPEND, {**event, "prev_hash": head.hash, "hash": sealed})
    session.execute(_MOVE_HEAD, {"to_seq": event["seq"], "to_hash": sealed})
    return int(event["seq"])


def personal(session: Session, value: str | None) -> str | None:
    """A personal value for `before` and `after`: only its keyed hash is kept, so erasing a person breaks no chain."""
    ring = keyring(session)
    return None if value is None else rules.digest_of(ring.keys[ring.current], value)


# Verification


@dataclass(frozen=True)
class Fault:
    """The first bad place of the chain: the event's number and what is wrong with it."""

    seq: int
    text: str


@dataclass(frozen=True)
class Verdict:
    """How many events were walked, the last number, and the first fault or None."""

    count: int
    last_seq: int
    fault: Fault | None = None


def verify(session: Session, *, last: int | None = None, anchors: Iterable[tuple[int, str]] = ()) -> Verdict:
    """Walk the chain, or only its `last` events, and name the first bad row.

    `anchors` are pairs of number and hash that left the machine earlier: only they show a cut tail or a rewrite by
    somebody who has the key.
    """
    head = session.execute(_HEAD).one()
    expected = dict(anchors)
    start = 0 if last is None else max(0, head.seq - last)
    walked = walk(session, after=start, prev_hash=rules.GENESIS if start == 0 else None, anchors=expected)
    if walked.fault:
        return Verdict(walked.count, walked.seq, walked.fault)
    if (walked.seq, walked.hash or head.hash) != (head.seq, head.hash):
        text = f"the head says {head.seq}, the last event is {walked.seq}"
        return Verdict(walked.count, walked.seq, Fault(head.seq, text))
    missing = [number for number in expected if number > walked.seq]
    if missing:
        return Verdict(walked.count, walked.seq, Fault(min(missing), "an anchor names it, and it is gone"))
    return Verdict(walked.count, walked.seq)


@dataclass(frozen=True)
class Walked:
    """A part of the chain that was walked: where it ended and with which hash, None where nothing was there."""

    count: int
    seq: int
    hash: str | None
    fault: Fault | None = None


def walk(
    session: Session,
    *,
    after: int,
    prev_hash: str | None,
    most: int | None = None,
    anchors: Mapping[int, str] | None = None,
) -> Walked:
    """Walk at most `most` events after a number; `prev_hash` is that event's hash, None where it is not known."""
    ring, expected = keyring(session), anchors or {}
    statement, values = (_WALK, {"after": after}) if most is None else (_PART, {"after": after, "most": most})
    seq, known_hash, count = after, prev_hash, 0
    with closing(session.execute(statement, values, execution_options={"yield_per": 500})) as rows:
        for row in rows:
            event = row._asdict()
            fault = _fault_of(event, seq + 1, known_hash, ring, expected.get(event["seq"]))
            if fault:
                return Walked(count, seq, known_hash, fault)
            seq, known_hash, count = event["seq"], event["hash"], count + 1
    return Walked(count, seq, known_hash)


def head_of(session: Session) -> tuple[int, str]:
    """The number and the hash of the last event, as the head says."""
    head = session.execute(_HEAD).one()
    return head.seq, head.hash


def anchor(session: Session) -> tuple[datetime, int, str]:
    """Now, the last number and its hash: what leaves the machine each day."""
    head = session.execute(_HEAD).one()
    return clock.now_utc(), head.seq, head.hash


def _fault_of(
    event: dict[str, Any], seq: int, prev_hash: str | None, ring: Keyring, anchored: str | None
) -> Fault | None:
    if event["seq"] != seq:
        return Fault(seq, f"missing; the next one is {event['seq']}")
    if prev_hash is not None and event["prev_hash"] != prev_hash:
        return Fault(seq, "does not continue the event before it")
    key = ring.keys.get(event["key_id"])
    if key is None:
        return Fault(seq, f"sealed with the key {event['key_id']}, which is not in EBOK_AUDIT_KEY_FALLBACKS")
    if not hmac.compare_digest(rules.seal(key, {n: event[n] for n in _HASHED}, event["prev_hash"]), event["hash"]):
        return Fault(seq, "was changed")
    if anchored is not None and anchored != event["hash"]:
        return Fault(seq, "differs from its anchor")
    return None


def keyring(session: Session) -> Keyring:
    """The audit keys that this session carries. Raises `ConfigurationError` where it carries none."""
    try:
        found: Keyring = session.info[_INFO]
    except KeyError:
        raise ConfigurationError("This database was opened without the audit key: use `runtime.build()`") from None
    return found
