"""Pages of people: the two entries, signing out, a password by a link; one's own account, sessions and sign-ins."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from ebok_core import clock, i18n
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, ngettext
from ebok_core.web import (
    FORM,
    Action,
    Column,
    Failed,
    Form,
    FormSchema,
    Secret,
    Table,
    Text,
    Word,
    asks_factor,
    blank,
    done,
    guarded,
    inside,
    list_page,
    load,
    needs_password,
    office,
    optional_viewer,
    password_field,
    proved,
    public_blocks,
    redirect_to,
    render,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)
from ebok_core.web import login as web_login
from ebok_core.web.guard import owner

from . import devices, rules
from . import service as identity
from .factor import rules as factor
from .models import LoginEvent
from .saml import hub_sessions
from .saml import rules as saml

public = Blueprint("identity", __name__)
customer = Blueprint("identity", __name__)

HOME = {"customer": "customer.core.start", "staff": "admin.core.home"}
ENTRY = {"customer": "public.identity.sign_in", "staff": "public.identity.staff_sign_in"}
LINK, STEP = "ebok_link", "ebok_step"
# Nothing of the account stays in the browser after signing out (S61).
CLEARED = '"cache", "storage"'

_E = LoginEvent.__table__
_RESULTS = {
    "ok": ("ok", lazy_gettext("Signed in")),
    "failed": ("bad", lazy_gettext("Failed try")),
    "signed_out": ("", lazy_gettext("Signed out")),
    "expired": ("", lazy_gettext("Session ended after a break")),
    "ended": ("", lazy_gettext("Session ended")),
}
_WAYS = {
    "password": lazy_gettext("password"),
    "registration": lazy_gettext("new account"),
    factor.CODE: lazy_gettext("password + code"),
    factor.RECOVERY: lazy_gettext("password + recovery code"),
    factor.PASSKEY: lazy_gettext("passkey"),
    factor.PASSWORD_PASSKEY: lazy_gettext("password + passkey"),
}
_ENDINGS = {
    "absolute": lazy_gettext("We signed you out, because the session lasted very long. Sign in again."),
    "password_changed": lazy_gettext("The password was changed, so this session has ended. Sign in with the new one."),
    "ended": lazy_gettext("You ended this session from another device. Sign in again."),
    "too_many": lazy_gettext("You are signed in on ten other devices, so this session has ended. Sign in again."),
    "office": lazy_gettext("Our office ended this session. Sign in again."),
    "not_me": lazy_gettext("The owner of the account ended all sessions. Sign in, then set a new password."),
}

LOGINS = Table(
    key="core.logins",
    caption=lazy_gettext("Sign-ins to your account"),
    statement=sa.select(_E.c.id, _E.c.at, _E.c.result, _E.c.way, _E.c.ip, _E.c.user_agent, _E.c.acted_by).where(
        _E.c.account_id == sa.bindparam("account_id")
    ),
    row_key=(_E.c.id,),
    columns=(
        Column(
            "at",
            lazy_gettext("Date and time"),
            "instant",
            sort=_E.c.at,
            head=True,
            csv=lambda row: clock.local(row.at).isoformat(timespec="seconds"),
        ),
        Column("result", lazy_gettext("Result"), "word", value=lambda row: _result(row), optional=False),
        Column("way", lazy_gettext("Way"), value=lambda row: _way(row.way)),
        Column("device", lazy_gettext("Device"), value=lambda row: devices.words(row.user_agent)),
        Column("ip", lazy_gettext("Address on the internet")),
        Column("actions", lazy_gettext("Possible actions"), "actions", value=lambda row: _actions(row)),
    ),
    sort="-at",
    reach="stated",
    counted=lambda n: ngettext("%(n)s entry", "%(n)s entries", n),
    empty=(lazy_gettext("No sign-ins yet"), lazy_gettext("Each sign-in and each failed try will be listed here")),
)


class SignInSchema(FormSchema):
    """Login and password; `dalej` is the page to go back to."""

    login = Text(
        required=True,
        max=rules.MOST_LOGIN,
        error_messages={"required": lazy_gettext("Write your login or e-mail address")},
        metadata={"label": lazy_gettext("Login or e-mail address"), "autocomplete": "username"},
    )
    password = Secret(
        required=True,
        max=1000,
        error_messages={"required": lazy_gettext("Write the password")},
        metadata={"label": lazy_gettext("Password"), "autocomplete": "current-password"},
    )
    dalej = Text(max=600)


class PasswordSchema(FormSchema):
    """The password of now and the new one; there is no second field to repeat it, but a button to see it."""

    current = Secret(
        required=True,
        max=1000,
        error_messages={"required": lazy_gettext("Write the password of now")},
        metadata={"label": lazy_gettext("Current password"), "autocomplete": "current-password"},
    )
    new = Secret(
        required=True,
        max=1000,
        error_messages={"required": lazy_gettext("Write the new password")},
        metadata={"label": lazy_gettext("New password"), "autocomplete": "new-password"},
    )
    code = password_field()


class NewPasswordSchema(FormSchema):
    """A password by a one-time link."""

    new = Secret(
        required=True,
        max=1000,
        error_messages={"required": lazy_gettext("Write the new password")},
        metadata={"label": lazy_gettext("New password"), "autocomplete": "new-password"},
    )


class EndSessionSchema(FormSchema):
    """Which session ends; empty: all but this one."""

    session = Text(max=36)


# The two entries


@public.route("/logowanie", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """The customers' entry, and the page that strangers see first (L22, L28)."""
    return _entry("customer", "ebok_core/identity/sign_in.html")


