"""Whom people can write to and about what: departments, contact persons and topics, as the utility sets them up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.contracts.identity import Viewer
from ebok_core.db import uuid7
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import ngettext
from ebok_core.identity.models import Account

from . import rules
from .models import Case, ContactPerson, Department, DepartmentClerk, Topic

_D, _P, _T = Department.__table__, ContactPerson.__table__, Topic.__table__
_K, _C, _A = DepartmentClerk.__table__, Case.__table__, Account.__table__

_TOPICS = (
    sa.select(_T.c.id, _T.c.kind, _T.c.slug, _T.c.name, _T.c.department_id, _T.c.answer_days)
    .where(_T.c.closed_at.is_(None))
    .order_by(_T.c.position, _T.c.id)
)
_UNITS = (
    sa.select(sa.literal("d:").label("sort"), _D.c.id, _D.c.name, sa.literal("").label("role"), _D.c.position)
    .where(_D.c.closed_at.is_(None))
    .union_all(
        sa.select(sa.literal("p:"), _P.c.id, _P.c.name, _P.c.role, _P.c.position)
        .join_from(_P, _D, _D.c.id == _P.c.department_id)
        .where(_P.c.closed_at.is_(None), _D.c.closed_at.is_(None))
    )
    .order_by("sort", "position", "id")
)
_STAFF = (
    sa.select(_A.c.id, _A.c.display_name, _A.c.login)
    .where(_A.c.kind == "staff", _A.c.status != "blocked")
    .order_by(_A.c.display_name, _A.c.id)
)
_OPEN_CASES = sa.select(sa.func.count()).where(
    _C.c.department_id == sa.bindparam("department_id"), _C.c.state != rules.CLOSED
)


class TopicRow(NamedTuple):
    """A topic that can be chosen, and where its messages go first."""

    id: str
    kind: str
    slug: str
    name: str
    department_id: str
    answer_days: int


class Recipient(NamedTuple):
    """A department or a person of one: who gets a message; `email` gets the notice."""

    department_id: str
    person_id: str | None
    email: str | None


def topics(session: Session) -> list[TopicRow]:
    """The topics of the form, in the utility's order."""
    return [TopicRow._make(row) for row in session.execute(_TOPICS)]


def units(session: Session) -> list[tuple[str, str]]:
    """Departments and persons that can be chosen, as `(key, words)`; a person with the role, never the e-mail."""
    return [
        (f"{row.sort}{row.id}", f"{row.name}, {row.role}" if row.role else row.name) for row in session.execute(_UNITS)
    ]


def recipient(session: Session, chosen: str, topic: TopicRow) -> Recipient:
    """Who gets a message: what the person chose (a key of `units`), else the topic's own department."""
    kind, _colon, chosen_id = chosen.partition(":")
    if kind == "p":
        statement = sa.select(_P.c.department_id, _P.c.id, sa.func.coalesce(_P.c.email, _D.c.email)).join_from(
            _P, _D, _D.c.id == _P.c.department_id
        )
        found = session.execute(statement.where(_P.c.id == chosen_id, _P.c.closed_at.is_(None))).first()
    else:
        own = _D.c.id == (chosen_id or topic.department_id)
        found = session.execute(sa.select(_D.c.id, sa.null(), _D.c.email).where(own, _D.c.closed_at.is_(None))).first()
    if found is None:
        raise Refused(_("Nobody can be reached there any more. Choose somebody else"), code="gone")
    return Recipient._make(found)


# The panel


def departments(session: Session) -> Sequence[Any]:
    """Every department with the numbers of its clerks and of its open cases, the closed ones last."""
    clerks = sa.select(sa.func.count()).where(_K.c.department_id == _D.c.id).scalar_subquery()
    cases = (
        sa.select(sa.func.count()).where(_C.c.department_id == _D.c.id, _C.c.state != rules.CLOSED).scalar_subquery()
    )
    statement = sa.select(_D, clerks.label("clerks"), cases.label("cases"))
    return session.execute(statement.order_by(_D.c.closed_at.is_not(None), _D.c.position, _D.c.id)).all()


def persons(session: Session) -> Sequence[Any]:
    """Every contact person with the department's name."""
    statement = sa.select(_P, _D.c.name.label("department")).join_from(_P, _D, _D.c.id == _P.c.department_id)
    return session.execute(statement.order_by(_P.c.closed_at.is_not(None), _P.c.position, _P.c.id)).all()


def every_topic(session: Session) -> Sequence[Any]:
    """Every topic with the department's name."""
    statement = sa.select(_T, _D.c.name.label("department")).join_from(_T, _D, _D.c.id == _T.c.department_id)
    return session.execute(statement.order_by(_T.c.closed_at.is_not(None), _T.c.position, _T.c.id)).all()


def open_departments(session: Session) -> list[tuple[str, str]]:
    """Pairs of id and name, for a choice."""
    statement = sa.select(_D.c.id, _D.c.name).where(_D.c.closed_at.is_(None)).order_by(_D.c.position, _D.c.id)
    return [(row.id, row.name) for row in session.execute(statement)]


def staff(session: Session) -> list[tuple[str, str]]:
    """Pairs of account and name of everybody who may become a department's clerk."""
    return [(row.id, f"{row.display_name} ({row.login})") for row in session.execute(_STAFF)]


def clerks_of(session: Session, department_id: str) -> list[str]:
    """The accounts of a department's clerks."""
    return list(session.scalars(sa.select(_K.c.account_id).where(_K.c.department_id == department_id)))


