"""The consents that the portal asks for: one for each channel (identity.md §10.2), none of them a condition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ebok_core.i18n import lazy_gettext as _

GIVEN, WITHDRAWN = "given", "withdrawn"
WAY_PAGE, WAY_DELETION = "page", "deletion"


@dataclass(frozen=True, kw_only=True)
class ConsentType:
    """A consent: the channel it opens, and the document that holds its text in versions."""

    code: str
    title: Any
    document: str


TYPES: Mapping[str, ConsentType] = {
    kind.code: kind
    for kind in (
        ConsentType(code="email", title=_("News by e-mail"), document="consent_email"),
        ConsentType(code="sms", title=_("News by text message"), document="consent_sms"),
        ConsentType(code="phone", title=_("News by phone"), document="consent_phone"),
    )
}
