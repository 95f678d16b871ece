"""Rules of registration: how what people type is compared, how often it may be tried, where a registration stands."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from decimal import Decimal

from ebok_core.identity.rules import DelayPolicy

# Where a registration stands (identity.md §8.2). What `asked` became is decided by the worker, never by a page.
STARTED, ASKED = "started", "asked"
MAIL_SENT, REFUSED, BLOCKED, KNOWN, EMAIL_TAKEN = "mail_sent", "refused", "blocked", "known", "email_taken"
ACTIVE, REJECTED, EXPIRED = "active", "rejected", "expired"
UNFINISHED = (STARTED, ASKED, MAIL_SENT, REFUSED, BLOCKED, KNOWN, EMAIL_TAKEN, EXPIRED)

LINK_LIVES = timedelta(hours=24)
KEEP_UNFINISHED = timedelta(days=7)
NEWEST_BILLS = 3
# A form that comes back sooner than a person can fill it in is asked for once more (identity.md §6.2).
LEAST_FILLING = timedelta(seconds=2)

_HOUR, _DAY = timedelta(hours=1), timedelta(hours=24)
PER_ADDRESS = DelayPolicy(10, (_HOUR,), _HOUR)
PER_MAILBOX = DelayPolicy(3, (_HOUR,), _HOUR)
PER_CODE = DelayPolicy(5, (_DAY,), _DAY)
WARN_AFTER = PER_CODE.start

_AMOUNT = re.compile(r"(?P<whole>[0-9]{1,9}|[0-9]{1,3}(?:[ .][0-9]{3})+)(?:[.,](?P<rest>[0-9]{1,2}))?")
_CURRENCY = re.compile(r"(zł(otych)?|pln)\.?$")
_SPACES = re.compile(r"\s+")


def folded(typed: str) -> str:
    """A code or a number without case, width, spaces, slashes, dots and dashes (P03).

    >>> folded(" r 2026-000417 "), folded("R. 2026/000417"), folded("１-00096")
    ('R2026000417', 'R2026000417', '100096')
    """
    return "".join(c for c in unicodedata.normalize("NFKC", typed).upper() if c.isalnum())


def amount(typed: str) -> Decimal | None:
    """An amount in złoty as people write it, or None.

    >>> [amount(t) for t in ("1 234,5 zł", "1.234,50", "1234.50", "= 1234,50 PLN", "1,234")]
    [Decimal('1234.50'), Decimal('1234.50'), Decimal('1234.50'), Decimal('1234.50'), None]
    """
    text = _SPACES.sub(" ", unicodedata.normalize("NFKC", typed)).strip(" =").lower()
    found = _AMOUNT.fullmatch(_CURRENCY.sub("", text).strip())
    if found is None:
        return None
    whole = re.sub(r"[ .]", "", found["whole"])
    return Decimal(f"{whole}.{(found['rest'] or '').ljust(2, '0')}")
