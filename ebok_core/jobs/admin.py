"""The panel's page "Sprawdzenie procesów w tle" (L157), the page of one process, the quarantine, errors of pages."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue

from ebok_core import clock
from ebok_core.audit import watch as chain
from ebok_core.audit.models import PageError
from ebok_core.contracts.background import Job
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, lazy_pgettext, ngettext
from ebok_core.outbox import leases, words
from ebok_core.tytan import state
from ebok_core.web import (
    Cell,
    Column,
    DateFilter,
    Filter,
    Link,
    Option,
    Table,
    Word,
    done,
    file_response,
    list_page,
    redirect_to,
    render,
    rows_table,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)
from ebok_core.web.cells import csv_value
from ebok_core.web.exports import FORMATS
from ebok_core.web.login import made_by_the_page

from . import permissions, quarantine, queue, runs, status, summary
from .models import JobRun

blueprint = Blueprint("jobs", __name__)

MENU = "core.admin_processes"
REFRESH_S = 15
STATES = {
    "planned": ("wait", lazy_pgettext("process", "waits for the worker")),
    "running": ("info", lazy_pgettext("process", "running")),
    "done": ("ok", lazy_pgettext("process", "done")),
    "failed": ("bad", lazy_pgettext("process", "failed")),
    "lost": ("bad", lazy_pgettext("process", "broken off")),
}


def _word(key: str, note: str = "") -> Word:
    kind, text = STATES[key]
    return Word(kind, str(text), note)


def _last(job: status.JobStatus) -> Any:
    return job.ended.finished_at if job.ended else None


def _result(job: status.JobStatus) -> Word:
    if job.ended is None:
        return Word("", _("has not run yet"))
    note = job.ended.result or job.ended.error_class or ""
    return _word(job.ended.state, note)


def _now(job: status.JobStatus) -> Word | None:
    """What the process does at the moment: progress against its last time, or that it is late."""
    if job.is_late:
        return Word("bad", _("late"), _("due %(time)s", time=_clock_time(job.due_at)))
    if job.running_since is None:
        return Word("wait", _("waits for the worker")) if job.state == "planned" else None
    took = summary.duration(clock.now_utc() - job.running_since)
    usual = summary.duration(job.ended.took) if job.ended else ""
    note = _("for %(took)s, last time %(usual)s", took=took, usual=usual) if usual else _("for %(took)s", took=took)
    return Word("info", _("running"), note)


def _clock_time(at: Any) -> str:
    return clock.local(at).strftime("%H:%M")


JOBS = (
    Column("title", lazy_gettext("Process"), head=True, link=Link("admin.jobs.job", {"key": "key"})),
    Column("last", lazy_gettext("Last run"), "instant", value=_last),
    Column("result", lazy_gettext("Result"), "word", value=_result),
    Column("took", lazy_gettext("Took"), value=lambda job: summary.duration(job.ended.took) if job.ended else ""),
    Column("now", lazy_gettext("Now"), "word", value=_now),
    Column("next_at", lazy_gettext("Next run"), "instant"),
)
_WORKERS = (
    Column("name", lazy_gettext("Worker"), head=True),
    Column(
        "state",
        lazy_gettext("State"),
        "word",
        value=lambda w: Word("ok", _("works")) if w.is_alive else Word("bad", _("stopped")),
    ),
    Column("started_at", lazy_gettext("Started"), "instant"),
    Column("beat_at", lazy_gettext("Last sign of life"), "instant"),
)
_OUTBOX = (
    Column("target", lazy_pgettext("message", "To"), value=lambda row: words.target(row.target), head=True),
    Column("waiting", lazy_gettext("Waiting"), "number"),
    Column("oldest_at", lazy_gettext("Oldest from"), "instant"),
    Column("uncertain", lazy_gettext("Uncertain"), "number"),
    Column("dead", lazy_gettext("Not delivered"), "number"),
    Column("parked", lazy_gettext("Waiting for others"), "number"),
    Column(
        "reach",
        lazy_gettext("Connection"),
        "word",
        value=lambda row: Word("bad", _("does not answer")) if row.breaker_open else Word("ok", _("in order")),
    ),
)
_QUEUES = {queue.OUTBOX: lazy_gettext("Deliveries to look at"), queue.JOBS: lazy_gettext("Processes to look at")}


@blueprint.get("/procesy")
def index() -> ResponseReturnValue:
    """The sentence that says whether all is well, then processes, the outbox, workers; a file of the processes."""
    found = status.read(runtime(), snapshot())
    format_ = request.args.get("format", "")
    if format_ in FORMATS:
        lines = ([csv_value(column, job) for column in JOBS] for job in found.jobs)
        return file_response(format_, f"procesy-{clock.today().isoformat()}", (c.label for c in JOBS), lines)
    if "HX-Request" in request.headers:
        made_by_the_page()
    run = state.last_run(snapshot())
    problems = summary.problems(found, run, chain.shown(snapshot()), leases.now(snapshot()))
    return render(
        "ebok_core/jobs/index.html",
        title=_("Background processes"),
        menu=MENU,
        problems=problems,
        jobs=rows_table(_("Processes"), JOBS, found.jobs, wide=True),
        workers=rows_table(_("Workers"), _WORKERS, found.workers) if found.workers else None,
        outbox=rows_table(_("Messages by their far side"), _OUTBOX, found.outbox, wide=True),
        queues=[(str(name), found.queued.get(key)) for key, name in _QUEUES.items()],
        run=run,
        now=clock.now_utc(),
        refreshes=request.args.get("odswiezanie") != "nie",
        every=REFRESH_S,
        files=[(kind.upper(), kind) for kind in FORMATS],
    )


# One process

_r = JobRun.__table__.c
RUNS = Table(
    key="core.job_runs",
    caption=lazy_gettext("Runs of the process"),
    statement=sa.select(
        *(_r.id, _r.planned_for, _r.state, _r.tries, _r.started_at, _r.finished_at, _r.result, _r.error_class)
    ).where(_r.job_key == sa.bindparam("job_key")),
    row_key=(_r.id,),
    columns=(
        Column("planned_for", lazy_gettext("Planned for"), "instant", sort=_r.planned_for, head=True),
        Column("started_at", lazy_gettext("Started"), "instant"),
        Column("took", lazy_gettext("Took"), value=lambda row: _took(row)),
        Column("state", lazy_gettext("Result"), "word", value=lambda row: _word(row.state), optional=False),
        Column("result", lazy_gettext("What it says"), value=lambda row: row.result or row.error_class),
    ),
    sort="-planned_for",
    filters=(
        Filter(
            "stan",
            lazy_gettext("Results"),
            tuple(Option(key, text, _r.state == key) for key, (_kind, text) in STATES.items()),
        ),
        DateFilter("okres", lazy_gettext("Planned for"), _r.planned_for),
    ),
    reach="stated",
    counted=lambda n: ngettext("%(n)s run", "%(n)s runs", n),
    empty=(lazy_gettext("This process has not run yet"), ""),
)


def _took(row: Any) -> str:
    return summary.duration(row.finished_at - row.started_at) if row.finished_at and row.started_at else ""


@blueprint.get("/procesy/<key>")
def job(key: str) -> ResponseReturnValue:
    """The runs of one process; runs with nothing to say are kept for a day, others for a month."""
    found = _job(key)
    return list_page(
        RUNS,
        "ebok_core/jobs/job.html",
        title=str(found.title),
        menu=MENU,
        values={"job_key": key},
        job=found,
        may_run=viewer().may(permissions.RUN),
    )


@blueprint.post("/procesy/<key>/uruchom")
def run_now(key: str) -> ResponseReturnValue:
    """Let a worker run the process at once."""
    found = _job(key)
    if not viewer().may(permissions.RUN):
        abort(403)
    try:
        with unit_of_work() as session:
            run_id = runs.plan_now(session, viewer(), found)
    except Refused as refused:
        done(str(refused), title=_("Not started"), kind="wait")
        return redirect_to(".job", key=key)
    queue.of(runtime()).get(queue.JOBS).put(run_id)
    done(_("The worker begins within a few seconds. The result will stand at the top of the list."))
    return redirect_to(".job", key=key)


def _job(key: str) -> Job:
    found: Job | None = next((job for job in runtime().portal.of("ebok_jobs") if job.key == key), None)
    if found is None:
        raise NotFound(_("There is no such page."))
    return found


# The quarantine

_q = state.quarantine.c
QUARANTINE = Table(
    key="core.quarantine",
    caption=lazy_gettext("Rows of TYTAN in the quarantine"),
    statement=sa.select(*(_q[name] for name in state.Quarantined._fields), _q.tried_at),
    row_key=(_q.view, _q.key, _q.rule),
    columns=(
        Column("key", lazy_gettext("Row"), "cell", value=lambda row: Cell(row.key, href=_row_page(row)), head=True),
        Column("view", lazy_gettext("View of TYTAN"), sort=_q.view),
        Column("column", lazy_pgettext("quarantine", "Column")),
        Column("rule", lazy_gettext("What is wrong"), value=lambda row: quarantine.rule(row.rule)),
        Column("customer_code", lazy_gettext("Customer code"), sort=_q.customer_code),
        Column("since", lazy_gettext("Since"), "instant", sort=_q.since),
        Column("sample", lazy_gettext("Shape of the value"), shown=False),
        Column("tried_at", lazy_gettext("Last looked at"), "instant", shown=False),
    ),
    sort="since",
    filters=(Filter("widok", lazy_gettext("View of TYTAN"), lambda: _views(), column=_q.view),),
    search=sa.func.lower(_q.key + " " + sa.func.coalesce(_q.customer_code, "")),
    search_label=lazy_gettext("Key of the row or customer code"),
    search_fold=str.lower,
    reach="stated",
    counted=lambda n: ngettext("%(n)s row", "%(n)s rows", n),
    empty=(lazy_gettext("The quarantine is empty"), lazy_gettext("Every row of TYTAN keeps the contract.")),
)
_HELD = (
    Column("customer_code", lazy_gettext("Customer code"), head=True),
    Column("reason", lazy_gettext("Why"), value=lambda row: quarantine.held_reason(row.reason)),
    Column("since", lazy_gettext("Since"), "instant"),
)
MOST_HELD = 50


def _views() -> list[tuple[str, Any]]:
    return [(table.view, table.view) for table in runtime().portal.copy_tables]


def _row_page(row: Any) -> str:
    return url_for(".quarantined", widok=row.view, klucz=row.key, regula=row.rule)


@blueprint.get("/procesy/kwarantanna")
def in_quarantine() -> ResponseReturnValue:
    """Rows that broke the contract with their reasons, and customers who keep an older state."""
    held = state.all_held_back(snapshot(), limit=MOST_HELD)
    return list_page(
        QUARANTINE,
        "ebok_core/jobs/quarantine.html",
        title=_("Quarantine of TYTAN's data"),
        menu=MENU,
        held=rows_table(_("Customers who keep an older state"), _HELD, held) if held else None,
    )


@blueprint.get("/procesy/kwarantanna/wiersz")
def quarantined() -> ResponseReturnValue:
    """One row: what is wrong with it, what that does to the customer, and whom to ask."""
    named = {name: request.args.get(name, "")[:160] for name in ("widok", "klucz", "regula")}
    row = state.quarantined_row(snapshot(), view=named["widok"], key=named["klucz"], rule=named["regula"])
    if row is None:
        raise NotFound(_("There is no such page."))
    return render(
        "ebok_core/jobs/quarantined.html",
        title=_("Row %(key)s", key=row.key),
        menu=MENU,
        crumbs=[(_("Quarantine of TYTAN's data"), ".in_quarantine")],
        row=row,
        rule=quarantine.rule(row.rule),
        remedy=quarantine.remedy(row.rule),
    )


# Errors of pages

_p = PageError.__table__.c
ZONES = {
    "public": lazy_gettext("before signing in"),
    "customer": lazy_gettext("customers' pages"),
    "admin": lazy_gettext("the panel"),
}
ERRORS = Table(
    key="core.page_errors",
    caption=lazy_gettext("Errors that people were shown"),
    statement=sa.select(_p.id, _p.number, _p.at, _p.zone, _p.method, _p.address, _p.status, _p.error_class),
    row_key=(_p.id,),
    columns=(
        Column("number", lazy_gettext("Number"), head=True, optional=False),
        Column("at", lazy_gettext("Date and time"), "instant", sort=_p.at),
        Column("address", lazy_gettext("Page"), value=lambda row: f"{row.method} {row.address}"),
        Column("zone", lazy_gettext("Where"), value=lambda row: str(ZONES.get(row.zone, ""))),
        Column("error_class", lazy_gettext("Kind of error")),
        Column("status", lazy_gettext("HTTP code"), "number"),
    ),
    sort="-at",
    filters=(DateFilter("okres", lazy_pgettext("log", "When"), _p.at),),
    search=sa.func.lower(_p.number + " " + _p.address + " " + _p.error_class),
    search_label=lazy_gettext("Number that the person reads out, page or kind"),
    search_fold=str.lower,
    reach="stated",
    counted=lambda n: ngettext("%(n)s error", "%(n)s errors", n),
    empty=(lazy_gettext("No page has failed"), lazy_gettext("Errors of the last 90 days will stand here.")),
)


@blueprint.get("/procesy/bledy")
def errors() -> ResponseReturnValue:
    """Errors by the number that the page shows to the person: what a clerk looks for when somebody calls."""
    return list_page(ERRORS, "ebok_core/jobs/errors.html", title=_("Errors of pages"), menu=MENU)
