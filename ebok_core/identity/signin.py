"""Sign-in, sign-out, a new password. Hashing runs between two units of work, never inside one (G4)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from ebok_core import audit, clock, runtime_settings
from ebok_core.contracts.identity import Viewer
from ebok_core.errors import NotAllowed, NotFound, Refused
from ebok_core.i18n import gettext as _

from . import accounts, history, notices, passwords, rules, sessions, throttle
from .factor import steps
from .models import Account
from .schemas import PasswordPolicy, PasswordPolicySchema

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

CORE = "ebok_core"
DUTY_PASSWORD = "password"  # noqa: S105 - the name of a duty
CONTACT_PAGE = "core.contact"

_A = Account.__table__
_SECRETS = sa.select(_A.c.status, _A.c.password_hash).where(_A.c.id == sa.bindparam("account_id")).with_for_update()
_OWN_WORDS = sa.select(_A.c.login, _A.c.email, _A.c.display_name).where(_A.c.id == sa.bindparam("account_id"))
_HASH = sa.select(_A.c.password_hash).where(_A.c.id == sa.bindparam("account_id"))


class SignedIn(NamedTuple):
    """A sign-in that succeeded: the token for the cookie, and whose it is."""

    token: str
    session_id: str
    account_id: str
    duty: str | None


class Delayed(Refused):
    """Too many failures: until `until` no try is looked at, right or wrong, for known and unknown logins alike."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(_("Too many tries. Try again at %(time)s", time=_minute_after(until)), code="delayed")


def sign_in(
    runtime: Runtime, login: str, password: str, *, kind: str, device: str | None = None
) -> SignedIn | steps.HalfWay:
    """Open a session for who knows the password (identity.md §6.2); never call it inside a unit of work.

    An account with a second factor gets no session yet, but a step that `factor.service` ends.

    `kind` is the entry, `customer` or `staff`; `device` names a browser that this very login was used from before.
    Raises `Refused` with the code `wrong` for every failure alike, `Delayed` while the login, the address or its
    network must wait.
    """
    meta = audit.current_request()
    digest = login_digest(runtime, login)
    counters = throttle.keys_for(digest, meta.ip, device)
    with runtime.database.unit_of_work() as session:
        until = throttle.take(session, counters)
    if until:
        raise Delayed(until)
    hasher = passwords.hasher_in(runtime.database.info)
    with runtime.database.snapshot() as session:
        typed = accounts.find(session, login, kind)
        found = _recognised(runtime, session, typed, login, password, kind)
        policy = runtime_settings.get(session, PasswordPolicySchema)
    if found is None or found.status == "blocked":
        _note_failure(runtime, digest, typed, kind)
        raise _wrong()
    outdated = found.password_hash and hasher.is_outdated(found.password_hash)
    better = hasher.hash(password) if outdated and hasher.verify(found.password_hash, password) else None
    with runtime.database.unit_of_work() as session:
        throttle.settle(session, counters)
        now = session.execute(_SECRETS, {"account_id": found.id}).one()
        if now.status == "blocked" or now.password_hash != found.password_hash:
            raise _wrong()  # changed while we were hashing
        if better:
            session.execute(sa.update(_A).where(_A.c.id == found.id).values(password_hash=better))
        duty = DUTY_PASSWORD if _has_lapsed(found, policy) else None
        if steps.has_factor(session, found.id):
            return steps.start(session, found.id, login_digest=digest, duty=duty)
        return enter(session, found.id, login_digest=digest, duty=duty, is_known_device=device is not None)


def enter(
    session: Session,
    account_id: str,
    *,
    way: str = "password",
    login_digest: str,
    duty: str | None = None,
    is_known_device: bool,
) -> SignedIn:
    """Open the session of a sign-in that is complete, whatever way it went; the history and the trail say so.

    Raises `Refused` with `wrong` for an account that is blocked or gone by now.
    """
    now = session.execute(_SECRETS, {"account_id": account_id}).first()
    if now is None or now.status == "blocked":
        raise _wrong()
    token, session_id = sessions.open_session(session, account_id, level=way, duty=duty, by_factor=way != "password")
    is_new = not is_known_device and history.has_signed_in(session, account_id)
    history.write(session, "ok", account_id=account_id, way=way, login_digest=login_digest, session_id=session_id)
    if is_new:
        notices.tell_owner(session, notices.NEW_DEVICE, account_id)
    audit.record(session, "core.session.started", actor=account_id, object_type="session", object_id=session_id)
    return SignedIn(token, session_id, account_id, duty)


def recognise(session: Session, identifier: str, secret: str, kind: str) -> str | None:
    """The core's answer to `ebok_authenticate`: the account whose password this is."""
    found = accounts.find(session, identifier, kind)
    return found.id if _fits(session, found, secret) and found else None