@public.route("/panel/logowanie", methods=["GET", "POST"])
def staff_sign_in() -> ResponseReturnValue:
    """The staff's entry; a customer's account can't enter here (L150)."""
    return _entry("staff", "ebok_core/identity/staff_sign_in.html")


@public.post("/wyloguj")
def sign_out() -> ResponseReturnValue:
    """End the session; the browser forgets what it kept (L165, S61)."""
    person, at_hub = optional_viewer(), False
    if person is not None:
        with unit_of_work() as unit:
            at_hub = hub_sessions.end(unit, person)
            identity.sign_out(unit, person)
    web_login.end()
    done(_("We signed you out of e-BOK and asked login.gov.pl to do so.") if at_hub else _("You are signed out."))
    response = redirect(url_for(ENTRY[person.kind if person else "customer"]), 303)
    response.headers["Clear-Site-Data"] = CLEARED
    return response


def _entry(kind: str, template: str) -> ResponseReturnValue:
    person = optional_viewer()
    target = onward(request.values.get("dalej"), kind)
    if request.method == "GET" and person is not None and person.kind == kind:
        return redirect(target or url_for(HOME[kind]))
    if request.method == "GET":
        return _show_entry(template, kind, blank(SignInSchema, dalej=target or ""))
    form = load(SignInSchema)
    status = 200
    if form.ok:
        login = form.data["login"]
        digest = identity.login_digest(runtime(), login)
        try:
            signed = identity.sign_in(
                runtime(), login, form.data["password"], kind=kind, device=web_login.known_device(digest)
            )
        except Refused as refused:
            status = 429 if refused.code == "delayed" else 422
            form.fail(FORM, str(refused))
        else:
            if isinstance(signed, identity.HalfWay):
                session[STEP] = signed.token
                return redirect_to("public.factor.step", dalej=target)
            web_login.carry(signed.token)
            response = redirect(target or url_for(HOME[kind]), 303)
            web_login.remember_device(response, digest)
            return response
    return _show_entry(template, kind, form, status)


def _show_entry(template: str, kind: str, form: Form, status: int = 200) -> Response:
    methods = [m for m in runtime().portal.of("ebok_login_methods") if _is_offered(m)] if kind == "customer" else []
    return render(
        template,
        title=_("Sign in") if kind == "customer" else _("Sign in to the panel"),
        menu="core.public_start" if kind == "customer" else "",
        status=status,
        form=form,
        ended=_why_ended() if not form.submitted else None,
        methods=[(m, m.title_in(snapshot()) if hasattr(m, "title_in") else m.title) for m in methods],
        party=factor.party_of(runtime().settings.public_url),
        blocks=public_blocks() if kind == "customer" else [],
        contact=office().contact,
    )


def _is_offered(method: Any) -> bool:
    """Whether a further way to sign in is configured; one that fails is not offered."""
    module = owner(runtime().portal, "ebok_login_methods", method)
    found = guarded(module, method.key, method.is_configured)
    return not isinstance(found, Failed) and bool(found)


def _why_ended() -> str | None:
    """What happened to the session whose token the cookie still carries, in words."""
    token = web_login.token()
    if token is None or optional_viewer() is not None:
        return None
    ending = identity.why_ended(snapshot(), runtime(), token)
    if ending is not None and ending.reason == "idle":
        return ngettext(
            "We signed you out after %(n)s minute of silence. Sign in again.",
            "We signed you out after %(n)s minutes of silence. Sign in again.",
            ending.idle_minutes,
        )
    return str(_ENDINGS[ending.reason]) if ending is not None and ending.reason in _ENDINGS else None


def onward(target: str | None, kind: str) -> str | None:
    """The page to go back to: one of ours that a GET opens (S31), in the part that this entry leads to."""
    found = inside(target)
    if found is None or found.partition("?")[0] in {url_for(entry) for entry in ENTRY.values()}:
        return None
    in_panel = found == "/panel" or found.startswith(("/panel/", "/panel?"))
    return found if in_panel == (kind == "staff") else None


# A password by a one-time link (S10, S62)


@public.get("/haslo/<token>")
def password_link(token: str) -> ResponseReturnValue:
    """Take the token out of the address into the cookie; nothing is used up, mail scanners open links."""
    session[LINK] = token[:100]
    return _private(redirect(url_for(".new_password"), 303))


