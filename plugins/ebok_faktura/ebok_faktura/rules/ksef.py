"""A document's place in KSeF: its number, its state in words, the codes that its mode asks for (billing.md §5.4)."""

from __future__ import annotations

from datetime import date, datetime

from . import codes
from .document import Ksef

ACCEPTED = "Przyjęta w KSeF"
STATUSES = {
    codes.ONLINE: "Oczekuje na numer KSeF",
    **dict.fromkeys(codes.OFFLINE_MODES, "Tryb offline – faktura zostanie dosłana do KSeF"),
    codes.TOTAL_FAILURE: "Wystawiona podczas awarii całkowitej KSeF",
}
BADGES = {"test": "KSeF: środowisko testowe", "demo": "KSeF: środowisko przedprodukcyjne"}


def block(
    *,
    number: str,
    mode: str,
    environment: str,
    seller_nip: str,
    issued_on: date | None,
    sha256: str,
    assigned_at: datetime | None = None,
    certificate: str = "",
) -> Ksef:
    """The block of KSeF; `sha256` is the hex digest of the FA(3) file, `certificate` the ready link of KOD II.

    Without a number and a mode the document is outside KSeF and the block is empty.
    """
    if not number and not mode:
        return Ksef()
    return Ksef(
        number=number,
        assigned_at=assigned_at,
        mode=mode,
        status=ACCEPTED if number else STATUSES.get(mode, ""),
        sha256=sha256,
        environment=BADGES.get(environment, ""),
        verification=codes.verification_code(
            environment=environment,
            mode=mode,
            number=number,
            seller_nip=seller_nip,
            issued_on=issued_on,
            sha256=sha256,
        ),
        certificate=codes.certificate_code(mode=mode, number=number, link=certificate),
    )
