"""To the hub and back: the page that leaves, the answer without a cookie, the browser that takes it."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ebok_core.contracts.web import CspSource
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity.saml import flow, profiles, rules, service, settings, words
from ebok_core.identity.saml.words import Said
from ebok_core.web import done, exempt, office, optional_viewer, render, runtime, security, snapshot
from ebok_core.web import login as web_login

public = Blueprint("saml", __name__)

COOKIE = "__Host-wk"
MENU = "core.public_start"
MOST_ARTIFACT, MOST_RELAY = 200, 100
BASE = "ebok_core/identity/saml"


@public.post("/logowanie/login-gov")
def start() -> ResponseReturnValue:
    """Send the browser to the hub."""
    return leave_for_hub(rules.LOGIN)


def leave_for_hub(intent: str, account_id: str | None = None, session_id: str | None = None) -> ResponseReturnValue:
    """The page that posts our request to the hub: the only one with a script of its own, under a nonce (§2.4)."""
    try:
        opened = flow.depart(runtime(), intent=intent, account_id=account_id, session_id=session_id)
    except NotFound:
        abort(404)
    except Refused as refused:
        return said(Said(_("Too many tries"), str(refused), 429))
    nonce = secrets.token_urlsafe(16)
    response = render(
        f"{BASE}/hub.html",
        title=_("To login.gov.pl"),
        menu=MENU,
        opened=opened,
        nonce=nonce,
        is_test=intent == rules.TEST,
    )
    response.headers["Content-Security-Policy"] = security.policy(
        [
            CspSource(directive="form-action", origin=opened.origin),
            CspSource(directive="script-src", origin=f"'nonce-{nonce}'"),
        ]
    )
    set_cookie(response, opened.browser_secret, int(rules.FLOW_LIVES.total_seconds()))
    response.headers["Cache-Control"] = "no-store"
    return response


@public.route("/logowanie/login-gov/acs", methods=["GET", "POST"])
@exempt
def acs() -> ResponseReturnValue:
    """Where the hub sends the browser back, without any cookie of ours: fetch the answer and go on by a GET (§2.5)."""
    given = request.form if request.method == "POST" else request.args
    artifact, relay = given.get("SAMLart", ""), given.get("RelayState", "")
    try:
        received = flow.receive(runtime(), artifact[: MOST_ARTIFACT + 1], relay[:MOST_RELAY])
    except NotFound:
        only_while_on()
        return private(said(words.OVER))
    page = "admin.saml.tested" if received.intent == rules.TEST else ".finish"
    return private(redirect(url_for(page, k=received.handle), 303))


@public.get("/logowanie/login-gov/dokoncz")
def finish() -> ResponseReturnValue:
    """The browser that began takes the answer: then it is signed in, or reads what is missing."""
    only_while_on()
    try:
        finished = service.finish(
            runtime(),
            request.args.get("k", "")[:100],
            request.cookies.get(COOKIE, ""),
            optional_viewer(),
            lambda digest: web_login.known_device(digest) is not None,
        )
    except NotFound:
        return private(said(words.OVER))
    if finished.kind == "failed":
        return private(said(words.FAILED[finished.failure]))
    return private(_ENDS[finished.kind](finished))


def _entered(finished: service.Finished) -> Any:
    if finished.signed is None:
        raise RuntimeError("a sign-in without a session")
    web_login.carry(finished.signed.token)
    if finished.kind == "created":
        done(_("Your account works. Next time sign in the same way."))
    page = "customer.external.welcome" if finished.kind == "created" else "customer.core.start"
    response = redirect(url_for(page), 303)
    web_login.remember_device(response, finished.digest)
    set_cookie(response, "", 0)
    return response


def _pending(_finished: service.Finished) -> Any:
    response = redirect(url_for(".outcome"), 303)
    set_cookie(response, request.cookies.get(COOKIE, ""), int(rules.PROOF_LIVES.total_seconds()))
    return response


def linked(_finished: service.Finished | None = None) -> Any:
    """Back on the page of the link, with a word of thanks."""
    done(_("Your account is linked with login.gov.pl. From now on you can sign in both ways."))
    return redirect(url_for("customer.external.index"), 303)


def _proved(finished: service.Finished) -> Any:
    web_login.renew(finished.token)
    done(_("Thank you, it is you. For five minutes we will not ask again."))
    return redirect(url_for("customer.external.index"), 303)


_ENDS = {"entered": _entered, "created": _entered, "pending": _pending, "linked": linked, "proved": _proved}


@public.get("/saml/metadata")
def metadata() -> ResponseReturnValue:
    """Our metadata, for providers of the generic profile; the National Node wants none."""
    only_while_on()
    setup = settings.setup(snapshot(), runtime().settings)
    if setup.config.profile != profiles.GENERIC.key:
        abort(404)
    from ebok_core.identity.saml import wire

    return Response(wire.metadata(setup), mimetype="application/samlmetadata+xml")


# What the pages of the way share


def only_while_on() -> None:
    """While it is off nothing of this is there (L169)."""
    if not flow.is_offered(snapshot()):
        abort(404)


def said(said: Said) -> Response:
    """The page of a way that ended without the person, with one way forward."""
    return render(
        f"{BASE}/failed.html",
        title=said.title,
        menu=MENU,
        status=said.status,
        text=said.text,
        is_on=flow.is_offered(snapshot()),
        contact=office().contact,
    )


def set_cookie(response: Any, value: str, seconds: int) -> None:
    """Keep the browser's secret for so long, or not at all."""
    response.set_cookie(COOKIE, value, max_age=seconds, secure=True, httponly=True, samesite="Lax", path="/")


def private(response: Any) -> Any:
    """No address of these pages leaves the browser, and nothing of them is kept."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
