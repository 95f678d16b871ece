"""Panel → "Strefa publiczna": blocks written, previewed, scheduled, published, arranged, taken off (L28, P77)."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext
from ebok_core.web import (
    FORM,
    Choice,
    Form,
    FormSchema,
    NearDate,
    Text,
    WholeNumber,
    Word,
    blank,
    done,
    load,
    redirect_to,
    render,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)
from ebok_core.web.markdown import body_field, markdown, title_field

from . import rules, service, views, words
from .rules import State
from .service import Written

blueprint = Blueprint("zone", __name__)
MENU = "core.admin_zone"
DRAFT, PUBLISH, PREVIEW = "szkic", "publikuj", "podglad"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A block in the list of the panel; of a module's there is no `block`."""

    key: str
    title: str
    about: str
    word: Word
    block: Written | None = None
    hidden: bool = False


class TextSchema(FormSchema):
    """The next version of a block; `seen` is the version that it was begun from."""

    title = title_field(rules.MOST_TITLE)
    body = body_field(rules.MOST_BODY)
    starts_on = NearDate(
        metadata={"label": lazy_gettext("First day"), "hint": lazy_gettext("From midnight; empty: today")}
    )
    ends_on = NearDate(
        metadata={
            "label": lazy_gettext("Last day"),
            "hint": lazy_gettext("To the end of that day; empty: until changed"),
        }
    )
    seen = WholeNumber(digits=6)
    action = Text(max=20)


class NewSchema(TextSchema):
    """The first text of a new block."""

    kind = Choice(
        tuple(words.KINDS.items()),
        required=True,
        metadata={"label": lazy_gettext("What is the block about?")},
    )


@blueprint.get("/informacje")
def index() -> ResponseReturnValue:
    """Every block in the order of the page, and below those taken off it."""
    written = service.every(snapshot())
    lines = {b.id: _line(b) for b in written if b.state is not State.WITHDRAWN}
    known = service.places(snapshot())
    for key, title in _module_blocks():
        hidden = known.get(key, False)
        word = Word("", _("Hidden")) if hidden else words.state_word(State.SHOWN)
        lines[key] = Line(key=key, title=title, about=_("a module's block"), word=word, hidden=hidden)
    return render(
        "ebok_core/public/blocks/admin_index.html",
        title=_("Public zone"),
        menu=MENU,
        lines=[lines[key] for key in service.arranged(lines, known)],
        gone=[block for block in written if block.state is State.WITHDRAWN],
    )


@blueprint.route("/informacje/nowa", methods=["GET", "POST"])
def add() -> ResponseReturnValue:
    """Write a new block."""
    form = load(NewSchema) if request.method == "POST" else blank(NewSchema, kind="news", seen=0)
    saved = _save(None, form)
    return redirect_to(".editor", block_id=saved) if saved else _editor(None, form)


@blueprint.route("/informacje/<block_id>", methods=["GET", "POST"])
def editor(block_id: str) -> ResponseReturnValue:
    """What a block says, its history, and the next text."""
    block = service.one(snapshot(), block_id)
    newest = block.newest
    begun = {name: getattr(newest, name) for name in ("title", "body", "starts_on", "ends_on")}
    if block.draft is None:
        begun["starts_on"] = None
    form = load(TextSchema) if request.method == "POST" else blank(TextSchema, seen=newest.number, **begun)
    return redirect_to(".editor", block_id=block_id) if _save(block, form) else _editor(block, form)


@blueprint.post("/informacje/<block_id>/publikuj")
def publish(block_id: str) -> ResponseReturnValue:
    """Publish the draft that waits; where its author names a bank account, another person does it (S78)."""
    number = request.form.get("numer", "")
    if not number.isascii() or not number.isdigit() or len(number) > 6:
        abort(400)
    try:
        with unit_of_work() as session:
            service.publish(session, viewer(), block_id, int(number))
    except Refused as refused:
        block = service.one(snapshot(), block_id)
        form = blank(TextSchema, seen=block.newest.number, title=block.newest.title, body=block.newest.body)
        form.fail(FORM, str(refused))
        return _editor(block, form)
    done(_("Published. People see it from its first day."))
    return redirect_to(".editor", block_id=block_id)


