"""Pages of changed and lost credentials: one's own address, "that was not me", the mailbox's yes, the letter's code.

`own` stands in both zones: customers and, under /panel, staff see the same pages of their own account.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext
from ebok_core.identity import devices
from ebok_core.identity import rules as identity_rules
from ebok_core.identity import service as identity
from ebok_core.identity.views import CLEARED, ENTRY, LINK
from ebok_core.web import (
    FORM,
    Email,
    Form,
    FormSchema,
    Text,
    Tries,
    blank,
    done,
    load,
    needs_password,
    office,
    password_field,
    proved,
    redirect_to,
    render,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)
from ebok_core.web import login as web_login

from . import alarm, codes, emails

public = Blueprint("recovery", __name__)
own = Blueprint("credentials", __name__)

CONFIRM = "ebok_email_link"
MENU = "core.public_start"


class EmailSchema(FormSchema):
    """The new address; the password is asked for when the last proof is old."""

    email = Email(
        required=True,
        error_messages={"required": lazy_gettext("Write the new e-mail address")},
        metadata={
            "label": lazy_gettext("New e-mail address"),
            "hint": lazy_gettext("We will send a link there. The address of now stays until you open it"),
            "autocomplete": "email",
        },
    )
    password = password_field()


class NotMeSchema(FormSchema):
    """Which sign-in was not the owner's; empty: none in particular."""

    wpis = Text(max=36)


class CodeSchema(FormSchema):
    """Who got a letter, and the code in it."""

    login = Text(
        required=True,
        max=identity_rules.MOST_LOGIN,
        error_messages={"required": lazy_gettext("Write the customer code or your login")},
        metadata={
            "label": lazy_gettext("Customer code or login"),
            "hint": lazy_gettext("It stands in the letter, such as 1-00096"),
            "autocomplete": "username",
        },
    )
    code = Text(
        required=True,
        max=40,
        error_messages={"required": lazy_gettext("Write the code from the letter")},
        metadata={
            "label": lazy_gettext("Code from the letter"),
            "hint": lazy_gettext("10 letters and digits. Capitals, spaces and dashes don't matter"),
            "autocomplete": "one-time-code",
        },
    )


# One's own account


@own.route("/konto/email", methods=["GET", "POST"])
def email() -> ResponseReturnValue:
    """Ask for another address: the password, then a link to the new mailbox and a notice to the old one."""
    form = load(EmailSchema) if request.method == "POST" else blank(EmailSchema)
    status = 200
    if form.ok and proved(form):
        try:
            with unit_of_work() as unit:
                emails.ask(runtime(), unit, viewer(), form.data["email"])
        except Refused as refused:
            status = 429 if refused.code == "delayed" else 422
            form.fail(FORM if refused.code == "delayed" else "email", str(refused))
        else:
            done(_("We sent a link to %(email)s. Open it within 24 hours.", email=form.data["email"]))
            return redirect_to(".email")
    return render(
        "ebok_core/identity/recovery/email.html",
        title=_("Change of the e-mail address"),
        menu=_menu(),
        status=status,
        form=form,
        needs_password=needs_password(),
        waiting=emails.waiting(snapshot(), viewer()),
    )


@own.post("/konto/email/rezygnuje")
def withdraw_email() -> ResponseReturnValue:
    """The address stays as it is; the link that was sent works no more."""
    with unit_of_work() as unit:
        emails.withdraw(unit, viewer())
    done(_("Your e-mail address stays as it is."))
    return redirect_to(".email")


