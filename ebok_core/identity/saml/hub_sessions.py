"""The person's session at the hub: what names it is kept while ours lives; signing out ends it too, from the queue.

Our own sign-out never waits for the hub and never fails because of it (identity.md §2.12).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from marshmallow import RAISE, Schema, fields, validate
from sqlalchemy.orm import Session

from ebok_core import outbox
from ebok_core.contracts.identity import Viewer
from ebok_core.contracts.tytan import Capability, Delivery, Envelope, OutboxMessage, Outcome

from . import extra, flow, rules, settings
from .errors import ExchangeFailed
from .matching import Verified
from .models import HubSession

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

_H = HubSession.__table__
TARGET, SUBJECT = "login_gov", "core.hub_session"


class LogoutSchema(Schema):
    """The payload of `core.hub_logout`: which session of ours was theirs."""

    class Meta:
        unknown = RAISE

    session = fields.String(required=True, validate=validate.Length(equal=36))


class HubLogout(OutboxMessage):
    """Somebody signed out here who had come through the hub: end the session there."""

    kind = "core.hub_logout"
    target = TARGET
    payload_schema = LogoutSchema


def keep(session: Session, runtime: Runtime, session_id: str, person: Verified) -> None:
    """Keep what names the person's session at the hub, encrypted."""
    if not person.session_index:
        return
    names = flow.seal(runtime.settings.encryption_keys, [person.name_id, person.session_index])
    session.add(HubSession(session_id=session_id, names=names, tries=0))


def end(session: Session, viewer: Viewer) -> bool:
    """Queue the sign-out at the hub; False where this session did not come through it."""
    known = session.execute(sa.select(_H.c.session_id).where(_H.c.session_id == viewer.session_id)).first()
    if known is None or not flow.is_offered(session):
        return False
    outbox.enqueue(
        session,
        HubLogout(
            customer_code=None,
            stream_key=f"h:{known.session_id[-1]}",
            subject_type=SUBJECT,
            subject_id=known.session_id,
            payload={"session": known.session_id},
            actor_ref=viewer.account_id,
        ),
    )
    return True


class HubTarget:
    """The hub as a far side of the outbox: three tries, then it is left alone; its session ends by itself."""

    key = TARGET
    capability = Capability.PUT
    largest_run = 1

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def deliver(self, envelopes: Sequence[Envelope]) -> Delivery:
        """Send one LogoutRequest."""
        (envelope,) = envelopes
        session_id = json.loads(envelope.payload)["session"]
        with self._runtime.database.unit_of_work() as session:
            row = session.execute(
                sa.update(_H)
                .where(_H.c.session_id == session_id)
                .values(tries=_H.c.tries + 1)
                .returning(_H.c.names, _H.c.tries)
            ).first()
            setup = settings.setup(session, self._runtime.settings, with_keys=True)
        if row is None or extra.missing() or not setup.endpoints.logout:
            return Delivery(outcome=Outcome.DELIVERED, code="nothing_to_end")
        from . import wire

        try:
            status = wire.logout(setup, *flow.unseal(self._runtime.settings.encryption_keys, row.names))
        except ExchangeFailed as failed:
            log.warning("saml.logout_failed", tries=row.tries, reason=str(failed))
            if row.tries < rules.LOGOUT_TRIES:
                return Delivery(outcome=Outcome.UNREACHABLE, code="unreachable")
            status = "gave_up"
        log.info("saml.logout", status=status)
        self._forget(session_id)
        return Delivery(outcome=Outcome.DELIVERED, code=status[:40])

    def lookup(self, message_id: str) -> bool | None:
        """Never asked."""
        return None

    def _forget(self, session_id: str) -> None:
        with self._runtime.database.unit_of_work() as session:
            session.execute(sa.delete(_H).where(_H.c.session_id == session_id))


def targets(runtime: Runtime) -> list[HubTarget]:
    """This runtime's one."""
    return [HubTarget(runtime)]
