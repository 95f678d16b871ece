"""The end of a registration: the link makes the account, TYTAN is told, and its answer is honoured."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import audit, clock, i18n, outbox
from ebok_core.contracts.admin import WorkItem
from ebok_core.contracts.identity import Viewer
from ebok_core.contracts.tytan import OutboxMessage, Result
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity import accounts, history, passwords, sessions, signin, throttle
from ebok_core.identity.access import grants
from ebok_core.identity.models import Account, Registration
from ebok_core.privacy.documents import service as documents
from ebok_core.privacy.documents.rules import WAY_REGISTRATION

from . import letters, rules, service, tytan

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

_G, _A = Registration.__table__, Account.__table__
SOURCE, WAY = "registration", "registration"
_BY_TOKEN = sa.select(_G).where(
    _G.c.token_hash == sa.bindparam("hash"),
    _G.c.state == rules.MAIL_SENT,
    _G.c.expires_at > sa.bindparam("now", type_=_G.c.expires_at.type),
)
_WITHDRAWN = (
    sa.select(_G.c.customer_code, _G.c.reason_code, _G.c.answered_at)
    .where(_G.c.account_id == sa.bindparam("account_id"), _G.c.state == rules.REJECTED)
    .order_by(_G.c.answered_at.desc())
    .limit(1)
)
_OPEN_WORK = (
    sa.select(_G.c.id, _G.c.customer_code, _G.c.answered_at)
    .where(_G.c.state == rules.REJECTED, _G.c.handled_at.is_(None))
    .order_by(_G.c.answered_at)
    .limit(200)
)


class Invited(NamedTuple):
    """Whose account a link makes: the address that becomes the login, and the customer's name as TYTAN writes it."""

    email: str
    name: str
    customer_code: str


class Withdrawn(NamedTuple):
    """An access that TYTAN's answer took away, with the reason in words."""

    customer_code: str
    reason: str


def invited(session: Session, token: str) -> Invited | None:
    """Whose account a token may still make; looking does not use it up."""
    row = _row(session, token)
    customer = tytan.customer(session, row.customer_code) if row else None
    return Invited(row.email, customer.name, customer.code) if row and customer else None


def confirm(runtime: Runtime, token: str, password: str, *, seen: Mapping[str, int] | None = None) -> signin.SignedIn:
    """Make the account, bind the customer, tell TYTAN and open a session; never call it inside a unit of work.

    `seen` are the versions of the documents that the person saw and accepted, by kind.
    Raises `NotFound` for a link that is used, lapsed or altered, or whose data fit no more; `Refused` with `weak`,
    `known` (the customer got an account meanwhile), `login_taken` (the address did), `meanwhile` (newer terms).
    """
    hasher = passwords.hasher_in(runtime.database.info)
    with runtime.database.snapshot() as session:
        row, person = _row(session, token), invited(session, token)
        if row is None or person is None or service.matched(runtime, session, row) != person.customer_code:
            raise NotFound(_("This link no longer works. Ask for a new one"))
        own = (person.email.partition("@")[0], person.name, person.customer_code)
        complaint = signin.complaint_of(runtime, session, password, own)
    if complaint:
        raise Refused(complaint, code="weak")
    hashed = hasher.hash(password)
    with runtime.database.unit_of_work() as session:
        _use(session, runtime, token, person.customer_code)
        account_id = accounts.add_account(
            session,
            kind="customer",
            login=person.email,
            email=person.email,
            display_name=person.name,
            password_hash=hashed,
            customer_codes=[person.customer_code],
            locale=row.locale,
            source=SOURCE,
            actor="stranger",
        )
        now = clock.now_utc()
        session.execute(
            sa.update(_G)
            .where(_G.c.id == row.id)
            .values(account_id=account_id, proof=None, confirmed_at=now, state=rules.ACTIVE)
        )
        if seen:
            documents.accept(session, account_id, seen, way=WAY_REGISTRATION)
        tell_tytan(session, row, person, account_id)
        _tell_known_address(session, row, person)
        opened, session_id = sessions.open_session(session, account_id)
        history.write(session, "ok", account_id=account_id, way=WAY, session_id=session_id)
        audit.record(session, "core.session.started", actor=account_id, object_type="session", object_id=session_id)
    return signin.SignedIn(opened, session_id, account_id, None)


def _row(session: Session, token: str) -> Any:
    return session.execute(_BY_TOKEN, {"hash": service.hash_of(token), "now": clock.now_utc()}).first()


def _use(session: Session, runtime: Runtime, token: str, code: str) -> None:
    """Use the link up, one of two at once; the customer's counter is the lock between two people of one customer."""
    throttle.settle(session, {service.counter_of(runtime, code): rules.PER_CODE})
    used = session.execute(
        sa.update(_G)
        .where(_G.c.token_hash == service.hash_of(token), _G.c.state == rules.MAIL_SENT)
        .values(token_hash=None, state=rules.ACTIVE)
    )
    if not used.rowcount:
        raise NotFound(_("This link no longer works. Ask for a new one"))
    if service.owners(session, code) and not service.config(session).allow_second_owner:
        raise Refused(_("This customer got an account meanwhile"), code="known")


