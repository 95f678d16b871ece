"""*Podaj stan*: the form over all meters, and the confirmation of what was sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from flask import Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ebok_core import clock
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import in_words, ngettext, number
from ebok_core.web import (
    FORM,
    Form,
    acting,
    blank,
    letterhead,
    load,
    needs,
    pdf_response,
    render,
    snapshot,
    unit_of_work,
    viewer,
)
from ebok_core.web.forms import CONFIRM, Warned

from .. import drawing, rules, schemas, service
from ..models import Reading
from ..permissions import SUBMIT
from ..schemas import DATE, NOTE, REASON, STATE, field_key
from .blueprint import blueprint

# Findings that a reason explains: the choice and the note appear beside them.
EXPLAINED = frozenset({"low", "high", "very_high", "zero_consumption", "seal_mismatch"})


class MeterPart(NamedTuple):
    """A meter of the form: `key` names its fields, `has_field` tells whether a state may be entered."""

    known: service.Known
    key: str
    label: str
    hint: str
    has_field: bool
    explains: bool
    problem: bool


@blueprint.get("/")
@needs(SUBMIT)
def index() -> ResponseReturnValue:
    """The form, empty, for all meters or those of a group, a point, or one meter (L68-L70)."""
    shown = _shown()
    fields = [known for known in shown.meters if shown.has_field(known)]
    labels = _labels(k.row for k in fields)
    schema = schemas.submit_schema(labels, labels, on_page=True)
    return _page(shown, blank(schema, **{DATE: clock.today()}), {})


@blueprint.post("/")
@needs(SUBMIT)
def submit() -> ResponseReturnValue:
    """Take the states that were entered, all or none; sent again it leads to the first answer (R03, R04)."""
    rows = {field_key(row.id): row for row in service.meters_of(snapshot(), viewer())}
    keys = [name.removeprefix(STATE) for name in request.form if name.startswith(STATE) and not name.endswith(CONFIRM)]
    if not all(key in rows for key in keys):
        raise NotFound(_("There is no such page."))
    labels = _labels(rows[key] for key in keys)
    form = load(schemas.submit_schema(keys, labels))
    form.schema = schemas.submit_schema(keys, labels, on_page=True)
    entries = {key: _entry(form, key, rows[key].id) for key in keys if form.value(STATE + key).strip()}
    judged: Mapping[str, service.Judged] = {}
    if not entries:
        form.fail(STATE + keys[0] if keys else FORM, _("Write the state of at least one meter"))
    elif form.errors:
        judged = _keyed(entries, service.examine(snapshot(), viewer(), list(entries.values())))
    else:
        try:
            with unit_of_work() as session:
                return redirect(service.submit_readings(session, viewer(), list(entries.values()), form.token), 303)
        except service.NotPlausible as refused:
            judged = _keyed(entries, refused.judged)
        except Refused as refused:
            form.fail(FORM, str(refused))
    for key, item in judged.items():
        _explain(form, key, item)
    return _page(_shown(), form, judged)


@blueprint.get("/przyjete/<batch_id>")
def submitted(batch_id: str) -> ResponseReturnValue:
    """The confirmation with a number for each reading: to keep, or to print where there is no e-mail (L181)."""
    readings = service.batch(snapshot(), viewer(), batch_id)
    if not readings:
        abort(404)
    return render(
        "ebok_odczyt/submitted.html",
        title=ngettext("We received the reading", "We received the readings", len(readings)),
        menu="odczyt.index",
        readings=readings,
        state_of=lambda reading: schemas.STATUSES[reading.status][0],
        mailed_to=viewer().email,
        bill_after=rules.window_at(readings[0].read_on, service.limits_of(snapshot())).closes,
    )


@blueprint.get("/przyjete/<batch_id>/potwierdzenie.pdf")
def confirmation(batch_id: str) -> ResponseReturnValue:
    """The confirmation of one form's readings as PDF, for who has no e-mail (L181)."""
    readings = service.batch(snapshot(), viewer(), batch_id)
    return _confirmation(readings) if readings else abort(404)


@blueprint.get("/<reading_id>/potwierdzenie.pdf")
def confirmation_of_one(reading_id: str) -> ResponseReturnValue:
    """The confirmation of one reading as PDF, from the history (L181)."""
    return _confirmation([service.own_reading(snapshot(), viewer(), reading_id)])


def _confirmation(readings: list[Reading]) -> Response:
    customer = acting()
    data = drawing.confirmation(
        readings,
        customer_name=customer.name if customer else viewer().display_name,
        bill_after=rules.window_at(readings[0].read_on, service.limits_of(snapshot())).closes,
        letterhead=letterhead(),
    )
    return pdf_response(f"potwierdzenie_{readings[0].reference}", data)


