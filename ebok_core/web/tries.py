"""Guessing by strangers, made slow: a public form counts each try by the address and takes back what was right."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from ebok_core import audit
from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import instant_in_words
from ebok_core.identity import throttle
from ebok_core.identity.rules import DelayPolicy, address_key, network_key

# A person mistypes a few times; who guesses waits longer and longer.
PER_ADDRESS = DelayPolicy(10, (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15)), timedelta(hours=1))
PER_NETWORK = DelayPolicy(200, (timedelta(minutes=15),), timedelta(hours=1))


class Tries:
    """Tries at one public form: `purpose` names it and begins with its owner's short name.

    In the unit of work that answers: `count()` first, `was_right()` when the answer is no help to a guesser.
    """

    def __init__(self, session: Session, purpose: str) -> None:
        ip = audit.current_request().ip or ""
        self._session = session
        self._keys = {
            f"{purpose}:ip:{address_key(ip)}"[:80]: PER_ADDRESS,
            f"{purpose}:net:{network_key(ip)}"[:80]: PER_NETWORK,
        }

    def count(self) -> None:
        """Count a try as a wrong one. Raises `Refused` with the time from which the next one may come."""
        until = throttle.take(self._session, self._keys)
        if until is not None:
            text = _("Too many tries. Wait until %(time)s and try again.", time=instant_in_words(until))
            raise Refused(text, code="delayed")

    def was_right(self) -> None:
        """Take the count back."""
        throttle.settle(self._session, self._keys)
