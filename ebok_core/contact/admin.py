"""The office's pages: the list of cases, a case with its thread, answer, note, state, another department."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from ebok_core import clock
from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, lazy_pgettext, ngettext, pgettext
from ebok_core.web import (
    Cell,
    Column,
    DateFilter,
    Filter,
    Form,
    FormSchema,
    Link,
    Option,
    Table,
    back_to,
    blank,
    body_limit,
    done,
    list_page,
    load,
    redirect_to,
    render,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)

from . import cases, directory, drafts, rules, schemas, sending
from .models import Case, Department, Topic
from .permissions import ANSWER
from .views import BODY_MB, STATES, file_answer, state_word

blueprint = Blueprint("contact", __name__)

_C, _T, _D = Case.__table__, Topic.__table__, Department.__table__
_ACTS = {
    rules.OPEN: lazy_gettext("Take the case up"),
    rules.CLOSED: lazy_gettext("Close the case"),
}


def _today() -> dict[str, Any]:
    return {"late_today": clock.today()}


def _sender(row: Any) -> Cell:
    """Who wrote; a customer by the code too."""
    return Cell(row.sender_name or pgettext("person", "deleted"), row.customer_code or "")


def _due(row: Any) -> Cell:
    days = (row.due_on - clock.today()).days
    if row.state not in rules.WAITING:
        return Cell(row.due_on.isoformat(), whole=True)
    return Cell(row.due_on.isoformat(), sending.days_in_words(days), late=days < 0, whole=True)


def _departments() -> list[tuple[str, Any]]:
    return [(row.id, row.name) for row in directory.departments(snapshot())]


def _topics() -> list[tuple[str, Any]]:
    return [(row.id, row.name) for row in directory.every_topic(snapshot())]


CASES = Table(
    key="core.cases",
    caption=lazy_gettext("Cases"),
    statement=sa.select(
        _C.c.id,
        _C.c.number,
        _C.c.received_at,
        _C.c.sender_name,
        _C.c.customer_code,
        _C.c.due_on,
        _C.c.state,
        _T.c.name.label("topic"),
        _D.c.name.label("department"),
    )
    .select_from(_C.join(_T, _T.c.id == _C.c.topic_id).join(_D, _D.c.id == _C.c.department_id))
    .where(cases.MAY_SEE),
    row_key=(_C.c.id,),
    columns=(
        Column(
            "number",
            lazy_gettext("Case number"),
            "cell",
            value=lambda row: Cell(row.number, whole=True),
            head=True,
            link=Link("admin.contact.case", {"number": "number"}),
            optional=False,
        ),
        Column("received_at", lazy_pgettext("case", "Received"), "instant", sort=_C.c.received_at),
        Column("sender", lazy_gettext("Sender"), "cell", value=_sender),
        Column("topic", lazy_gettext("Topic")),
        Column("department", lazy_gettext("Department")),
        Column("due_on", lazy_gettext("Answer due by"), "cell", value=_due, sort=_C.c.due_on),
        Column("state", lazy_gettext("State"), "word", value=lambda row: state_word(row.state)),
    ),
    sort="-received_at",
    filters=(
        Filter(
            "stan",
            lazy_gettext("States of cases"),
            (
                Option("do-odpowiedzi", lazy_pgettext("case", "to be answered"), _C.c.state.in_(rules.WAITING)),
                *(Option(state, label, _C.c.state == state) for state, (_kind, label) in STATES.items()),
            ),
            chips=True,
        ),
        Filter(
            "termin",
            lazy_pgettext("case", "Due date"),
            (
                Option(
                    "po-terminie",
                    lazy_pgettext("case", "late"),
                    sa.and_(_C.c.state.in_(rules.WAITING), _C.c.due_on < sa.bindparam("late_today", type_=sa.Date)),
                    values=_today,
                ),
            ),
        ),
        Filter("temat", lazy_gettext("Topic"), _topics, column=_C.c.topic_id),
        Filter("dzial", lazy_gettext("Department"), _departments, column=_C.c.department_id),
        DateFilter("okres", lazy_pgettext("case", "Received"), _C.c.received_at),
    ),
    search=_C.c.search_text,
    search_label=lazy_gettext("Case number, name, e-mail, phone or customer code"),
    reach="stated",
    counted=lambda n: ngettext("%(n)s case", "%(n)s cases", n),
    empty=(lazy_gettext("Nobody has written yet"), lazy_gettext("Messages from Kontakt will be listed here")),
)


@blueprint.get("/sprawy")
def index() -> ResponseReturnValue:
    """The cases of the departments that this person looks after, newest first."""
    return list_page(
        CASES,
        "ebok_core/contact/admin/cases.html",
        title=_("Cases"),
        values=cases.sight(viewer()),
        menu="core.admin_cases",
    )


@blueprint.get("/sprawy/<number>")
def case(number: str) -> ResponseReturnValue:
    """A case with everything that was written, and what can be done with it."""
    return _page(_case(number))


@blueprint.post("/sprawy/<number>/odpowiedz")
@body_limit(BODY_MB)
def answer(number: str) -> ResponseReturnValue:
    """Answer the person."""
    found, form = _case(number), load(schemas.AnswerSchema)
    sending.take_files(form)
    if form.ok:
        with unit_of_work() as session:
            cases.answer(session, viewer(), found, form.data["text"], form.token, close=form.data["close"])
        done(_("The answer is in the case. The person gets a mail that it is there."))
        return redirect_to(".case", number=number)
    return _page(found, answer=form)


@blueprint.post("/sprawy/<number>/notatka")
def note(number: str) -> ResponseReturnValue:
    """Write a note for the office."""
    found, form = _case(number), load(schemas.NoteSchema)
    if form.ok:
        with unit_of_work() as session:
            cases.note(session, viewer(), found, form.data["note"], form.token)
        done(_("The note is in the case. Only the office sees it."))
        return redirect_to(".case", number=number)
    return _page(found, note=form)


@blueprint.post("/sprawy/<number>/stan")
def state(number: str) -> ResponseReturnValue:
    """Take a case up, close it or open it again."""
    found, form = _case(number), load(schemas.StateSchema)
    if form.ok:
        try:
            with unit_of_work() as session:
                cases.set_state(session, viewer(), found, form.data["state"])
            done(_("The state of the case is changed."))
        except Refused as refused:
            done(str(refused), title=_("Nothing was changed."), kind="wait")
    return redirect_to(".case", number=number)


@blueprint.post("/sprawy/<number>/dzial")
def department(number: str) -> ResponseReturnValue:
    """Pass a case on; who no longer sees it then is led back to the list."""
    found = _case(number)
    form = load(schemas.department_choice(directory.open_departments(snapshot())))
    if form.ok:
        with form.refusals("department"), unit_of_work() as session:
            name = cases.pass_on(session, viewer(), found, form.data["department"])
        if form.ok:
            done(_("Case %(number)s was passed on to: %(name)s.", number=number, name=name))
            return redirect_to(".index")
    return _page(found, department=form)


@blueprint.get("/sprawy/<number>/plik/<file_id>")
def file(number: str, file_id: str) -> ResponseReturnValue:
    """A file of a case."""
    found = _case(number)
    return file_answer(drafts.content(snapshot(), runtime(), found.id, file_id, for_office=True))


def _case(number: str) -> Any:
    return cases.seen_case(snapshot(), viewer(), number)


def _page(found: Any, **sent: Form) -> ResponseReturnValue:
    """The case's page; `sent` is the form that could not be taken, by its name."""
    choices = [pair for pair in directory.open_departments(snapshot()) if pair[0] != found.department_id]
    forms: dict[str, Any] = {
        "answer": _or_blank(sent, "answer", schemas.AnswerSchema),
        "note": _or_blank(sent, "note", schemas.NoteSchema),
        "department": _or_blank(sent, "department", schemas.department_choice(choices)),
    }
    days = (found.due_on - clock.today()).days
    return render(
        "ebok_core/contact/admin/case.html",
        title=_("Case %(number)s", number=found.number),
        menu="core.admin_cases",
        form=next(iter(sent.values()), None),
        forms=forms,
        case=found,
        state=state_word(found.state),
        acts=[
            (step, _ACTS[step] if found.state != rules.CLOSED else _("Open the case again")) for step in _steps(found)
        ],
        said=cases.thread(snapshot(), found, for_office=True),
        file_address=lambda file_id: url_for(".file", number=found.number, file_id=file_id),
        days=sending.days_in_words(days),
        is_late=rules.is_late(found.state, found.due_on, clock.today()),
        waits=found.state in rules.WAITING,
        may_answer=viewer().may(ANSWER),
        waiting=sending.waiting(forms["answer"]),
        size_in_words=sending.size_in_words,
        back=back_to(CASES, ".index"),
        has_departments=bool(choices),
    )


def _steps(found: Any) -> tuple[str, ...]:
    return rules.states_after(found.state)


def _or_blank(sent: dict[str, Form], name: str, schema: type[FormSchema] | FormSchema) -> Form:
    return sent[name] if name in sent else blank(schema)
