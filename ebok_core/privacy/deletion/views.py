"""Pages of deleting one's own account: what goes and what stays, the wish, and two ways to take it back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from ebok_core import i18n, runtime_settings
from ebok_core.errors import NotFound
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext
from ebok_core.web import (
    Flag,
    Form,
    FormSchema,
    blank,
    done,
    load,
    needs_password,
    office,
    own_act,
    password_field,
    proved,
    redirect_to,
    render,
    snapshot,
    unit_of_work,
    viewer,
)
from ebok_core.web import login as web_login

from ..settings import RetentionConfigSchema
from . import service

public = Blueprint("deletion", __name__)
customer = Blueprint("deletion", __name__)
LINK = "ebok_undo_link"


class DeleteSchema(FormSchema):
    """The password, and the tick that says it is meant."""

    meant = Flag(
        required=True,
        error_messages={"required": lazy_gettext("Tick this field if you want to delete the account")},
        metadata={"label": lazy_gettext("I want to delete my account in this portal")},
    )
    password = password_field()


@customer.get("/konto/usuniecie")
def index() -> ResponseReturnValue:
    """What is removed, what stays and why."""
    return _show(blank(DeleteSchema))


@customer.post("/konto/usuniecie")
@own_act
def ask() -> ResponseReturnValue:
    """The person's wish: suspended at once, signed out everywhere."""
    form = load(DeleteSchema)
    if form.ok and proved(form):
        with form.refusals(), unit_of_work() as unit:
            due = service.ask(unit, viewer())
        if form.ok:
            web_login.end()
            done(
                _(
                    "Your account is suspended and will be deleted on %(due)s. Until then you can undo it: sign in, or"
                    " open the link in the mail.",
                    due=i18n.instant_in_words(due),
                )
            )
            response = redirect(url_for("public.identity.sign_in"), 303)
            response.headers["Clear-Site-Data"] = '"cache", "storage"'
            return response
    return _show(form)


def _show(form: Form) -> ResponseReturnValue:
    return render(
        "ebok_core/privacy/deletion.html",
        title=_("Delete the account"),
        menu="core.account",
        form=form,
        asks=needs_password(),
        days=runtime_settings.get(snapshot(), RetentionConfigSchema).grace_days,
        years=runtime_settings.get(snapshot(), RetentionConfigSchema).evidence_years,
    )


@customer.route("/konto/usuniecie/cofnij", methods=["GET", "POST"])
@own_act
def undo() -> ResponseReturnValue:
    """Who signs in while the deletion waits comes here: undo it, or leave."""
    waiting = service.waiting_of(snapshot(), viewer().account_id)
    if waiting is None:
        return redirect_to("customer.core.start")
    if request.method == "POST":
        try:
            with unit_of_work() as unit:
                service.undo(unit, waiting, actor=viewer())
        except NotFound:
            return redirect_to("customer.core.start")
        done(_("The deletion is undone. Your account works as before."))
        return redirect_to("customer.core.start")
    return render(
        "ebok_core/privacy/undo.html",
        title=_("Your account will be deleted"),
        menu="",
        due=i18n.instant_in_words(waiting.due_at),
        action=url_for(".undo"),
    )


# The link in the mail: a GET changes nothing, mail scanners open links (identity.md §6.5)


@public.get("/usuniecie-konta/<token>")
def link(token: str) -> ResponseReturnValue:
    """Take the token out of the address into the cookie."""
    session[LINK] = token[:100]
    return _private(redirect(url_for(".undo_by_link"), 303))


@public.route("/usuniecie-konta", methods=["GET", "POST"])
def undo_by_link() -> ResponseReturnValue:
    """Undo the deletion by the link; then the person signs in as before."""
    waiting = service.by_token(snapshot(), session.get(LINK, ""))
    if waiting is not None and request.method == "POST":
        try:
            with unit_of_work() as unit:
                service.undo(unit, waiting, actor=waiting.account_id)
        except NotFound:
            waiting = None
        else:
            session.pop(LINK, None)
            done(_("The deletion is undone. Sign in, your account works as before."))
            return _private(redirect(url_for("public.identity.sign_in"), 303))
    return _private(
        render(
            "ebok_core/privacy/undo.html",
            title=_("Your account will be deleted") if waiting else _("This link no longer works"),
            status=200 if waiting else 410,
            due=i18n.instant_in_words(waiting.due_at) if waiting else None,
            action=url_for(".undo_by_link"),
            contact=office().contact,
        )
    )


def _private(response: Any) -> Response:
    """No address of these pages leaves the browser, and nothing of them is kept."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response  # type: ignore[no-any-return]
