"""One's own account: linking, unlinking, proving through the hub who it is, a new account's first page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import instant_in_words, lazy_gettext
from ebok_core.identity.recovery import emails
from ebok_core.identity.saml import flow, rules, service, words
from ebok_core.web import (
    FORM,
    Email,
    FormSchema,
    blank,
    done,
    load,
    needs_password,
    password_field,
    proved,
    redirect_to,
    render,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)

from .hub import BASE, COOKIE, leave_for_hub, only_while_on, private, said, set_cookie
from .hub import linked as say_linked

own = Blueprint("external", __name__)

OWN_MENU = "core.account"


class AddressSchema(FormSchema):
    """Where messages to a new account go."""

    email = Email(
        required=True,
        error_messages={"required": lazy_gettext("Write your e-mail address")},
        metadata={
            "label": lazy_gettext("E-mail address"),
            "hint": lazy_gettext("We will send a link there. Open it to confirm that the address is yours"),
            "autocomplete": "email",
        },
    )


class UnlinkSchema(FormSchema):
    """Unlinking is sensitive: it asks once more."""

    password = password_field()


@own.get("/konto/login-gov")
def index() -> ResponseReturnValue:
    """Whether this account is linked, and what can be done about it."""
    return _show_own(blank(UnlinkSchema))


def _show_own(form: Any, status: int = 200) -> ResponseReturnValue:
    linked = service.linked(snapshot(), viewer())
    if linked is None:
        only_while_on()
    keys = runtime().settings.encryption_keys
    waiting = flow.pending_of(snapshot(), keys, request.cookies.get(COOKIE)) if linked is None else None
    return render(
        f"{BASE}/own.html",
        title=_("login.gov.pl"),
        menu=OWN_MENU,
        crumbs=[(_("My account"), "customer.identity.account")],
        form=form,
        status=status,
        linked=linked,
        since=instant_in_words(linked.linked_at) if linked else "",
        used=instant_in_words(linked.used_at) if linked else "",
        is_on=flow.is_offered(snapshot()),
        waiting=waiting,
        asks=needs_password(),
    )


@own.post("/konto/login-gov/polacz")
def link() -> ResponseReturnValue:
    """Link the account: with who was verified in this browser a moment ago, else by a way to the hub."""
    form = load(UnlinkSchema)
    if not (form.ok and proved(form)):
        return _show_own(form, 422)
    if flow.pending_of(snapshot(), runtime().settings.encryption_keys, request.cookies.get(COOKIE)) is None:
        return leave_for_hub(rules.LINK, viewer().account_id, viewer().session_id)
    only_while_on()
    try:
        service.join_pending(runtime(), viewer(), request.cookies.get(COOKIE))
    except NotFound:
        return private(said(words.OVER))
    except Refused:
        return private(said(words.FAILED[flow.LINKED_ELSEWHERE]))
    response: Any = say_linked()
    set_cookie(response, "", 0)
    return private(response)


@own.post("/konto/login-gov/potwierdz")
def prove() -> ResponseReturnValue:
    """Prove through the hub who it is, instead of a password (§6.6)."""
    if service.linked(snapshot(), viewer()) is None:
        abort(404)
    return leave_for_hub(rules.PROVE, viewer().account_id, viewer().session_id)


@own.post("/konto/login-gov/odlacz")
def unlink() -> ResponseReturnValue:
    """Unlink the account; its owner hears of it."""
    form = load(UnlinkSchema)
    if not (form.ok and proved(form)):
        return _show_own(form, 422)
    try:
        with unit_of_work() as unit:
            service.leave(unit, viewer())
    except Refused as refused:
        form.fail(FORM, str(refused))
        return _show_own(form, 422)
    done(_("Your account is not linked with login.gov.pl any more."))
    return redirect_to("customer.identity.account")


@own.route("/konto/login-gov/witamy", methods=["GET", "POST"])
def welcome() -> ResponseReturnValue:
    """A new account's first page: the address for messages, which the hub does not tell (B)."""
    linked = service.linked(snapshot(), viewer())
    if linked is None or viewer().email:
        abort(404)
    form = load(AddressSchema) if request.method == "POST" else blank(AddressSchema)
    if form.ok:
        with form.refusals("email"), unit_of_work() as unit:
            emails.ask(runtime(), unit, viewer(), form.data["email"])
        if form.ok:
            done(_("We sent a link to %(address)s. Open it to confirm the address.", address=form.data["email"]))
            return redirect_to("customer.core.start")
    return render(f"{BASE}/welcome.html", title=_("Where shall we write to?"), menu=OWN_MENU, form=form)
