"""Letters: mails of a few sentences with one button at the most, declared as data and filled in when they are sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from ebok_core import i18n
from ebok_core.contracts.notifications import NotificationTemplate

from .service import enqueue

BASE = "ebok_core/mail/letter"
_PLACE = re.compile(r"%\((\w+)\)")


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What a mail says: its name for the office, subject, first sentence, further ones, the button.

    `%(place)s` are filled in. A further sentence that speaks of a place which is empty is left out.
    """

    title: Any
    subject: Any
    lead: Any
    more: tuple[Any, ...] = ()
    action: Any = ""


def templates(
    letters: Mapping[str, Letter], heard: Mapping[str, Callable[..., None]] | None = None
) -> tuple[NotificationTemplate, ...]:
    """The letters as notifications; `heard` are functions `(session, result)` by the letter whose fate they follow."""
    follow = heard or {}
    return tuple(
        NotificationTemplate(key=key, title=letter.title, base=BASE, apply_result=follow.get(key))
        for key, letter in letters.items()
    )


def send(
    letters: Mapping[str, Letter],
    session: Session,
    key: str,
    recipient: str | None,
    *,
    subject: tuple[str, str, int],
    locale: str = i18n.DEFAULT_LOCALE,
    path: str = "",
    facts: Iterable[tuple[Any, str]] = (),
    customer_code: str | None = None,
    **places: Any,
) -> str | None:
    """Write one of `letters`; the message's id, or None as `enqueue` says.

    `subject` is what it is about (type, id, revision), so that it goes out once; `path` is where its button leads in
    the portal, without one there is no button; `facts` are pairs that stand as a table under the first sentence.
    """
    letter = letters[key]
    with i18n.use_locale(locale):
        filled = {name: str(value) for name, value in places.items()}
        context = {
            "topic": str(letter.subject) % filled,
            "lead": str(letter.lead) % filled,
            "more": [text % filled for text in map(str, letter.more) if _speaks(text, filled)],
            "facts": [(str(name), value) for name, value in facts],
            "action": str(letter.action) if path else "",
            "path": path or "/",
        }
    return enqueue(
        session,
        key,
        recipient=recipient,
        context=context,
        subject_type=subject[0],
        subject_id=subject[1],
        subject_rev=subject[2],
        locale=locale,
        customer_code=customer_code,
    )


def _speaks(text: str, places: Mapping[str, str]) -> bool:
    return all(places.get(name, name) for name in _PLACE.findall(text))
