"""Public pages of the documents, in force and as they were; the page that asks customers about a new version."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.web import (
    FORM,
    FormSchema,
    WholeNumber,
    done,
    inside,
    load,
    own_act,
    render,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)
from ebok_core.web.markdown import markdown

from .. import duties
from ..cookies import COOKIES
from . import rules, service

public = Blueprint("documents", __name__)
customer = Blueprint("documents", __name__)
HOME = "customer.core.start"


# Strangers


def _register(kind: rules.Kind) -> None:
    def page() -> ResponseReturnValue:
        return _show(service.current(snapshot(), kind.key))

    public.add_url_rule(f"/{kind.slug}", kind.key, page)


for _kind in rules.PUBLIC:
    _register(_kind)


@public.get("/dokumenty")
def index() -> ResponseReturnValue:
    """Every document with its version and since when it is in force."""
    documents = service.every_current(snapshot())
    return render(
        "ebok_core/privacy/documents.html",
        title=_("Documents"),
        documents=[(kind, documents[kind.key]) for kind in rules.PUBLIC],
    )


@public.get("/dokumenty/<kind>/<int:version>")
def version(kind: str, version: int) -> ResponseReturnValue:
    """A version as it was or will be."""
    if kind not in rules.KINDS:
        abort(404)
    return _show(service.version_of(snapshot(), kind, version), is_version=True)


def _show(document: service.Document, *, is_version: bool = False) -> ResponseReturnValue:
    kind = rules.KINDS[document.kind]
    history = service.history(snapshot(), document.kind)
    settings = runtime().settings
    in_force = document if not is_version else service.current(snapshot(), document.kind)
    return render(
        "ebok_core/privacy/document.html",
        title=document.title if not is_version else _title(document),
        crumbs=[(_("Documents"), ".index"), *([(kind.title, f".{kind.key}")] if is_version and kind.slug else [])],
        kind=kind,
        document=document,
        text=markdown(document.body),
        history=history,
        in_force=in_force,
        cookies=[
            (
                c.name,
                c.purpose,
                str(c.lives) % {"idle": settings.idle_minutes_customer, "staff": settings.idle_minutes_staff},
            )
            for c in COOKIES
        ]
        if document.kind == rules.COOKIES
        else [],
    )


def _title(document: service.Document) -> str:
    return _("%(title)s, version %(version)s", title=document.title, version=document.version)


# Customers


def _answer_schema(pending: list[service.Pending]) -> FormSchema:
    """The versions that were read, in hidden fields named by their kind."""
    fields = {item.document.kind: WholeNumber(digits=6) for item in pending}
    return FormSchema.from_dict(fields)()  # type: ignore[return-value]


@customer.route("/konto/nowe-dokumenty", methods=["GET", "POST"])
@own_act
def answer() -> ResponseReturnValue:
    """New versions that need an answer: what has changed, then "Akceptuję" or signing out."""
    pending = service.pending(snapshot(), viewer().account_id)
    onward = inside(request.args.get("dalej")) or url_for(HOME)
    form = None
    if not pending:
        return redirect(onward, 303)
    if request.method == "POST":
        form = load(_answer_schema(pending))
        if form.ok and len(form.data) == len(pending):
            try:
                _finish(form.data)
            except Refused as refused:
                form.fail(FORM, str(refused))
            else:
                done(_("Thank you, your answer is saved."))
                return redirect(onward, 303)
    return render(
        "ebok_core/privacy/answer.html",
        title=_("Our rules have changed"),
        menu="",
        form=form,
        pending=[(item, markdown(item.document.body)) for item in pending],
        accepts=any(item.asks == rules.ACCEPTED for item in pending),
        onward=request.args.get("dalej"),
    )


def _finish(seen: dict[str, int]) -> None:
    with unit_of_work() as unit:
        service.accept(unit, viewer().account_id, seen, way=rules.WAY_SIGN_IN)
        duties.done(unit, viewer().account_id)


@customer.get("/konto/dokumenty")
def accepted() -> ResponseReturnValue:
    """What this person agreed to, with the texts as they were."""
    return render(
        "ebok_core/privacy/accepted.html",
        title=_("Documents that I accepted"),
        menu="core.account",
        acceptances=service.acceptances(snapshot(), viewer().account_id),
        kinds=rules.KINDS,
    )
