"""One way to the hub and back as a row (identity.md §2.5): opened, answered on the back channel, taken by its browser.

The answer comes by a cross-site POST that carries no cookie of ours, so it only fills the row; a GET of our own site,
which has the browser's secret, takes it. Nothing personal is logged, the number is never stored.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import sqlalchemy as sa
import structlog
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.db import uuid7
from ebok_core.errors import NotFound
from ebok_core.i18n import gettext as _
from ebok_core.identity import rules as identity_rules
from ebok_core.identity import throttle
from ebok_core.identity.rules import DelayPolicy
from ebok_core.identity.signin import Delayed

from . import extra, matching, rules, settings, tasks
from .errors import ExchangeFailed, Rejected, Unsuccessful
from .matching import Verified
from .models import SamlAssertion, SamlFlow
from .settings import Setup

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

    from .validate import Person

log = structlog.get_logger(__name__)

_F = SamlFlow.__table__
_QUARTER = timedelta(minutes=15)
# Many people may stand behind one address; a way that ended well does not count.
PER_ADDRESS = DelayPolicy(60, (_QUARTER,), _QUARTER)

# Why nobody came back, in a word; what a person reads of it is in `words.py`.
GAVE_UP, DENIED, UNAVAILABLE, REFUSED = "gave_up", "denied", "unavailable", "refused"
BLOCKED, LINKED_ELSEWHERE, ANOTHER_PERSON = "blocked", "linked_elsewhere", "another_person"
# The hub's most specific status (identity.md §2.11); one that is not here is the person's affair.
_BY_STATUS = {"RequestDenied": DENIED, "Requester": UNAVAILABLE, "Responder": UNAVAILABLE, "VersionMismatch": DENIED}
_ALARMING = (DENIED, UNAVAILABLE, REFUSED)


class Opened(NamedTuple):
    """What the browser posts to the hub, and the secret that its cookie keeps."""

    action: str
    fields: Mapping[str, str]
    browser_secret: str

    @property
    def origin(self) -> str:
        """The hub's origin, for the page's `form-action`."""
        parts = urlsplit(self.action)
        return f"{parts.scheme}://{parts.netloc}"


class Taken(NamedTuple):
    """A flow that its browser took: what it was for, whose wish, and who came back or why nobody did."""

    id: str
    intent: str
    account_id: str | None
    session_id: str | None
    failure: str | None
    person: Verified | None
    shown: Mapping[str, str]


class Received(NamedTuple):
    """An answer that waits for its browser: the handle for the address."""

    handle: str
    intent: str


def is_offered(session: Session) -> bool:
    """Whether people may sign in this way now."""
    return settings.state_of(session).is_on and not extra.missing()


def depart(runtime: Runtime, *, intent: str, account_id: str | None = None, session_id: str | None = None) -> Opened:
    """Open a flow and write the request. Never call it inside a unit of work.

    Raises `NotFound` while it is off (but for a test), `Delayed` after sixty ways of one address that led nowhere.
    """
    with runtime.database.snapshot() as session:
        if extra.missing() or (intent != rules.TEST and not is_offered(session)):
            raise NotFound(_("There is no such page"))
        setup = settings.setup(session, runtime.settings, with_keys=True)
    from . import messages, wire

    request_id, relay, browser = messages.new_id(), secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    fields = {"SAMLRequest": wire.request(setup, request_id), "RelayState": relay}
    if setup.config.foreign_authentication:
        fields["ForeignAuthentication"] = "true"
    now = clock.now_utc()
    with runtime.database.unit_of_work() as session:
        _spend(session)
        session.add(
            SamlFlow(
                id=uuid7(),
                intent=intent,
                state=rules.OPENED,
                request_id=request_id,
                relay_hash=hash_of(relay),
                browser_hash=hash_of(browser),
                account_id=account_id,
                session_id=session_id,
                created_at=now,
                expires_at=now + rules.FLOW_LIVES,
            )
        )
    return Opened(setup.endpoints.sso, fields, browser)


def _spend(session: Session) -> None:
    until = throttle.take(session, _counter())
    if until:
        raise Delayed(until)


def _counter() -> dict[str, DelayPolicy]:
    return {f"saml:{identity_rules.address_key(audit.current_request().ip or '')}": PER_ADDRESS}


# The answer


def receive(runtime: Runtime, artifact: str, relay_state: str) -> Received:
    """Fetch what stands behind an artifact, check it, and keep the outcome under a handle that works once.

    Never call it inside a unit of work. Raises `NotFound` for a RelayState that is unknown, used or over.
    """
    with runtime.database.unit_of_work() as session:
        is_on = is_offered(session)
        opened = session.execute(
            sa.update(_F)
            .where(
                _F.c.relay_hash == hash_of(relay_state),
                _F.c.state == rules.OPENED,
                _F.c.expires_at > clock.now_utc(),
                sa.true() if is_on else _F.c.intent == rules.TEST,
            )
            .values(state=rules.FETCHING)
            .returning(_F.c.id, _F.c.intent, _F.c.request_id)
        ).first()
    if opened is None or extra.missing():
        raise NotFound(_("This try to sign in is over. Begin again"))
    with runtime.database.snapshot() as session:
        setup = settings.setup(session, runtime.settings, with_keys=True)
    person, problem = _fetch(setup, artifact, opened.request_id)
    with runtime.database.unit_of_work() as session:
        if person is not None and not _is_new(session, person):
            person, problem = None, Rejected("V13", "the assertion was used before")
        return _answered(session, runtime, opened, setup, person, problem)


def _fetch(setup: Setup, artifact: str, request_id: str) -> tuple[Person | None, ExchangeFailed | None]:
    from . import wire

    try:
        return wire.person(setup, artifact, request_id), None
    except ExchangeFailed as failed:
        return None, failed


def _is_new(session: Session, person: Person) -> bool:
    """V13: of two uses of one assertion one passes, the database decides."""
    row = SamlAssertion(id_hash=hash_of(person.assertion_id), keep_until=person.valid_until + rules.KEEP_ASSERTIONS)
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        return False
    return True


def _answered(
    session: Session,
    runtime: Runtime,
    opened: Any,
    setup: Setup,
    person: Person | None,
    problem: ExchangeFailed | None,
) -> Received:
    handle, failure = secrets.token_urlsafe(32), None
    answer = None
    if person is not None:
        answer = seal(runtime.settings.encryption_keys, _kept(runtime, setup, person, opened.intent))
        log.info("saml.answered", flow=opened.id, loa=person.level, authority=person.authority)
    else:
        failure = failure_of(problem)
        log.warning("saml.failed", flow=opened.id, failure=failure, reason=str(problem))
        _note(session, opened.id, failure, str(problem), opened.intent)
    session.execute(
        sa.update(_F)
        .where(_F.c.id == opened.id)
        .values(
            state=rules.ANSWERED,
            answer=answer,
            failure=failure,
            handle_hash=hash_of(handle),
            handle_expires_at=clock.now_utc() + rules.HANDLE_LIVES,
        )
    )
    return Received(handle, opened.intent)


def failure_of(problem: ExchangeFailed | None) -> str:
    """The word of what went wrong."""
    if isinstance(problem, Unsuccessful):
        return _BY_STATUS.get(problem.status, GAVE_UP)
    return REFUSED if isinstance(problem, Rejected) else UNAVAILABLE


def _note(session: Session, flow_id: str, failure: str, reason: str, intent: str) -> None:
    if failure == REFUSED:
        audit.record(
            session,
            "core.external.refused",
            actor="stranger",
            object_type="core.saml_flow",
            object_id=flow_id,
            after={"reason": reason[:200]},
        )
    if failure in _ALARMING and intent != rules.TEST:
        tasks.put_down(session, tasks.ALERT, failure, note=reason[:1000])


def _kept(runtime: Runtime, setup: Setup, person: Person, intent: str) -> dict[str, Any]:
    """What is kept of a person until the flow is over: no number, only its HMACs."""
    verified = Verified(
        issuer=setup.endpoints.issuer,
        marks=matching.marks_of(runtime.settings, person.identifier),
        is_pesel=person.is_pesel,
        given=person.given,
        family=person.family,
        level=person.level,
        authority=person.authority,
        name_id=person.name_id,
        session_index=person.session_index,
    )
    shown = {}
    if intent == rules.TEST:
        shown = {"given": _masked(person.given), "family": _masked(person.family), "born": "••••-••-••"}
        shown |= {"is_pesel": "1" if person.is_pesel else ""}
    return {"person": dataclasses.asdict(verified), "shown": shown}


def _masked(text: str) -> str:
    return text[:1] + "•" * max(3, len(text) - 1)


# The browser


def take(session: Session, keys: Sequence[str], handle: str, browser_secret: str) -> Taken:
    """Take an answer: the handle once within a minute, by the browser that began. Raises `NotFound`."""
    row = session.execute(
        sa.update(_F)
        .where(
            _F.c.handle_hash == hash_of(handle),
            _F.c.handle_expires_at > clock.now_utc(),
            _F.c.browser_hash == hash_of(browser_secret),
            _F.c.state == rules.ANSWERED,
        )
        .values(handle_hash=None, handle_expires_at=None, state=rules.OVER)
        .returning(_F.c.id, _F.c.intent, _F.c.account_id, _F.c.session_id, _F.c.failure, _F.c.answer)
    ).first()
    if row is None:
        raise NotFound(_("This try to sign in is over. Begin again"))
    session.execute(sa.update(_F).where(_F.c.id == row.id).values(answer=None))
    kept = unseal(keys, row.answer) if row.answer else None
    person = _verified(kept["person"]) if kept else None
    if person is not None:
        throttle.settle(session, _counter())
    return Taken(*row[:5], person, kept["shown"] if kept else {})


def pend(session: Session, runtime: Runtime, flow_id: str, person: Verified, verdict: rules.Verdict) -> None:
    """Keep a verified person who must prove something first, for a day."""
    kept = {"person": dataclasses.asdict(person), "shown": {}}
    session.execute(
        sa.update(_F)
        .where(_F.c.id == flow_id)
        .values(
            state=rules.PENDING,
            verdict=verdict.value,
            answer=seal(runtime.settings.encryption_keys, kept),
            expires_at=clock.now_utc() + rules.PROOF_LIVES,
        )
    )


class Pending(NamedTuple):
    """A verified person whose browser this is, and what is missing."""

    flow_id: str
    verdict: rules.Verdict
    person: Verified
    account_id: str | None


def _pending(session: Session, keys: Sequence[str], *where: Any) -> Pending | None:
    row = session.execute(
        sa.select(_F.c.id, _F.c.verdict, _F.c.answer, _F.c.account_id)
        .where(*where, _F.c.state == rules.PENDING, _F.c.expires_at > clock.now_utc())
        .order_by(_F.c.created_at.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return Pending(row.id, rules.Verdict(row.verdict), _verified(unseal(keys, row.answer)["person"]), row.account_id)


def pending_of(session: Session, keys: Sequence[str], browser_secret: str | None) -> Pending | None:
    """The verified person of this browser."""
    if not browser_secret:
        return None
    return _pending(session, keys, _F.c.browser_hash == hash_of(browser_secret))


def pending_by_link(session: Session, keys: Sequence[str], token: str) -> Pending | None:
    """The verified person whose link came by mail."""
    return _pending(session, keys, _F.c.handle_hash == hash_of(token), _F.c.handle_expires_at > clock.now_utc())


def give_link(session: Session, flow_id: str, account_id: str) -> tuple[str, datetime]:
    """A token that lets the owner of an account say yes to a pending person, and until when."""
    token, until = secrets.token_urlsafe(32), clock.now_utc() + rules.CONFIRM_LIVES
    session.execute(
        sa.update(_F)
        .where(_F.c.id == flow_id)
        .values(handle_hash=hash_of(token), handle_expires_at=until, account_id=account_id)
    )
    return token, until


def close(session: Session, flow_id: str) -> bool:
    """A pending flow is over, of two at once one gets True; nothing of the person stays in it."""
    done = session.execute(
        sa.update(_F)
        .where(_F.c.id == flow_id, _F.c.state == rules.PENDING)
        .values(state=rules.OVER, answer=None, handle_hash=None, handle_expires_at=None)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def hash_of(text: str) -> str:
    """What a row keeps of a secret."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def seal(keys: Sequence[str], value: Any) -> str:
    """A value as encrypted JSON."""
    return MultiFernet([Fernet(key) for key in keys]).encrypt(json.dumps(value).encode()).decode()


def unseal(keys: Sequence[str], sealed: str) -> Any:
    """The value again. Raises `NotFound` where the key is gone: the flow can only be begun anew."""
    try:
        return json.loads(MultiFernet([Fernet(key) for key in keys]).decrypt(sealed.encode()))
    except InvalidToken as error:
        raise NotFound(_("This try to sign in is over. Begin again")) from error


def _verified(kept: Mapping[str, Any]) -> Verified:
    return Verified(**{**kept, "marks": tuple((key, hmac) for key, hmac in kept["marks"])})
