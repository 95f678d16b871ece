"""All of background work in one sentence: everything is well, or what is not, since when, and what to do (L157)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from ebok_core.audit.watch import Shown
from ebok_core.i18n import gettext as _
from ebok_core.i18n import instant_iso, ngettext
from ebok_core.outbox import watch, words
from ebok_core.outbox.watch import Backlog
from ebok_core.tytan.state import Run

from .status import JobStatus, Status, WorkerStatus

SHORTEST = timedelta(seconds=1)


class Problem(NamedTuple):
    """Something that is not well: what it is and what to do, since when. `is_bad`: customers feel it or soon will."""

    text: str
    since: datetime | None
    is_bad: bool = True

    def sentence(self) -> str:
        """With the time, where it is known."""
        if self.since is None:
            return self.text
        return _("%(text)s Since %(time)s.", text=self.text, time=instant_iso(self.since))


def problems(status: Status, run: Run, chain: Shown, now: datetime) -> list[Problem]:
    """What is wrong, the worst first; empty while all is well."""
    found = [*_workers(status.workers), *_chain(chain), *_targets(status.outbox, now), *_copy(run), *_jobs(status.jobs)]
    return sorted(found, key=lambda problem: not problem.is_bad)


def _workers(workers: Iterable[WorkerStatus]) -> Iterator[Problem]:
    stopped = [worker for worker in workers if not worker.is_alive]
    if len(stopped) == len(list(workers)):
        text = _("No worker runs: nothing is sent and nothing is refreshed. Start `ebok worker` on the server.")
        yield Problem(text, max((worker.beat_at for worker in stopped), default=None))
        return
    for worker in stopped:
        text = _("The worker %(name)s has stopped; the others do its work. Start it again.", name=worker.name)
        yield Problem(text, worker.beat_at, is_bad=False)


def _chain(chain: Shown) -> Iterator[Problem]:
    if chain.fault_at is not None:
        text = _("The audit trail is broken at entry no. %(seq)s: somebody changed it.", seq=chain.fault_seq)
        yield Problem(text, chain.fault_at)


def _targets(rows: Iterable[Backlog], now: datetime) -> Iterator[Problem]:
    for row in rows:
        name = words.target(row.target)
        if row.breaker_open:
            text = _("%(target)s does not answer. Messages wait and will be sent by themselves.", target=name)
            yield Problem(text, row.broken_at)
        elif row.oldest_at is not None and now - row.oldest_at > watch.ALARM_AFTER:
            yield Problem(_("%(target)s: messages are not getting through.", target=name), row.oldest_at)
        count = row.dead + row.uncertain
        if count:
            text = ngettext(
                "%(target)s: %(n)s message needs a decision: send again or give up.",
                "%(target)s: %(n)s messages need a decision: send again or give up.",
                count,
                target=name,
            )
            yield Problem(text, row.stuck_at)


def _copy(run: Run) -> Iterator[Problem]:
    problem = run.problem or run.compare_problem
    if problem:
        yield Problem(_("The copy of TYTAN's data is not refreshed: %(problem)s", problem=problem), run.finished_at)
    if run.rows_in_quarantine:
        text = ngettext(
            "%(n)s row of TYTAN waits in the quarantine.",
            "%(n)s rows of TYTAN wait in the quarantine.",
            run.rows_in_quarantine,
        )
        yield Problem(text, None, is_bad=False)
    if run.customers_held_back:
        text = ngettext(
            "%(n)s customer keeps an older state, because the new one does not add up.",
            "%(n)s customers keep an older state, because the new one does not add up.",
            run.customers_held_back,
        )
        yield Problem(text, None, is_bad=False)


def _jobs(jobs: Iterable[JobStatus]) -> Iterator[Problem]:
    for job in jobs:
        if job.ended is not None and job.ended.state in ("failed", "lost"):
            text = _("The process “%(job)s” fails.", job=job.title)
            yield Problem(text, job.good_at or job.ended.finished_at)
        if job.is_late:
            yield Problem(_("The process “%(job)s” is late.", job=job.title), job.due_at)


def duration(took: timedelta | None) -> str:
    """`poniżej 1 s`, `42 s`, `3 min 5 s`, `2 h 10 min`; empty where it is not known."""
    if took is None:
        return ""
    if took < SHORTEST:
        return _("under 1 s")
    seconds = int(took.total_seconds())
    if seconds < 60:
        return _("%(n)s s", n=seconds)
    if seconds < 3600:
        return _("%(minutes)s min %(seconds)s s", minutes=seconds // 60, seconds=seconds % 60)
    return _("%(hours)s h %(minutes)s min", hours=seconds // 3600, minutes=seconds % 3600 // 60)