@blueprint.post("/informacje/<block_id>/zdejmij")
def withdraw(block_id: str) -> ResponseReturnValue:
    """Take a block off the page."""
    with unit_of_work() as session:
        service.withdraw(session, viewer(), block_id)
    done(_("The block is off the page. Its texts are kept here."))
    return redirect_to(".index")


@blueprint.post("/informacje/<block_id>/przywroc")
def restore(block_id: str) -> ResponseReturnValue:
    """Put a block back."""
    with unit_of_work() as session:
        service.restore(session, viewer(), block_id)
    done(_("The block is back on the page."))
    return redirect_to(".editor", block_id=block_id)


@blueprint.post("/informacje/kolejnosc")
def move() -> ResponseReturnValue:
    """Move a block a place up or down."""
    key, step = request.form.get("klucz", ""), {"-1": -1, "1": 1}.get(request.form.get("krok", ""))
    known, keys = _arranged()
    if step is None or key not in keys:
        abort(400)
    with unit_of_work() as session:
        service.arrange(session, viewer(), rules.moved(keys, key, step), [k for k in keys if known.get(k)])
    return redirect_to(".index")


@blueprint.post("/informacje/ukryj")
def hide() -> ResponseReturnValue:
    """Hide a module's block, or show it again."""
    key = request.form.get("klucz", "")
    known, keys = _arranged()
    if key not in dict(_module_blocks()):
        abort(400)
    hidden = {k for k in keys if known.get(k)} ^ {key}
    with unit_of_work() as session:
        service.arrange(session, viewer(), keys, hidden)
    return redirect_to(".index")


def _arranged() -> tuple[dict[str, bool], list[str]]:
    """The places that are known, and the keys of everything that has one or could have one, in order."""
    known = service.places(snapshot())
    own = [block.id for block in service.every(snapshot()) if block.state is not State.WITHDRAWN]
    return known, service.arranged([*own, *(key for key, _title in _module_blocks())], known)


def _module_blocks() -> list[tuple[str, str]]:
    """Modules' blocks as pairs of key and the module's title."""
    found = []
    for declaration in runtime().portal.declarations:
        for entry in declaration.results["ebok_public_entries"]:
            if entry.key != views.LATEST:
                found.append((entry.key, str(declaration.module.title)))
    return found


def _line(block: Written) -> Line:
    title = (block.shown or block.newest).title
    return Line(key=block.id, title=title, about=words.about(block), word=words.state_word(block.state), block=block)


def _save(block: Written | None, form: Form) -> str | None:
    """Write what was sent, and publish it where that button was pressed; the block's id, or None with the reason."""
    action = form.raw.get("action", "")
    if not form.submitted or not form.ok or action not in (DRAFT, PUBLISH):
        return None
    seen = form.data.get("seen") or 0
    with form.refusals(days="ends_on"), unit_of_work() as session:
        block_id = service.write(session, viewer(), block.id if block else None, form.data, seen)
    if not form.ok:
        return None
    if action == DRAFT:
        done(_("The draft is saved. Nobody sees it until it is published."))
        return block_id
    try:
        with unit_of_work() as session:
            service.publish(session, viewer(), block_id, seen + 1)
    except Refused as refused:
        done(str(refused))
        return block_id
    done(_("Published. People see it from its first day."))
    return block_id


def _editor(block: Written | None, form: Form) -> ResponseReturnValue:
    is_preview = form.submitted and form.raw.get("action") == PREVIEW
    draft = block.draft if block else None
    lead = f"{words.state_word(block.state).text}. {words.about(block)}" if block else ""
    heading = block.newest.title if block else _("New block")
    return render(
        "ebok_core/public/blocks/admin_editor.html",
        title=heading,
        menu=MENU,
        crumbs=[(_("Public zone"), ".index")],
        seen=form.raw.get("seen", "0"),
        preview=markdown(form.raw.get("body", "")) if is_preview else None,
        needs_another=draft is not None and rules.names_account(f"{draft.title}\n{draft.body}"),
        heading=heading,
        form=form,
        block=block,
        lead=lead,
        markdown=markdown,
    )
