"""The second factor: what an account has, adding and removing, the second step of a sign-in, proving oneself again.

Hashing and the check of a code run between two units of work, never inside one (G4).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.contracts.identity import Viewer
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext
from ebok_core.identity import history, signin, throttle
from ebok_core.identity import rules as identity_rules
from ebok_core.identity.models import Account
from ebok_core.identity.signin import SignedIn

from . import notices, passkeys, recovery_codes, rules, steps, totp
from .models import Passkey, RecoveryCode, Totp
from .passkeys import Challenge, Key
from .rules import Party

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

_T, _P, _C, _A = Totp.__table__, Passkey.__table__, RecoveryCode.__table__, Account.__table__
APP = "app"
"""What the app is called where a passkey has its id."""
THE_APP = lazy_gettext("the app with codes")
_LOCK = sa.select(_A.c.id).where(_A.c.id == sa.bindparam("account_id")).with_for_update()
_TOTP_SINCE = sa.select(_T.c.created_at).where(_T.c.account_id == sa.bindparam("account_id"))


class Factors(NamedTuple):
    """What an account has: since when the app, its passkeys, how many recovery codes are left."""

    app_since: Any
    passkeys: list[Key]
    codes_left: int

    @property
    def are_there(self) -> bool:
        """Whether a sign-in has a second step."""
        return self.app_since is not None or bool(self.passkeys)


def factors_of(session: Session, account_id: str) -> Factors:
    """The account's second factors, in three queries."""
    since = session.execute(_TOTP_SINCE, {"account_id": account_id}).scalar()
    return Factors(since, passkeys.listed(session, account_id), recovery_codes.left(session, account_id))


# Adding and removing: the page asks for the proof of identity.md §6.6 first


def add_app(runtime: Runtime, viewer: Viewer, secret: str, typed: str) -> list[str]:
    """Keep the app's secret once its first code is right; returns recovery codes, if these are the account's first.

    Raises `Refused` with `wrong` or `there`.
    """
    code = rules.code_of(typed)
    step = totp.step_of(secret, code, earlier=1) if code and not rules.is_recovery(code) else None
    if step is None:
        raise Refused(_("This code does not fit. Wait for the next one in the app and type it"), code="wrong")
    row = {
        "account_id": viewer.account_id,
        "secret": totp.seal(runtime.settings.encryption_keys, secret),
        "last_step": step,
        "created_at": clock.now_utc(),
    }
    codes, hashes = _first_codes(runtime, viewer.account_id)
    with runtime.database.unit_of_work() as session:
        session.execute(_LOCK, {"account_id": viewer.account_id})
        if session.execute(_TOTP_SINCE, {"account_id": viewer.account_id}).scalar() is not None:
            raise Refused(_("Your account has an app already. Remove it first"), code="there")
        session.execute(sa.insert(_T), row)
        _added(session, viewer, "app", THE_APP, hashes)
    return codes


def add_passkey(
    runtime: Runtime, viewer: Viewer, party: Party, challenge: Challenge, *, name: str, answer: str
) -> list[str]:
    """Keep a passkey; returns recovery codes, if these are the account's first. Raises `Refused`."""
    codes, hashes = _first_codes(runtime, viewer.account_id)
    with runtime.database.unit_of_work() as session:
        session.execute(_LOCK, {"account_id": viewer.account_id})
        passkeys.add(session, party, challenge, account_id=viewer.account_id, name=name, answer=answer)
        _added(session, viewer, "passkey", name, hashes)
    return codes


def rename_passkey(session: Session, viewer: Viewer, key_id: str, name: str) -> None:
    """Give a passkey another name. Raises `NotFound`."""
    passkeys.rename(session, viewer.account_id, key_id, name)
    _record(session, "renamed", viewer, viewer.account_id, after={"key": key_id})


def remove(session: Session, viewer: Viewer, which: str, *, may_be_last: bool) -> None:
    """Take the app (`APP`) or a passkey (its id) off the account; with the last one the recovery codes go too.

    Raises `NotFound`, `Refused` with `last` where one must stay.
    """
    session.execute(_LOCK, {"account_id": viewer.account_id})
    name = _name_of(session, viewer.account_id, which)
    table, own = (_T, _T.c.account_id == viewer.account_id) if which == APP else (_P, _P.c.id == which)
    session.execute(sa.delete(table).where(own))
    if not steps.has_factor(session, viewer.account_id):
        if not may_be_last:
            raise Refused(_("You must have a second factor. Add another one first, then remove this one"), code="last")
        session.execute(sa.delete(_C).where(_C.c.account_id == viewer.account_id))
    steps.void(session, viewer.account_id)
    kind = APP if which == APP else "passkey"
    _record(session, "removed", viewer, viewer.account_id, before={"kind": kind, "id": which})
    notices.tell_owner(session, notices.REMOVED, viewer.account_id, name)


