"""What becomes of a person who came back from the hub: signed in, a new account, a proof asked for (§5, A–K)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import i18n
from ebok_core.contracts.identity import Viewer
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity import accounts, proving, signin, throttle
from ebok_core.identity import notices as identity_notices
from ebok_core.identity.models import Account
from ebok_core.identity.recovery import rules as recovery
from ebok_core.identity.registration import rules as registration
from ebok_core.identity.signin import SignedIn

from . import flow, hub_sessions, matching, notices, rules, settings, tasks
from .flow import Pending, Taken
from .matching import Verified
from .models import ExternalIdentity
from .rules import Decision, Found, Verdict

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

_A = Account.__table__
_OWNERS = (
    sa.select(_A.c.id, _A.c.login, _A.c.email, _A.c.display_name, _A.c.locale)
    .where(_A.c.id.in_(sa.bindparam("ids", expanding=True)), _A.c.status != "blocked")
    .order_by(_A.c.created_at)
)
KnowsDevice = Callable[[str], bool]


class Finished(NamedTuple):
    """How a way to the hub ended: `failed` with its word, `entered`, `created`, `pending`, `linked`, `proved`.

    `signed` opens the session and `digest` is its login's, `token` is the session's new one after a proof.
    """

    kind: str
    failure: str = ""
    signed: SignedIn | None = None
    digest: str = ""
    token: str = ""


class Owner(NamedTuple):
    """An account that a verified person may prove: its masked address, if it has one."""

    account_id: str
    login: str
    email: str | None
    display_name: str
    locale: str


def finish(
    runtime: Runtime, handle: str, browser_secret: str, viewer: Viewer | None, knows_device: KnowsDevice
) -> Finished:
    """Take the answer and act on it. Never call it inside a unit of work.

    `knows_device(digest)` tells whether a login was used in this browser. Raises `NotFound` for an answer that is not
    this browser's, used or over.
    """
    with runtime.database.unit_of_work() as session:
        taken = flow.take(session, runtime.settings.encryption_keys, handle, browser_secret)
        if taken.failure or taken.person is None:
            return Finished("failed", taken.failure or flow.UNAVAILABLE)
        if taken.intent == rules.LOGIN:
            return _log_in(runtime, session, taken.id, taken.person, knows_device)
        if viewer is None or (viewer.account_id, viewer.session_id) != (taken.account_id, taken.session_id):
            raise NotFound(_("This try to sign in is over. Begin again"))
        if taken.intent == rules.PROVE:
            return _prove(session, viewer, taken.person)
        return _link(runtime, session, viewer, taken.person)


def tested(runtime: Runtime, session: Session, handle: str, browser_secret: str, viewer: Viewer) -> Taken:
    """What came of an administrator's test. Raises `NotFound`."""
    taken = flow.take(session, runtime.settings.encryption_keys, handle, browser_secret)
    if taken.intent != rules.TEST or taken.account_id != viewer.account_id:
        raise NotFound(_("This try to sign in is over. Begin again"))
    return taken


# Signing in


def _log_in(runtime: Runtime, session: Session, flow_id: str, person: Verified, knows_device: KnowsDevice) -> Finished:
    config = settings.setup(session, runtime.settings).config
    identity = matching.identity_of(session, person)
    account = identity.account_id if identity else None
    found = matching.found_for(session, person, config, account)
    decision = rules.decide(found, account=account, closed_opens=config.closed_opens)
    if account is not None:
        matching.open_customers(session, account, decision, found)
        matching.hand_over(session, person, decision, found)
        return _enter(runtime, session, account, person, knows_device, "entered")
    verdict = decision.verdict
    if verdict is Verdict.CREATE or (verdict is Verdict.NOBODY and config.create_without_customer):
        account = _create(session, person, decision, found)
        return _enter(runtime, session, account, person, knows_device, "created")
    if verdict is not Verdict.PROVE:
        matching.hand_over(session, person, decision, found)
    flow.pend(session, runtime, flow_id, person, verdict)
    return Finished("pending")


def _create(session: Session, person: Verified, decision: Decision, found: list[Found]) -> str:
    """B, C, D: an account without a password; its login is a word that nobody needs to type."""
    account = accounts.add_account(
        session,
        kind="customer",
        login=f"wk-{secrets.token_hex(6)}",
        display_name=f"{person.given} {person.family}",
        locale=i18n.current_locale(),
        source=rules.SOURCE,
        actor="stranger",
    )
    matching.link(session, person, account, account)
    matching.open_customers(session, account, decision, found)
    matching.hand_over(session, person, decision, found)
    return account


def _enter(
    runtime: Runtime, session: Session, account: str, person: Verified, knows_device: KnowsDevice, kind: str
) -> Finished:
    login = session.execute(sa.select(_A.c.login).where(_A.c.id == account)).scalar_one()
    digest = signin.login_digest(runtime, login)
    try:
        signed = signin.enter(
            session, account, way=way_of(person), login_digest=digest, is_known_device=knows_device(digest)
        )
    except Refused:
        return Finished("failed", flow.BLOCKED)
    hub_sessions.keep(session, runtime, signed.session_id, person)
    return Finished(kind, signed=signed, digest=digest)


def way_of(person: Verified) -> str:
    """What the history keeps of the way: the hub, and who vouched there."""
    return f"{rules.WAY}:{person.authority}"[:20]


# One's own account: proving, linking, unlinking


def _prove(session: Session, viewer: Viewer, person: Verified) -> Finished:
    identity = matching.identity_of(session, person)
    if identity is None or identity.account_id != viewer.account_id:
        return Finished("failed", flow.ANOTHER_PERSON)
    return Finished("proved", token=proving.by_identity(session, viewer))


