"""An invitation's link: what it gives, yes with one's own account or a new one, or no."""

from __future__ import annotations

from typing import Any

from flask import redirect, session, url_for
from flask.typing import ResponseReturnValue

from ebok_core.contracts.identity import Viewer
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext
from ebok_core.identity import rules as identity_rules
from ebok_core.identity import service as identity
from ebok_core.identity.access import invitations
from ebok_core.identity.registration import service as registrations
from ebok_core.privacy.documents import service as documents
from ebok_core.privacy.documents.rules import PRIVACY, TERMS
from ebok_core.web import (
    FORM,
    Form,
    FormSchema,
    Secret,
    Text,
    WholeNumber,
    blank,
    done,
    load,
    office,
    optional_viewer,
    redirect_to,
    render,
    runtime,
    snapshot,
    unit_of_work,
)
from ebok_core.web import login as web_login

from . import words
from .blueprints import invited

LINK = "ebok_invitation"


class NewAccountSchema(FormSchema):
    """Name and password of an account made on the spot."""

    name = Text(
        required=True,
        max=150,
        error_messages={"required": lazy_gettext("Write your name")},
        metadata={"label": lazy_gettext("Your name and surname"), "autocomplete": "name"},
    )
    new = Secret(
        required=True,
        max=1000,
        error_messages={"required": lazy_gettext("Write the new password")},
        metadata={"label": lazy_gettext("New password"), "autocomplete": "new-password"},
    )
    terms = WholeNumber(
        digits=6,
        required=True,
        error_messages={"required": lazy_gettext("Tick that you accept the terms, then the account can be made")},
        metadata={"label": lazy_gettext("I accept the terms of the portal")},
    )


@invited.get("/zaproszenie/<token>")
def link(token: str) -> ResponseReturnValue:
    """Take the token out of the address into the cookie; nothing is used up, mail scanners open links."""
    session[LINK] = token[:100]
    return _private(redirect(url_for(".invitation"), 303))


@invited.get("/zaproszenie")
def invitation() -> ResponseReturnValue:
    """Who gives access to what; a person who is signed in says yes, others sign in or make an account."""
    return _page(blank(NewAccountSchema))


@invited.post("/zaproszenie/przyjmij")
def accept() -> ResponseReturnValue:
    """Yes, with the account that is signed in."""
    person = _customer()
    if person is None:
        return redirect_to(".invitation")
    try:
        with unit_of_work() as unit:
            code = invitations.accept(unit, person, session.get(LINK, ""))
            # From the next page on the person sees the customer that was just given.
            identity.act_for(unit, person, code)
    except NotFound:
        return _page(blank(NewAccountSchema))
    except Refused as refused:
        form = load(FormSchema())
        form.fail(FORM, str(refused))
        return _page(form)
    session.pop(LINK, None)
    done(_("You act for the customer %(code)s now.", code=code))
    return redirect_to("customer.core.start")


@invited.post("/zaproszenie/konto")
def new_account() -> ResponseReturnValue:
    """Yes, with a new account: the link proved the mailbox, so a name and a password are all it takes."""
    form, token = load(NewAccountSchema), session.get(LINK, "")
    if _customer() is None and form.ok:
        try:
            seen = {TERMS: form.data["terms"], PRIVACY: documents.current(snapshot(), PRIVACY).version}
            name, new = form.data["name"], form.data["new"]
            signed = invitations.accept_with_new_account(runtime(), token, name, new, seen=seen)
        except NotFound:
            return _page(blank(NewAccountSchema))
        except Refused as refused:
            form.fail({"weak": "new", "meanwhile": "terms"}.get(refused.code or "", FORM), str(refused))
        else:
            web_login.carry(signed.token)
            done(_("Your account works. Next time sign in with the address to which the invitation came."))
            return _private(redirect(url_for("customer.core.start"), 303))
    return _page(form)


@invited.post("/zaproszenie/odmow")
def decline() -> ResponseReturnValue:
    """No; the other side reads it."""
    try:
        with unit_of_work() as unit:
            invitations.decline(unit, session.get(LINK, ""))
    except NotFound:
        return _page(blank(NewAccountSchema))
    session.pop(LINK, None)
    done(_("You declined the invitation."))
    return redirect_to("public.identity.sign_in")


def _page(form: Form) -> ResponseReturnValue:
    found, person = invitations.invitation(snapshot(), session.get(LINK, "")), _customer()
    least = identity.least_length(snapshot())
    return _private(
        render(
            "ebok_core/identity/access/invitation.html",
            title=_("Invitation") if found else _("This invitation no longer works"),
            menu="core.public_start" if person is None else "core.account",
            status=422 if form.failed and found else 200 if found else 410,
            form=form,
            found=found,
            person=person,
            has_account=found is not None and registrations.has_address(snapshot(), found.email),
            words=words,
            terms=documents.current(snapshot(), TERMS),
            hint=_(
                "At least %(least)s characters, at most %(most)s. Four words that don't go together make a good one. "
                "Spaces, Polish letters and any signs may be used.",
                least=least,
                most=identity_rules.MOST_PASSWORD,
            ),
            contact=office().contact,
        )
    )


def _customer() -> Viewer | None:
    """The signed-in customer; staff count as strangers here."""
    person = optional_viewer()
    return person if person is not None and person.kind == "customer" else None


def _private(response: Any) -> Any:
    """No address of these pages leaves the browser, and nothing of them is kept."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