@own.route("/konto/logowania/to-nie-ja", methods=["GET", "POST"])
def not_me() -> ResponseReturnValue:
    """That was not me: what will happen, then it happens (identity.md §6.8)."""
    form = load(NotMeSchema) if request.method == "POST" else blank(NotMeSchema, wpis=request.args.get("wpis", "")[:36])
    if form.ok:
        with unit_of_work() as unit:
            must_change = alarm.raise_alarm(unit, viewer(), form.data.get("wpis", ""))
        if not must_change:
            done(_("All other sessions have ended and our office knows of it."))
            return redirect_to(".not_me")
        done(_("All other sessions have ended and our office knows of it. Now set a new password."))
        return redirect(url_for(web_login.DUTY_PAGES[viewer().kind, identity.DUTY_PASSWORD]), 303)
    return render(
        "ebok_core/identity/recovery/not_me.html",
        title=_("That was not me"),
        menu=_menu(),
        form=form,
        pointed=alarm.sign_in_of(snapshot(), viewer(), form.value("wpis")),
        device=devices.words,
    )


@own.post("/konto/sesje/wszystkie")
def sign_out_everywhere() -> ResponseReturnValue:
    """End every session, this one too."""
    person = viewer()
    with unit_of_work() as unit:
        alarm.sign_out_everywhere(unit, person)
    web_login.end()
    done(_("You are signed out on all devices."))
    response = redirect(url_for(ENTRY[person.kind]), 303)
    response.headers["Clear-Site-Data"] = CLEARED
    return response


def _menu() -> str:
    return "core.account" if viewer().kind == "customer" else "core.admin_account"


# The new mailbox says yes (S10, S62)


@public.get("/adres-email/<token>")
def email_link(token: str) -> ResponseReturnValue:
    """Take the token out of the address into the cookie; nothing is used up, mail scanners open links."""
    session[CONFIRM] = token[:100]
    return _private(redirect(url_for(".confirm_email"), 303))


@public.route("/adres-email", methods=["GET", "POST"])
def confirm_email() -> ResponseReturnValue:
    """Show whose address would change to what; the button changes it."""
    token = session.get(CONFIRM, "")
    asked = emails.asked(snapshot(), token)
    form = load(FormSchema) if request.method == "POST" else blank(FormSchema)
    if asked is not None and form.ok:
        try:
            with unit_of_work() as unit:
                asked = emails.confirm(unit, token)
        except NotFound:
            asked = None
        except Refused as refused:
            form.fail(FORM, str(refused))
        else:
            session.pop(CONFIRM, None)
            done(_("The e-mail address is changed to %(email)s.", email=asked.email))
            return _private(redirect(url_for(ENTRY[asked.kind]), 303))
    return _private(
        render(
            "ebok_core/identity/recovery/confirm_email.html",
            title=_("Confirm the address") if asked else _("This link no longer works"),
            menu=MENU,
            status=200 if asked else 410,
            form=form,
            asked=asked,
            contact=office().contact,
        )
    )


# A letter with a code


@public.route("/haslo/kod", methods=["GET", "POST"])
def letter_code() -> ResponseReturnValue:
    """Login or customer code, and the code from the letter: the way to the page where a password is set."""
    form = load(CodeSchema) if request.method == "POST" else blank(CodeSchema)
    status = 200
    if form.ok:
        try:
            token = _redeemed(form)
        except Refused as refused:
            status = 429
            form.fail(FORM, str(refused))
        else:
            if token:
                session[LINK] = token
                return _private(redirect(url_for("public.identity.new_password"), 303))
            form.fail(
                FORM,
                _("The code does not fit. Copy both once more: the code works for 21 days and bears five tries."),
            )
    return _private(
        render(
            "ebok_core/identity/recovery/letter_code.html",
            title=_("I have a code from a letter"),
            menu=MENU,
            status=status,
            form=form,
            contact=office().contact,
        )
    )


def _redeemed(form: Form) -> str | None:
    """The link's token for a right code. A wrong one is counted, against the letter and against the address."""
    with unit_of_work() as unit:
        tries = Tries(unit, "core.letter_code")
        tries.count()
        token = codes.redeem(runtime(), unit, form.data["login"], form.data["code"])
        if token:
            tries.was_right()
    return token


def _private(response: Any) -> Any:
    """No address of these pages leaves the browser, and nothing of them is kept."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
