"""The panel: "Logi administratora" (L155) and "Aktywności administratora" (L156, P76), with the state of the chain."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, current_app, request, url_for
from flask.typing import ResponseReturnValue

from ebok_core.errors import NotFound
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, lazy_pgettext, ngettext
from ebok_core.identity import devices
from ebok_core.identity.models import Account, LoginEvent
from ebok_core.web import (
    Cell,
    Column,
    DateFilter,
    Filter,
    Option,
    Table,
    Word,
    list_page,
    render,
    rows_table,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)
from ebok_core.web.exports import FORMATS

from . import service, watch, words
from .models import AuditEvent, PageError

blueprint = Blueprint("audit", __name__)

_A, _L, _P, _E = Account.__table__.c, LoginEvent.__table__.c, PageError.__table__.c, AuditEvent.__table__.c
_NUMBER = re.compile(r"[0-9]{1,18}\Z")
_NONE = sa.cast(sa.null(), sa.String)
RESULTS = {
    "ok": Word("ok", lazy_gettext("Signed in")),
    "failed": Word("bad", lazy_gettext("Failed try")),
    "signed_out": Word("", lazy_gettext("Signed out")),
    "expired": Word("", lazy_gettext("Session ended after a break")),
    "ended": Word("", lazy_gettext("Session ended")),
    "error": Word("bad", lazy_gettext("Error of a page")),
}


def _entries(*columns: Any) -> sa.Select[Any]:
    return sa.select(_L.id, _L.at, _L.result, *columns, _L.ip.label("address"), _L.user_agent, _NONE.label("number"))


# Three plain reads put together: each finds its rows by an index, however many sign-ins of customers there are.
_LOG = sa.union_all(
    _entries(_A.display_name.label("name"), _A.login).join(Account, _A.id == _L.account_id).where(_A.kind == "staff"),
    _entries(_NONE.label("name"), _NONE.label("login")).where(_L.account_id.is_(None), _L.entry == "staff"),
    sa.select(_P.id, _P.at, sa.literal("error").label("result"), _NONE, _NONE, _P.address, _P.error_class, _P.number),
).subquery("log")
_g = _LOG.c


def _who(row: Any) -> Cell | None:
    if row.result == "error":
        return None
    return Cell(row.name, row.login) if row.name else Cell(_("unknown login"))


def _by_what(row: Any) -> str:
    return str(row.user_agent) if row.result == "error" else devices.words(row.user_agent)


LOGS = Table(
    key="core.admin_logs",
    caption=lazy_gettext("Sign-ins of staff and errors of pages"),
    statement=sa.select(_g.id, _g.at, _g.result, _g.name, _g.login, _g.address, _g.user_agent, _g.number),
    row_key=(_g.id,),
    columns=(
        Column("at", lazy_gettext("Date and time"), "instant", sort=_g.at, head=True),
        Column("result", lazy_gettext("Result"), "word", words=RESULTS, optional=False),
        Column("who", lazy_gettext("Who"), "cell", value=_who),
        Column("address", lazy_gettext("Address")),
        Column("number", lazy_gettext("Number of the error")),
        Column("device", lazy_gettext("Device or kind of error"), value=_by_what),
    ),
    sort="-at",
    filters=(
        Filter(
            "rodzaj",
            lazy_gettext("Kinds of entries"),
            (
                Option("logowania", lazy_gettext("Sign-ins"), _g.result == "ok"),
                Option("nieudane", lazy_gettext("Failed tries"), _g.result == "failed"),
                Option("wyjscia", lazy_gettext("Ends of sessions"), _g.result.in_(("signed_out", "expired", "ended"))),
                Option("bledy", lazy_gettext("Errors"), _g.result == "error"),
            ),
            chips=True,
        ),
        DateFilter("okres", lazy_pgettext("log", "When"), _g.at),
    ),
    search=sa.func.lower(
        sa.func.coalesce(_g.name, "")
        + " "
        + sa.func.coalesce(_g.login, "")
        + " "
        + sa.func.coalesce(_g.address, "")
        + " "
        + sa.func.coalesce(_g.number, "")
    ),
    search_label=lazy_gettext("Person, address or number of the error"),
    search_fold=str.lower,
    reach="stated",
    counted=lambda n: ngettext("%(n)s entry", "%(n)s entries", n),
    empty=(lazy_gettext("Nobody has signed in to the panel yet"), ""),
)


@blueprint.get("/logi")
def logs() -> ResponseReturnValue:
    """Sign-ins to the panel, failed tries, errors that people were shown (L155)."""
    _note_download("logs")
    return list_page(LOGS, "ebok_core/audit/logs.html", title=_("Administrators' log"))


# Activities


def _title(row: Any) -> Cell:
    title = words.title_of(_actions(), row.action)
    return Cell(title, row.reason or "", href=url_for(".event", seq=row.seq))


def _changes(row: Any) -> list[str]:
    labels = words.labels_of(runtime().portal, _actions(), row.action, row.object_id)
    return [change.line() for change in words.changes(row.before, row.after, labels)]


def _object(row: Any) -> Cell:
    return Cell(words.object_of(runtime().portal, row.object_type, row.object_id), href=_page_of(row))


def _page_of(row: Any) -> str:
    """The panel's page of the object, an empty text where there is none."""
    action = _actions().get(row.action)
    if action is None or action.endpoint not in current_app.view_functions:
        return ""
    return url_for(action.endpoint, **({action.argument: row.object_id} if action.argument else {}))


