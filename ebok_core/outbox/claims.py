"""Claiming: the head of one stream, and with it a run of what follows, under one lease token (reliability.md §4.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.contracts.tytan import Capability, Envelope
from ebok_core.db import Database, Instant

from . import breaker, leases, rules
from .breaker import Admission

# An expired lease is an ambiguous attempt of somebody who is gone: it counts as abandoned and as uncertain since now.
# `:asks` lets uncertain messages of a target that can be asked be claimed for the question.
_CLAIM = """
UPDATE core_outbox_message SET state='leased', lease_token=:token, lease_owner=:owner, lease_until=:until,
       attempts=attempts+1, abandoned=abandoned+CASE WHEN state='leased' THEN 1 ELSE 0 END,
       uncertain_since=CASE WHEN state='leased' THEN COALESCE(uncertain_since, :now) ELSE uncertain_since END
WHERE id=(SELECT m.id FROM core_outbox_message m
          WHERE m.open AND m.target=:target
            AND ((m.state='pending' AND m.next_at<=:now) OR (m.state='leased' AND m.lease_until<:now)
                 OR (:asks AND m.state='uncertain' AND m.next_at<=:now))
            AND (m.depends_on IS NULL OR EXISTS(SELECT 1 FROM core_outbox_message d
                 WHERE d.id=m.depends_on AND d.state IN ('delivered','applied')))
            AND NOT EXISTS(SELECT 1 FROM core_outbox_message p
                 WHERE p.stream_key=m.stream_key AND p.seq<m.seq AND p.blocking)
          ORDER BY m.next_at, m.id LIMIT 1{lock})
RETURNING {columns}
"""

_FOLLOWING = """
SELECT m.id, m.state='pending' AND m.target=:target AND m.next_at<=:now AND m.abandoned=0
         AND (m.last_class IS NULL OR m.last_class='unreachable')
         AND (m.depends_on IS NULL OR EXISTS(SELECT 1 FROM core_outbox_message d
              WHERE d.id=m.depends_on AND d.state IN ('delivered','applied'))) AS fits
FROM core_outbox_message m
WHERE m.stream_key=:stream_key AND m.seq>:seq AND m.blocking
ORDER BY m.seq LIMIT :count
"""

_EXTEND = """
UPDATE core_outbox_message SET state='leased', lease_token=:token, lease_owner=:owner, lease_until=:until,
       attempts=attempts+1
WHERE id IN :ids AND state='pending'
RETURNING {columns}
"""


class Claimed(NamedTuple):
    """A message in the hands of a worker. `payload` is canonical JSON; `attempts` counts this attempt."""

    id: str
    kind: str
    version: int
    customer_code: str | None
    stream_key: str
    seq: int
    subject_type: str
    subject_id: str
    subject_rev: int
    payload: str
    payload_sha256: str
    accepted_at: datetime
    attempts: int
    abandoned: int
    uncertain_since: datetime | None
    blocking: bool
    last_class: str | None

    @property
    def envelope(self) -> Envelope:
        """What of it travels."""
        return Envelope(
            message_id=self.id,
            kind=self.kind,
            version=self.version,
            customer_code=self.customer_code,
            stream_key=self.stream_key,
            seq=self.seq,
            payload=self.payload,
            payload_sha256=self.payload_sha256,
            accepted_at=self.accepted_at,
        )


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One lease: messages of one stream in order, held by `token`. `taken_at` is monotonic seconds."""

    target: str
    token: str
    messages: tuple[Claimed, ...]
    taken_at: float

    @property
    def seconds_left(self) -> float:
        """What is left of the lease by this process's own clock: a frozen worker sees that it is too late."""
        return rules.LEASE.total_seconds() - (clock.monotonic() - self.taken_at)


_COLUMNS = ", ".join(Claimed._fields)
_TYPES = {"accepted_at": Instant, "uncertain_since": Instant, "blocking": sa.Boolean}
_INSTANTS = [sa.bindparam(name, type_=Instant) for name in ("now", "until")]


def _typed(sql: str, *binds: sa.BindParameter) -> sa.sql.selectable.TextualSelect:
    statement = sa.text(sql).bindparams(*binds)
    return statement.columns(*(sa.column(name, _TYPES.get(name)) for name in Claimed._fields))


_CLAIMS = {
    "sqlite": _typed(_CLAIM.format(lock="", columns=_COLUMNS), *_INSTANTS),
    "postgresql": _typed(_CLAIM.format(lock=" FOR UPDATE OF m SKIP LOCKED", columns=_COLUMNS), *_INSTANTS),
}
_FOLLOWERS = sa.text(_FOLLOWING).bindparams(sa.bindparam("now", type_=Instant))
_EXTENSION = _typed(
    _EXTEND.format(columns=_COLUMNS), sa.bindparam("ids", expanding=True), sa.bindparam("until", type_=Instant)
)


def claim(database: Database, target: str, capability: Capability, largest_run: int = 1) -> Claim | None:
    """Take the head of one stream of the target, and up to `largest_run` messages with it; None: nothing to do now.

    One short unit of work; nobody else can hold what is returned until the lease runs out.
    """
    taken_at = clock.monotonic()
    with database.unit_of_work() as session:
        now = leases.now(session)
        admission = breaker.admit(session, target, now)
        if admission is Admission.NONE:
            return None
        lease = {"token": leases.new_token(), "owner": leases.worker_name(), "until": now + rules.LEASE}
        values = {**lease, "now": now, "target": target, "asks": capability is Capability.LOOKUP}
        found = session.execute(_CLAIMS[session.get_bind().dialect.name], values).first()
        if found is None:
            if admission is Admission.PROBE:
                breaker.give_back(session, target, now)
            return None
        messages = [Claimed._make(found)]
        if admission is Admission.FREE and largest_run > 1:
            messages += _followers(session, messages[0], target, now, lease, largest_run - 1)
    return Claim(target=target, token=str(lease["token"]), messages=tuple(messages), taken_at=taken_at)


def _followers(
    session: Session, head: Claimed, target: str, now: datetime, lease: dict[str, object], count: int
) -> list[Claimed]:
    """What follows the head without a gap: it stops at the first message that must wait, or that must travel alone."""
    if not head.blocking or not rules.joins_run(abandoned=head.abandoned, last_class=head.last_class):
        return []
    values = {"target": target, "now": now, "stream_key": head.stream_key, "seq": head.seq, "count": count}
    ids: list[str] = []
    for row in session.execute(_FOLLOWERS, values):
        if not row.fits:
            break
        ids.append(row.id)
    if not ids:
        return []
    rows = session.execute(_EXTENSION, {**lease, "ids": ids})
    return sorted((Claimed._make(row) for row in rows), key=lambda message: message.seq)
