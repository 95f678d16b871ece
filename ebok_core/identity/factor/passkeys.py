"""Passkeys: what the browser is asked, and the check of what it answers (WebAuthn, identity.md §6.6)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
import structlog
import webauthn
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from ebok_core import clock
from ebok_core.db import uuid7
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity.models import Account

from . import rules
from .models import Passkey
from .rules import Party

log = structlog.get_logger(__name__)

_P, _A = Passkey.__table__, Account.__table__
_OF_ACCOUNT = (
    sa.select(_P.c.id, _P.c.name, _P.c.created_at, _P.c.last_used_at, _P.c.credential_id)
    .where(_P.c.account_id == sa.bindparam("account_id"))
    .order_by(_P.c.created_at, _P.c.id)
)
_BY_CREDENTIAL = (
    sa.select(_P.c.id, _P.c.account_id, _P.c.public_key, _P.c.sign_count, _P.c.challenged_at, _A.c.kind, _A.c.login)
    .join_from(_P, _A, _A.c.id == _P.c.account_id)
    .where(_P.c.credential_id == sa.bindparam("credential_id"), _A.c.status != "blocked")
)


class Challenge(NamedTuple):
    """What the browser has to sign: `purpose` says for which act, of whom; it lives for five minutes and works once."""

    purpose: str
    value: str
    made_at: datetime

    @classmethod
    def new(cls, purpose: str) -> Challenge:
        """A fresh one: 32 random bytes, and the time as exactly as the database keeps it."""
        now = clock.now_utc()
        made_at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        return cls(purpose, secrets.token_urlsafe(32), made_at)

    def fits(self, purpose: str) -> bool:
        """Whether it was made for this act and is still young."""
        return self.purpose == purpose and clock.now_utc() - self.made_at < rules.CHALLENGE_LIVES

    @property
    def signed(self) -> bytes:
        """The bytes that the browser gets."""
        return base64url_to_bytes(self.value)


class Key(NamedTuple):
    """A passkey in its owner's list."""

    id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None
    credential_id: str


class Proof(NamedTuple):
    """An answer that was right: which key, whose, the counter it told, and whether that one went back."""

    key_id: str
    account_id: str
    kind: str
    login: str
    sign_count: int
    went_back: bool
    challenge: Challenge


def listed(session: Session, account_id: str) -> list[Key]:
    """The account's passkeys, the oldest first."""
    return [Key._make(row) for row in session.execute(_OF_ACCOUNT, {"account_id": account_id})]


# Adding


def creation_options(
    party: Party, challenge: Challenge, *, utility: str, account_id: str, login: str, keys: Iterable[Key]
) -> str:
    """What `navigator.credentials.create` is given, as JSON; keys that the account has are left out."""
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=utility,
        user_id=account_id.encode(),
        user_name=login,
        user_display_name=login,
        challenge=challenge.signed,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(keys),
    )
    return webauthn.options_to_json(options)


def add(session: Session, party: Party, challenge: Challenge, *, account_id: str, name: str, answer: str) -> str:
    """Keep the key that the browser made; returns its id. Raises `Refused` with `passkey`, `known`, `too_many`."""
    if len(listed(session, account_id)) >= rules.MOST_PASSKEYS:
        raise Refused(
            _("You have %(n)s passkeys, and that is the most. Remove one", n=rules.MOST_PASSKEYS), code="too_many"
        )
    try:
        made = webauthn.verify_registration_response(
            credential=_answer(answer),
            expected_challenge=challenge.signed,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        log.info("passkey.refused", why=str(error)[:200])
        raise refused() from error
    now = clock.now_utc()
    key = Passkey(
        id=uuid7(),
        account_id=account_id,
        name=name,
        credential_id=bytes_to_base64url(made.credential_id),
        public_key=bytes_to_base64url(made.credential_public_key),
        sign_count=made.sign_count,
        challenged_at=challenge.made_at,
        created_at=now,
        last_used_at=None,
    )
    try:
        with session.begin_nested():
            session.add(key)
    except IntegrityError as error:
        raise Refused(_("This passkey is known already. Use another one"), code="known") from error
    return key.id


def rename(session: Session, account_id: str, key_id: str, name: str) -> None:
    """Give one of the account's passkeys another name. Raises `NotFound`."""
    changed = session.execute(sa.update(_P).where(_P.c.id == key_id, _P.c.account_id == account_id).values(name=name))
    if not changed.rowcount:  # type: ignore[attr-defined]
        raise NotFound(_("There is no such passkey."))


# Using


def request_options(party: Party, challenge: Challenge, keys: Iterable[Key] = ()) -> str:
    """What `navigator.credentials.get` is given, as JSON; without keys the browser offers those it has for us."""
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge.signed,
        allow_credentials=_descriptors(keys) or None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def check(session: Session, party: Party, challenge: Challenge, answer: str) -> Proof:
    """Check an answer; nothing is used up yet, that does `use`. Raises `Refused` with `passkey`, and says no more.

    A counter that went back may mean a copied key; it is told in the proof, and is a warning, no refusal.
    """
    try:
        given = _answer(answer)
        row = session.execute(_BY_CREDENTIAL, {"credential_id": str(given["id"])}).first()
        if row is None or challenge.made_at <= row.challenged_at:
            raise ValueError("an unknown key, or a challenge from before the last one")
        handle = given["response"].get("userHandle")
        if handle and base64url_to_bytes(handle) != row.account_id.encode():
            raise ValueError("the key says that it is another account's")
        found = webauthn.verify_authentication_response(
            credential=given,
            expected_challenge=challenge.signed,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=base64url_to_bytes(row.public_key),
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError) as error:
        log.info("passkey.refused", why=str(error)[:200])
        raise refused() from error
    count = found.new_sign_count
    went_back = bool(count or row.sign_count) and count <= row.sign_count
    return Proof(row.id, row.account_id, row.kind, row.login, count, went_back, challenge)


def use(session: Session, proof: Proof) -> bool:
    """Note the use; False when this challenge, or a later one, was answered meanwhile, or the key is gone."""
    used = session.execute(
        sa.update(_P)
        .where(_P.c.id == proof.key_id, _P.c.challenged_at < proof.challenge.made_at)
        .values(
            challenged_at=proof.challenge.made_at,
            last_used_at=clock.now_utc(),
            sign_count=sa.case((_P.c.sign_count > proof.sign_count, _P.c.sign_count), else_=proof.sign_count),
        )
    )
    return bool(used.rowcount)  # type: ignore[attr-defined]


def _descriptors(keys: Iterable[Key]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(key.credential_id)) for key in keys]


def _answer(text: str) -> dict[str, Any]:
    """The browser's answer as an object. Raises `ValueError`."""
    if len(text) > rules.MOST_ANSWER:
        raise ValueError("too long an answer")
    found = json.loads(text)
    if not isinstance(found, dict) or not isinstance(found.get("response"), dict):
        raise ValueError("no answer of a passkey")
    return found


def refused() -> Refused:
    """One answer for everything that can be wrong with a passkey."""
    return Refused(_("The passkey was not accepted. Try once more, or choose another way"), code="passkey")
