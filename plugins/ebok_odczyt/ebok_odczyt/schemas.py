"""What the forms accept, and the sentences for what the rules and TYTAN found: a table by code, look.md §7."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from ebok_core import clock
from ebok_core.i18n import gettext as _
from ebok_core.i18n import in_words, lazy_gettext, month_name, ngettext, number, volume
from ebok_core.web import Choice, FormSchema, NearDate, Text
from ebok_core.web.forms import CONFIRM

from . import rules

DATE = "data"
STATE, REASON, NOTE, GROUP = "stan-", "powod-", "uwagi-", "grupa-"

REASONS: tuple[tuple[str, Any], ...] = (
    ("leak", lazy_gettext("A leak, repaired or not")),
    ("pool", lazy_gettext("A pool, watering, building work")),
    ("away", lazy_gettext("Nobody was at home")),
    ("exchange", lazy_gettext("The meter was exchanged")),
    ("other", lazy_gettext("Something else")),
)
ROLES: Mapping[str, Any] = {
    "main": lazy_gettext("Main meter"),
    "garden": lazy_gettext("Garden"),
    "flat": lazy_gettext("Flat meter"),
    "well": lazy_gettext("Meter of your own well"),
    "sewage": lazy_gettext("Sewage meter"),
}
METHODS: Mapping[str, Any] = {
    "reader": lazy_gettext("Meter reader"),
    "radio": lazy_gettext("By radio"),
    "customer": lazy_gettext("Customer"),
    "estimate": lazy_gettext("Estimate"),
    "initial": lazy_gettext("Installation"),
    "final": lazy_gettext("Removal"),
    "flat_rate": lazy_gettext("Flat rate"),
}
# The leaflet's words (L72-L75): the heading of a tab, and the colour of the word in a row.
STATUSES: Mapping[str, tuple[Any, str]] = {
    "pending": (lazy_gettext("Pending readings"), "wait"),
    "accepted": (lazy_gettext("Readings not settled yet"), "info"),
    "settled": (lazy_gettext("Settled readings"), "ok"),
    "rejected": (lazy_gettext("Rejected readings"), "bad"),
    "withdrawn": (lazy_gettext("Withdrawn readings"), ""),
}


def field_key(meter_id: str) -> str:
    """A meter's part of field names and HTML ids: its own id where that is plain, else a hash of it."""
    is_plain = re.fullmatch(r"[A-Za-z0-9_-]{1,40}", meter_id) and not meter_id.endswith(CONFIRM)
    return meter_id if is_plain else hashlib.sha256(meter_id.encode()).hexdigest()


def submit_schema(keys: Iterable[str], labels: Mapping[str, str], *, on_page: bool = False) -> FormSchema:
    """The form *Podaj stan* for these meters: a date, and for each meter its state, a reason and a note.

    Any meter may be left out, so nothing but the date is required of an answer; but `on_page` no state is called
    optional, which would say that it need not be given.
    """
    fields: dict[str, Any] = {
        DATE: NearDate(
            required=True,
            latest=clock.today,
            error_messages={"future": lazy_gettext("The date of the reading can't be later than today")},
            metadata={"label": lazy_gettext("Date of the reading")},
        )
    }
    for key in keys:
        fields[STATE + key] = Text(max=4000, required=on_page, metadata={"label": labels[key]})
        fields[REASON + key] = Choice(REASONS, metadata={"label": lazy_gettext("What happened?")})
        fields[NOTE + key] = Text(max=500, metadata={"label": lazy_gettext("Something we should know")})
    schema: FormSchema = FormSchema.from_dict(fields)()  # type: ignore[assignment]
    return schema


def group_schema(keys: Iterable[str], labels: Mapping[str, str]) -> FormSchema:
    """The form in which a customer names groups of meters (L70)."""
    schema: FormSchema = FormSchema.from_dict(  # type: ignore[assignment]
        {GROUP + key: Text(max=60, metadata={"label": labels[key]}) for key in keys}
    )()
    return schema


class Words(NamedTuple):
    """A finding for a person: what is so, and what to do."""

    title: str
    advice: str = ""


def words(finding: rules.Finding) -> Words:
    """The sentences of a finding in the language of the request."""
    return FINDINGS[finding.code](finding.numbers)


