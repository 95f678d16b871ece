"""Pages of registration in steps, and of a forgotten password. No page here knows whether the data fit (S11)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from ebok_core import clock
from ebok_core.contracts.identity import ProofField
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext
from ebok_core.identity import rules as identity_rules
from ebok_core.identity import service as identity
from ebok_core.privacy.documents import service as documents
from ebok_core.privacy.documents.rules import PRIVACY, TERMS
from ebok_core.web import (
    FORM,
    Email,
    Form,
    FormSchema,
    Secret,
    Text,
    WholeNumber,
    blank,
    done,
    load,
    office,
    redirect_to,
    render,
    runtime,
    snapshot,
    unit_of_work,
)
from ebok_core.web import login as web_login

from . import finish, recovery, rules, service

blueprint = Blueprint("registration", __name__)

KEPT, LINK = "ebok_registration", "ebok_registration_link"
STEPS = 3
MENU = "core.public_start"
# A field that no person sees and a machine fills in (P12).
TRAP = "strona"


class AmountText(Text):
    """An amount in złoty as people write it; loads as `1234.56`."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        found = rules.amount(super()._deserialize(value, attr, data, **kwargs))
        if found is None:
            raise ValidationError(_("Write the amount with a comma, such as 123,45"))
        return str(found)


class AddressSchema(FormSchema):
    """Where the link goes."""

    email = Email(
        required=True,
        error_messages={"required": lazy_gettext("Write your e-mail address")},
        metadata={
            "label": lazy_gettext("E-mail address"),
            "hint": lazy_gettext("We will send a link there. Later it is your login"),
            "autocomplete": "email",
        },
    )


class FirstPasswordSchema(FormSchema):
    """The password of the new account."""

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


class ForgottenSchema(FormSchema):
    """Who forgot the password."""

    login = Text(
        required=True,
        max=identity_rules.MOST_LOGIN,
        error_messages={"required": lazy_gettext("Write your login or e-mail address")},
        metadata={"label": lazy_gettext("Login or e-mail address"), "autocomplete": "username"},
    )


# Step 1: data from the bill


@blueprint.route("/rejestracja", methods=["GET", "POST"])
def bill() -> ResponseReturnValue:
    """What the proof asks for, with a picture of where to look (P01)."""
    if not service.config(snapshot()).is_open:
        return _closed()
    verifier = service.verifier_of(runtime().portal)
    schema = _schema(verifier.fields)
    standing = service.standing(snapshot(), session.get(KEPT))
    if request.method == "POST":
        form = load(schema)
        trapped = form.data.pop(TRAP, "") if form.ok else ""
        if form.ok and _too_quick(form):
            form.fail(FORM, _("That was very quick. Look at the data once more and send them again."))
        if form.ok:
            if not trapped:
                with unit_of_work() as unit:
                    session[KEPT] = service.start(unit, verifier, form.data, session.get(KEPT))
            return redirect_to(".address")
    else:
        typed = standing.typed if standing else {}
        form = blank(schema, **{name: _shown(typed[name], verifier.fields, name) for name in typed})
    return render(
        "ebok_core/identity/registration/bill.html",
        title=_("Make an account"),
        menu=MENU,
        form=form,
        fields=verifier.fields,
        figure=verifier.figure,
        trap=TRAP,
        steps=STEPS,
    )


def _schema(fields: tuple[ProofField, ...]) -> FormSchema:
    """The form of a proof, and the trap."""
    return FormSchema.from_dict({**proof_fields(fields), TRAP: Text(max=200)})()  # type: ignore[return-value]


def proof_fields(fields: tuple[ProofField, ...]) -> dict[str, Any]:
    """The form's fields of a proof: the customer code and what the verifier asks for."""
    made: dict[str, Any] = {
        "customer_code": Text(
            required=True,
            max=30,
            validate=_has_digits,
            error_messages={"required": lazy_gettext("Write the customer code from the bill")},
            metadata={
                "label": lazy_gettext("Customer code"),
                "hint": lazy_gettext("Mark 1 in the picture, such as 1-00096"),
            },
        )
    }
    for field in fields:
        kind = AmountText if field.kind == "amount" else Text
        made[field.name] = kind(required=True, max=field.most, metadata={"label": field.label, "hint": field.hint})
    return made


def _has_digits(typed: str) -> None:
    if not rules.folded(typed):
        raise ValidationError(_("Write the customer code from the bill"))


def _shown(value: str, fields: tuple[ProofField, ...], name: str) -> str:
    is_amount = any(field.name == name and field.kind == "amount" for field in fields)
    return value.replace(".", ",") if is_amount else value


