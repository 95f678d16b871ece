"""Registration as functions: begun and asked for by pages that learn nothing, decided by the worker, ended by a link.

The page that takes the form stores it and says "look into your mailbox"; whether the data fit, the worker finds out and
the mail tells. So neither words nor time tell a guesser whether a code exists (S11), whatever a verifier does.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from ebok_core import audit, clock, i18n, outbox, runtime_settings
from ebok_core.contracts.identity import RegistrationVerifier
from ebok_core.db import uuid7
from ebok_core.errors import NotFound
from ebok_core.i18n import gettext as _
from ebok_core.identity import throttle
from ebok_core.identity.models import Account, CustomerAccess, DelayCounter, Registration
from ebok_core.identity.rules import OWNER, address_key, login_key
from ebok_core.identity.signin import Delayed

from . import letters, rules, tytan
from .schemas import RegistrationConfig, RegistrationConfigSchema

if TYPE_CHECKING:
    from ebok_core.portal import Portal
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

_G, _A, _C, _K = Registration.__table__, Account.__table__, CustomerAccess.__table__, DelayCounter.__table__
LINK_PATH, START_PATH = "/rejestracja/link/", "/rejestracja"
FORGOTTEN_PATH, SIGN_IN_PATH = "/haslo/nowe", "/logowanie"

_OWNERS = (
    sa.select(_A.c.id, _A.c.email)
    .join_from(_C, _A, _A.c.id == _C.c.account_id)
    .where(
        _C.c.customer_code == sa.bindparam("code"),
        _C.c.role == OWNER,
        _C.c.revoked_at.is_(None),
        sa.or_(_C.c.valid_to.is_(None), _C.c.valid_to >= sa.bindparam("today", type_=sa.Date)),
        _A.c.kind == "customer",
    )
    .order_by(_A.c.created_at)
)
_HAS_ADDRESS = sa.select(_A.c.id).where(
    _A.c.kind == "customer", sa.or_(_A.c.email_key == sa.bindparam("key"), _A.c.login_key == sa.bindparam("key"))
)
_WHERE_IT_STANDS = sa.select(_G.c.state, _G.c.email, _G.c.proof, _G.c.bounced_at).where(_G.c.id == sa.bindparam("id"))


class Standing(NamedTuple):
    """A registration as its own pages show it; nothing here tells whether the data fit."""

    is_open: bool
    email: str | None
    typed: Mapping[str, str]
    bounced: bool


def verifier_of(portal: Portal) -> RegistrationVerifier:
    """The proof that this portal asks for: a module's, or the core's own."""
    found: RegistrationVerifier = portal.of("ebok_registration_verifiers")[0]
    return found


def config(session: Session) -> RegistrationConfig:
    """The settings of the page "Zakładanie kont"."""
    found: RegistrationConfig = runtime_settings.get(session, RegistrationConfigSchema)
    return found


# Pages: nothing here looks into the copy


def start(session: Session, verifier: RegistrationVerifier, typed: Mapping[str, str], known: str | None = None) -> str:
    """Keep what was typed from the bill, in the registration `known` to this browser or a new one; returns its id."""
    proof = json.dumps(dict(typed), ensure_ascii=False, sort_keys=True)
    if known:
        kept = session.execute(
            sa.update(_G)
            .where(_G.c.id == known, _G.c.state.in_(rules.UNFINISHED), _G.c.state != rules.EXPIRED)
            .values(proof=proof, verifier=verifier.key, state=rules.STARTED, token_hash=None, locale=_locale())
        )
        if kept.rowcount:
            return known
    new = Registration(
        id=uuid7(),
        state=rules.STARTED,
        verifier=verifier.key,
        proof=proof,
        locale=_locale(),
        revision=0,
        started_at=clock.now_utc(),
    )
    session.add(new)
    session.flush()
    return new.id


def standing(session: Session, registration_id: str | None) -> Standing | None:
    """Where this browser's registration stands, or None where it has none that is still going on."""
    if not registration_id:
        return None
    row = session.execute(_WHERE_IT_STANDS, {"id": registration_id}).first()
    if row is None or row.proof is None:
        return None
    return Standing(row.state in rules.UNFINISHED, row.email, json.loads(row.proof), row.bounced_at is not None)


def ask(session: Session, registration_id: str, email: str) -> None:
    """Ask for the mail. The same work whatever was typed: one row, one message to the worker, two counters.

    Raises `Delayed` after ten questions from one address in an hour, `NotFound` without a begun registration.
    """
    spend(session)
    asked = session.execute(
        sa.update(_G)
        .where(_G.c.id == registration_id, _G.c.proof.is_not(None), _G.c.state.in_(rules.UNFINISHED))
        .values(
            email=email,
            state=rules.ASKED,
            revision=_G.c.revision + 1,
            asked_at=clock.now_utc(),
            bounced_at=None,
            token_hash=None,
        )
        .returning(_G.c.revision)
    ).first()
    if asked is None:
        raise NotFound(_("There is no registration to go on with."))
    outbox.enqueue(
        session,
        tytan.RegistrationCheck(
            customer_code=None,
            stream_key=stream(registration_id),
            subject_type=tytan.SUBJECT,
            subject_id=registration_id,
            subject_rev=asked.revision,
            payload={"registration": registration_id, "revision": asked.revision},
        ),
    )
    _record(session, "asked", registration_id, actor="stranger")


def spend(session: Session) -> None:
    """Count a question against this request's address. Raises `Delayed`."""
    ip = audit.current_request().ip
    until = throttle.take(session, {f"ask:{address_key(ip or '')}": rules.PER_ADDRESS})
    if until:
        raise Delayed(until)