def tell_tytan(session: Session, row: Any, person: Invited, account_id: str) -> None:
    """Put into the outbox that the customer is in an account now."""
    payload = {
        "customer_code": person.customer_code,
        "email": person.email,
        "verifier": row.verifier,
        "confirmed_at": clock.now_utc().astimezone(UTC).isoformat(timespec="seconds"),
    }
    outbox.enqueue(
        session,
        RegistrationRequested(
            customer_code=person.customer_code,
            stream_key=f"c:{person.customer_code}",
            subject_type=tytan.SUBJECT,
            subject_id=row.id,
            payload=payload,
            actor_ref=account_id,
        ),
    )


def _tell_known_address(session: Session, row: Any, person: Invited) -> None:
    """All the proof may stand on one stolen letter: the address that TYTAN knows hears of the account too (S16)."""
    customer = tytan.customer(session, person.customer_code)
    known = {owner.email for owner in service.owners(session, person.customer_code)}
    known |= {customer.email if customer else None}
    for address in sorted(a for a in known if a and a.casefold() != person.email.casefold()):
        letters.send(
            session,
            letters.DONE,
            address,
            subject=(tytan.SUBJECT, row.id, 0),
            at=i18n.instant_in_words(clock.now_utc()),
            code=person.customer_code,
        )


# TYTAN's answer


def apply_result(session: Session, result: Result) -> None:
    """Rejected afterwards: the access ends, the person reads why, the office gets work; another verdict undoes it."""
    row = session.execute(sa.select(_G).where(_G.c.id == result.subject_id).with_for_update()).first()
    if row is None or row.account_id is None:
        return
    rejected = result.status == "rejected"
    state = rules.REJECTED if rejected else rules.ACTIVE
    if row.state == state and row.answered_at is not None:
        return
    session.execute(
        sa.update(_G)
        .where(_G.c.id == row.id)
        .values(
            state=state,
            answered_at=result.status_at,
            reason_code=result.reason_code if rejected else None,
            reason=result.reason if rejected else None,
            handled_at=None,
        )
    )
    if rejected:
        _withdraw(session, row, result.reason_code)
    elif row.state == rules.REJECTED:
        grants.grant_access(session, row.account_id, row.customer_code, source=SOURCE)


def _withdraw(session: Session, row: Any, reason_code: str | None) -> None:
    owner = session.execute(sa.select(_A.c.email, _A.c.locale).where(_A.c.id == row.account_id)).one()
    with i18n.use_locale(owner.locale):
        reason = reason_in_words(reason_code)
    try:
        grants.revoke_access(session, row.account_id, row.customer_code, reason=reason)
    except NotFound:
        return  # the office was faster
    letters.send(
        session,
        letters.WITHDRAWN,
        owner.email,
        subject=(tytan.SUBJECT, row.id, 0),
        locale=owner.locale,
        code=row.customer_code,
        reason=reason,
    )


def reason_in_words(code: str | None) -> str:
    """Why TYTAN rejected a registration, for the person: what the code says, in plain words."""
    return {
        "unknown_customer": _("our billing has no customer with this code any more"),
        "not_allowed": _("our billing does not allow this customer an account"),
        "duplicate": _("another account is kept for this customer in our billing"),
    }.get(code or "", _("the data do not agree with our billing"))


def withdrawn(session: Session, viewer: Viewer) -> Withdrawn | None:
    """The viewer's latest access that TYTAN's answer took away and that was not given back."""
    row = session.execute(_WITHDRAWN, {"account_id": viewer.account_id}).first()
    if row is None or row.customer_code in viewer.customer_codes:
        return None
    return Withdrawn(row.customer_code, reason_in_words(row.reason_code))


class RegistrationRequested(OutboxMessage):
    """A customer has an account now. TYTAN answers with the customer's code, or rejects it and the access ends."""

    kind = "registration.requested"
    version = 1
    payload_schema = tytan.RequestedSchema
    apply_result = apply_result


MESSAGES = (RegistrationRequested, tytan.RegistrationCheck, tytan.RecoveryAsked)


# The office's work


def work_items(session: Session) -> list[WorkItem]:
    """Registrations that TYTAN rejected and nobody has cleared up."""
    return [
        WorkItem(
            key=f"core.registration.{row.id}",
            kind="core.registration",
            title=_("TYTAN rejected the account of the customer %(code)s", code=row.customer_code),
            since=row.answered_at,
            endpoint="admin.registration.index",
        )
        for row in session.execute(_OPEN_WORK)
    ]


def handle(session: Session, viewer: Viewer, registration_id: str) -> None:
    """The office has cleared a rejected registration up. Raises `NotFound`."""
    done = session.execute(
        sa.update(_G)
        .where(_G.c.id == registration_id, _G.c.state == rules.REJECTED, _G.c.handled_at.is_(None))
        .values(handled_at=clock.now_utc(), handled_by=viewer.account_id)
    )
    if not done.rowcount:
        raise NotFound(_("There is no such registration."))
    audit.record(
        session, "core.registration.handled", actor=viewer, object_type=tytan.SUBJECT, object_id=registration_id
    )