def _too_quick(form: Form) -> bool:
    """Whether the form came back sooner than a person fills it in: its token tells when it was made."""
    token = uuid.UUID(form.token)
    if token.version != 7:
        return False
    made = datetime.fromtimestamp((token.int >> 80) // 1000, UTC)
    age = clock.now_utc() - made
    return -rules.LEAST_FILLING < age < rules.LEAST_FILLING


def _closed() -> ResponseReturnValue:
    return render(
        "ebok_core/identity/registration/closed.html", title=_("Make an account"), menu=MENU, contact=office().contact
    )


# Step 2: the address; then the mail


@blueprint.route("/rejestracja/adres", methods=["GET", "POST"])
def address() -> ResponseReturnValue:
    """Where the link goes; the only step that sends anything."""
    standing = service.standing(snapshot(), session.get(KEPT))
    if standing is None or not standing.is_open:
        return redirect_to(".bill")
    form = load(AddressSchema) if request.method == "POST" else blank(AddressSchema, email=standing.email)
    status = 200
    if form.ok:
        try:
            with unit_of_work() as unit:
                service.ask(unit, session[KEPT], form.data["email"])
        except NotFound:
            return redirect_to(".bill")
        except Refused as refused:
            status = 429
            form.fail(FORM, str(refused))
        else:
            return redirect_to(".mailbox")
    return render(
        "ebok_core/identity/registration/address.html",
        title=_("E-mail address"),
        menu=MENU,
        crumbs=[(_("Make an account"), ".bill")],
        status=status,
        form=form,
        steps=STEPS,
    )


@blueprint.get("/rejestracja/poczta")
def mailbox() -> ResponseReturnValue:
    """Look into the mailbox: the same words for everybody; whether the mail came back, nobody's code decides."""
    standing = service.standing(snapshot(), session.get(KEPT))
    if standing is None or standing.email is None:
        return redirect_to(".bill")
    return render(
        "ebok_core/identity/registration/mailbox.html",
        title=_("Look into your mailbox"),
        menu=MENU,
        crumbs=[(_("Make an account"), ".bill")],
        standing=standing,
        contact=office().contact,
    )


# Step 3: the link and the password


@blueprint.get("/rejestracja/link/<token>")
def link(token: str) -> ResponseReturnValue:
    """Take the token out of the address into the cookie; nothing is used up, mail scanners open links."""
    session[LINK] = token[:100]
    return _private(redirect(url_for(".password"), 303))


@blueprint.route("/rejestracja/haslo", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    """Set the first password: the account works at once (P05), TYTAN hears of it in the same unit of work."""
    token = session.get(LINK, "")
    person = finish.invited(snapshot(), token)
    form = load(FirstPasswordSchema) if request.method == "POST" else blank(FirstPasswordSchema)
    if person is not None and form.ok:
        try:
            seen = {TERMS: form.data["terms"], PRIVACY: documents.current(snapshot(), PRIVACY).version}
            signed = finish.confirm(runtime(), token, form.data["new"], seen=seen)
        except NotFound:
            person = None
        except Refused as refused:
            if refused.code not in ("weak", "meanwhile"):
                return _taken(str(refused))
            form.fail("new" if refused.code == "weak" else "terms", str(refused))
        else:
            digest = identity.login_digest(runtime(), person.email)
            web_login.carry(signed.token)
            done(_("Your account works. Next time sign in with the address %(email)s.", email=person.email))
            response = redirect(url_for("customer.core.start"), 303)
            web_login.remember_device(response, digest)
            return _private(response)
    return _private(
        render(
            "ebok_core/identity/registration/password.html",
            title=_("Set a password") if person else _("This link no longer works"),
            menu=MENU,
            status=200 if person else 410,
            form=form if person else None,
            person=person,
            terms=documents.current(snapshot(), TERMS) if person else None,
            least=identity.least_length(snapshot()),
            most=identity_rules.MOST_PASSWORD,
            steps=STEPS,
            contact=office().contact,
        )
    )


def _taken(why: str) -> ResponseReturnValue:
    """Somebody else was faster: of this customer, or with this address."""
    page = render(
        "ebok_core/identity/registration/taken.html",
        title=_("An account is there already"),
        menu=MENU,
        status=409,
        why=why,
        contact=office().contact,
    )
    return _private(page)


# A forgotten password


@blueprint.route("/haslo/nowe", methods=["GET", "POST"])
def forgotten() -> ResponseReturnValue:
    """Ask for a link to a new password: the same page for every login that there is or is not."""
    form = load(ForgottenSchema) if request.method == "POST" else blank(ForgottenSchema)
    status = 200
    if form.ok:
        try:
            with unit_of_work() as unit:
                recovery.ask(unit, form.data["login"])
        except Refused as refused:
            status = 429
            form.fail(FORM, str(refused))
        else:
            return redirect_to(".forgotten_sent")
    return _private(
        render(
            "ebok_core/identity/registration/forgotten.html",
            title=_("New password"),
            menu=MENU,
            status=status,
            form=form,
            contact=office().contact,
        )
    )


@blueprint.get("/haslo/nowe/wyslane")
def forgotten_sent() -> ResponseReturnValue:
    """Said to everybody alike."""
    return _private(
        render(
            "ebok_core/identity/registration/forgotten_sent.html",
            title=_("Look into your mailbox"),
            menu=MENU,
            contact=office().contact,
        )
    )


def _private(response: Any) -> Any:
    """No address of these pages leaves the browser, and nothing of them is kept."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