def _link(runtime: Runtime, session: Session, viewer: Viewer, person: Verified) -> Finished:
    try:
        join(runtime, session, viewer.account_id, person, actor=viewer)
    except Refused:
        return Finished("failed", flow.LINKED_ELSEWHERE)
    return Finished("linked")


def join(runtime: Runtime, session: Session, account: str, person: Verified, *, actor: Viewer | str) -> None:
    """The person and the account belong together from now on; its owner hears of it, its customers open.

    Raises `Refused` with `linked`.
    """
    matching.link(session, person, account, actor)
    config = settings.setup(session, runtime.settings).config
    found = matching.found_for(session, person, config, account)
    decision = rules.decide(found, account=account, closed_opens=config.closed_opens)
    matching.open_customers(session, account, decision, found)
    matching.hand_over(session, person, decision, found)
    identity_notices.tell_owner(session, notices.LINKED, account, note=notices.NOTES[notices.LINKED])


def join_pending(runtime: Runtime, viewer: Viewer, browser_secret: str | None) -> None:
    """The viewer proved to own this account: the person verified in this browser is theirs (G, F).

    Raises `NotFound` where nobody waits, `Refused` with `linked`.
    """
    keys = runtime.settings.encryption_keys
    with runtime.database.unit_of_work() as session:
        waiting = flow.pending_of(session, keys, browser_secret)
        if waiting is None or not flow.close(session, waiting.flow_id):
            raise NotFound(_("This try to sign in is over. Begin again"))
        join(runtime, session, viewer.account_id, waiting.person, actor=viewer)


def leave(session: Session, viewer: Viewer) -> None:
    """Unlink the viewer's account. Raises `NotFound`, `Refused` with `password` where no other way in is left."""
    has_password = session.execute(
        sa.select(_A.c.password_hash.is_not(None)).where(_A.c.id == viewer.account_id)
    ).scalar_one()
    if not has_password:
        raise Refused(_("Set a password first, or there would be no way into your account"), code="password")
    matching.unlink(session, viewer.account_id, viewer)
    identity_notices.tell_owner(session, notices.UNLINKED, viewer.account_id, note=notices.NOTES[notices.UNLINKED])


def linked(session: Session, viewer: Viewer) -> ExternalIdentity | None:
    """The identity of the viewer's account."""
    return matching.of_account(session, viewer.account_id)


# Who is verified and has no way in yet


def owners_of(runtime: Runtime, session: Session, waiting: Pending) -> list[Owner]:
    """G: the accounts of which the person may prove one."""
    if waiting.verdict is not Verdict.PROVE:
        return []
    config = settings.setup(session, runtime.settings).config
    found = matching.found_for(session, waiting.person, config, None)
    decision = rules.decide(found, account=None, closed_opens=config.closed_opens)
    return [Owner._make(row) for row in session.execute(_OWNERS, {"ids": list(decision.owners)})]


def send_link(runtime: Runtime, browser_secret: str | None) -> str:
    """G: send the owner of the account a link to say yes; returns the masked address.

    Raises `NotFound` where nobody waits or no address is known, `Delayed` after three mails in an hour.
    """
    with runtime.database.unit_of_work() as session:
        waiting = flow.pending_of(session, runtime.settings.encryption_keys, browser_secret)
        owners = owners_of(runtime, session, waiting) if waiting else []
        owner = next((o for o in owners if o.email), None)
        if waiting is None or owner is None or owner.email is None:
            raise NotFound(_("This try to sign in is over. Begin again"))
        until = throttle.take(session, {f"external:{owner.account_id}": registration.PER_MAILBOX})
        if until:
            raise signin.Delayed(until)
        token, lapses = flow.give_link(session, waiting.flow_id, owner.account_id)
        with i18n.use_locale(owner.locale):
            in_words = i18n.instant_in_words(lapses)
        notices.send(
            session,
            notices.CONFIRM,
            owner.email,
            subject=("core.saml_flow", waiting.flow_id, int(lapses.timestamp())),
            locale=owner.locale,
            path=f"{notices.CONFIRM_PATH}{token}",
            login=owner.login,
            until=in_words,
        )
        return recovery.masked(owner.email)


def asked_by_link(runtime: Runtime, session: Session, token: str) -> Owner | None:
    """Whose yes a link asks for; looking uses nothing up."""
    waiting = flow.pending_by_link(session, runtime.settings.encryption_keys, token)
    if waiting is None or waiting.account_id is None:
        return None
    row = session.execute(_OWNERS, {"ids": [waiting.account_id]}).first()
    return Owner._make(row) if row else None


def join_by_link(runtime: Runtime, token: str) -> None:
    """G: the owner's mailbox said yes; nobody is signed in. Raises `NotFound`, `Refused` with `linked`."""
    with runtime.database.unit_of_work() as session:
        waiting = flow.pending_by_link(session, runtime.settings.encryption_keys, token)
        if waiting is None or waiting.account_id is None or not flow.close(session, waiting.flow_id):
            raise NotFound(_("This link no longer works. Ask for a new one"))
        join(runtime, session, waiting.account_id, waiting.person, actor=waiting.account_id)


def ask_office(runtime: Runtime, browser_secret: str | None, contact: str) -> None:
    """F, E, H: a verified person asks the office for access. Raises `NotFound` where nobody waits."""
    with runtime.database.unit_of_work() as session:
        waiting = flow.pending_of(session, runtime.settings.encryption_keys, browser_secret)
        if waiting is None:
            raise NotFound(_("This try to sign in is over. Begin again"))
        person = waiting.person
        tasks.put_down(
            session,
            tasks.HELP,
            person.mark[1][:40],
            person=f"{person.given} {person.family}"[:300],
            contact=contact[:254],
            note=waiting.verdict.value,
        )
