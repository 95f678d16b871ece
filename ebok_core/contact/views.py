"""Pages of Kontakt: how to reach the utility, the form, a case by its signature, one's own cases."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict
from werkzeug.http import dump_options_header

from ebok_core import clock
from ebok_core.contracts.contact import ContactTopic
from ebok_core.contracts.identity import Viewer
from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, lazy_pgettext, ngettext
from ebok_core.web import (
    FORM,
    Cell,
    Column,
    Form,
    Link,
    Table,
    Tries,
    Word,
    blank,
    body_limit,
    done,
    list_page,
    load,
    optional_viewer,
    redirect_to,
    render,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)

from . import cases, directory, drafts, rules, schemas, sending
from .models import Case, Topic
from .permissions import WRITE

public = Blueprint("contact", __name__)
customer = Blueprint("contact", __name__)

BODY_MB = 50
FORM_PURPOSE, FOLLOW_PURPOSE = "core.contact", "core.case_follow"
_C, _T = Case.__table__, Topic.__table__
STATES = {
    rules.NEW: ("wait", lazy_pgettext("case", "received")),
    rules.OPEN: ("wait", lazy_pgettext("case", "being handled")),
    rules.ANSWERED: ("ok", lazy_pgettext("case", "answered")),
    rules.CLOSED: ("", lazy_pgettext("case", "closed")),
}


def state_word(state: str) -> Word:
    """A state as pages show it."""
    kind, text = STATES[state]
    return Word(kind, str(text))


# Kontakt


@public.get("/kontakt")
def index() -> ResponseReturnValue:
    """The emergency phone, what one can write about, the office's data."""
    found = directory.topics(snapshot())
    topics = [(topic, _address_of(topic)) for topic in found]
    return render("ebok_core/contact/index.html", title=_("Contact"), topics=topics, is_customer=_has_cases())


@public.route("/kontakt/napisz", methods=["GET", "POST"])
@body_limit(BODY_MB)
def write() -> ResponseReturnValue:
    """The form: topic, recipient, text, attachment; a topic that a module answers for leads there (L137)."""
    person, topics = _customer(), directory.topics(snapshot())
    if request.method == "GET":
        chosen = next((topic for topic in topics if topic.slug == request.args.get("temat")), None)
        taken = _taker(chosen) if chosen else None
        if taken:
            return redirect(_place(taken), 303)
    own = [topic for topic in topics if _taker(topic) is None]
    kind = schemas.WriteSchema if person else schemas.StrangerSchema
    units = directory.units(snapshot())
    schema = schemas.form_of(kind, [(topic.slug, topic.name) for topic in own], units)
    if request.method == "GET":
        form, status = blank(schema, topic=chosen.slug if chosen in own and chosen else None), 200
    else:
        form = load(schema)
        signature, status = _sent(form, person, own)
        if signature:
            return redirect_to(".received", signature=signature)
    slug = form.value("topic")
    return render(
        "ebok_core/contact/write.html",
        title=_("Write to us"),
        menu=_menu(),
        crumbs=[(_("Contact"), ".index")],
        status=status,
        form=form,
        person=person,
        trap=schemas.TRAP,
        has_topics=bool(own),
        is_failure=any(topic.slug == slug and topic.kind == "failure" for topic in own),
        **_files_of(form),
    )


def _sent(form: Form, person: Viewer | None, topics: list[directory.TopicRow]) -> tuple[str, int]:
    """Take a sent form: the case's signature, or nothing and the status of the page that says why."""
    if not sending.came_from_a_person(form):
        return "", 422
    if not sending.admitted(form, FORM_PURPOSE):
        return "", sending.TOO_MANY
    sending.take_files(form)
    if not form.ok:
        return "", 422
    given = form.data
    if person:
        sender = cases.Sender(person.display_name, person.email)
    else:
        sender = cases.Sender(given["name"], given.get("email"), given.get("phone"))
    try:
        with unit_of_work() as session:
            signature = cases.receive(
                session,
                person,
                topic=next(topic for topic in topics if topic.slug == given["topic"]),
                chosen=given.get("recipient", ""),
                text=given["text"],
                sender=sender,
                token=form.token,
            )
    except Refused as refused:
        form.fail("recipient" if refused.code == "gone" else FORM, str(refused))
        return "", 422
    return signature, 303


def _customer() -> Viewer | None:
    """The signed-in customer; staff write as strangers do."""
    person = optional_viewer()
    return person if person and person.kind == "customer" else None


