"""*Kto ma dostęp*: an owner lets others act for the customer, sees whom, prolongs and takes back (P07)."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from marshmallow.fields import List

from ebok_core import clock
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext
from ebok_core.identity.access import delegations, rules
from ebok_core.identity.access.permissions import DELEGATE
from ebok_core.web import (
    FORM,
    Choice,
    Email,
    Form,
    FormSchema,
    NearDate,
    Text,
    blank,
    done,
    load,
    needs,
    needs_password,
    password_field,
    proved,
    redirect_to,
    render,
    snapshot,
    unit_of_work,
    viewer,
)

from . import words
from .blueprints import customer

MENU = "core.account"
# More points than that are typed as a list, not ticked.
MOST_TICKED = 30
# Which field a refusal of the service belongs to.
_AT = {"own_address": "email", "known": "email", "points": "points", "until": "valid_to"}
RENEW, REVOKE, AGAIN = "przedluz", "odbierz", "ponow"


def _latest() -> date:
    return rules.latest_end(clock.today())


def _until() -> NearDate:
    return NearDate(
        required=True,
        earliest=clock.today,
        latest=_latest,
        metadata={
            "label": lazy_gettext("Last day of the access"),
            "hint": lazy_gettext("At most 24 months from today. You can prolong it, and take it back at any time."),
        },
    )


class RenewSchema(FormSchema):
    """Another last day."""

    valid_to = _until()
    password = password_field()


def _schema(points: list[delegations.Point]) -> FormSchema:
    many = len(points) > MOST_TICKED
    hint = lazy_gettext("Codes of service points, each on a line of its own or with commas between them")
    listed = Text(max=40_000, multiline=True, metadata={"label": lazy_gettext("Service points"), "hint": hint})
    ticked = List(
        Choice([(point.code, point.label) for point in points]), metadata={"label": lazy_gettext("Service points")}
    )
    made: dict[str, Any] = {
        "email": Email(
            required=True,
            error_messages={"required": lazy_gettext("Write the e-mail address of this person")},
            metadata={
                "label": lazy_gettext("E-mail address of the other person"),
                "hint": lazy_gettext("We will send an invitation there. It works for 72 hours."),
            },
        ),
        "role": Choice(
            [(role, words.role_with_meaning(role)) for role in ("manager", "payer", "observer")],
            required=True,
            metadata={"label": lazy_gettext("What this person may do")},
        ),
        "scope": Choice(
            [("all", _("all of this customer")), ("points", _("only the service points chosen below"))],
            required=True,
            metadata={
                "label": lazy_gettext("What this person sees"),
                "hint": lazy_gettext(
                    "The choice is about service points, meters and readings. Bills belong to the customer as a whole."
                ),
            },
        ),
        "points": listed if many else ticked,
        "valid_to": _until(),
        "password": password_field(),
    }
    return FormSchema.from_dict(made)()  # type: ignore[return-value]


@customer.get("/konto/dostepy")
@needs(DELEGATE)
def shared() -> ResponseReturnValue:
    """Who acts for the acting customer, and who did."""
    return render(
        "ebok_core/identity/access/shared.html",
        title=_("Who has access"),
        menu=MENU,
        given=delegations.given(snapshot(), viewer()),
        words=words,
    )


@customer.route("/konto/dostepy/nowy", methods=["GET", "POST"])
@needs(DELEGATE)
def share() -> ResponseReturnValue:
    """Invite somebody: address, role, points, last day; the password is asked again."""
    points = delegations.points_of(snapshot(), viewer())
    schema = _schema(points)
    form = load(schema) if request.method == "POST" else blank(schema, role="observer", scope="all")
    if form.ok and proved(form):
        chosen = form.data.get("points") or []
        codes = rules.codes_of(chosen) if isinstance(chosen, str) else chosen
        with form.refusals(FORM, **_AT), unit_of_work() as unit:
            delegations.offer(
                unit,
                viewer(),
                email=form.data["email"],
                role=form.data["role"],
                points=codes if form.data["scope"] == "points" else None,
                valid_to=form.data["valid_to"],
            )
        if form.ok:
            done(_("The invitation is on its way to %(email)s.", email=form.data["email"]))
            return redirect_to(".shared")
    return render(
        "ebok_core/identity/access/share.html",
        title=_("Give access"),
        menu=MENU,
        crumbs=[(_("Who has access"), ".shared")],
        form=form,
        many=len(points) > MOST_TICKED,
        asks=needs_password(),
    )


@customer.get("/konto/dostepy/<delegation_id>")
@needs(DELEGATE)
def delegation(delegation_id: str) -> ResponseReturnValue:
    """One access: what it lets the other person do, until when; prolong it or take it back."""
    return _page(delegation_id, None)


@customer.post("/konto/dostepy/<delegation_id>/przedluz")
@needs(DELEGATE)
def renew(delegation_id: str) -> ResponseReturnValue:
    """Another last day, after the password."""
    delegations.one(snapshot(), viewer(), delegation_id)
    form = load(RenewSchema)
    if form.ok and proved(form):
        with form.refusals("valid_to"), unit_of_work() as unit:
            delegations.renew(unit, viewer(), delegation_id, form.data["valid_to"])
        if form.ok:
            done(_("The access is prolonged."))
            return redirect_to(".delegation", delegation_id=delegation_id)
    return _page(delegation_id, form)


@customer.post("/konto/dostepy/<delegation_id>/odbierz")
@needs(DELEGATE)
def revoke(delegation_id: str) -> ResponseReturnValue:
    """Take it back, at once: nobody who takes a right away is asked for a password first."""
    with unit_of_work() as unit:
        delegations.revoke(unit, viewer(), delegation_id)
    done(_("The access is taken back. It works no more."))
    return redirect_to(".shared")


@customer.post("/konto/dostepy/<delegation_id>/ponow")
@needs(DELEGATE)
def again(delegation_id: str) -> ResponseReturnValue:
    """Send the invitation once more, with a new link."""
    with unit_of_work() as unit:
        delegations.offer_again(unit, viewer(), delegation_id)
    done(_("The invitation is sent once more. The older link works no more."))
    return redirect_to(".delegation", delegation_id=delegation_id)


def _page(delegation_id: str, form: Form | None) -> ResponseReturnValue:
    found = delegations.one(snapshot(), viewer(), delegation_id)
    return render(
        "ebok_core/identity/access/delegation.html",
        title=_("Access of %(person)s", person=found.person or found.email),
        menu=MENU,
        crumbs=[(_("Who has access"), ".shared")],
        form=form or blank(RenewSchema, valid_to=_latest()),
        found=found,
        words=words,
        asks=needs_password(),
    )
