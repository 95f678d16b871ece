"""A new password for who forgot it: asked for by a page that learns nothing, answered by the worker with a mail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from ebok_core import i18n, outbox
from ebok_core.db import uuid7
from ebok_core.identity import accounts, throttle
from ebok_core.identity.models import Account
from ebok_core.identity.rules import KINDS, DelayPolicy

from . import letters, service, tytan

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

PER_ACCOUNT = DelayPolicy(3, (timedelta(hours=1),), timedelta(hours=1))
LINK_PATH = "/haslo/"


def ask(session: Session, typed: str) -> None:
    """Ask for a link to a new password: one message to the worker, whoever is meant. Raises `Delayed`."""
    service.spend(session)
    question = uuid7()
    outbox.enqueue(
        session,
        tytan.RecoveryAsked(
            customer_code=None,
            stream_key=service.stream(question),
            subject_type=tytan.RECOVERY_SUBJECT,
            subject_id=question,
            payload={"login": typed[:254], "locale": i18n.current_locale()},
        ),
    )


def decide(runtime: Runtime, question: str, typed: str, locale: str) -> None:
    """Send a link for each account that is meant and has an address, at most three an hour; nothing where none is."""
    for kind in KINDS:
        with runtime.database.unit_of_work() as session:
            found = accounts.find(session, typed, kind)
            if found is None or found.status == "blocked":
                continue
            if throttle.take(session, {f"recovery:{found.id}": PER_ACCOUNT}):
                continue
            account = session.get_one(Account, found.id)
            if account.email is None:
                continue
            token, expires = accounts.make_link(session, found.id, actor="stranger")
            with i18n.use_locale(locale):
                until = i18n.instant_in_words(expires)
            letters.send(
                session,
                letters.RECOVERY,
                account.email,
                subject=(tytan.RECOVERY_SUBJECT, question, 1),
                locale=locale,
                path=f"{LINK_PATH}{token}",
                login=found.login,
                until=until,
            )