def _actions() -> dict[str, Any]:
    if "ebok_audit_actions" not in current_app.extensions:
        current_app.extensions["ebok_audit_actions"] = words.actions_of(runtime().portal)
    found: dict[str, Any] = current_app.extensions["ebok_audit_actions"]
    return found


def _people() -> list[tuple[str, Any]]:
    staff = sa.select(_A.id, _A.display_name).where(_A.kind == "staff").order_by(_A.display_name, _A.id)
    return [(row.id, row.display_name) for row in snapshot().execute(staff)] + [("system", _("the portal itself"))]


def _kinds() -> list[tuple[str, Any]]:
    return sorted(((key, str(action.title)) for key, action in _actions().items()), key=lambda pair: pair[1])


def _name(object_type: str) -> str:
    """A kind of object as an address writes it."""
    return object_type.rpartition(".")[2].replace("_", "-")


COLUMNS = (
    *(_E.seq, _E.at, _E.actor, _E.on_behalf_of, _E.action, _E.object_type, _E.object_id),
    *(_E.before, _E.after, _E.reason, _E.ip, _E.request_id),
)
_JOINED = sa.select(*COLUMNS, _A.display_name, _A.login, _A.kind).join_from(
    AuditEvent.__table__, Account.__table__, _A.id == _E.actor, isouter=True
)
_ONE = _JOINED.add_columns(_E.hash, _E.prev_hash).where(_E.seq == sa.bindparam("of_seq"))