def rule_name(finding: rules.Finding) -> str:
    """The number by which a customer and a clerk speak of the same rule (N15)."""
    return _("Rule R%(number)s", number=finding.rule)


def result_words(reason_code: str | None, reason: str | None) -> Words:
    """Why TYTAN refused a reading, in plain words, and the way out (R11); its own words where they add something."""
    title, advice = RESULTS.get(reason_code or "other", RESULTS["other"])()
    in_own_words = reason_code in ("implausible", "other") or reason_code not in RESULTS
    return Words(f"{title} {reason}" if reason and in_own_words else title, advice)


def _not_number(n: Mapping[str, Any]) -> Words:
    flaws = {
        "minus": _("A meter has no minus. Write the black digits only"),
        "fraction": _("Write the black digits only, without the red ones"),
        "letters": _("Write digits only, without letters and signs"),
    }
    return Words(flaws.get(n["flaw"], flaws["letters"]))


def _outside_window(n: Mapping[str, Any]) -> Words:
    dates = {"opens": in_words(n["opens"]), "closes": in_words(n["closes"])}
    return Words(
        _("We take readings for the next bill from %(opens)s to %(closes)s", **dates),
        _("You may send the state today, but no bill comes of it sooner."),
    )


def _lower_than_previous(n: Mapping[str, Any]) -> Words:
    numbers = {"value": number(n["value"]), "last": number(n["last"])}
    if n["estimated"]:
        return Words(
            _("State %(value)s is lower than the last one, %(last)s, which was an estimate. Write to us", **numbers),
            _("If the meter really shows less, we will correct the bill."),
        )
    return Words(
        _("State %(value)s is lower than the last one, %(last)s. Copy the state once more", **numbers),
        _("Does the meter really show less? Report a problem with the meter."),
    )


def _usage(n: Mapping[str, Any]) -> str:
    use, ratio = volume(Decimal(n["use"])), n["ratio"]
    if ratio is None:
        return ngettext("It comes to %(use)s in %(n)s day", "It comes to %(use)s in %(n)s days", n["days"], use=use)
    if ratio < 1:
        return _("It comes to %(use)s – much less than usual", use=use)
    if ratio < 2:
        return _("It comes to %(use)s – more than usual", use=use)
    times = number(int(ratio))
    return _("It comes to %(use)s – over %(times)s times more than usual", use=use, times=times)


def _high(n: Mapping[str, Any]) -> Words:
    advice = _("Check that the digits agree and that no tap or cistern leaks. If the state is right, confirm it.")
    return Words(_usage(n), advice)


def _very_high(n: Mapping[str, Any]) -> Words:
    title = _usage(n)
    if n["ratio"] is None:
        title = _("%(usage)s – more than such a meter lets through", usage=title)
    return Words(
        title,
        _("Check that the digits agree. If the state is right, choose what happened and confirm it.")
        + " "
        + _("We will look at it before it is billed."),
    )


def _legalization(n: Mapping[str, Any]) -> Words:
    title = _("The legalisation of this meter ended on %(date)s", date=in_words(n["until"]))
    if n["role"] != "garden":
        return Words(title, _("Go on giving readings as usual."))
    return Words(
        title, _("We will keep the state, but not deduct this water from sewage until the meter is legalised.")
    )


def _off_season(n: Mapping[str, Any]) -> Words:
    names = {name: _month(n[f"{name}_month"]) for name in ("from", "to")}
    return Words(
        _("Garden meters count in these months: %(first)s – %(last)s", first=names["from"], last=names["to"]),
        _("We will keep the state, but it is deducted in the season only."),
    )


def _month(month: int) -> str:
    return month_name(clock.today().replace(month=month, day=1)).split()[0]


