"""Serwis → Reset hasła użytkownika (L158): find a person, send a link or a letter, end sessions. Never a password."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from ebok_core import clock
from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, lazy_pgettext, ngettext, use_locale
from ebok_core.identity import devices
from ebok_core.identity.finding import fold, folded
from ebok_core.identity.models import Account, CustomerAccess
from ebok_core.identity.permissions import RESET_STAFF
from ebok_core.tytan import copy
from ebok_core.web import (
    FORM,
    Cell,
    Choice,
    Column,
    Filter,
    Flag,
    Form,
    FormSchema,
    Option,
    Table,
    Text,
    Word,
    blank,
    done,
    letterhead,
    list_page,
    load,
    needs_password,
    password_field,
    pdf_response,
    proved,
    redirect_to,
    render,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)

from . import alarm, codes, drawing, office

blueprint = Blueprint("recovery", __name__)
everybody = Blueprint("sessions", __name__)

MENU = "core.admin_reset"
CODE_PATH = "/haslo/kod"
_A, _C, _T = Account.__table__, CustomerAccess.__table__, copy.customers.c
KINDS = {
    "customer": lazy_pgettext("kind of account", "customer"),
    "staff": lazy_pgettext("kind of account", "staff"),
}
STATUSES = {
    "normal": ("ok", lazy_pgettext("account", "works")),
    "suspended": ("wait", lazy_pgettext("account", "suspended")),
    "blocked": ("bad", lazy_pgettext("account", "blocked")),
}
LETTER_STATES = {
    "waits": ("wait", lazy_pgettext("letter", "waits for its code")),
    "used": ("ok", lazy_pgettext("letter", "used")),
    "void": ("", lazy_pgettext("letter", "void")),
    "lapsed": ("", lazy_pgettext("letter", "lapsed")),
}
_NAMES = (
    sa.select(sa.func.aggregate_strings(_T.name, " "))
    .join_from(_C, copy.customers, _T.code == _C.c.customer_code)
    .where(_C.c.account_id == _A.c.id, _C.c.revoked_at.is_(None))
    .scalar_subquery()
)


def _codes(found: str | None) -> list[Cell] | None:
    return [Cell(code, whole=True) for code in found.split(", ")] if found else None


def _word(states: dict[str, tuple[str, Any]], state: str) -> Word:
    kind, text = states[state]
    return Word(kind, str(text))


PEOPLE = Table(
    key="core.reset_people",
    caption=lazy_gettext("People with an account"),
    statement=sa.select(
        _A.c.id, _A.c.login, _A.c.display_name, _A.c.email, office.CODES.label("codes"), _A.c.kind, _A.c.status
    ).where(sa.or_(_A.c.kind == "customer", sa.bindparam("with_staff", type_=sa.Boolean) == sa.true())),
    row_key=(_A.c.id,),
    columns=(
        Column(
            "login",
            lazy_gettext("Login"),
            "cell",
            value=lambda row: Cell(row.login, href=url_for("admin.recovery.person", account_id=row.id), whole=True),
            sort=_A.c.login_key,
            head=True,
        ),
        Column("display_name", lazy_gettext("Name and surname")),
        Column("codes", lazy_gettext("Customer codes"), "cell", value=lambda row: _codes(row.codes)),
        Column("email", lazy_gettext("E-mail address")),
        Column("kind", lazy_gettext("Kind of account"), value=lambda row: str(KINDS[row.kind])),
        Column("status", lazy_gettext("State"), "word", value=lambda row: _word(STATUSES, row.status)),
    ),
    sort="login",
    filters=(
        Filter(
            "poczta",
            lazy_gettext("Mailbox"),
            (
                Option("jest", lazy_gettext("with an e-mail address"), _A.c.email.is_not(None)),
                Option("brak", lazy_gettext("without an e-mail address"), _A.c.email.is_(None)),
            ),
        ),
    ),
    search=folded(
        _A.c.login_key
        + " "
        + sa.func.coalesce(_A.c.email_key, "")
        + " "
        + _A.c.display_name
        + " "
        + sa.func.coalesce(office.CODES, "")
        + " "
        + sa.func.coalesce(_NAMES, "")
    ),
    search_label=lazy_gettext("Customer code, login, e-mail address or name"),
    search_fold=fold,
    reach="stated",
    export=False,
    counted=lambda n: ngettext("%(n)s account", "%(n)s accounts", n),
    empty=(lazy_gettext("Nobody has an account yet"), ""),
)


def reason_field() -> Text:
    """Why the office does it; it stands in the audit trail."""
    return Text(
        required=True,
        min=5,
        max=300,
        error_messages={
            "required": lazy_gettext("Write the reason, such as: asked for it by phone"),
            "too_short": lazy_gettext("Write the reason, such as: asked for it by phone"),
        },
        metadata={
            "label": lazy_gettext("Reason"),
            "hint": lazy_gettext("It is kept in the list of what administrators did"),
        },
    )


class EndSchema(FormSchema):
    """Why all sessions of a person end."""

    reason = reason_field()
    password = password_field()


class EverybodySchema(FormSchema):
    """Whose sessions end, and whether the administrator's own stays."""

    whose = Choice(
        (
            ("customer", lazy_pgettext("whose sessions", "all customers")),
            ("staff", lazy_pgettext("whose sessions", "all staff")),
            ("all", lazy_pgettext("whose sessions", "everybody")),
        ),
        required=True,
        error_messages={"required": lazy_gettext("Choose whose sessions end")},
        metadata={"label": lazy_gettext("Whose sessions end")},
    )
    keep_own = Flag(metadata={"label": lazy_gettext("Keep my own session")})
    reason = reason_field()
    password = password_field()


