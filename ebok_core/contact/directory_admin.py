"""The administrator's pages: departments with their clerks, contact persons, topics (L143, L144)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from ebok_core.i18n import gettext as _
from ebok_core.i18n import ngettext
from ebok_core.web import Form, FormSchema, blank, done, load, redirect_to, render, snapshot, unit_of_work, viewer

from . import directory, schemas
from .models import ContactPerson, Department, Topic

blueprint = Blueprint("departments", __name__)


@blueprint.get("/dzialy")
def index() -> ResponseReturnValue:
    """Everything that can be set up here, in three lists."""
    return render(
        "ebok_core/contact/admin/departments.html",
        title=_("Departments and topics"),
        menu="core.admin_departments",
        departments=directory.departments(snapshot()),
        persons=directory.persons(snapshot()),
        topics=directory.every_topic(snapshot()),
    )


# Departments


@blueprint.route("/dzialy/dzial", methods=["GET", "POST"], defaults={"key": None})
@blueprint.route("/dzialy/dzial/<key>", methods=["GET", "POST"])
def department(key: str | None) -> ResponseReturnValue:
    """Add a department or change one."""
    row = directory.one(snapshot(), Department, key) if key else None
    schema = schemas.department_schema(directory.staff(snapshot()))
    known = {"clerks": directory.clerks_of(snapshot(), key)} if key else {"position": _next()}
    form = _form(schema, row, ("name", "email", "position"), known)
    if form.ok:
        values = {name: form.data.get(name) for name in ("name", "email", "position")}
        with unit_of_work() as session:
            directory.save_department(session, viewer(), key, values, form.data.get("clerks", []))
        done(_("The department is saved. Customers see it in the form at once."))
        return redirect_to(".index")
    return _department(form, row)


@blueprint.post("/dzialy/dzial/<key>/zamknij")
def close(key: str) -> ResponseReturnValue:
    """Take a department off the form; what is open there goes to another one."""
    row = directory.one(snapshot(), Department, key)
    closing = load(_closing(key))
    if closing.ok:
        with closing.refusals("department"), unit_of_work() as session:
            moved = directory.close_department(session, viewer(), key, closing.data.get("department"))
        if closing.ok:
            closed = _("The department is closed. Its old cases stay with it.")
            passed = ngettext("%(n)s case was passed on.", "%(n)s cases were passed on.", moved) if moved else ""
            done(f"{closed} {passed}".strip())
            return redirect_to(".index")
    schema = schemas.department_schema(directory.staff(snapshot()))
    known = {"clerks": directory.clerks_of(snapshot(), key)}
    stored = blank(schema, name=row.name, email=row.email, position=row.position, **known)
    return _department(stored, row, closing)


@blueprint.post("/dzialy/dzial/<key>/otworz")
def reopen(key: str) -> ResponseReturnValue:
    """Put a closed department on the form again."""
    with unit_of_work() as session:
        directory.open_department(session, viewer(), key)
    done(_("The department takes messages again."))
    return redirect_to(".index")


def _department(form: Form, row: Any, closing: Form | None = None) -> ResponseReturnValue:
    is_open = row is not None and row.closed_at is None
    return render(
        "ebok_core/contact/admin/department.html",
        title=row.name if row else _("New department"),
        menu="core.admin_departments",
        crumbs=[(_("Departments and topics"), ".index")],
        form=closing if closing is not None else form,
        fields=form,
        row=row,
        closing=(closing or blank(_closing(row.id))) if is_open else None,
    )


def _closing(key: str) -> FormSchema:
    others = [pair for pair in directory.open_departments(snapshot()) if pair[0] != key]
    return schemas.department_choice(others, required=False)


def _next() -> int:
    return max((row.position for row in directory.departments(snapshot())), default=0) + 1


# Persons and topics


@blueprint.route("/dzialy/osoba", methods=["GET", "POST"], defaults={"key": None})
@blueprint.route("/dzialy/osoba/<key>", methods=["GET", "POST"])
def person(key: str | None) -> ResponseReturnValue:
    """Add a contact person or change one."""
    row = directory.one(snapshot(), ContactPerson, key) if key else None
    schema = schemas.person_schema(_choices(row))
    form = _form(schema, row, ("name", "role", "email", "position"), _first(row))
    if form.ok:
        values = _values(form, ("name", "role", "email", "position"))
        with unit_of_work() as session:
            directory.save_person(session, viewer(), key, values, form.data["shown"])
        done(_("The contact person is saved."))
        return redirect_to(".index")
    return _entry(form, row, _("New contact person"))


@blueprint.route("/dzialy/temat", methods=["GET", "POST"], defaults={"key": None})
@blueprint.route("/dzialy/temat/<key>", methods=["GET", "POST"])
def topic(key: str | None) -> ResponseReturnValue:
    """Add a topic or change one."""
    row = directory.one(snapshot(), Topic, key) if key else None
    schema = schemas.topic_schema(_choices(row))
    form = _form(schema, row, ("name", "answer_days", "position"), _first(row))
    if form.ok:
        values = _values(form, ("name", "answer_days", "position"))
        with unit_of_work() as session:
            directory.save_topic(session, viewer(), key, values, form.data["shown"])
        done(_("The topic is saved."))
        return redirect_to(".index")
    return _entry(form, row, _("New topic"))


def _form(schema: FormSchema, row: Any, names: tuple[str, ...], known: Mapping[str, Any]) -> Form:
    if request.method == "POST":
        return load(schema)
    stored = {name: getattr(row, name) for name in names} if row else {}
    return blank(schema, **{**stored, **known})


def _first(row: Any) -> dict[str, Any]:
    if row is None:
        return {"shown": True, "position": 1}
    return {"shown": row.closed_at is None, "department": row.department_id}


def _values(form: Form, names: tuple[str, ...]) -> dict[str, Any]:
    return {**{name: form.data.get(name) for name in names}, "department_id": form.data["department"]}


def _choices(row: Any) -> list[tuple[str, str]]:
    """The open departments, and the one that a row has, even if it is closed."""
    found = directory.open_departments(snapshot())
    if row is not None and row.department_id not in dict(found):
        closed = directory.one(snapshot(), Department, row.department_id)
        found.append((closed.id, closed.name))
    return found


def _entry(form: Form, row: Any, new: str) -> ResponseReturnValue:
    return render(
        "ebok_core/contact/admin/entry.html",
        title=row.name if row else new,
        menu="core.admin_departments",
        crumbs=[(_("Departments and topics"), ".index")],
        form=form,
    )