def _has_cases() -> bool:
    """Whether this person has "Moje sprawy"."""
    person = _customer()
    return person is not None and person.may(WRITE)


def _menu() -> str:
    return "core.customer_contact" if _customer() else "core.public_contact"


def _taker(topic: directory.TopicRow) -> ContactTopic | None:
    """The module that answers for a topic, where it takes this person."""
    declared: tuple[ContactTopic, ...] = runtime().portal.of("ebok_contact_topics")
    return next((taken for taken in declared if taken.topic == topic.kind and taken.takes(_customer())), None)


def _place(taken: ContactTopic) -> str:
    return url_for(taken.endpoint, **dict(taken.arguments))


def _address_of(topic: directory.TopicRow) -> str:
    taken = _taker(topic)
    return _place(taken) if taken else url_for(".write", temat=topic.slug)


def _files_of(form: Form) -> dict[str, Any]:
    return {"waiting": sending.waiting(form), "size_in_words": sending.size_in_words}


# A case by its signature (P51)


@public.route("/kontakt/sprawa", methods=["GET", "POST"])
def follow_start() -> ResponseReturnValue:
    """The signature typed by hand."""
    form = load(schemas.SignatureSchema) if request.method == "POST" else blank(schemas.SignatureSchema)
    if form.ok:
        found, status = _looked_up(form, form.data["signature"])
        if found is not None:
            return _private(redirect_to(".follow", signature=_signature(found)))
        return _follow_start(form, status)
    return _follow_start(form)


@public.route("/kontakt/sprawa/<signature>", methods=["GET", "POST"])
@body_limit(BODY_MB)
def follow(signature: str) -> ResponseReturnValue:
    """Where the case stands, what was written, and a form to write more; no account is asked for."""
    found = cases.by_signature(snapshot(), signature)
    if found is None:
        return _no_case(signature)
    return _private(_case_page(found, url_for(".follow", signature=_signature(found)), _follow_file(found)))


@public.get("/kontakt/sprawa/<signature>/przyjete")
def received(signature: str) -> ResponseReturnValue:
    """The confirmation: number, the last day of an answer, and the signature to keep."""
    found = cases.by_signature(snapshot(), signature)
    if found is None:
        return _no_case(signature)
    address = runtime().settings.public_url.rstrip("/") + url_for(".follow", signature=_signature(found))
    return _private(
        render(
            "ebok_core/contact/received.html",
            title=_("We have your message"),
            menu=_menu(),
            crumbs=[(_("Contact"), ".index")],
            case=found,
            signature=_signature(found),
            address=address,
            is_customer=_has_cases(),
        )
    )


@public.get("/kontakt/sprawa/<signature>/plik/<file_id>")
def follow_file(signature: str, file_id: str) -> ResponseReturnValue:
    """A file of the case."""
    found = cases.by_signature(snapshot(), signature)
    if found is None:
        return _no_case(signature)
    return _private(file_answer(drafts.content(snapshot(), runtime(), found.id, file_id, for_office=False)))


def _no_case(signature: str) -> ResponseReturnValue:
    form = load(schemas.SignatureSchema, MultiDict({"signature": signature[:60]}))
    _found, status = _looked_up(form, signature)
    return _follow_start(form, status)


def _looked_up(form: Form, typed: str) -> tuple[Any | None, int]:
    """The case of a signature; a wrong one counts as a guess, and many guesses must wait."""
    try:
        with unit_of_work() as session:
            tries = Tries(session, FOLLOW_PURPOSE)
            tries.count()
            found = cases.by_signature(session, typed)
            if found is not None:
                tries.was_right()
    except Refused as refused:
        form.fail(FORM, str(refused))
        return None, sending.TOO_MANY
    if found is None:
        form.fail("signature", _("We know no case with this signature. Compare it with the confirmation, sign by sign"))
    return found, 404


def _follow_start(form: Form, status: int = 200) -> ResponseReturnValue:
    page = render(
        "ebok_core/contact/follow_start.html",
        title=_("Check your case"),
        menu=_menu(),
        crumbs=[(_("Contact"), ".index")],
        status=status,
        form=form,
    )
    return _private(page)


def _follow_file(case: Any) -> Callable[[str], str]:
    return lambda file_id: url_for("public.contact.follow_file", signature=_signature(case), file_id=file_id)


def _signature(case: Any) -> str:
    return str(rules.Signature(case.number, case.code))


