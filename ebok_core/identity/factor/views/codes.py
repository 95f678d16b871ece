"""Recovery codes, and confirming with a passkey what a form in another window asks for."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from ebok_core import clock
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity import proving
from ebok_core.identity.factor import passkeys, rules, service
from ebok_core.web import (
    FORM,
    blank,
    done,
    load,
    needs_password,
    office,
    proved,
    redirect_to,
    render,
    runtime,
    snapshot,
    viewer,
)
from ebok_core.web import login as web_login

from . import challenges, forms

own = Blueprint("factor", __name__)
"""One's own second factor, in both zones."""

FILE = "kody-zapasowe.txt"


@own.route("/konto/drugi-skladnik/kody", methods=["GET", "POST"])
def codes() -> ResponseReturnValue:
    """How many are left; a new set is shown once, in the answer that makes it."""
    form = load(forms.CodesSchema) if request.method == "POST" else blank(forms.CodesSchema)
    if form.ok and proved(form):
        try:
            made = service.new_codes(runtime(), viewer())
        except Refused as refused:
            form.fail(FORM, str(refused))
        else:
            return show_codes(made)
    return render(
        "ebok_core/identity/factor/codes.html",
        title=_("Recovery codes"),
        crumbs=crumbs(),
        menu=menu(),
        form=form,
        factors=service.factors_of(snapshot(), viewer().account_id),
        most=rules.RECOVERY_CODES,
        asks_password=needs_password(),
    )


@own.post("/konto/drugi-skladnik/kody/plik")
def codes_file() -> ResponseReturnValue:
    """The codes of the page before as a text file: they come from the page, nobody else knows them any more."""
    form = load(forms.FileSchema)
    found = [rules.code_of(typed) for typed in form.data.get("codes", "").split()[: rules.RECOVERY_CODES]]
    if not found or any(code is None or not rules.is_recovery(code) for code in found):
        raise NotFound(_("There are no codes here."))
    lines = [
        f"e-BOK – {office().contact.title}",
        _("Recovery codes of the account %(login)s", login=viewer().login),
        _("Each code works once. Keep them where nobody else looks."),
        "",
        *(rules.grouped(code) for code in found if code),
        "",
    ]
    response = Response("\r\n".join(lines), mimetype="text/plain")
    response.headers["Content-Disposition"] = f'attachment; filename="{FILE}"'
    return challenges.private(response)


def show_codes(made: list[str], *, is_first: bool = False) -> ResponseReturnValue:
    """The page with a new set, which is shown this once; the first set comes with the first factor."""
    page = render(
        "ebok_core/identity/factor/new_codes.html",
        title=_("Your recovery codes"),
        crumbs=crumbs(),
        menu=menu(),
        codes=[rules.grouped(code) for code in made],
        is_first=is_first,
    )
    return challenges.private(page)


@own.route("/konto/potwierdzenie", methods=["GET", "POST"])
def prove() -> ResponseReturnValue:
    """Confirm with a passkey, so that the form in the other window is accepted."""
    form = load(forms.AnswerSchema) if request.method == "POST" else blank(forms.AnswerSchema)
    if form.ok:
        try:
            challenge = challenges.recall(f"prove:{viewer().session_id}")
            answer = form.data.get("answer", "")
            token = proving.prove_by_passkey(runtime(), viewer(), challenges.party(), challenge, answer)
        except Refused as refused:
            form.fail(FORM, str(refused))
        else:
            now = clock.now_utc()
            web_login.proved_with(token, authenticated_at=now, factor_at=now)
            done(_("Go back to the window with the form and send it. You have five minutes."), title=_("Confirmed"))
            return redirect_to(".prove")
    live = web_login.live_session()
    return render(
        "ebok_core/identity/factor/prove.html",
        title=_("Confirm that it is you"),
        menu=menu(),
        form=form,
        party=challenges.party_or_none(),
        has_passkey=live is not None and live.has_passkey,
    )


@own.post("/konto/potwierdzenie/opcje")
def prove_options() -> ResponseReturnValue:
    """A challenge for the viewer's own passkeys."""
    keys = passkeys.listed(snapshot(), viewer().account_id)
    challenge = challenges.remember(f"prove:{viewer().session_id}")
    return challenges.options(passkeys.request_options(challenges.party(), challenge, keys))


def crumbs() -> list[tuple[str, str | None]]:
    """The way back to the overview."""
    return [(_("Second factor of sign-in"), url_for(".index"))]


def menu() -> str:
    """The menu entry of one's own account."""
    return "core.account" if viewer().kind == "customer" else "core.admin_account"