def _entry(form: Form, key: str, meter_id: str) -> service.Entry:
    day = form.data.get(DATE)
    return service.Entry(
        meter_id=meter_id,
        text=form.value(STATE + key),
        read_on=day if isinstance(day, date) else clock.today(),
        reason=form.data.get(REASON + key, ""),
        note=form.data.get(NOTE + key, ""),
        confirmation=form.raw.get(STATE + key + CONFIRM, ""),
    )


def _keyed(entries: Mapping[str, Any], judged: Iterable[service.Judged]) -> dict[str, service.Judged]:
    return dict(zip(entries, judged, strict=True))


def _explain(form: Form, key: str, judged: service.Judged) -> None:
    """Put the verdict at the meter's field: each stop as an error, the open questions as one notice to confirm."""
    verdict, name = judged.verdict, STATE + key
    stops = verdict.of(rules.Level.STOP)
    for finding in stops:
        form.fail(name, schemas.words(finding).title)
    questions = verdict.of(rules.Level.QUESTION)
    if stops or not questions or judged.passes:
        return
    first, *others = [schemas.words(finding) for finding in questions]
    text = " ".join([first.advice, *(f"{more.title}. {more.advice}" for more in others)])
    names = ", ".join(schemas.rule_name(finding) for finding in questions)
    confirm = _("Yes, the meter shows %(state)s", state=number(verdict.case.value or 0))
    form.warnings[name] = Warned(first.title, f"{text} ({names})", confirm, verdict.digest)
    form.schema.fields[REASON + key].required = verdict.needs_reason
    if verdict.needs_reason and judged.entry.confirmation == verdict.digest:
        form.fail(REASON + key, _("Choose what happened"))


def _page(shown: service.Shown, form: Form, judged: Mapping[str, service.Judged]) -> ResponseReturnValue:
    places = [(place, [_part(shown, known, form, judged) for known in place.meters]) for place in shown.places]
    return render(
        "ebok_odczyt/index.html",
        title=_("Give the state of your meters"),
        form=form,
        menu="odczyt.index",
        shown=shown,
        places=places,
        choice={name: request.args.get(name, "") for name in ("grupa", "punkt", "licznik")},
        group_chips=_group_chips(shown),
        has_fields=any(part.has_field for _place, parts in places for part in parts),
        lead=_lead(shown),
    )


def _group_chips(shown: service.Shown) -> list[tuple[str, str, bool]]:
    chosen = request.args.get("grupa", "")
    one = chosen or request.args.get("licznik") or request.args.get("punkt")
    groups = [(name, url_for(".index", grupa=name), name == chosen) for name in shown.groups]
    return [(_("All meters"), url_for(".index"), not one), *groups]


def _part(shown: service.Shown, known: service.Known, form: Form, judged: Mapping[str, service.Judged]) -> MeterPart:
    key = field_key(known.row.id)
    found = {finding.code for finding in judged[key].verdict.findings} if key in judged else set()
    return MeterPart(
        known=known,
        key=key,
        label=meter_label(known.row),
        hint=_hint(known),
        has_field=STATE + key in form.schema.fields,
        explains=bool(found & EXPLAINED) or bool(form.value(REASON + key) or form.value(NOTE + key)),
        problem="lower_than_previous" in found,
    )


def _hint(known: service.Known) -> str:
    last = _("Last: %(state)s m³, %(date)s.", state=number(known.last.value), date=in_words(known.last.read_on))
    usual = known.usual_quarter
    if not usual:
        return last
    return f"{last} " + _("The usual use is about %(use)s m³ in a quarter.", use=number(usual))


def _lead(shown: service.Shown) -> str:
    window = shown.window
    if window.holds(clock.today()):
        return _("We take readings until %(day)s.", day=in_words(window.closes))
    return _(
        "We take readings for the next bill from %(opens)s to %(closes)s.",
        opens=in_words(window.opens),
        closes=in_words(window.closes),
    )


def meter_label(row: Any) -> str:
    """A meter as forms and lists name it: `Wodomierz główny, nr 12CB050038`."""
    return _("%(role)s, no. %(number)s", role=schemas.ROLES.get(row.role, row.role), number=row.meter_number)


def _labels(rows: Iterable[Any]) -> dict[str, str]:
    return {field_key(row.id): meter_label(row) for row in rows}


def _shown() -> service.Shown:
    """The part of the meters that the address asks for; a number that is none is the first page."""
    page = request.args.get("strona", "")
    return service.shown(
        snapshot(),
        viewer(),
        group=request.args.get("grupa", ""),
        meter_id=request.args.get("licznik", ""),
        point_code=request.args.get("punkt", ""),
        number=int(page) if page.isascii() and page.isdigit() and len(page) <= 4 else 1,
    )