def _schema(places: list[codes.Addressee], has_mailbox: bool) -> FormSchema:
    """The form of a reset: the reason, the way, and for a letter the customer whose address it goes to."""
    ways = [(office.BY_MAIL, _("a link to the e-mail address"))] if has_mailbox else []
    if places:
        ways.append((office.BY_LETTER, _("a letter with a code, to the correspondence address")))
    choices = [(p.customer_code, f"{p.customer_code}: {p.name}, {', '.join(p.lines)}") for p in places]
    required = {"required": _("Choose how the person gets the new password")}
    fields: dict[str, Any] = {
        "way": Choice(
            ways, required=True, error_messages=required, metadata={"label": _("How the person gets the new password")}
        ),
        "reason": reason_field(),
        "password": password_field(),
    }
    if len(places) > 1:
        fields["customer"] = Choice(choices, metadata={"label": _("Where the letter goes")})
    return FormSchema.from_dict(fields)()  # type: ignore[return-value]


@blueprint.get("/reset-hasla")
def index() -> ResponseReturnValue:
    """Find the person; above the list the alarms that wait for the office."""
    return list_page(
        PEOPLE,
        "ebok_core/identity/recovery/people.html",
        title=_("Reset of a user's password"),
        menu=MENU,
        values={"with_staff": viewer().may(RESET_STAFF)},
        alarms=alarm.raised(snapshot(), viewer()),
        may_end_all=viewer().may(RESET_STAFF),
    )


@blueprint.route("/reset-hasla/<account_id>", methods=["GET", "POST"])
def person(account_id: str) -> ResponseReturnValue:
    """One person: what stands, and the way to a new password. There is no field for a password of theirs (row 29)."""
    found = office.person(snapshot(), viewer(), account_id)
    places = codes.addressees(snapshot(), account_id) if found.kind == "customer" else []
    schema = _schema(places, found.email is not None)
    first = office.BY_MAIL if found.email else office.BY_LETTER if places else None
    form = load(schema) if request.method == "POST" else blank(schema, way=first)
    if form.ok and proved(form) and _reset(form, found, places):
        return redirect_to(".person", account_id=account_id)
    letters = codes.letters(snapshot(), account_id) if places else []
    return render(
        "ebok_core/identity/recovery/person.html",
        title=_("Reset of the password: %(name)s", name=found.display_name),
        menu=MENU,
        form=form,
        found=found,
        places=places,
        can_reset=bool(found.email or places) and found.id != viewer().account_id,
        is_own=found.id == viewer().account_id,
        status_word=_word(STATUSES, found.status),
        letters=[(letter, _word(LETTER_STATES, letter.state)) for letter in letters],
        printable=next((letter for letter in letters if letter.printable), None),
        alarms=alarm.raised(snapshot(), viewer(), account_id),
        device=devices.words,
        needs_password=needs_password(),
    )


