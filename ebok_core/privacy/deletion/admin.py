"""Serwis → "Usuń konto użytkownika": find, confirm by login or code, say why; nobody enters from then on (L160)."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from ebok_core import i18n, runtime_settings
from ebok_core.errors import NotFound
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext
from ebok_core.web import (
    Choice,
    Form,
    FormSchema,
    Text,
    blank,
    done,
    load,
    needs_password,
    password_field,
    proved,
    redirect_to,
    render,
    snapshot,
    unit_of_work,
    viewer,
)

from ..settings import RetentionConfigSchema
from . import rules, service

blueprint = Blueprint("deletion", __name__)
MENU = "core.admin_delete"
LEAST_TYPED = 3


class OrderSchema(FormSchema):
    """Why, and the login or code typed once more, so that nobody deletes the neighbour."""

    reason = Choice(
        tuple(rules.REASONS.items()),
        required=True,
        error_messages={"required": lazy_gettext("Choose the reason")},
        metadata={"label": lazy_gettext("Reason")},
    )
    typed = Text(
        required=True,
        max=254,
        error_messages={"required": lazy_gettext("Type the login or the customer code of this account")},
        metadata={
            "label": lazy_gettext("Login or customer code, once more"),
            "hint": lazy_gettext("As confirmation. Billing data, bills and proofs of receipt stay."),
        },
    )
    password = password_field()


@blueprint.get("/usuniecie-konta")
def index() -> ResponseReturnValue:
    """Find an account; below, the deletions that wait."""
    typed = request.args.get("szukaj", "").strip()[:254]
    people = service.found(snapshot(), typed) if len(typed) >= LEAST_TYPED else []
    return render(
        "ebok_core/privacy/admin_find.html",
        title=_("Delete a user's account"),
        menu=MENU,
        typed=typed,
        is_short=bool(typed) and len(typed) < LEAST_TYPED,
        people=people,
        waiting=[
            (person, item, i18n.instant_iso(item.due_at)) for person, item in service.waiting_by_office(snapshot())
        ],
        reasons=rules.REASONS,
    )


@blueprint.route("/usuniecie-konta/<account_id>", methods=["GET", "POST"])
def order(account_id: str) -> ResponseReturnValue:
    """The account, what becomes of it, and the order."""
    person = service.person(snapshot(), account_id)
    form = load(OrderSchema) if request.method == "POST" else blank(OrderSchema)
    if form.ok and not service.confirms(person, form.data["typed"]):
        form.fail("typed", _("This is neither the login nor a customer code of this account. Check whom you delete"))
    if form.ok and proved(form) and _order(person, form):
        return redirect_to(".index")
    return render(
        "ebok_core/privacy/admin_order.html",
        title=_("Delete the account %(login)s", login=person.login),
        menu=MENU,
        crumbs=[(_("Delete a user's account"), ".index")],
        form=form,
        person=person,
        waiting=service.waiting_of(snapshot(), person.id),
        asks=needs_password(),
        days=runtime_settings.get(snapshot(), RetentionConfigSchema).grace_days,
    )


def _order(person: service.Person, form: Form) -> bool:
    with form.refusals(), unit_of_work() as unit:
        due = service.order(unit, viewer(), person.id, form.data["reason"])
    if not form.ok:
        return False
    done(
        _("Nobody enters the account %(login)s any more. Its data are erased in a few minutes.", login=person.login)
        if form.data["reason"] in rules.AT_ONCE
        else _(
            "Nobody enters the account %(login)s any more. Its data are erased on %(due)s.",
            login=person.login,
            due=i18n.instant_in_words(due),
        )
    )
    return True


@blueprint.post("/usuniecie-konta/<account_id>/cofnij")
def undo(account_id: str) -> ResponseReturnValue:
    """Take a deletion back while it waits."""
    waiting = service.waiting_of(snapshot(), account_id)
    if waiting is None:
        raise NotFound(_("This deletion can't be undone any more."))
    with unit_of_work() as unit:
        service.undo(unit, waiting, actor=viewer())
    done(_("The deletion is undone. The account works as before."))
    return redirect_to(".index")
