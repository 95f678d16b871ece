"""Runtime settings "Saldo i odsetki": the rates of interest, and when a payment shows (billing.md §8, P40)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from marshmallow import ValidationError, fields
from sqlalchemy.orm import Session

from ebok_core import clock, runtime_settings
from ebok_core.contracts.admin import Level, StatusRow
from ebok_core.i18n import gettext, in_words, pgettext
from ebok_core.i18n import lazy_gettext as _
from ebok_core.runtime_settings import ConfigSchema
from ebok_core.web import NearDate, WholeNumber

from .rules import COMMERCIAL, CONSUMER, KNOWN_ON, RateFault, Rates, rates_from_text, rates_to_text

ORDER = 65
LONGEST_TABLE = 10_000
# Rates change with NBP's decisions, often more than once a year: an older table should be looked at again.
CHECK_AGAIN_AFTER = timedelta(days=184)


@dataclass(frozen=True, kw_only=True)
class BalanceConfig:
    """The page's settings. `checked_on` is the day on which somebody last compared the rates with NBP's."""

    consumer_rates: Rates = CONSUMER
    commercial_rates: Rates = COMMERCIAL
    checked_on: date = KNOWN_ON
    posting_days: int = 1


class RateTable(fields.Field[Rates]):
    """A table of rates as people write it: one `2026-03-05 9,25` a line."""

    default_error_messages = {
        "line": _("Line {line}: write the first day and the percentage, such as 2026-03-05 9,25"),
        "date": _("Line {line}: there is no such day"),
        "percent": _("Line {line}: the rate can't be above 100%"),
        "twice": _("Line {line}: this day is there twice. Leave one line"),
        "empty": _("Write at least one rate"),
        "long": _("This is too long"),
    }

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Rates:
        text = str(value)
        if len(text) > LONGEST_TABLE:
            raise ValidationError(str(self.error_messages["long"]))
        try:
            return rates_from_text(text)
        except RateFault as fault:
            raise ValidationError(str(self.error_messages[fault.code]).format(line=fault.line)) from None

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return rates_to_text(value)


class BalanceConfigSchema(ConfigSchema):
    """The page "Saldo i odsetki"."""

    key = "core.balance"
    builds = BalanceConfig

    consumer_rates = RateTable(
        metadata={
            "label": _("Interest rates for consumers"),
            "hint": _("One rate a line: its first day and percent a year, such as 2026-03-05 9,25. NBP rate + 5.5"),
            "multiline": True,
        }
    )
    commercial_rates = RateTable(
        metadata={
            "label": _("Interest rates for firms"),
            "hint": _("For who has a tax number (NIP). NBP rate of 1 January or 1 July + 10, for half a year"),
            "multiline": True,
        }
    )
    checked_on = NearDate(
        latest=clock.today,
        metadata={
            "label": _("Rates compared with NBP's on"),
            "hint": _("Customers see this day beside the interest. Change it whenever you have checked"),
        },
    )
    posting_days = WholeNumber(
        digits=1,
        least=1,
        most=5,
        metadata={
            "label": _("Working days until a payment shows"),
            "hint": _("From the payment to the moment when it is in TYTAN, from 1 to 5. Shown beside the balance"),
        },
    )


def config_of(session: Session) -> BalanceConfig:
    """The settings as they are now. One query."""
    found: BalanceConfig = runtime_settings.get(session, BalanceConfigSchema)
    return found


def balance_status(session: Session) -> StatusRow:
    """The row "Saldo i odsetki": the table in force, or that it should be compared with NBP's again."""
    config = config_of(session)
    is_own = config != BalanceConfig()
    is_old = clock.today() - config.checked_on > CHECK_AGAIN_AFTER
    hint = gettext("Rates of %(day)s", day=in_words(config.checked_on))
    if is_old or not is_own:
        hint = gettext("%(known)s. Check whether NBP has changed its rate", known=hint)
    level = Level.MISSING if is_old else Level.OK if is_own else Level.DEFAULT
    return StatusRow(
        key=BalanceConfigSchema.key,
        title=gettext("Balance and interest"),
        level=level,
        text=pgettext("balance settings", "Configured") if is_own else pgettext("balance settings", "Default"),
        hint=hint,
        order=ORDER,
        with_money=True,
    )
