"""What can be set: by the machine's `EBOK_ODCZYT__…`, and by the administrator on the page *Reading rules*."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from ebok_core.i18n import lazy_gettext as _
from ebok_core.runtime_settings import ConfigSchema
from ebok_core.web import PLDecimal, WholeNumber

from .rules import Limits


@dataclass(frozen=True, kw_only=True)
class OdczytSettings:
    """Deployment settings, `EBOK_ODCZYT__…`."""

    follow_batch: int = 200
    """How many readings one transaction takes over from the copy."""
    history_months: int = 60
    """How far back the list of readings goes."""


class Months(fields.Field[tuple[int, ...]]):
    """Months as numbers with commas, `3, 6, 9, 12`; empty means each month."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> tuple[int, ...]:
        parts = [part.strip() for part in str(value).split(",") if part.strip()]
        if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= 12 for part in parts):
            raise ValidationError(str(_("Write months as numbers with commas, such as 3, 6, 9, 12")))
        return tuple(sorted({int(part) for part in parts}))

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return ", ".join(str(month) for month in value)


def _whole(label: Any, hint: Any = "", *, least: int = 0, most: int = 999) -> WholeNumber:
    return WholeNumber(digits=3, least=least, most=most, metadata={"label": label, "hint": hint})


def _exact(label: Any, hint: Any = "") -> PLDecimal:
    return PLDecimal(whole=3, places=2, metadata={"label": label, "hint": hint})


def _choice(label: Any, choices: Mapping[str, Any]) -> fields.String:
    return fields.String(validate=validate.OneOf([*choices], labels=[*choices.values()]), metadata={"label": label})


class OdczytConfigSchema(ConfigSchema):
    """The page *Reading rules*; it builds the `Limits` of the rules."""

    key = "odczyt.rules"
    builds = Limits

    window_from_day = _whole(_("The window opens on day"), _("A day of the month"), least=1, most=31)
    window_to_day = _whole(_("The window closes on day"), _("31 means the last day of the month"), least=1, most=31)
    window_months = Months(
        metadata={
            "label": _("Months with a window"),
            "hint": _("Numbers with commas, such as 3, 6, 9, 12. Empty: each month"),
        }
    )
    outside_window = _choice(
        _("A reading outside the window"),
        {
            "question": _("is asked about"),
            "stop": _("is refused"),
            "allow": _("is taken without a question"),
        },
    )
    remind_days_before = _whole(_("Remind this many days before the window closes"), _("0: no reminder"), most=15)
    one_per_window = fields.Boolean(metadata={"label": _("One reading of a meter in each window")})
    min_days_between = _whole(_("Least days between two readings of a meter"), _("0: no limit"))
    low_ratio = _exact(_("Low use: below this share of the usual"), _("0.3 means less than three tenths"))
    low_from_m3 = _whole(_("Low use: asked about from this usual use [m³]"))
    high_ratio = _exact(_("High use: this many times the usual"))
    high_excess_m3 = _whole(_("High use: and at least this much more [m³]"))
    very_high_ratio = _exact(_("Very high use: this many times the usual"))
    very_high_excess_m3 = _whole(_("Very high use: and at least this much more [m³]"))
    daily_limit_m3 = _whole(_("Most use in a day [m³]"), _("For meters whose diameter is unknown"), least=1)
    zero_after_days = _whole(_("No use is asked about after this many days"))
    zero_daily_m3 = _exact(_("No use is asked about above this usual use a day [m³]"))
    season_from_month = _whole(_("Garden meters: season from month"), _("0: all year"), most=12)
    season_to_month = _whole(_("Garden meters: season to month"), _("0: all year"), most=12)
    radio_meters = _choice(
        _("Meters read by radio"),
        {"stop": _("have no field, with the reason beside them"), "question": _("may be given, for information")},
    )

    @validates_schema
    def check_pairs(self, values: Mapping[str, Any], **_kwargs: Any) -> None:
        """A season has both ends or none, and very high lies above high."""
        season = [bool(values.get(name)) for name in ("season_from_month", "season_to_month")]
        if any(season) and not all(season):
            raise ValidationError(str(_("Give both months of the season, or 0 for both")), "season_to_month")
        if values.get("very_high_ratio", 5) < values.get("high_ratio", 2):
            raise ValidationError(str(_("This must not be lower than for high use")), "very_high_ratio")
