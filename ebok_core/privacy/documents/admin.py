"""Konfiguracja → "Polityka prywatności": every document, its history, the editor with a preview, publishing (L176)."""

from __future__ import annotations

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from ebok_core import clock
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext
from ebok_core.web import (
    Flag,
    Form,
    FormSchema,
    NearDate,
    Text,
    WholeNumber,
    blank,
    done,
    load,
    needs_password,
    password_field,
    proved,
    redirect_to,
    render,
    snapshot,
    unit_of_work,
    viewer,
)
from ebok_core.web.markdown import body_field, markdown, title_field

from . import rules, service

blueprint = Blueprint("documents", __name__)
MENU = "core.privacy_policy"
PREVIEW, PUBLISH = "podglad", "publikuj"


class EditorSchema(FormSchema):
    """A new version as it is typed; `seen` is the version that it was begun from."""

    title = title_field(rules.MOST_TITLE)
    body = body_field(rules.MOST_BODY)
    summary = Text(
        max=rules.MOST_SUMMARY,
        multiline=True,
        metadata={
            "label": lazy_gettext("What has changed"),
            "hint": lazy_gettext("In one or two plain sentences: customers read this first"),
        },
    )
    valid_from = NearDate(metadata={"label": lazy_gettext("In force since"), "hint": lazy_gettext("Empty: today")})
    asks = Flag(metadata={"label": lazy_gettext("requires acceptance again")})
    seen = WholeNumber(digits=6)
    action = Text(max=20)
    password = password_field()


@blueprint.get("/dokumenty")
def index() -> ResponseReturnValue:
    """Every document: its version in force, since when, whose text."""
    documents = service.every_current(snapshot())
    return render(
        "ebok_core/privacy/admin_documents.html",
        title=_("Privacy policy and other documents"),
        menu=MENU,
        documents=[(kind, documents[kind.key]) for kind in rules.KINDS.values()],
    )


@blueprint.route("/dokumenty/<kind>", methods=["GET", "POST"])
def editor(kind: str) -> ResponseReturnValue:
    """The history of a document and the editor of its next version."""
    if kind not in rules.KINDS:
        abort(404)
    history, current = service.history(snapshot(), kind), service.current(snapshot(), kind)
    seen = history[0].version if history else 0
    form = load(EditorSchema) if request.method == "POST" else _begun(kind, current, seen)
    is_preview = form.submitted and form.raw.get("action") == PREVIEW
    if form.ok and not is_preview and proved(form) and _publish(kind, form):
        return redirect_to(".editor", kind=kind)
    return render(
        "ebok_core/privacy/admin_editor.html",
        title=str(rules.KINDS[kind].title),
        menu=MENU,
        crumbs=[(_("Privacy policy and other documents"), ".index")],
        form=form,
        kind=rules.KINDS[kind],
        current=current,
        history=history,
        seen=form.raw.get("seen", str(seen)),
        preview=markdown(form.raw.get("body", "")) if is_preview else None,
        preview_title=form.raw.get("title", ""),
        asks_password=needs_password(),
        acts=(PREVIEW, PUBLISH),
        today=clock.today(),
    )


def _begun(kind: str, current: service.Document, seen: int) -> Form:
    return blank(EditorSchema, title=current.title, body=current.body, seen=seen)


def _publish(kind: str, form: Form) -> bool:
    values = form.data
    with form.refusals(same="body", summary="summary", past="valid_from"), unit_of_work() as unit:
        version = service.publish(
            unit,
            viewer(),
            kind,
            title=values["title"],
            body=values["body"],
            summary=values.get("summary", ""),
            requires_reaccept=values.get("asks", False),
            valid_from=values.get("valid_from"),
            seen_version=values.get("seen"),
        )
    if not form.ok:
        return False
    done(_("Version %(version)s is published.", version=version))
    return True