def login_digest(runtime: Runtime, login: str) -> str:
    """What counters, history and the device cookie keep of a typed login."""
    return throttle.digest(runtime.settings.secret_key, "login", rules.login_key(login[:1000]))


def sign_out(session: Session, viewer: Viewer) -> None:
    """End the viewer's session; its token is dead at once."""
    if viewer.session_id and sessions.end_one(session, viewer.account_id, viewer.session_id, "signed_out"):
        audit.record(session, "core.session.ended", actor=viewer, object_type="session", object_id=viewer.session_id)


# A new password


def change_password(runtime: Runtime, viewer: Viewer, current: str, new: str) -> str:
    """Change the viewer's own password and return the session's new token; every other session ends (L24, L159).

    Raises `Refused` with `wrong` (the current one), `weak` with the reason in words, `same`, `meanwhile`; `Delayed`.
    Never call it inside a unit of work.
    """
    known = check_own_password(runtime, viewer, current)
    with runtime.database.snapshot() as session:
        policy, context = _policy_and_words(runtime, session, viewer.account_id, viewer.customer_codes)
    if new == current:
        raise Refused(_("This is your password now. Think of another one"), code="same")
    _refuse_weak(new, policy, context)
    hashed = passwords.hasher_in(runtime.database.info).hash(new)
    with runtime.database.unit_of_work() as session:
        _store_password(session, viewer.account_id, hashed, instead_of=known)
        sessions.end_other_sessions(session, viewer, "password_changed")
        token = sessions.renew_token(session, viewer.session_id or "")
        _tell_of_password(session, "core.password.changed", viewer, viewer.account_id)
    return token


def check_own_password(runtime: Runtime, viewer: Viewer, password: str) -> str:
    """Check the viewer's own password and return its hash. Never call it inside a unit of work.

    Raises `Refused` with `wrong`, `Delayed` after too many failures, whatever it was asked for.
    """
    counters = {f"password:{viewer.account_id}": rules.PER_LOGIN}
    with runtime.database.unit_of_work() as session:
        until = throttle.take(session, counters)
    if until:
        raise Delayed(until)
    with runtime.database.snapshot() as session:
        known: str | None = session.execute(_HASH, {"account_id": viewer.account_id}).scalar_one_or_none()
    if not passwords.hasher_in(runtime.database.info).verify(known, password) or known is None:
        raise Refused(_("This is not your current password. Type it once more"), code="wrong")
    with runtime.database.unit_of_work() as session:
        throttle.settle(session, counters)
    return known


def least_length(session: Session) -> int:
    """How long a password must be at the least, by the utility's policy."""
    policy: PasswordPolicy = runtime_settings.get(session, PasswordPolicySchema)
    return policy.least_length


def set_password_by_link(runtime: Runtime, token: str, new: str) -> accounts.LinkOwner:
    """Set a password by a one-time link; all sessions end, nobody is signed in. Never call it in a unit of work.

    Raises `NotFound` for a link that is used, lapsed or void, `Refused` with `weak`.
    """
    hasher = passwords.hasher_in(runtime.database.info)
    with runtime.database.snapshot() as session:
        owner = accounts.owner_of_link(session, token)
        if owner is None:
            raise NotFound(_dead_link())
        policy, context = _policy_and_words(runtime, session, owner.id, ())
    _refuse_weak(new, policy, context)
    hashed = hasher.hash(new)
    with runtime.database.unit_of_work() as session:
        if not accounts.use_link(session, token):
            raise NotFound(_dead_link())
        _store_password(session, owner.id, hashed)
        sessions.end_all(session, owner.id, "password_changed")
        _tell_of_password(session, "core.password.set_by_link", owner.id, owner.id)
    return owner


def _store_password(session: Session, account_id: str, hashed: str, instead_of: str | None = None) -> None:
    statement = sa.update(_A).where(_A.c.id == account_id)
    if instead_of is not None:
        statement = statement.where(_A.c.password_hash == instead_of)
    new = {"password_hash": hashed, "password_changed_at": clock.now_utc(), "password_spoiled_at": None}
    stored = session.execute(statement.values(new))
    if not stored.rowcount:
        raise Refused(_("The password was changed a moment ago in another window"), code="meanwhile")
    accounts.void_links(session, account_id)
    steps.void(session, account_id)
    accounts.use_letters(session, account_id)


def _tell_of_password(session: Session, action: str, actor: Viewer | str, account_id: str) -> None:
    notices.tell_owner(session, notices.PASSWORD_CHANGED, account_id)
    audit.record(session, action, actor=actor, object_type="account", object_id=account_id)