def one(session: Session, model: Any, key: str) -> Any:
    """A row of a department, a person or a topic. Raises `NotFound`."""
    found = session.execute(sa.select(model.__table__).where(model.__table__.c.id == key)).first()
    if found is None:
        raise NotFound(_("There is no such page."))
    return found


def save_department(
    session: Session, viewer: Viewer, key: str | None, values: Mapping[str, Any], clerks: Sequence[str]
) -> str:
    """Add a department, or change the one with this id and who answers for it; returns its id."""
    key, before = _write(session, Department, key, values, {"kind": rules.OTHER})
    known = {account for account, _name in staff(session)}
    had = sorted(clerks_of(session, key))
    wanted = sorted(known.intersection(clerks))
    session.execute(sa.delete(_K).where(_K.c.department_id == key))
    if wanted:
        session.execute(sa.insert(_K), [{"department_id": key, "account_id": account} for account in wanted])
    after = {**values, "clerks": wanted}
    _note(session, viewer, "core.department.changed", "department", key, before and {**before, "clerks": had}, after)
    return key


def save_person(session: Session, viewer: Viewer, key: str | None, values: Mapping[str, Any], shown: bool) -> str:
    """Add or change a contact person; `shown` False takes it off the form, its old cases stay."""
    key, before = _write(session, ContactPerson, key, {**values, "closed_at": None if shown else clock.now_utc()})
    hidden = {"email": audit.personal(session, values.get("email")), "name": audit.personal(session, values["name"])}
    if before:
        own = {name: audit.personal(session, before[name]) for name in ("email", "name")}
        before = {**before, **own}
    after = {**values, **hidden, "shown": shown}
    _note(session, viewer, "core.contact_person.changed", "contact_person", key, before, after)
    return key


def save_topic(session: Session, viewer: Viewer, key: str | None, values: Mapping[str, Any], shown: bool) -> str:
    """Add or change a topic; one that is not shown keeps its cases."""
    first = {} if key else {"kind": rules.OWN, "slug": _free_slug(session, values["name"])}
    key, before = _write(session, Topic, key, {**values, "closed_at": None if shown else clock.now_utc()}, first)
    _note(session, viewer, "core.contact_topic.changed", "contact_topic", key, before, {**values, "shown": shown})
    return key


def close_department(session: Session, viewer: Viewer, key: str, to: str | None) -> int:
    """Take a department off the form; its open cases and its topics move to `to`, its old cases stay with it.

    Returns how many cases moved. Raises `Refused` when something would be left without a department.
    """
    row = one(session, Department, key)
    cases = session.execute(_OPEN_CASES, {"department_id": key}).scalar_one()
    names = session.scalars(sa.select(_T.c.name).where(_T.c.department_id == key, _T.c.closed_at.is_(None))).all()
    if not to and cases:
        text = ngettext(
            "%(n)s case is open here. Choose the department that takes it over",
            "%(n)s cases are open here. Choose the department that takes them over",
            cases,
        )
        raise Refused(text, code="open_cases")
    if not to and names:
        text = _("Messages about these topics come here: %(names)s. Choose who takes them over", names=", ".join(names))
        raise Refused(text, code="topics")
    if to and (to == key or to not in dict(open_departments(session))):
        raise Refused(_("Choose another department, one that is open"), code="target")
    if to:
        moved = {"department_id": to}
        open_ones = (_C.c.department_id == key, _C.c.state != rules.CLOSED)
        session.execute(sa.update(_C).where(*open_ones).values(**moved, person_id=None))
        session.execute(sa.update(_T).where(_T.c.department_id == key).values(moved))
    session.execute(
        sa.update(_P).where(_P.c.department_id == key, _P.c.closed_at.is_(None)).values(closed_at=clock.now_utc())
    )
    session.execute(sa.update(_D).where(_D.c.id == key).values(closed_at=clock.now_utc()))
    after = {"to": to, "cases": cases}
    _note(session, viewer, "core.department.closed", "department", key, {"name": row.name}, after)
    return int(cases)


def open_department(session: Session, viewer: Viewer, key: str) -> None:
    """Put a closed department on the form again."""
    row = one(session, Department, key)
    session.execute(sa.update(_D).where(_D.c.id == key).values(closed_at=None))
    _note(session, viewer, "core.department.changed", "department", key, {"closed": True}, {"name": row.name})


def _write(
    session: Session, model: Any, key: str | None, values: Mapping[str, Any], first: Mapping[str, Any] | None = None
) -> tuple[str, dict[str, Any] | None]:
    """Insert or update a row; gives its id and what it held before."""
    table = model.__table__
    if key is None:
        new = uuid7()
        session.execute(sa.insert(table).values(id=new, **{**(first or {}), **values}))
        return new, None
    row = one(session, model, key)
    session.execute(sa.update(table).where(table.c.id == key).values(**values))
    return key, {name: getattr(row, name) for name in values if name != "closed_at"}


def _note(
    session: Session,
    viewer: Viewer,
    action: str,
    kind: str,
    key: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
) -> None:
    plain = {name: value for name, value in after.items() if name != "closed_at"}
    audit.record(session, action, actor=viewer, object_type=kind, object_id=key, before=before, after=plain)


def _free_slug(session: Session, name: str) -> str:
    slug = rules.slug_of(name)
    taken = set(session.scalars(sa.select(_T.c.slug).where(_T.c.slug.startswith(slug))))
    return next(s for s in (slug, *(f"{slug[:36]}-{n}" for n in range(2, 1000))) if s not in taken)