def _private(answer: Any) -> Any:
    """The address is a key: it leaves the browser with no request, and nothing of the page is kept."""
    response = make_response(answer)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def file_answer(found: drafts.Content) -> Response:
    """A sent file: always to be saved, never shown by us (S43)."""
    response = Response(found.content, mimetype=found.media_type)
    plain = unicodedata.normalize("NFKD", found.name).encode("ascii", "ignore").decode()
    names = {"filename": plain} if plain == found.name else {"filename": plain, "filename*": _encoded(found.name)}
    response.headers["Content-Disposition"] = dump_options_header("attachment", names)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _encoded(name: str) -> str:
    """A name that is more than ASCII, as headers carry it."""
    return f"UTF-8''{quote(name, safe='')}"


def _case_page(case: Any, address: str, file_address: Callable[[str], str]) -> ResponseReturnValue:
    """A case as its person sees it; a POST writes more."""
    form = load(schemas.MoreSchema) if request.method == "POST" else blank(schemas.MoreSchema)
    status = 200
    if request.method == "POST":
        if not sending.admitted(form, FORM_PURPOSE):
            status = sending.TOO_MANY
        else:
            sending.take_files(form, already=drafts.sent_lately(snapshot(), case.id))
            if form.ok:
                with unit_of_work() as session:
                    cases.write_more(session, case, _customer(), form.data["text"], form.token)
                done(_("We have your message. We will answer here."))
                return redirect(address, 303)
    return render(
        "ebok_core/contact/case.html",
        title=_("Case %(number)s", number=case.number),
        menu="core.my_cases" if _is_own(case) else _menu(),
        status=status,
        form=form,
        case=case,
        action=address,
        state=state_word(case.state),
        said=cases.thread(snapshot(), case, for_office=False),
        file_address=file_address,
        is_late=rules.is_late(case.state, case.due_on, clock.today()),
        waits=case.state in rules.WAITING,
        **_files_of(form),
    )


def _is_own(case: Any) -> bool:
    person = _customer()
    return person is not None and case.account_id == person.account_id


# One's own cases

OWN_CASES = Table(
    key="core.own_cases",
    caption=lazy_gettext("My cases"),
    statement=sa.select(_C.c.number, _C.c.received_at, _C.c.state, _C.c.due_on, _T.c.name)
    .join_from(_C, _T, _T.c.id == _C.c.topic_id)
    .where(_C.c.account_id == sa.bindparam("own_account")),
    row_key=(_C.c.number,),
    columns=(
        Column(
            "number",
            lazy_gettext("Case number"),
            "cell",
            value=lambda row: Cell(row.number, whole=True),
            head=True,
            link=Link("customer.contact.case", {"number": "number"}),
        ),
        Column("name", lazy_gettext("Topic")),
        Column("received_at", lazy_pgettext("case", "Sent"), "instant", sort=_C.c.received_at),
        Column("due_on", lazy_gettext("Answer due by"), "date", sort=_C.c.due_on),
        Column("state", lazy_gettext("State"), "word", value=lambda row: state_word(row.state)),
    ),
    sort="-received_at",
    reach="stated",
    counted=lambda n: ngettext("%(n)s case", "%(n)s cases", n),
    empty=(
        lazy_gettext("You have not written to us yet"),
        lazy_gettext("Your messages will be here, with our answers"),
    ),
)


@customer.get("/kontakt/sprawy")
def own() -> ResponseReturnValue:
    """Everything that this account wrote to the utility."""
    return list_page(
        OWN_CASES,
        "ebok_core/contact/own.html",
        title=_("My cases"),
        values={"own_account": viewer().account_id},
        menu="core.my_cases",
    )


@customer.route("/kontakt/sprawy/<number>", methods=["GET", "POST"])
@body_limit(BODY_MB)
def case(number: str) -> ResponseReturnValue:
    """One of them, with a form to write more."""
    found = cases.own_case(snapshot(), viewer(), number)
    address = url_for(".case", number=number)
    return _case_page(found, address, lambda file_id: url_for("customer.contact.file", file_id=file_id))


@customer.get("/kontakt/pliki/<file_id>")
def file(file_id: str) -> ResponseReturnValue:
    """A file of one's own case."""
    case_id = cases.own_case_of_file(snapshot(), viewer(), file_id)
    return file_answer(drafts.content(snapshot(), runtime(), case_id, file_id, for_office=False))