def stream(subject_id: str) -> str:
    """The worker's stream of a question: sixteen of them, so that one that fails holds few others up."""
    return f"i:{subject_id[-1]}"


# The worker


def decide(runtime: Runtime, registration_id: str, revision: int) -> None:
    """Compare the proof with the copy and write the mail that tells; once, whoever calls it again."""
    with runtime.database.snapshot() as session:
        row = session.execute(sa.select(_G).where(_G.c.id == registration_id)).first()
        if row is None or row.state != rules.ASKED or row.revision != revision:
            return
        fitting = matched(runtime, session, row)
    with runtime.database.unit_of_work() as session:
        row = session.execute(sa.select(_G).where(_G.c.id == registration_id).with_for_update()).first()
        if row is None or row.state != rules.ASKED or row.revision != revision:
            return
        outcome = _outcome(session, runtime, row, fitting)
        token = secrets.token_urlsafe(32) if outcome == rules.MAIL_SENT else None
        expires = clock.now_utc() + rules.LINK_LIVES if token else None
        session.execute(
            sa.update(_G)
            .where(_G.c.id == row.id)
            .values(
                state=outcome,
                customer_code=fitting if outcome == rules.MAIL_SENT else None,
                token_hash=hash_of(token) if token else None,
                expires_at=expires,
            )
        )
        if throttle.take(session, {f"mailbox:{_digest(runtime, row.email)}": rules.PER_MAILBOX}) is None:
            _tell(session, row, outcome, token, i18n.instant_in_words(expires) if expires else "")
        _record(session, "decided", row.id, after={"state": outcome})


def matched(runtime: Runtime, session: Session, row: Any) -> str | None:
    """The code of the customer whom the kept proof fits now, or None."""
    verifier = next((v for v in runtime.portal.of("ebok_registration_verifiers") if v.key == row.verifier), None)
    if verifier is None or row.proof is None or not config(session).is_open:
        return None
    typed = json.loads(row.proof)
    return verifier.verify(session, typed.pop("customer_code"), typed)


def _outcome(session: Session, runtime: Runtime, row: Any, fitting: str | None) -> str:
    against = held_against(session, runtime, row, fitting)
    if against is not None:
        return against
    return rules.EMAIL_TAKEN if has_address(session, row.email) else rules.MAIL_SENT


def held_against(session: Session, runtime: Runtime, row: Any, fitting: str | None) -> str | None:
    """Why a proof gives nothing: too many tries with the code, no match, an owner who is there already; else None.

    Counts the try; the customer's counter is locked until the end of the unit of work.
    """
    typed = json.loads(row.proof)["customer_code"]
    counter = counter_of(runtime, fitting or typed)
    until = throttle.take(session, {counter: rules.PER_CODE})
    if until:
        return rules.BLOCKED
    if fitting is None:
        failures = session.scalar(sa.select(_K.c.failures).where(_K.c.key == counter))
        if failures == rules.WARN_AFTER:
            _warn_owners(session, typed)
        return rules.REFUSED
    throttle.settle(session, {counter: rules.PER_CODE})
    if owners(session, fitting) and not config(session).allow_second_owner:
        return rules.KNOWN
    return None


def _tell(session: Session, row: Any, outcome: str, token: str | None, until: str) -> None:
    about = (tytan.SUBJECT, row.id, row.revision)
    key, path = {
        rules.MAIL_SENT: (letters.LINK, f"{LINK_PATH}{token}"),
        rules.KNOWN: (letters.KNOWN, FORGOTTEN_PATH),
        rules.EMAIL_TAKEN: (letters.EMAIL_TAKEN, SIGN_IN_PATH),
    }.get(outcome, (letters.NO_MATCH, START_PATH))
    letters.send(session, key, row.email, subject=about, locale=row.locale, path=path, until=until)


def _warn_owners(session: Session, typed: str) -> None:
    """Tell whoever may own the code that somebody guesses; the office sees it in the list of registrations."""
    for customer in tytan.customers_like(session, typed):
        addresses = {customer.email, *(owner.email for owner in owners(session, customer.code))}
        for address in sorted(a for a in addresses if a):
            about = ("customer", customer.code, int(clock.now_utc().timestamp()))
            letters.send(session, letters.TRIES, address, subject=about, code=customer.code)


def counter_of(runtime: Runtime, code: str) -> str:
    """The counter of tries with a code, however it was typed; also the lock of the customer's registrations."""
    return f"code:{_digest(runtime, rules.folded(code))}"


def owners(session: Session, code: str) -> list[Any]:
    """The accounts (`id`, `email`) that own a customer now; who acts for it by an owner's leave is not among them."""
    return list(session.execute(_OWNERS, {"code": code, "today": clock.today()}))


def has_address(session: Session, email: str) -> bool:
    """Whether an address is some customer's way in already."""
    return session.execute(_HAS_ADDRESS, {"key": login_key(email)}).first() is not None


def mail_came_back(session: Session, result: Any) -> None:
    """Note that the mailbox refused our letter, so that the page that waits for it can say so."""
    if result.status == "rejected" and result.subject_type == tytan.SUBJECT:
        session.execute(sa.update(_G).where(_G.c.id == result.subject_id).values(bounced_at=clock.now_utc()))


def hash_of(token: str) -> str:
    """What the row keeps of a link's token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _digest(runtime: Runtime, text: str) -> str:
    return throttle.digest(runtime.settings.secret_key, "registration", login_key(text))


def _locale() -> str:
    return i18n.current_locale()


def _record(session: Session, verb: str, registration_id: str, *, actor: str = audit.SYSTEM, **details: Any) -> None:
    audit.record(
        session,
        f"core.registration.{verb}",
        actor=actor,
        object_type=tytan.SUBJECT,
        object_id=registration_id,
        **details,
    )