def remove_all(session: Session, account_id: str, *, actor: Viewer | str, reason: str) -> None:
    """Take every factor off an account and end what is half way: the factor is lost and the person was recognised."""
    session.execute(_LOCK, {"account_id": account_id})
    for table in (_T, _P, _C):
        session.execute(sa.delete(table).where(table.c.account_id == account_id))
    steps.void(session, account_id)
    _record(session, "reset", actor, account_id, reason=reason)
    notices.tell_owner(session, notices.RESET, account_id)


def new_codes(runtime: Runtime, viewer: Viewer) -> list[str]:
    """A new set of recovery codes; the old one is worthless. Raises `Refused` with `none` without a second factor."""
    codes = recovery_codes.make()
    hashes = recovery_codes.hashed(runtime, codes)
    with runtime.database.unit_of_work() as session:
        session.execute(_LOCK, {"account_id": viewer.account_id})
        if not steps.has_factor(session, viewer.account_id):
            raise Refused(_("Add an app or a passkey first"), code="none")
        recovery_codes.store(session, viewer.account_id, hashes)
        _record(session, "codes_made", viewer, viewer.account_id)
        notices.tell_owner(session, notices.CODES_MADE, viewer.account_id)
    return codes


# The second step of a sign-in


def finish_by_code(runtime: Runtime, token: str, typed: str, *, device: str | None = None) -> SignedIn:
    """Open the session of a half-way sign-in by a code. Never call it inside a unit of work.

    Raises `NotFound` when the step is over, `Refused` with `shape` or `wrong`, `Delayed` after too many wrong codes.
    """
    step = _step(runtime, token)
    way = check_code(runtime, step.account_id, typed, device=device, login_digest=step.login_digest)
    with runtime.database.unit_of_work() as session:
        return _finish(session, step, way, device)


def finish_by_passkey(
    runtime: Runtime, token: str, party: Party, challenge: Challenge, answer: str, *, device: str | None = None
) -> SignedIn:
    """The same by a passkey. Raises `NotFound`, `Refused` with `passkey`."""
    step = _step(runtime, token)
    with runtime.database.unit_of_work() as session:
        _use_passkey(session, party, challenge, answer, of=step.account_id)
        return _finish(session, step, rules.PASSWORD_PASSKEY, device)


def sign_in_by_passkey(
    runtime: Runtime, party: Party, challenge: Challenge, answer: str, *, kind: str, device_of: Any
) -> tuple[SignedIn, str]:
    """Sign in by a passkey alone, which is two factors in one; returns the session and the digest of the login.

    `kind` is the entry; `device_of(digest)` tells whether the browser is known. Raises `Refused`, `Delayed`.
    """
    counters = throttle.keys_of_place(audit.current_request().ip)
    _take(runtime, counters)
    with runtime.database.unit_of_work() as session:
        proof = _use_passkey(session, party, challenge, answer, kind=kind)
        throttle.settle(session, counters)
        digest = signin.login_digest(runtime, proof.login)
        signed = signin.enter(
            session,
            proof.account_id,
            way=rules.PASSKEY,
            login_digest=digest,
            is_known_device=device_of(digest) is not None,
        )
    return signed, digest


def check_code(
    runtime: Runtime, account_id: str, typed: str, *, device: str | None = None, login_digest: str | None = None
) -> str:
    """Use a code up and say which way it was, `code` or `recovery`. Never call it inside a unit of work.

    `login_digest` is given at sign-in: failures then stand in the history. Raises `Refused` with `shape`, `wrong` or
    `used`, `Delayed`.
    """
    code = rules.code_of(typed)
    if code is None:
        raise Refused(_("A code from the app has 6 digits, a recovery code has 16 characters"), code="shape")
    own = {f"factor:{device or ''}:{account_id}"[:80]: identity_rules.PER_LOGIN}
    counters = {**own, **throttle.keys_of_place(audit.current_request().ip)}
    _take(runtime, counters)
    use = _use_recovery if rules.is_recovery(code) else _use_app
    way, used = use(runtime, account_id, code)
    if used:
        with runtime.database.unit_of_work() as session:
            throttle.settle(session, counters)
        return way
    if login_digest is not None:
        _note_failure(runtime, account_id, login_digest)
    raise Refused(_("This code does not fit, or it was used already. Wait for the next one and type it"), code="wrong")