@public.route("/haslo", methods=["GET", "POST"])
def new_password() -> ResponseReturnValue:
    """Set a password by a link; then the person signs in with it."""
    token = session.get(LINK, "")
    person = identity.owner_of_link(snapshot(), token)
    form = load(NewPasswordSchema) if request.method == "POST" else blank(NewPasswordSchema)
    if person is not None and form.ok:
        try:
            person = identity.set_password_by_link(runtime(), token, form.data["new"])
        except NotFound:
            person = None
        except Refused as refused:
            form.fail("new", str(refused))
        else:
            web_login.end()
            done(_("The password is set. Sign in with it."))
            return _private(redirect(url_for(ENTRY[person.kind]), 303))
    page = render(
        "ebok_core/identity/new_password.html",
        title=_("Set a password") if person else _("This link no longer works"),
        status=200 if person else 410,
        form=form if person else None,
        hint=_hint(),
        person=person,
        contact=office().contact,
    )
    return _private(page)


def _private(response: Any) -> Any:
    """No address of these pages leaves the browser, and nothing of them is kept."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


# One's own account: the same pages for customers and, under /panel, for staff


@customer.get("/konto")
def account() -> ResponseReturnValue:
    """Who is signed in, and what can be changed here."""
    last = identity.last_sign_in(snapshot(), viewer())
    return render(
        "ebok_core/identity/account.html",
        title=_("My account"),
        menu=_menu(),
        last=i18n.instant_in_words(last) if last else None,
    )


@customer.route("/konto/haslo", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    """Change the password; all other sessions end (L24, L159)."""
    form = load(PasswordSchema) if request.method == "POST" else blank(PasswordSchema)
    status = 200
    if form.ok and (not asks_factor() or proved(form, "code")):
        try:
            token = identity.change_password(runtime(), viewer(), form.data["current"], form.data["new"])
        except Refused as refused:
            status = 429 if refused.code == "delayed" else 422
            form.fail({"wrong": "current", "weak": "new", "same": "new"}.get(refused.code, FORM), str(refused))
        else:
            web_login.renew(token)
            done(_("The password is changed. Your other sessions have ended."))
            target = onward(request.args.get("dalej"), viewer().kind)
            return redirect(target, 303) if target else redirect_to(".account")
    live, is_customer = web_login.live_session(), viewer().kind == "customer"
    return render(
        "ebok_core/identity/password.html",
        title=_("Change the password") if is_customer else _("Change the administrator's password"),
        menu="core.account" if is_customer else "core.admin_password",
        status=status,
        form=form,
        has_lapsed=(has_lapsed := live is not None and live.duty == identity.DUTY_PASSWORD),
        is_spoiled=has_lapsed and identity.is_spoiled(snapshot(), viewer()),
        hint=_hint(),
        asks_code=asks_factor() and needs_password(),
    )


@customer.get("/konto/sesje")
def sessions() -> ResponseReturnValue:
    """Where the account is signed in now."""
    return render(
        "ebok_core/identity/sessions.html",
        title=_("Active sessions"),
        menu=_menu(),
        sessions=identity.open_sessions(snapshot(), runtime(), viewer()),
        everywhere=_credentials("sign_out_everywhere"),
        device=devices.words,
    )


@customer.post("/konto/sesje")
def end_sessions() -> ResponseReturnValue:
    """End one other session, or all of them."""
    form = load(EndSessionSchema)
    wanted = form.data.get("session") if form.ok else None
    with unit_of_work() as unit:
        if wanted:
            identity.end_session(unit, viewer(), wanted)
            ended = 1
        else:
            ended = identity.end_other_sessions(unit, viewer())
    done(ngettext("%(n)s session has ended.", "%(n)s sessions have ended.", ended))
    return redirect_to(".sessions")


@customer.get("/konto/logowania")
def logins() -> ResponseReturnValue:
    """The account's history of sign-ins, newest first (L145)."""
    return list_page(
        LOGINS,
        "ebok_core/identity/logins.html",
        title=_("Sign-ins"),
        menu=_menu(),
        not_me=_credentials("not_me"),
        values={"account_id": viewer().account_id},
    )


def _menu() -> str:
    return "core.account" if viewer().kind == "customer" else "core.admin_account"


def _credentials(view: str, **values: Any) -> str:
    """The address of a page of `recovery.views.own` in this person's zone."""
    return url_for(f"{'customer' if viewer().kind == 'customer' else 'admin'}.credentials.{view}", **values)


def _actions(row: Any) -> list[Action]:
    if row.result != "ok":
        return []
    when = i18n.instant_iso(row.at)
    return [Action(_("That was not me"), _credentials("not_me", wpis=row.id), row=f": {when}")]


def _hint() -> str:
    """What a new password must be like, said before it is typed (L159)."""
    return _(
        "At least %(least)s characters, at most %(most)s. Four words that don't go together make a good one. "
        "Spaces, Polish letters and any signs may be used.",
        least=identity.least_length(snapshot()),
        most=rules.MOST_PASSWORD,
    )


def _way(way: str) -> str:
    """How somebody signed in; of the hub also who vouched there."""
    hub, _colon, authority = way.partition(":")
    if hub == saml.WAY:
        return f"login.gov.pl ({authority})" if authority else "login.gov.pl"
    return str(_WAYS.get(way, way))


def _result(row: Any) -> Word:
    kind, text = _RESULTS[row.result]
    return Word(kind, str(text), _("by our office") if row.acted_by else "")
