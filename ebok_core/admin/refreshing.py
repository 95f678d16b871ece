"""Refresh one customer's rows of the copy at a clerk's wish (L161): asked on a page, done by the worker, one at a time.

The wish is an outbox message to ourselves, so it survives a crash and is done once; its row is the record that the page
shows: who asked, when, how many rows changed, how long it took.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa
from marshmallow import RAISE, Schema, fields
from sqlalchemy.orm import Session

from ebok_core import audit
from ebok_core.contracts.identity import Viewer
from ebok_core.contracts.tytan import Capability, Delivery, Envelope, OutboxMessage, Outcome, Result
from ebok_core.errors import ConfigurationError, Refused
from ebok_core.i18n import gettext as _
from ebok_core.outbox import accept
from ebok_core.outbox.models import Message
from ebok_core.tytan import refresh

from . import permissions

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

TARGET = "copies"
SUBJECT = "customer_copy"
KIND = "core.refresh_customer"
_FAILED = "failed"
_T = Message.__table__.c
_OF_CUSTOMER = sa.select(
    sa.func.coalesce(sa.func.max(_T.subject_rev), 0),
    sa.func.coalesce(sa.func.max(sa.case((_T.open, 1), else_=0)), 0),
).where(_T.kind == KIND, _T.subject_type == SUBJECT, _T.subject_id == sa.bindparam("code"))


class _Payload(Schema):
    class Meta:
        unknown = RAISE

    customer = fields.String(required=True)


def _applied(session: Session, result: Result) -> None:
    """The audit trail's line about what the refresh did."""
    done = outcome(result.reference)
    audit.record(
        session,
        permissions.REFRESHED,
        actor=audit.SYSTEM,
        object_type="customer",
        object_id=result.subject_id,
        after=done._asdict() if done else None,
    )


class RefreshCustomer(OutboxMessage):
    """The wish that a customer's rows be read from TYTAN again."""

    kind = KIND
    target = TARGET
    payload_schema = _Payload
    apply_delivery = _applied


class Done(NamedTuple):
    """What a refresh did: rows read from TYTAN, rows of the copy that changed, milliseconds; `failed`: nothing was."""

    rows_read: int
    rows_changed: int
    ms: int
    failed: bool


def outcome(reference: str | None) -> Done | None:
    """What the message's row remembers of a refresh; None before its end."""
    parts = (reference or "").split("/")
    if len(parts) != 4 or not all(part.isdigit() for part in parts[:3]):
        return None
    return Done(*map(int, parts[:3]), failed=parts[3] == _FAILED)


def ask(session: Session, viewer: Viewer, code: str) -> str:
    """Put the wish into the outbox; returns the message's id. Raises `Refused` while one is under way."""
    last, is_open = session.execute(_OF_CUSTOMER, {"code": code}).one()
    under_way = Refused(
        _("A refresh of this customer's data is already under way. Its result will appear below."),
        code="refresh_running",
    )
    if is_open:
        raise under_way
    message = RefreshCustomer(
        customer_code=code,
        stream_key=f"copy:{code}",
        subject_type=SUBJECT,
        subject_id=code,
        subject_rev=last + 1,
        payload={"customer": code},
        actor_ref=viewer.account_id,
    )
    try:
        message_id = accept.enqueue(session, message)
    except accept.AlreadyQueued as already:
        raise under_way from already
    audit.record(session, permissions.REFRESH_ASKED, actor=viewer, object_type="customer", object_id=code)
    return message_id


class CopiesTarget:
    """Our own far side: reads one customer from TYTAN; a second delivery reads once more and does no harm (PUT)."""

    key = TARGET
    capability = Capability.PUT
    largest_run = 1

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def deliver(self, envelopes: Sequence[Envelope]) -> Delivery:
        """Refresh the customer; while another refresh holds the copy for long, the outbox tries again."""
        (envelope,) = envelopes
        try:
            report = refresh.refresh_customer(self._runtime, json.loads(envelope.payload)["customer"])
        except Refused as refused:
            return Delivery(outcome=Outcome.BUSY, code=refused.code)
        except ConfigurationError:
            return Delivery(outcome=Outcome.DELIVERED, reference=f"0/0/0/{_FAILED}")
        counted = f"{report.rows_read}/{report.rows_changed}/{round(report.seconds * 1000)}"
        return Delivery(outcome=Outcome.DELIVERED, reference=f"{counted}/{_FAILED if report.problem else 'done'}")

    def lookup(self, message_id: str) -> bool | None:
        """Never asked."""
        return None


def targets(runtime: Runtime) -> list[CopiesTarget]:
    """This runtime's one."""
    return [CopiesTarget(runtime)]
