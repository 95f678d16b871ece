"""The sign-in pages of the second factor: a passkey alone, and the second step after the password."""

from __future__ import annotations

from flask import Blueprint, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity import signin
from ebok_core.identity import views as identity_views
from ebok_core.identity.factor import passkeys, service, steps
from ebok_core.web import FORM, Form, blank, done, load, office, redirect_to, render, runtime, snapshot
from ebok_core.web import login as web_login

from . import challenges, forms

public = Blueprint("factor", __name__)

_ENTER = "enter"


# Signing in by a passkey alone


@public.post("/logowanie/klucz/opcje")
def enter_options() -> ResponseReturnValue:
    """A challenge for any passkey that the browser has for us."""
    party = challenges.party()
    return challenges.options(passkeys.request_options(party, challenges.remember(_ENTER)))


@public.post("/logowanie/klucz")
def enter() -> ResponseReturnValue:
    """The customers' entry by a passkey."""
    return _enter("customer")


@public.post("/panel/logowanie/klucz")
def staff_enter() -> ResponseReturnValue:
    """The staff's entry by a passkey."""
    return _enter("staff")


def _enter(kind: str) -> ResponseReturnValue:
    form = load(forms.AnswerSchema)
    target = identity_views.onward(form.value("dalej"), kind)
    try:
        signed, digest = service.sign_in_by_passkey(
            runtime(),
            challenges.party(),
            challenges.recall(_ENTER),
            form.data.get("answer", ""),
            kind=kind,
            device_of=web_login.known_device,
        )
    except Refused as refused:
        done(str(refused), title=_("We could not sign you in"), kind="bad")
        return redirect_to(identity_views.ENTRY[kind], dalej=target)
    return _signed_in(signed, digest, target or url_for(identity_views.HOME[kind]))


# The second step after the password


@public.route("/logowanie/kod", methods=["GET", "POST"])
def step() -> ResponseReturnValue:
    """The password was right: the second factor opens the session."""
    token = session.get(identity_views.STEP, "")
    found = steps.open_step(snapshot(), token)
    if found is None:
        return _start_again()
    form = load(forms.StepSchema) if request.method == "POST" else blank(forms.StepSchema)
    target = identity_views.onward(request.values.get("dalej"), found.kind)
    status = 200
    if form.ok:
        device = web_login.known_device(found.login_digest)
        try:
            signed = _finish(token, found, form, device)
        except NotFound:
            return _start_again()
        except Refused as refused:
            status = 429 if refused.code == "delayed" else 422
            form.fail("code" if refused.code != "passkey" else FORM, str(refused))
        else:
            return _signed_in(signed, found.login_digest, target or url_for(identity_views.HOME[found.kind]))
    return challenges.private(
        render(
            "ebok_core/identity/factor/step.html",
            title=_("Second step of signing in"),
            menu="",
            status=status,
            form=form,
            step=found,
            target=target or "",
            entry=url_for(identity_views.ENTRY[found.kind]),
            party=challenges.party_or_none() if found.has_passkey else None,
            contact=office().contact,
        )
    )


@public.post("/logowanie/kod/opcje")
def step_options() -> ResponseReturnValue:
    """A challenge for the passkeys of the account whose password was right."""
    found = steps.open_step(snapshot(), session.get(identity_views.STEP, ""))
    if found is None:
        raise NotFound(_("That took too long. Type the password once more"))
    keys = passkeys.listed(snapshot(), found.account_id)
    challenge = challenges.remember(f"step:{found.id}")
    return challenges.options(passkeys.request_options(challenges.party(), challenge, keys))


def _finish(token: str, found: steps.Step, form: Form, device: str | None) -> signin.SignedIn:
    answer = form.data.get("answer")
    if answer:
        challenge = challenges.recall(f"step:{found.id}")
        return service.finish_by_passkey(runtime(), token, challenges.party(), challenge, answer, device=device)
    if not form.data.get("code"):
        raise Refused(_("Type the code"), code="shape")
    return service.finish_by_code(runtime(), token, form.data["code"], device=device)


def _signed_in(signed: signin.SignedIn, digest: str, target: str) -> ResponseReturnValue:
    web_login.carry(signed.token)
    response = redirect(target, 303)
    web_login.remember_device(response, digest)
    return response


def _start_again() -> ResponseReturnValue:
    session.pop(identity_views.STEP, None)
    done(_("That took too long. Type the password once more."), title=_("Begin again"), kind="wait")
    return redirect_to(identity_views.ENTRY["customer"])
