"""Who is verified and has no way in yet: prove an account, bring a bill, ask the office; the owner's yes by mail."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext
from ebok_core.identity.recovery.rules import masked
from ebok_core.identity.saml import flow, service, words
from ebok_core.identity.saml.rules import Verdict
from ebok_core.identity.saml.words import Said
from ebok_core.web import FormSchema, Text, blank, done, load, office, redirect_to, render, runtime, snapshot

from .hub import BASE, COOKIE, MENU, only_while_on, private, public, said

LINK = "ebok_external_link"


class AskSchema(FormSchema):
    """How the office reaches a person who asks for help."""

    contact = Text(
        required=True,
        max=254,
        min=6,
        error_messages={"required": lazy_gettext("Write your e-mail address or phone number")},
        metadata={
            "label": lazy_gettext("Your e-mail address or phone number"),
            "hint": lazy_gettext("Our office will contact you. It knows your name from login.gov.pl"),
            "autocomplete": "email",
        },
    )


@public.get("/logowanie/login-gov/wynik")
def outcome() -> ResponseReturnValue:
    """Who is verified and has no way in yet reads what to do: prove an account, bring a bill, ask the office."""
    only_while_on()
    return _show_outcome(blank(AskSchema))


@public.post("/logowanie/login-gov/biuro")
def ask_office() -> ResponseReturnValue:
    """Ask the office for access."""
    only_while_on()
    form = load(AskSchema)
    if not form.ok:
        return _show_outcome(form)
    try:
        service.ask_office(runtime(), request.cookies.get(COOKIE), form.data["contact"])
    except NotFound:
        return private(said(words.OVER))
    done(_("Our office has your question and will contact you."))
    return redirect_to(".outcome")


@public.post("/logowanie/login-gov/link")
def send_link() -> ResponseReturnValue:
    """Send the owner of the account a link to say yes."""
    only_while_on()
    try:
        address = service.send_link(runtime(), request.cookies.get(COOKIE))
    except NotFound:
        return private(said(words.OVER))
    except Refused as refused:
        return private(said(Said(_("Too many tries"), str(refused), 429)))
    done(_("We sent a link to %(address)s. It works for 30 minutes.", address=address))
    return redirect_to(".outcome")


def _show_outcome(form: Any) -> ResponseReturnValue:
    waiting = flow.pending_of(snapshot(), runtime().settings.encryption_keys, request.cookies.get(COOKIE))
    if waiting is None:
        return private(said(words.OVER))
    owners = service.owners_of(runtime(), snapshot(), waiting)
    addresses = [masked(owner.email) for owner in owners if owner.email]
    page = render(
        f"{BASE}/outcome.html",
        title=_OUTCOMES[waiting.verdict],
        menu=MENU,
        form=form,
        verdict=waiting.verdict.value,
        address=addresses[0] if addresses else None,
        contact=office().contact,
    )
    return private(page)


_OUTCOMES = {
    Verdict.PROVE: lazy_gettext("You have an account already"),
    Verdict.DISAGREES: lazy_gettext("The data do not agree"),
    Verdict.NOBODY: lazy_gettext("We have not found a contract of yours"),
    Verdict.COMPANY: lazy_gettext("A company needs an authorisation"),
}


# The owner's yes, from the mailbox


@public.get("/logowanie/login-gov/zgoda/<token>")
def consent_link(token: str) -> ResponseReturnValue:
    """Take the token out of the address into the cookie; nothing is used up, mail scanners open links."""
    only_while_on()
    session[LINK] = token[:100]
    return private(redirect(url_for(".consent"), 303))


@public.route("/logowanie/login-gov/zgoda", methods=["GET", "POST"])
def consent() -> ResponseReturnValue:
    """The owner of an account says that the verified person is theirs."""
    only_while_on()
    token = session.get(LINK, "")
    owner = service.asked_by_link(runtime(), snapshot(), token)
    if owner is not None and request.method == "POST":
        try:
            service.join_by_link(runtime(), token)
        except NotFound:
            owner = None
        except Refused:
            return private(said(words.FAILED[flow.LINKED_ELSEWHERE]))
        else:
            session.pop(LINK, None)
            done(_("Your account is linked. Sign in through login.gov.pl now, or with the password."))
            return private(redirect(url_for("public.identity.sign_in"), 303))
    page = render(
        f"{BASE}/consent.html",
        title=_("Is this account yours?") if owner else _("This link no longer works"),
        menu=MENU,
        status=200 if owner else 410,
        owner=owner,
    )
    return private(page)
