"""TYTAN's answers: read `ebok_results` and hand each row to the outbox, with the watermark in one unit of work.

This is the portal's own database, not the copy: what moved and how far was read are committed together
(reliability.md §4.7).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.db import Database
from ebok_core.tytan.contract import RESULTS
from ebok_core.tytan.models import Watermark

from . import results

if TYPE_CHECKING:
    from ebok_core.portal import Portal
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

OVERLAP = 200
BATCH = 100
"""Results in one unit of work: it holds the write lock on SQLite."""

_READ = sa.select(Watermark.change_no, Watermark.recent).where(Watermark.view == RESULTS)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far the results were read: the greatest change number, and those of the overlap that are done."""

    change_no: int = 0
    recent: frozenset[int] = frozenset()

    def knows(self, change_no: int) -> bool:
        """Whether this result was taken over already."""
        return change_no <= self.change_no - OVERLAP or change_no in self.recent

    def with_(self, numbers: Iterable[int]) -> Progress:
        """The progress after these results; numbers below the overlap are forgotten."""
        done = self.recent | frozenset(numbers)
        highest = max(done, default=self.change_no)
        return Progress(
            change_no=max(highest, self.change_no), recent=frozenset(n for n in done if n > highest - OVERLAP)
        )


def read_results(runtime: Runtime) -> int:
    """Take over every new result; returns how many moved a message.

    A result that can't be applied is logged as an alarm and tried again by the next call; the others go on (G12).
    Raises `TytanUnavailable` when TYTAN does not answer: what was taken over until then stays.
    """
    progress = _progress(runtime.database)
    new = (
        row
        for row in runtime.tytan_source().results(max(progress.change_no - OVERLAP, -1))
        if not progress.knows(row["change_no"])
    )
    moved = 0
    for batch in _batches(new):
        with runtime.database.unit_of_work() as session:
            done, changed = _apply(session, runtime.portal, batch)
            moved += changed
            progress = progress.with_(done)
            _remember(session, progress)
    return moved


def _batches(rows: Iterator[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """All rows first: no connection to TYTAN is open while the portal writes (G4)."""
    read = list(rows)
    for start in range(0, len(read), BATCH):
        yield read[start : start + BATCH]


def _apply(session: Session, portal: Portal, rows: Iterable[Mapping[str, Any]]) -> tuple[list[int], int]:
    """Apply each row behind a savepoint; returns the change numbers that are done and how many moved something."""
    done, changed = [], 0
    for row in rows:
        try:
            with session.begin_nested():
                changed += bool(results.apply(session, portal, row))
        except Exception:
            log.exception("results.failed", alarm=True, message=str(row["message_id"]))
            continue
        done.append(row["change_no"])
    return done, changed


def _progress(database: Database) -> Progress:
    with database.snapshot() as session:
        row = session.execute(_READ).first()
    return Progress(change_no=row.change_no, recent=frozenset(json.loads(row.recent))) if row else Progress()


def _remember(session: Session, progress: Progress) -> None:
    values = {
        "change_no": progress.change_no,
        "recent": json.dumps(sorted(progress.recent)),
        "read_at": clock.now_utc(),
    }
    row = session.get(Watermark, RESULTS, with_for_update=True)
    if row is None:
        session.add(Watermark(view=RESULTS, **values))
        return
    for name, value in values.items():
        setattr(row, name, value)
