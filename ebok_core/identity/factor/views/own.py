"""One's own second factors: what there is, an app, passkeys, taking one off. Staff see the same pages under /panel."""

from __future__ import annotations

import json
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from ebok_core import clock
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity import devices, proving
from ebok_core.identity.factor import passkeys, policy, rules, service, totp
from ebok_core.identity.factor.schemas import SecondFactorPolicySchema
from ebok_core.identity.sessions import LiveSession
from ebok_core.web import (
    FORM,
    blank,
    done,
    kept_settings,
    load,
    needs_password,
    office,
    proved,
    redirect_to,
    render,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)
from ebok_core.web import login as web_login
from ebok_core.web.sealed import seal, unseal

from . import challenges, forms
from .codes import crumbs, menu, own, show_codes


@own.get("/konto/drugi-skladnik")
def index() -> ResponseReturnValue:
    """What the account has, and what can be added."""
    live = _live()
    return render(
        "ebok_core/identity/factor/index.html",
        title=_("Second factor of sign-in"),
        menu=menu(),
        factors=service.factors_of(snapshot(), viewer().account_id),
        is_owed=policy.is_owed(runtime().settings, live, _policy),
        is_demanded=policy.is_demanded(runtime().settings, live, _policy),
        has_passkeys=challenges.party_or_none() is not None,
        app=service.APP,
    )


@own.route("/konto/drugi-skladnik/aplikacja", methods=["GET", "POST"])
def app() -> ResponseReturnValue:
    """Set an app up: the picture, the key as text, the first code."""
    form = load(forms.AppSchema) if request.method == "POST" else blank(forms.AppSchema)
    secret = _offered(form.value("offer"))
    if form.submitted and secret is None:
        form.fail("code", _("That took too long. Read the new picture and type the new code"))
    if form.ok and secret and proved(form):
        try:
            codes = service.add_app(runtime(), viewer(), secret, form.data["code"])
        except Refused as refused:
            form.fail("code" if refused.code == "wrong" else FORM, str(refused))
        else:
            return _added(codes, has_totp=True)
    secret = secret or totp.new_secret()
    address = totp.address(secret, login=viewer().login, utility=office().contact.title)
    return challenges.private(
        render(
            "ebok_core/identity/factor/app.html",
            title=_("App with codes"),
            crumbs=crumbs(),
            menu=menu(),
            form=form,
            secret=secret,
            offer=seal(json.dumps([viewer().account_id, secret, clock.now_utc().timestamp()])),
            picture=totp.picture(address),
            asks_password=needs_password(),
        )
    )


@own.route("/konto/drugi-skladnik/klucz", methods=["GET", "POST"])
def passkey() -> ResponseReturnValue:
    """Add a passkey under a name."""
    suggested = devices.words(request.user_agent.string)[:60]
    form = load(forms.PasskeySchema) if request.method == "POST" else blank(forms.PasskeySchema, name=suggested)
    if form.ok and proved(form):
        try:
            codes = service.add_passkey(
                runtime(),
                viewer(),
                challenges.party(),
                challenges.recall(f"add:{viewer().account_id}"),
                name=form.data["name"],
                answer=form.data.get("answer", ""),
            )
        except Refused as refused:
            form.fail(FORM, str(refused))
        else:
            return _added(codes, has_passkey=True)
    return render(
        "ebok_core/identity/factor/passkey.html",
        title=_("Add a passkey"),
        crumbs=crumbs(),
        menu=menu(),
        form=form,
        party=challenges.party_or_none(),
        asks_password=needs_password(),
    )


@own.post("/konto/drugi-skladnik/klucz/opcje")
def passkey_options() -> ResponseReturnValue:
    """What the browser makes a new passkey of."""
    person = viewer()
    options = passkeys.creation_options(
        challenges.party(),
        challenges.remember(f"add:{person.account_id}"),
        utility=office().contact.title,
        account_id=person.account_id,
        login=person.login,
        keys=passkeys.listed(snapshot(), person.account_id),
    )
    return challenges.options(options)


@own.route("/konto/drugi-skladnik/klucz/nazwa", methods=["GET", "POST"])
def rename() -> ResponseReturnValue:
    """Give a passkey another name."""
    form = load(forms.RenameSchema) if request.method == "POST" else None
    which = form.value("key") if form else request.args.get("klucz", "")
    key = _key(which)
    form = form or blank(forms.RenameSchema, key=key.id, name=key.name)
    if form.ok:
        with unit_of_work() as unit:
            service.rename_passkey(unit, viewer(), key.id, form.data["name"])
        done(_("The passkey is called “%(name)s” now.", name=form.data["name"]))
        return redirect_to(".index")
    return render(
        "ebok_core/identity/factor/rename.html",
        title=_("Name of a passkey"),
        crumbs=crumbs(),
        menu=menu(),
        form=form,
        key=key,
    )


@own.route("/konto/drugi-skladnik/usun", methods=["GET", "POST"])
def remove() -> ResponseReturnValue:
    """Take the app or a passkey off the account."""
    form = load(forms.RemoveSchema) if request.method == "POST" else None
    which = form.value("which") if form else request.args.get("co", "")
    name = str(service.THE_APP) if which == service.APP else _key(which).name
    form = form or blank(forms.RemoveSchema, which=which)
    if form.ok and proved(form):
        with form.refusals(), unit_of_work() as unit:
            may_be_last = not policy.is_demanded(runtime().settings, _live(), _policy)
            service.remove(unit, viewer(), which, may_be_last=may_be_last)
        if form.ok:
            done(_("Removed: %(name)s.", name=name))
            return redirect_to(".index")
    return render(
        "ebok_core/identity/factor/remove.html",
        title=_("Remove a second factor"),
        crumbs=crumbs(),
        menu=menu(),
        form=form,
        name=name,
        asks_password=needs_password(),
    )


def _added(codes: list[str], **known: bool) -> ResponseReturnValue:
    """The factor is there: the session gets a new token, and first recovery codes are shown."""
    now = clock.now_utc()
    web_login.proved_with(proving.by_new_factor(runtime(), viewer()), authenticated_at=now, factor_at=now, **known)
    if codes:
        return show_codes(codes, is_first=True)
    done(_("The second factor is added. We will ask for it at the next sign-in."))
    return redirect_to(".index")


def _offered(offer: str) -> str | None:
    """The secret that this page offered to this very person within the last half hour."""
    opened = unseal(offer) if offer else None
    if opened is None:
        return None
    account_id, secret, made_s = json.loads(opened)
    is_young = clock.now_utc().timestamp() - made_s < rules.OFFER_LIVES.total_seconds()
    return str(secret) if account_id == viewer().account_id and is_young else None


def _key(which: str) -> passkeys.Key:
    found = next((key for key in passkeys.listed(snapshot(), viewer().account_id) if key.id == which), None)
    if found is None:
        raise NotFound(_("There is no such passkey."))
    return found


def _live() -> LiveSession:
    live = web_login.live_session()
    assert live is not None  # noqa: S101 - the zone's guard lets nobody else in
    return live


def _policy() -> Any:
    return kept_settings(SecondFactorPolicySchema)
