"""What the balance's pages accept: a past day, the period of a statement."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, validates_schema

from ebok_core import clock
from ebok_core.i18n import lazy_gettext as _
from ebok_core.web import FormSchema, NearDate


class DaySchema(FormSchema):
    """A day up to today for which the balance is asked."""

    dzien = NearDate(required=True, latest=clock.today, metadata={"label": _("Balance on the day")})


class PeriodSchema(FormSchema):
    """A period of the statement; both days count."""

    od = NearDate(required=True, latest=clock.today, metadata={"label": _("From the day")})
    do = NearDate(required=True, latest=clock.today, metadata={"label": _("To the day")})

    @validates_schema
    def in_order(self, values: dict[str, Any], **_more: Any) -> None:
        """The period begins before it ends."""
        if values["od"] > values["do"]:
            raise ValidationError({"do": [str(_("The last day can't be before the first one"))]})
