"""The exchange itself over the stored settings: a request, a person behind an artifact, a logout. Needs the extra."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from ebok_core import clock

from . import client, keys, messages, rules, validate
from .errors import Rejected
from .settings import Setup
from .validate import Person


def request(setup: Setup, request_id: str) -> str:
    """The signed AuthnRequest for the form field `SAMLRequest`."""
    return messages.authn_request(
        setup.profile,
        _signing(setup),
        request_id=request_id,
        now=clock.now_utc(),
        destination=setup.endpoints.destination,
        acs=setup.acs,
        issuer=setup.config.entity_id,
        provider_name=setup.config.provider_name,
        sp_type=setup.sp_type,
        level=setup.config.level,
    )


def person(setup: Setup, artifact: str, request_id: str) -> Person:
    """Who stands behind an artifact. Raises the errors of `validate.read` and of the back channel."""
    named = setup.endpoints.issuer if setup.profile.artifact_names_issuer else ""
    if not rules.is_artifact(artifact, named):
        raise Rejected("artifact", "not an artifact of type 4 of this provider")
    resolve_id = messages.new_id()
    envelope = messages.artifact_resolve(
        _signing(setup),
        resolve_id=resolve_id,
        now=clock.now_utc(),
        issuer=setup.config.entity_id,
        artifact=artifact,
    )
    body = client.post(setup.endpoints.artifact, envelope, old_tls=_old_tls(setup))
    return validate.read(
        body,
        validate.Expected(
            profile=setup.profile,
            now=clock.now_utc(),
            request_id=request_id,
            resolve_id=resolve_id,
            acs=setup.acs,
            entity_id=setup.config.entity_id,
            issuer=setup.endpoints.issuer,
            level=setup.config.level,
            pinned=tuple(keys.stored(setup.keys.idp_certs)),
            key=_private(setup.keys.enc_key),
            skew=setup.skew,
            check_parties=setup.config.check_parties,
        ),
    )


def logout(setup: Setup, name_id: str, session_index: str) -> str:
    """End the person's session at the hub; its status. Raises `Unreachable`."""
    envelope = messages.logout_request(
        _signing(setup),
        now=clock.now_utc(),
        destination=setup.endpoints.logout,
        issuer=setup.config.entity_id,
        name_id=name_id,
        session_index=session_index,
    )
    return validate.logout_status(client.post(setup.endpoints.logout, envelope, old_tls=_old_tls(setup)))


def metadata(setup: Setup) -> bytes:
    """Our own metadata."""
    (signing,), (encryption,) = keys.stored(setup.keys.sig_cert), keys.stored(setup.keys.enc_cert)
    return messages.metadata(issuer=setup.config.entity_id, acs=setup.acs, signing=signing, encryption=encryption)


def _signing(setup: Setup) -> messages.Signing:
    (certificate,) = keys.stored(setup.keys.sig_cert)
    return messages.Signing(key=_private(setup.keys.sig_key), certificate=certificate, method=setup.config.signature)


def _private(pem: str) -> PrivateKeyTypes:
    return keys.private(pem)


def _old_tls(setup: Setup) -> bool:
    return setup.config.old_tls and setup.config.environment in ("int", "int-private", "symulator")
