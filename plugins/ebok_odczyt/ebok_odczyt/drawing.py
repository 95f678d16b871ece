"""The confirmation of given readings as a document to keep (L181)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ebok_core import pdf
from ebok_core.i18n import current_locale, dotted, in_words, instant_in_words, volume
from ebok_core.i18n import gettext as _

from . import schemas
from .models import Reading


def confirmation(
    readings: Sequence[Reading], *, customer_name: str, bill_after: date, letterhead: pdf.Letterhead
) -> bytes:
    """The PDF of readings that were given together: number, meter, day, states, and what has become of each since."""
    first = readings[0]
    title = _("Confirmation of the reading") if len(readings) == 1 else _("Confirmation of readings")
    return pdf.render(
        pdf.Document(
            title=f"{title} {first.reference} – {letterhead.name}",
            letterhead=letterhead,
            language="pl-PL" if current_locale() == "pl" else current_locale(),
            created=first.submitted_at,
            body=(
                pdf.Title(title, lead=_("We received these states through the portal e-BOK.")),
                pdf.Pairs(
                    (
                        (_("Customer"), customer_name),
                        (_("Customer's code"), first.customer_code),
                        (_("Received"), instant_in_words(first.submitted_at)),
                    )
                ),
                pdf.Heading(_("Readings we received")),
                pdf.Table(_("Readings we received"), _columns(), tuple(map(_row, readings)), quiet=True),
                pdf.Paragraph(
                    _("We will check the state and use it for the bill after %(day)s.", day=in_words(bill_after))
                ),
            ),
        )
    )


def _columns() -> tuple[pdf.Column, ...]:
    return (
        pdf.Column(_("Number of the reading"), head=True),
        pdf.Column(_("Meter")),
        pdf.Column(_("Date of the reading")),
        pdf.Column(_("State before [m³]"), numeric=True),
        pdf.Column(_("State [m³]"), numeric=True),
        pdf.Column(_("Use [m³]"), numeric=True),
        pdf.Column(_("State of the reading")),
    )


def _row(reading: Reading) -> tuple[str | pdf.Cell, ...]:
    use = reading.consumption_m3
    return (
        reading.reference,
        pdf.Cell(reading.meter_number, note=_("Point %(code)s", code=reading.point_code)),
        dotted(reading.read_on),
        pdf.Cell(volume(reading.previous_value, unit=False), note=dotted(reading.previous_on)),
        pdf.Cell(volume(reading.reading_value, unit=False), bold=True),
        "–" if use is None else volume(use, unit=False),
        str(schemas.STATUSES[reading.status][0]),
    )