def complaint_of(runtime: Runtime, session: Session, new: str, words: Iterable[str]) -> str | None:
    """What is wrong with the first password of an account that is not there yet; `words` are the person's own."""
    policy: PasswordPolicy = runtime_settings.get(session, PasswordPolicySchema)
    context = [*_utility_words(runtime, session, policy), *words]
    return passwords.complaint(new, least=policy.least_length, context=context)


def _refuse_weak(new: str, policy: PasswordPolicy, context: Iterable[str]) -> None:
    complaint = passwords.complaint(new, least=policy.least_length, context=context)
    if complaint:
        raise Refused(complaint, code="weak")


def _policy_and_words(
    runtime: Runtime, session: Session, account_id: str, customer_codes: Iterable[str]
) -> tuple[PasswordPolicy, list[str]]:
    """The utility's policy, and the words that a stranger would try first with this account."""
    policy: PasswordPolicy = runtime_settings.get(session, PasswordPolicySchema)
    own = session.execute(_OWN_WORDS, {"account_id": account_id}).one()
    words = [*_utility_words(runtime, session, policy), *customer_codes]
    words += [own.login.partition("@")[0], (own.email or "").partition("@")[0], own.display_name]
    return policy, [word for word in words if word]


def _utility_words(runtime: Runtime, session: Session, policy: PasswordPolicy) -> list[str]:
    """What a stranger would try first in any account of this portal."""
    words = ["ebok", "e-bok", "wodociagi", "woda", "kanalizacja", *policy.refused_words.splitlines()]
    page = next((p for p in runtime.portal.of("ebok_config_pages") if p.key == CONTACT_PAGE), None)
    if page is not None:
        words += [
            v for v in dataclasses.asdict(runtime_settings.get(session, page.schema)).values() if isinstance(v, str)
        ]
    return [word for word in words if word]


def _recognised(
    runtime: Runtime, session: Session, typed: accounts.Found | None, login: str, password: str, kind: str
) -> accounts.Found | None:
    """Ask the modules, the core last (`ebok_authenticate`); a module that fails is left out, `NotAllowed` ends it."""
    for module in (d.name for d in runtime.portal.declarations if d.name != CORE):
        with Session(
            bind=session.connection(), join_transaction_mode="create_savepoint", info=session.info
        ) as own_session:
            asked = {"identifier": login, "secret": password, "session": own_session, "kind": kind}
            for _owner, call in (c for c in runtime.portal.live("ebok_authenticate", **asked) if c[0] == module):
                try:
                    account_id = call()
                except NotAllowed:
                    return None
                except Exception:
                    log.exception("module.failed", module=module, what="ebok_authenticate")
                    continue
                if account_id is not None:
                    return _by_id(session, str(account_id), kind)
    return typed if _fits(session, typed, password) else None


def _fits(session: Session, found: accounts.Found | None, secret: str) -> bool:
    """Whether this is the account's password; the same work for nobody (S11)."""
    return passwords.hasher_in(session.info).verify(found.password_hash if found else None, secret)


def _by_id(session: Session, account_id: str, kind: str) -> accounts.Found | None:
    """The account that a module named, if it belongs to this entry."""
    account = session.get(Account, account_id)
    if account is None or account.kind != kind:
        return None
    return accounts.Found._make(getattr(account, name) for name in accounts.Found._fields)


def _note_failure(runtime: Runtime, digest: str, typed: accounts.Found | None, kind: str) -> None:
    """Write the failure down, for a login of nobody too; at the tenth within a day the owner gets a mail."""
    with runtime.database.unit_of_work() as session:
        history.write(session, "failed", account_id=typed.id if typed else None, login_digest=digest, entry=kind)
        failures = history.failures_of(session, digest)
        if typed and failures == rules.WARN_OWNER_AFTER:
            notices.tell_owner(session, notices.MANY_FAILURES, typed.id)


def _has_lapsed(found: accounts.Found, policy: PasswordPolicy) -> bool:
    if found.password_spoiled_at is not None:
        return True
    if not policy.expires_after_days or found.password_hash is None or found.password_changed_at is None:
        return False
    return clock.now_utc() - found.password_changed_at >= timedelta(days=policy.expires_after_days)


def _wrong() -> Refused:
    return Refused(_("The login or the password does not match. Check whether Caps Lock is on"), code="wrong")


def _dead_link() -> str:
    return _("This link no longer works. Ask for a new one")


def _minute_after(instant: datetime) -> str:
    """The first full minute that is not before the instant, on a Warsaw clock."""
    moment = clock.local(instant)
    if moment.second or moment.microsecond:
        moment = clock.local(instant + timedelta(minutes=1))
    return f"{moment.hour}:{moment.minute:02d}"
