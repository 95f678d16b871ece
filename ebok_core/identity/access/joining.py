"""Customers of an account: one more is added by the same proof as a registration, one is left.

The page stores what was typed and the worker compares it, as a registration does: `core_registration` keeps the row,
with the account from the beginning, and TYTAN's answer is honoured in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from marshmallow import RAISE, Schema, fields, validate
from sqlalchemy.orm import Session

from ebok_core import audit, clock, i18n, outbox
from ebok_core.contracts.identity import RegistrationVerifier, Viewer
from ebok_core.contracts.tytan import OutboxMessage
from ebok_core.db import uuid7
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext
from ebok_core.identity import rules as identity_rules
from ebok_core.identity.models import CustomerAccess, Registration
from ebok_core.identity.registration import finish, service, tytan
from ebok_core.identity.registration import rules as registration
from ebok_core.tytan import copy, reads

from . import grants, invitations, mails, reach, rules
from .models import Group, GroupCustomer, GroupMember

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

_G, _C, _K = Registration.__table__, CustomerAccess.__table__, copy.customers.c
_WAITING = (
    sa.select(_G.c.id, _G.c.state, _G.c.proof, _G.c.started_at)
    .where(
        _G.c.account_id == sa.bindparam("account_id"),
        _G.c.state.in_((registration.ASKED, registration.REFUSED, registration.BLOCKED, registration.KNOWN)),
    )
    .order_by(_G.c.started_at.desc())
    .limit(10)
)
_OWN = (
    sa.select(_C.c.id, _C.c.customer_code, _C.c.role, _C.c.scope, _C.c.source, _C.c.valid_from, _C.c.valid_to)
    .where(_C.c.account_id == sa.bindparam("account_id"), *reach.HOLDS)
    .order_by(_C.c.customer_code)
)
_SHARED = (
    sa.select(GroupCustomer.customer_code, Group.role)
    .join(GroupMember, GroupMember.group_id == GroupCustomer.group_id)
    .join(Group, Group.id == GroupCustomer.group_id)
    .where(GroupMember.account_id == sa.bindparam("account_id"), Group.kind == rules.ACCESS_GROUP)
)
_NAMES = sa.select(_K.code, _K.name)


class Mine(NamedTuple):
    """A customer of the account; `access_id` None for one that comes with a group, which nobody leaves alone."""

    code: str
    name: str
    role: str
    access_id: str | None
    source: str
    valid_from: date | None
    valid_to: date | None
    is_narrow: bool
    is_acting: bool


class Waiting(NamedTuple):
    """A customer that is being added, or was not: `state` is the registration's."""

    typed_code: str
    state: str
    since: datetime


class _Name(NamedTuple):
    code: str
    name: str


class CheckSchema(Schema):
    """The payload of `core.customer_check`: which question."""

    class Meta:
        unknown = RAISE

    registration = fields.String(required=True, validate=validate.Length(equal=36))


class CustomerCheck(OutboxMessage):
    """Somebody wants one more customer in the account: the worker compares the proof."""

    kind = "core.customer_check"
    target = tytan.WORKER
    payload_schema = CheckSchema


def mine(session: Session, viewer: Viewer) -> list[Mine]:
    """The customers of the viewer's account by code, with what the viewer is to them. Three queries."""
    values = {"account_id": viewer.account_id, "today": clock.today()}
    own = {row.customer_code: row for row in session.execute(_OWN, values)}
    shared = {row.customer_code: row.role for row in session.execute(_SHARED, {"account_id": viewer.account_id})}
    names = {row.code: row.name for row in reads.rows(session, viewer, _NAMES, as_=_Name, every=True)}
    return [
        Mine(
            code,
            names.get(code, ""),
            own[code].role if code in own else shared.get(code, identity_rules.OBSERVER),
            own[code].id if code in own else None,
            own[code].source if code in own else rules.ACCESS_GROUP,
            own[code].valid_from if code in own else None,
            own[code].valid_to if code in own else None,
            code in own and own[code].scope != identity_rules.FULL_SCOPE,
            code == viewer.customer_code,
        )
        for code in viewer.customer_codes
    ]


def waiting(session: Session, viewer: Viewer) -> list[Waiting]:
    """What was asked for and is not there, the newest first; forgotten after seven days as registrations are."""
    return [
        Waiting(json.loads(row.proof or "{}").get("customer_code", ""), row.state, row.started_at)
        for row in session.execute(_WAITING, {"account_id": viewer.account_id})
    ]


# Adding