ACTIVITIES = Table(
    key="core.admin_activities",
    caption=lazy_gettext("Activities"),
    statement=_JOINED,
    row_key=(_E.seq,),
    columns=(
        Column("at", lazy_gettext("Date and time"), "instant", sort=_E.at, head=True),
        Column("who", lazy_gettext("Who"), "cell", value=lambda row: Cell(words.who(row.actor, row.display_name))),
        Column("action", lazy_gettext("What"), "cell", value=_title, optional=False),
        Column("object", lazy_gettext("Of what"), "cell", value=_object),
        Column(
            "changes",
            lazy_gettext("Before → after"),
            "cell",
            value=_changes,
            csv=lambda row: "; ".join(_changes(row)),
        ),
        Column("on_behalf_of", lazy_gettext("In the name of the customer"), shown=False),
        Column("ip", lazy_gettext("Address"), shown=False),
        Column("request_id", lazy_gettext("Number of the request"), shown=False),
        Column("seq", lazy_gettext("Entry no."), "number", sort=_E.seq, shown=False),
    ),
    sort="-seq",
    filters=(
        Filter(
            "kto",
            lazy_gettext("Whose activities"),
            (
                Option("pracownicy", lazy_gettext("Of staff"), _A.kind == "staff"),
                Option("klienci", lazy_gettext("Of customers"), _A.kind == "customer"),
                Option("portal", lazy_gettext("Of the portal"), _A.id.is_(None)),
                Option("wszystkie", lazy_gettext("All")),
            ),
            default="pracownicy",
            chips=True,
        ),
        Filter("osoba", lazy_gettext("Person"), _people, column=_E.actor),
        Filter("czynnosc", lazy_gettext("What was done"), _kinds, column=_E.action),
        Filter(
            "obiekt",
            lazy_gettext("Of what"),
            tuple(Option(_name(key), label, _E.object_type == key) for key, label in words.OBJECTS.items()),
        ),
        DateFilter("okres", lazy_pgettext("log", "When"), _E.at),
    ),
    search=sa.func.lower(
        _E.object_id
        + " "
        + _E.action
        + " "
        + sa.func.coalesce(_A.display_name, "")
        + " "
        + sa.func.coalesce(_A.login, "")
        + " "
        + sa.func.coalesce(_E.on_behalf_of, "")
        + " "
        + sa.func.coalesce(_E.reason, "")
        + " "
        + sa.func.coalesce(_E.after, "")
    ),
    search_label=lazy_gettext("Person, customer code, number of the thing, reason or value"),
    search_fold=str.lower,
    reach="stated",
    counted=lambda n: ngettext("%(n)s activity", "%(n)s activities", n),
    empty=(lazy_gettext("Nothing has been done yet"), lazy_gettext("Each change will be listed here")),
)


@blueprint.get("/aktywnosci")
def activities() -> ResponseReturnValue:
    """Who changed what and when, from what to what, and whether the trail itself is whole (L156, N03)."""
    _note_download("activities")
    return list_page(
        ACTIVITIES,
        "ebok_core/audit/activities.html",
        title=_("Administrators' activities"),
        chain=watch.shown(snapshot()),
    )


@blueprint.get("/aktywnosci/<seq>")
def event(seq: str) -> ResponseReturnValue:
    """One entry with all that is known of it."""
    found = snapshot().execute(_ONE, {"of_seq": int(seq)}).first() if _NUMBER.match(seq) else None
    if found is None:
        raise NotFound(_("There is no such page."))
    portal = runtime().portal
    labels = words.labels_of(portal, _actions(), found.action, found.object_id)
    changed = words.changes(found.before, found.after, labels)
    return render(
        "ebok_core/audit/event.html",
        title=_("Entry no. %(seq)s", seq=seq),
        menu="core.admin_activities",
        event=found,
        what=words.title_of(_actions(), found.action),
        who=words.who(found.actor, found.display_name),
        of_what=words.object_of(portal, found.object_type, found.object_id),
        page_of_object=_page_of(found),
        changes=rows_table(_("What changed"), _CHANGED, changed) if changed else None,
    )


_CHANGED = (
    Column("label", lazy_gettext("Name"), head=True),
    Column("before", lazy_gettext("Before")),
    Column("after", lazy_gettext("After")),
)


def _note_download(what: str) -> None:
    """A list that leaves the portal as a file is itself an activity; search texts are not repeated in it."""
    format_ = request.args.get("format", "")
    if format_ not in FORMATS:
        return
    used = sorted(name for name, value in request.args.items() if value and name != "format")
    with unit_of_work() as session:
        service.record(
            session,
            "core.audit.exported",
            actor=viewer(),
            object_type="audit",
            object_id=what,
            after={"format": format_, "filters": used},
        )
