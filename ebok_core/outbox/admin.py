"""The panel's list of messages that have not arrived, the page of one, "Ponów" and "Anuluj" (L157)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue
from marshmallow import fields

from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import instant_iso, lazy_gettext, lazy_pgettext, ngettext
from ebok_core.web import (
    FORM,
    BulkAction,
    Cell,
    Choice,
    Column,
    Filter,
    Flag,
    Form,
    FormSchema,
    Link,
    Option,
    Table,
    Text,
    Word,
    back_to,
    blank,
    done,
    list_page,
    load,
    redirect_to,
    render,
    rows_table,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)

from . import permissions, reading, rules, service, words
from .models import Message

blueprint = Blueprint("outbox", __name__)

MENU = "core.admin_processes"
MOST_AT_ONCE = 100
_m = Message.__table__.c
RETRY, CANCEL = "ponow", "anuluj"
ACTS: dict[str, tuple[Any, Callable[..., None]]] = {
    RETRY: (permissions.RETRY, service.retry),
    CANCEL: (permissions.CANCEL, service.cancel),
}


def state_word(row: Any) -> Word:
    """The state with the reason, where there is one."""
    found = words.STATES[row.state]
    return Word(found.kind, str(found.name), words.reason(row.reason_code or row.last_class))


def _kinds() -> list[tuple[str, Any]]:
    return [(key, words.target(key)) for key in sorted(runtime().targets)]


MESSAGES = Table(
    key="core.outbox",
    caption=lazy_gettext("Messages that have not arrived"),
    statement=sa.select(
        *(_m.id, _m.target, _m.kind, _m.customer_code, _m.state, _m.reason_code, _m.last_class, _m.last_code),
        *(_m.attempts, _m.accepted_at, _m.next_at),
    ).where(_m.open),
    row_key=(_m.id,),
    columns=(
        Column(
            "accepted_at",
            lazy_gettext("Accepted"),
            "instant",
            sort=_m.accepted_at,
            head=True,
            link=Link("admin.outbox.message", {"message_id": "id"}),
        ),
        Column("target", lazy_pgettext("message", "To"), value=lambda row: words.target(row.target)),
        Column("kind", lazy_gettext("Kind of message")),
        Column("customer_code", lazy_gettext("Customer code")),
        Column("state", lazy_gettext("State"), "word", value=state_word, optional=False),
        Column("attempts", lazy_gettext("Tries"), "number"),
        Column("next_at", lazy_gettext("Next try"), "instant", shown=False),
        Column("last_code", lazy_gettext("Last code"), shown=False),
    ),
    sort="accepted_at",
    filters=(
        Filter(
            "stan",
            lazy_gettext("States of messages"),
            (
                Option(
                    "decyzja", lazy_gettext("To decide about"), _m.state.in_([s.value for s in sorted(rules.RETRIABLE)])
                ),
                Option("oczekuje", lazy_gettext("Waiting"), _m.state.in_(("pending", "leased", "parked"))),
            ),
            chips=True,
        ),
        Filter("dokad", lazy_pgettext("message", "To"), _kinds, column=_m.target),
    ),
    search=sa.func.lower(_m.id + " " + _m.kind + " " + sa.func.coalesce(_m.customer_code, "")),
    search_label=lazy_gettext("Customer code, kind or number of the message"),
    search_fold=str.lower,
    reach="stated",
    counted=lambda n: ngettext("%(n)s outgoing message", "%(n)s outgoing messages", n),
    empty=(lazy_gettext("Every message has arrived"), lazy_gettext("What waits or needs a decision will stand here.")),
    bulk=(
        BulkAction(RETRY, lazy_pgettext("message", "Send again")),
        BulkAction(CANCEL, lazy_gettext("Give up"), danger=True),
    ),
    bulk_endpoint="admin.outbox.bulk",
    bulk_value=lambda row: row.id,
)


class DecisionSchema(FormSchema):
    """What is decided about one message, and why."""

    akcja = Choice(((RETRY, lazy_pgettext("message", "Send again")), (CANCEL, lazy_gettext("Give up"))), required=True)
    reason = Text(
        required=True,
        max=500,
        multiline=True,
        error_messages={"required": lazy_gettext("Write why: it is kept with the message and in the trail")},
        metadata={"label": lazy_gettext("Why"), "hint": lazy_gettext("What you found out, in one sentence")},
    )


class BulkSchema(DecisionSchema):
    """The same about several; `pewne` tells the second sending, with the reason, from the first."""

    wybrane = fields.List(Text(max=36))
    pewne = Flag()


@blueprint.get("/procesy/komunikaty")
def index() -> ResponseReturnValue:
    """Messages on their way and those that need a person, of all far sides."""
    return list_page(MESSAGES, "ebok_core/outbox/index.html", title=_("Messages that have not arrived"), menu=MENU)


@blueprint.route("/procesy/komunikaty/<message_id>", methods=["GET", "POST"])
def message(message_id: str) -> ResponseReturnValue:
    """One message: where it stands, its tries, its content without what nobody needs; and the decision about it."""
    form = load(DecisionSchema) if request.method == "POST" else blank(DecisionSchema)
    if form.ok and _decide(form, [message_id]):
        return redirect_to(".message", message_id=message_id)
    found = reading.message(snapshot(), message_id)
    if found is None:
        raise NotFound(_("There is no such message."))
    tries = reading.tries(snapshot(), message_id)
    state = rules.State(found.state)
    return render(
        "ebok_core/outbox/message.html",
        title=_("Message of %(time)s", time=instant_iso(found.accepted_at)),
        menu=MENU,
        crumbs=[(_("Messages that have not arrived"), ".index")],
        form=form,
        message=found,
        state=words.STATES[state],
        target=words.target(found.target),
        why=words.reason(found.reason_code or found.last_class),
        content=words.content(found.payload),
        tries=rows_table(_("Tries"), TRIES, tries) if tries else None,
        may_retry=state in rules.RETRIABLE and viewer().may(permissions.RETRY),
        may_cancel=state in rules.CANCELLABLE and viewer().may(permissions.CANCEL),
        back=back_to(MESSAGES, ".index"),
    )


TRIES = (
    Column("started_at", lazy_gettext("When"), "instant", head=True),
    Column("outcome", lazy_gettext("Result"), value=lambda row: words.reason(row.outcome)),
    Column("code", lazy_gettext("Code")),
    Column("ms", lazy_gettext("Took [ms]"), "number"),
)


@blueprint.post("/procesy/komunikaty")
def bulk() -> ResponseReturnValue:
    """The same decision about the ticked messages: first what it is about and why, then the act."""
    form = load(BulkSchema)
    ids = [i for i in form.raw.getlist("wybrane") if i][:MOST_AT_ONCE]
    act = form.raw.get("akcja", "")
    if act not in ACTS:
        abort(400)
    if not viewer().may(ACTS[act][0]):
        abort(403)
    if not ids:
        done(_("Tick at least one message first."), title=_("Nothing was ticked"), kind="wait")
        return redirect_to(".index")
    if form.ok and form.data.get("pewne") and _decide(form, ids):
        return redirect_to(".index")
    if not form.raw.get("pewne"):
        form = blank(BulkSchema, akcja=act)
    found = reading.several(snapshot(), ids)
    return render(
        "ebok_core/outbox/bulk.html",
        title=_("Send several messages again") if act == RETRY else _("Give several messages up"),
        menu=MENU,
        crumbs=[(_("Messages that have not arrived"), ".index")],
        form=form,
        ids=[row.id for row in found],
        act=act,
        chosen=rows_table(_("Messages that have not arrived"), _CHOSEN, found),
        count=len(found),
        back=back_to(MESSAGES, ".index"),
    )


_CHOSEN = (
    Column("accepted_at", lazy_gettext("Accepted"), "instant", head=True),
    Column("target", lazy_pgettext("message", "To"), value=lambda row: words.target(row.target)),
    Column("kind", lazy_gettext("Kind of message")),
    Column("customer_code", lazy_gettext("Customer code")),
    Column("state", lazy_gettext("State"), "cell", value=lambda row: Cell(str(words.STATES[row.state].name))),
)


def _decide(form: Form, ids: list[str]) -> bool:
    """Carry the decision out, each message in a unit of work of its own; False with the reason at the form."""
    permission, act = ACTS[form.data["akcja"]]
    if not viewer().may(permission):
        abort(403)
    decided, refused = 0, ""
    for message_id in ids:
        try:
            with unit_of_work() as session:
                act(session, message_id, actor=viewer(), reason=form.data["reason"])
            decided += 1
        except (Refused, NotFound) as error:
            refused = str(error)
    if not decided:
        form.fail(FORM, refused)
        return False
    text = (
        ngettext("%(n)s message goes again.", "%(n)s messages go again.", decided)
        if form.data["akcja"] == RETRY
        else ngettext("%(n)s message is given up.", "%(n)s messages are given up.", decided)
    )
    left = len(ids) - decided
    if left:
        moved = ngettext(
            "%(n)s has moved on in the meantime and was left as it is.",
            "%(n)s have moved on in the meantime and were left as they are.",
            left,
        )
        text = f"{text} {moved}"
    done(text)
    return True
