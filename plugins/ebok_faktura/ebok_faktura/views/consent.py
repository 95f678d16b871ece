"""*e-Faktura*: the consent of the acting customer, how it stands, its history; give, change, withdraw (P34, P35)."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.web import (
    FORM,
    Form,
    blank,
    done,
    load,
    needs,
    needs_password,
    proved,
    redirect_to,
    render,
    snapshot,
    unit_of_work,
    viewer,
)

from .. import schemas
from ..permissions import CONSENT
from ..schemas import ConsentSchema, WithdrawSchema
from ..service import consents
from ..service.consents import Situation, Wishes
from .blueprint import blueprint


@blueprint.get("/e-faktura")
@needs(CONSENT)
def consent() -> ResponseReturnValue:
    """How the consent stands, the form that gives or changes it, and its history."""
    found = consents.situation(snapshot(), viewer())
    return _page(found, _filled(found), blank(WithdrawSchema))


@blueprint.post("/e-faktura")
@needs(CONSENT)
def agree() -> ResponseReturnValue:
    """Give the consent, or change the way and the address."""
    form = load(ConsentSchema)
    if form.ok and proved(form):
        wishes = Wishes(channel=form.data["channel"], email=form.data["email"], phone=form.data.get("phone") or "")
        try:
            with unit_of_work() as session:
                kind = consents.agree(session, viewer(), wishes)
            if kind == "changed":
                done(_("The change is saved. The next notice goes to %(email)s.", email=wishes.email))
            else:
                done(_("Thank you. We will write to %(email)s about each new e-invoice.", email=wishes.email))
            return redirect_to(".consent")
        except Refused as refused:
            form.fail("phone" if refused.code == "phone" else FORM, str(refused))
    return _page(consents.situation(snapshot(), viewer()), form, blank(WithdrawSchema))


@blueprint.post("/e-faktura/wycofaj")
@needs(CONSENT)
def withdraw() -> ResponseReturnValue:
    """Withdraw the consent: paper again."""
    form = load(WithdrawSchema)
    if form.ok and proved(form, "own_password"):
        with unit_of_work() as session:
            consents.withdraw(session, viewer())
        done(_("The consent is withdrawn. The next invoices come on paper."))
        return redirect_to(".consent")
    found = consents.situation(snapshot(), viewer())
    return _page(found, _filled(found), form, submitted=form)


def _filled(found: Situation) -> Form:
    """The form with what stands now; without a consent, with the address of the account, nothing ticked."""
    stands = found.standing
    return blank(
        ConsentSchema,
        channel=stands.channel if stands.active else "email",
        email=found.address or viewer().email or None,
        phone=schemas.grouped(stands.phone),
    )


def _page(found: Situation, form: Form, leaving: Form, submitted: Form | None = None) -> ResponseReturnValue:
    stands = found.standing
    return render(
        "ebok_faktura/consent.html",
        title=_("e-Faktura: invoices without paper"),
        menu="faktura.consent",
        form=submitted or form,
        agreeing=form,
        leaving=leaving,
        found=found,
        stands=stands,
        by_office=stands.active and stands.source == "office",
        channel=schemas.SHORT_CHANNELS.get(stands.channel, ""),
        phone=schemas.grouped(stands.phone),
        answer=schemas.answer_word(found.newest) if found.newest else None,
        saving=consents.saving(snapshot(), viewer()),
        text=consents.config_of(snapshot()).consent_text,
        asks_password=needs_password(),
        history=schemas.history_table(found.history),
    )
