"""PDFs on pages: the letterhead out of the settings "Dane kontaktowe" and "Wygląd", and the file as an answer."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from flask import Response

from ebok_core import pdf
from ebok_core.i18n import gettext as _

from .brand import roles
from .utility import office


def letterhead() -> pdf.Letterhead:
    """The utility's letterhead, within a request."""
    return letterhead_of(office().contact, office().look)


def letterhead_of(contact: Any, look: Any) -> pdf.Letterhead:
    """The letterhead of the two settings' dataclasses, for who has read them itself (a job, a command)."""
    reach: list[str | pdf.Run] = [_("tel. %(phone)s", phone=contact.phone)] if contact.phone else []
    if contact.email:
        reach += [" · "] if reach else []
        reach.append(pdf.Run(contact.email, link=f"mailto:{contact.email}"))
    lines: list[pdf.Text] = [", ".join(line.strip() for line in contact.address.splitlines() if line.strip())]
    lines.append(tuple(reach))
    if contact.emergency_phone:
        lines.append(_("Emergencies, day and night: %(phone)s", phone=contact.emergency_phone))
    return pdf.Letterhead(name=contact.name, lines=tuple(line for line in lines if line), look=_colours(look.colour))


def pdf_response(name: str, data: bytes) -> Response:
    """A PDF to download; `name` without the ending, what no file name should hold becomes _ (billing.md §1.4)."""
    response = Response(data, mimetype="application/pdf")
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    response.headers["Content-Disposition"] = f'attachment; filename="{safe}.pdf"'
    return response


@lru_cache(maxsize=4)
def _colours(brand: str) -> pdf.Look:
    light = roles(brand)["light"]
    return pdf.Look(
        brand=light["brand"],
        brand_deep=light["brand-deep"],
        brand_ink=light["brand-ink"],
        brand_line=light["brand-line"],
        brand_soft=light["brand-soft"],
    )