FINDINGS: Mapping[str, Callable[[Mapping[str, Any]], Words]] = {
    "meter_inactive": lambda n: Words(
        _("This meter is no longer billed"), _("If it is still in use, write to us.")
    ),
    "not_number": _not_number,
    "too_many_digits": lambda n: Words(
        ngettext(
            "This meter has %(n)s black digit. Write only that one",
            "This meter has %(n)s black digits. Write only these",
            n["digits"],
        )
    ),
    "date_future": lambda n: Words(_("The date of the reading can't be later than today")),
    "date_before_last": lambda n: Words(
        _("The reading of %(date)s is billed already. Give a later date", date=in_words(n["last_on"]))
    ),
    "date_before_install": lambda n: Words(
        _("This meter was installed on %(date)s. Give a later date", date=in_words(n["installed_on"]))
    ),
    "outside_window": _outside_window,
    "duplicate_day": lambda n: Words(
        _("We already have the state of %(date)s: %(state)s. If it is wrong, withdraw it first",
          date=in_words(n["read_on"]), state=volume(Decimal(n["value"])))
    ),
    "too_frequent": lambda n: Words(
        _("You gave the state of this meter on %(sent)s. Give the next one from %(again)s, or withdraw that one first",
          sent=in_words(n["sent_on"]), again=in_words(n["again_on"]))
    ),
    "lower_than_previous": _lower_than_previous,
    "lower_than_pending": lambda n: Words(
        _("State %(value)s is lower than the one of %(date)s, %(other)s",
          value=number(n["value"]), date=in_words(n["other_on"]), other=number(n["other"])),
        _("Copy the state once more. If it is right, confirm it and withdraw that one."),
    ),
    "above_later": lambda n: Words(
        _("State %(value)s is higher than the later one of %(date)s, %(other)s. Check the state and the date",
          value=number(n["value"]), date=in_words(n["other_on"]), other=number(n["other"]))
    ),
    "rollover": lambda n: Words(
        _("Did the meter start again from zero? It comes to %(use)s", use=volume(Decimal(n["use"]))),
        _("Before it showed %(last)s. If it has passed its last number, confirm the state.", last=number(n["last"])),
    ),
    "zero_consumption": lambda n: Words(
        ngettext("It comes to 0 m³ in %(n)s day", "It comes to 0 m³ in %(n)s days", n["days"]),
        _("If somebody used water meanwhile, the meter may have stopped: let us know. If not, confirm the state."),
    ),
    "low": lambda n: Words(_usage(n), _("Check that the digits agree. If the state is right, confirm it.")),
    "high": _high,
    "very_high": _very_high,
    "legalization_expired": _legalization,
    "garden_exceeds_main": lambda n: Words(
        _("The garden used %(garden)s and the main meter only %(main)s",
          garden=volume(Decimal(n["use"])), main=volume(Decimal(n["main_use"]))),
        _("The garden can't use more than the whole house. Check both states."),
    ),
    "garden_off_season": _off_season,
    "radio_meter": lambda n: Words(
        _("We read this meter ourselves, by radio. Write nothing"), _("A state that you send is for information only.")
    ),
    "seal_mismatch": lambda n: Words(
        _("Was the meter exchanged?"),
        _("Send us the number of the new meter and the exchange record. We keep this state with the old meter."),
    ),
    "photo_missing": lambda n: Words(_("Add a photo of the meter")),
}  # fmt: skip

# The reason codes of tytan-contract.md. A code that is not here gets the words of `other`, and an alarm.
RESULTS: Mapping[str, Callable[[], tuple[str, str]]] = {
    "unknown_customer": lambda: (
        _("Our billing system did not find you as the customer of this meter."),
        _("Write or call us, we will check it. You need not send the state again."),
    ),
    "unknown_object": lambda: (
        _("Our billing system does not know this meter. It may have been exchanged."),
        _("Check the number on the meter and give its state once more."),
    ),
    "duplicate": lambda: (
        _("We already have a state of this meter for this day."),
        _("If the meter shows something else, give the state once more with another date."),
    ),
    "too_late": lambda: (
        _("This period is billed already."),
        _("Give the state as it is today, it will count for the next bill."),
    ),
    "implausible": lambda: (
        _("The state does not fit the readings before."),
        _("Copy the state once more. If the meter really shows it, write to us."),
    ),
    "not_allowed": lambda: (
        _("This meter is not billed by readings from customers."),
        _("Do nothing: we will read it. If you have questions, write or call us."),
    ),
    "other": lambda: (
        _("We could not accept this state."),
        _("Give the state once more, or write to us."),
    ),
}