def prove_by_passkey(session: Session, viewer: Viewer, party: Party, challenge: Challenge, answer: str) -> None:
    """Check that the viewer holds one of its passkeys now. Raises `Refused` with `passkey`."""
    _use_passkey(session, party, challenge, answer, of=viewer.account_id)


def _use_app(runtime: Runtime, account_id: str, code: str) -> tuple[str, bool]:
    with runtime.database.snapshot() as session:
        sealed, earlier = totp.sealed_secret(session, account_id), totp.earlier_steps(session)
    secret = totp.unseal(runtime.settings.encryption_keys, sealed) if sealed else None
    step = totp.step_of(secret, code, earlier=earlier) if secret else None
    if step is None:
        return rules.CODE, False
    with runtime.database.unit_of_work() as session:
        return rules.CODE, totp.use_step(session, account_id, step)


def _use_recovery(runtime: Runtime, account_id: str, code: str) -> tuple[str, bool]:
    code_id = recovery_codes.matching(runtime, account_id, code)
    if code_id is None:
        return rules.RECOVERY, False
    with runtime.database.unit_of_work() as session:
        used = recovery_codes.use(session, code_id)
        if used:
            _record(session, "code_used", account_id, account_id)
            left = recovery_codes.left(session, account_id)
            notices.tell_owner(session, notices.CODE_USED, account_id, str(left))
        return rules.RECOVERY, used


def _use_passkey(
    session: Session, party: Party, challenge: Challenge, answer: str, *, of: str = "", kind: str = ""
) -> passkeys.Proof:
    """Check and use an answer of a key of this account, or of this kind of account."""
    proof = passkeys.check(session, party, challenge, answer)
    if (of and proof.account_id != of) or (kind and proof.kind != kind) or not passkeys.use(session, proof):
        raise passkeys.refused()
    if proof.went_back:
        _record(session, "passkey_went_back", proof.account_id, proof.account_id, after={"key": proof.key_id})
        name = next(k.name for k in passkeys.listed(session, proof.account_id) if k.id == proof.key_id)
        notices.tell_owner(session, notices.KEY_WENT_BACK, proof.account_id, name)
    return proof


def _step(runtime: Runtime, token: str) -> steps.Step:
    with runtime.database.snapshot() as session:
        step = steps.open_step(session, token)
    if step is None:
        raise NotFound(_("That took too long. Type the password once more"))
    return step


def _finish(session: Session, step: steps.Step, way: str, device: str | None) -> SignedIn:
    if not steps.use(session, step):
        raise NotFound(_("That took too long. Type the password once more"))
    return signin.enter(
        session,
        step.account_id,
        way=way,
        login_digest=step.login_digest,
        duty=step.duty,
        is_known_device=device is not None,
    )


def _take(runtime: Runtime, counters: Mapping[str, identity_rules.DelayPolicy]) -> None:
    with runtime.database.unit_of_work() as session:
        until = throttle.take(session, counters)
    if until:
        raise signin.Delayed(until)


def _note_failure(runtime: Runtime, account_id: str, login_digest: str) -> None:
    """The owner reads of it, and gets a mail at the fifth within a day: somebody knows the password."""
    with runtime.database.unit_of_work() as session:
        history.write(session, "failed", account_id=account_id, way=rules.CODE, login_digest=login_digest)
        if history.failures_of(session, login_digest, way=rules.CODE) == rules.WARN_AFTER:
            notices.tell_owner(session, notices.WRONG_CODES, account_id)


def _first_codes(runtime: Runtime, account_id: str) -> tuple[list[str], list[str]]:
    """Recovery codes and their hashes for an account that has none left."""
    with runtime.database.snapshot() as session:
        if recovery_codes.left(session, account_id):
            return [], []
    codes = recovery_codes.make()
    return codes, recovery_codes.hashed(runtime, codes)


def _added(session: Session, viewer: Viewer, kind: str, name: Any, hashes: list[str]) -> None:
    if hashes:
        recovery_codes.store(session, viewer.account_id, hashes)
    _record(session, "added", viewer, viewer.account_id, after={"kind": kind})
    notices.tell_owner(session, notices.ADDED, viewer.account_id, name)


def _name_of(session: Session, account_id: str, which: str) -> Any:
    if which == APP and session.execute(_TOTP_SINCE, {"account_id": account_id}).scalar() is not None:
        return THE_APP
    found = [key.name for key in passkeys.listed(session, account_id) if key.id == which]
    if not found:
        raise NotFound(_("There is no such second factor."))
    return found[0]


def _record(session: Session, verb: str, actor: Viewer | str, account_id: str, **details: Any) -> None:
    audit.record(session, f"core.factor.{verb}", actor=actor, object_type="account", object_id=account_id, **details)