def ask(session: Session, viewer: Viewer, verifier: RegistrationVerifier, typed: Mapping[str, str]) -> str:
    """Ask for one more customer with what stands on a bill; returns the question's id.

    Raises `Refused` with `no_email` (TYTAN and the person must be told somewhere), `closed`; `Delayed`.
    """
    if viewer.status != "normal":
        raise Refused(_("Your account is suspended. Call us or write, and we will clear it up"), code="suspended")
    if viewer.email is None:
        raise Refused(_("Your account has no e-mail address. Add one first, then add the customer"), code="no_email")
    if not service.config(session).is_open:
        raise Refused(_("Our office adds customers to accounts. Call us or write"), code="closed")
    service.spend(session)
    question, now = uuid7(), clock.now_utc()
    session.add(
        Registration(
            id=question,
            state=registration.ASKED,
            verifier=verifier.key,
            proof=json.dumps(dict(typed), ensure_ascii=False, sort_keys=True),
            locale=viewer.locale,
            email=viewer.email,
            revision=1,
            account_id=viewer.account_id,
            started_at=now,
            asked_at=now,
        )
    )
    session.flush()
    outbox.enqueue(
        session,
        CustomerCheck(
            customer_code=None,
            stream_key=service.stream(question),
            subject_type=tytan.SUBJECT,
            subject_id=question,
            payload={"registration": question},
            actor_ref=viewer.account_id,
        ),
    )
    _record(session, "asked", question, viewer)
    return question


def decide(runtime: Runtime, question: str) -> None:
    """Compare the proof with the copy, bind the customer or say why not; once, whoever calls it again."""
    with runtime.database.snapshot() as session:
        row = session.execute(sa.select(_G).where(_G.c.id == question)).first()
        if row is None or row.state != registration.ASKED:
            return
        fitting = service.matched(runtime, session, row)
    with runtime.database.unit_of_work() as session:
        row = session.execute(sa.select(_G).where(_G.c.id == question).with_for_update()).first()
        if row is None or row.state != registration.ASKED or row.account_id is None:
            return
        person = mails.person(session, row.account_id)
        outcome = _outcome(session, runtime, row, fitting)
        if outcome == registration.ACTIVE and fitting is not None:
            _bind(session, row, person, fitting)
        else:
            session.execute(sa.update(_G).where(_G.c.id == row.id).values(state=outcome))
            _tell_why(session, row, person, outcome)
        _record(session, "decided", row.id, audit.SYSTEM, after={"state": outcome})


def _outcome(session: Session, runtime: Runtime, row: Any, fitting: str | None) -> str:
    held = session.scalar(
        sa.select(_C.c.id).where(
            _C.c.account_id == row.account_id, _C.c.customer_code == fitting, _C.c.revoked_at.is_(None)
        )
    )
    if held is not None:
        return registration.KNOWN
    return service.held_against(session, runtime, row, fitting) or registration.ACTIVE


def _bind(session: Session, row: Any, person: Any, code: str) -> None:
    customer = tytan.customer(session, code)
    known = {owner.email for owner in service.owners(session, code)} | {customer.email if customer else None}
    grants.grant_access(session, row.account_id, code, source=rules.ADDED, actor=row.account_id)
    now = clock.now_utc()
    session.execute(
        sa.update(_G)
        .where(_G.c.id == row.id)
        .values(state=registration.ACTIVE, customer_code=code, proof=None, confirmed_at=now)
    )
    finish.tell_tytan(session, row, finish.Invited(row.email, customer.name if customer else "", code), row.account_id)
    mails.tell(session, mails.JOINED, person, (tytan.SUBJECT, row.id), path=mails.CUSTOMERS_PATH, code=code)
    # All the proof may stand on one stolen letter: the addresses that TYTAN and the owners have hear of it (S16).
    for address in sorted(a for a in known if a and a.casefold() != (row.email or "").casefold()):
        at = i18n.instant_in_words(now)
        mails.tell(session, mails.JOINED_BY, None, (tytan.SUBJECT, row.id), email=address, at=at, code=code)


_WHY: Mapping[str, Any] = {
    registration.KNOWN: lazy_gettext("Its owner has an account already. Ask the owner for an access, or call us."),
    registration.BLOCKED: lazy_gettext("There were too many tries with this code. Try again tomorrow."),
    registration.REFUSED: lazy_gettext(
        "The data do not fit our bills. Check the code, the number of one of the last three bills and its gross amount."
    ),
}


def why_not(state: str) -> str:
    """Why a customer was not added, for the person."""
    return str(_WHY.get(state, ""))


def _tell_why(session: Session, row: Any, person: Any, outcome: str) -> None:
    typed = json.loads(row.proof)["customer_code"]
    mails.tell(
        session,
        mails.NOT_JOINED,
        person,
        (tytan.SUBJECT, row.id),
        path=mails.CUSTOMERS_PATH,
        code=typed,
        why=_WHY.get(outcome, ""),
    )


# Leaving


def own(session: Session, viewer: Viewer, code: str) -> Mine:
    """A customer of the viewer's that can be left. Raises `NotFound` for another's and for a group's."""
    found = next((row for row in mine(session, viewer) if row.code == code), None)
    if found is None or found.access_id is None:
        raise NotFound(_("There is no such customer."))
    return found


def leave(session: Session, viewer: Viewer, code: str) -> None:
    """Give a customer up: the account does not act for it from the next request on. Raises `NotFound`."""
    found = own(session, viewer, code)
    grants.revoke_access(session, viewer.account_id, code, reason="left", actor=viewer)
    if found.source == rules.DELEGATION:
        invitations.leave(session, viewer, found.access_id or "")


def _record(session: Session, verb: str, question: str, actor: Viewer | str, **details: Any) -> None:
    audit.record(
        session, f"core.customer.{verb}", actor=actor, object_type=tytan.SUBJECT, object_id=question, **details
    )