def _reset(form: Form, found: office.Person, places: list[codes.Addressee]) -> bool:
    """Do what the form asks for; False with the reason in the form."""
    by_mail = form.data["way"] == office.BY_MAIL
    customer = form.data.get("customer") or (places[0].customer_code if len(places) == 1 else "")
    if not by_mail and not customer:
        form.fail("customer", _("Choose where the letter goes"))
        return False
    try:
        with unit_of_work() as unit:
            if by_mail:
                office.reset_by_mail(unit, viewer(), found.id, reason=form.data["reason"])
            else:
                office.reset_by_letter(runtime(), unit, viewer(), found.id, customer, reason=form.data["reason"])
    except Refused as refused:
        form.fail(FORM, str(refused))
        return False
    done(
        _("The link is on its way. The person's sessions have ended.")
        if by_mail
        else _("The letter is ready. Print it within 24 hours and post it. The person's sessions have ended.")
    )
    return True


@blueprint.post("/reset-hasla/<account_id>/list.pdf")
def letter(account_id: str) -> Response:
    """The letter to print; it is made outside the unit of work that notes it."""
    office.person(snapshot(), viewer(), account_id)
    with unit_of_work() as unit:
        found = codes.printed(runtime(), unit, viewer(), account_id)
    address = f"{runtime().settings.public_url.rstrip('/')}{CODE_PATH}"
    with use_locale(found.locale):
        data = drawing.letter_pdf(found, address=address, letterhead=letterhead(), on=clock.today())
    response = pdf_response(f"list-z-kodem-{found.addressee.customer_code}", data)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.route("/reset-hasla/<account_id>/sesje", methods=["GET", "POST"])
def end_sessions(account_id: str) -> ResponseReturnValue:
    """End all sessions of one person (ASVS 7.4.5); the password stays."""
    found = office.person(snapshot(), viewer(), account_id)
    form = load(EndSchema) if request.method == "POST" else blank(EndSchema)
    if form.ok and proved(form):
        with unit_of_work() as unit:
            ended = office.end_sessions(unit, viewer(), account_id, reason=form.data["reason"])
        done(ngettext("%(n)s session has ended.", "%(n)s sessions have ended.", ended))
        return redirect_to(".person", account_id=account_id)
    return render(
        "ebok_core/identity/recovery/end_sessions.html",
        title=_("End all sessions: %(name)s", name=found.display_name),
        menu=MENU,
        form=form,
        found=found,
        needs_password=needs_password(),
    )


@blueprint.post("/reset-hasla/<account_id>/zalatwione")
def handled(account_id: str) -> ResponseReturnValue:
    """The alarms of an account are cleared up."""
    office.person(snapshot(), viewer(), account_id)
    with unit_of_work() as unit:
        alarm.handle(unit, viewer(), account_id)
    done(_("Marked as cleared up."))
    return redirect_to(".person", account_id=account_id)


@everybody.route("/sesje", methods=["GET", "POST"])
def end_everybody() -> ResponseReturnValue:
    """End the sessions of all customers, all staff or everybody, after an incident; one's own by choice."""
    form = load(EverybodySchema) if request.method == "POST" else blank(EverybodySchema, keep_own="1")
    if form.ok and proved(form):
        with unit_of_work() as unit:
            ended = office.end_everybody(
                unit,
                viewer(),
                form.data["whose"],
                keep_own=form.data.get("keep_own", False),
                reason=form.data["reason"],
            )
        done(ngettext("%(n)s session has ended.", "%(n)s sessions have ended.", ended))
        return redirect_to(".end_everybody")
    return render(
        "ebok_core/identity/recovery/everybody.html",
        title=_("End everybody's sessions"),
        menu=MENU,
        form=form,
        counts=office.open_counts(snapshot()),
        needs_password=needs_password(),
    )
