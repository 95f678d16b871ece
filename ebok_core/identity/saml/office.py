"""Setting sign-in up: keys and certificates kept, tested, switched on; every step with its trace (L174)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from ebok_core import audit, clock, runtime_settings
from ebok_core.contracts.identity import Viewer
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.runtime_settings import ConfigSchema

from . import checks, extra, keys, settings
from .keys import Pair
from .settings import (
    EpuapConfig,
    EpuapConfigSchema,
    EpuapKeysSchema,
    EpuapState,
    EpuapStateSchema,
)

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime


def save_config(
    session: Session, runtime: Runtime, viewer: Viewer, config: EpuapConfig, seen_version: int
) -> tuple[bool, bool]:
    """Store the form; returns whether anything changed, and whether sign-in went off until the next test."""
    changes = _save(session, runtime, viewer, EpuapConfigSchema, config, seen_version)
    if changes:
        audit.record(
            session,
            "core.settings.changed",
            actor=viewer,
            object_type="core.settings",
            object_id=EpuapConfigSchema.key,
            before={name: before for name, (before, _after) in changes.items()},
            after={name: after for name, (_before, after) in changes.items()},
        )
    return bool(changes), _off_until_tested(session, runtime, viewer)


def keep_pair(session: Session, runtime: Runtime, viewer: Viewer, use: str, pair: Pair) -> bool:
    """Keep one of our two keys; returns whether sign-in went off until the next test."""
    stored = checks.stored_keys(session)
    changed = dataclasses.replace(stored, **{f"{use}_key": pair.key, f"{use}_cert": pair.certificate})
    _save(session, runtime, viewer, EpuapKeysSchema, changed)
    (certificate,) = keys.stored(pair.certificate)
    _keys_changed(session, viewer, {use: keys.described(certificate, clock.now_utc()).fingerprint})
    return _off_until_tested(session, runtime, viewer)


def trust(session: Session, runtime: Runtime, viewer: Viewer, content: bytes) -> int:
    """Add the certificates of a file to those of the hub; returns how many are new. Raises `Refused`."""
    now = clock.now_utc()
    stored = checks.stored_keys(session)
    known = keys.stored(stored.idp_certs)
    new = [c for c in keys.certificates(content) if c not in known]
    if len(known) + len(new) > keys.MOST_CERTIFICATES:
        raise Refused(_("There are too many certificates. Remove the old ones first"), code="certificate")
    if new:
        changed = dataclasses.replace(stored, idp_certs=keys.pem_of([*known, *new]))
        _save(session, runtime, viewer, EpuapKeysSchema, changed)
        _keys_changed(session, viewer, {"idp": [keys.described(c, now).fingerprint for c in new]})
    return len(new)


def distrust(session: Session, runtime: Runtime, viewer: Viewer, fingerprint: str) -> None:
    """Take a certificate off the hub's list. Raises `NotFound`."""
    now = clock.now_utc()
    stored = checks.stored_keys(session)
    known = keys.stored(stored.idp_certs)
    left = [c for c in known if keys.described(c, now).fingerprint != fingerprint]
    if len(left) == len(known):
        raise NotFound(_("There is no such certificate."))
    changed = dataclasses.replace(stored, idp_certs=keys.pem_of(left))
    _save(session, runtime, viewer, EpuapKeysSchema, changed)
    _keys_changed(session, viewer, {"idp_removed": fingerprint})


def note_test(session: Session, runtime: Runtime, viewer: Viewer) -> None:
    """A test of the exchange as it stands went well."""
    setup = settings.setup(session, runtime.settings)
    state = dataclasses.replace(
        setup.state, tested=setup.fingerprint, tested_at=clock.now_utc().isoformat(timespec="seconds")
    )
    _save(session, runtime, viewer, EpuapStateSchema, state)
    audit.record(
        session, "core.epuap.tested", actor=viewer, object_type="core.settings", object_id=EpuapConfigSchema.key
    )


def switch(session: Session, runtime: Runtime, viewer: Viewer, *, on: bool) -> None:
    """Switch sign-in on, which takes a successful test of the exchange as it stands, or off.

    Raises `Refused` with `package`, `check` or `test`.
    """
    setup = checks.opened(session, runtime.settings)
    if on:
        found = checks.complaints(setup, clock.now_utc())
        if found:
            raise Refused(found[0], code="package" if extra.missing() else "check")
        if not setup.is_tested:
            raise Refused(_("Run the test of sign-in first. It must succeed with these settings"), code="test")
    _switch(session, runtime, viewer, setup.state, on)


def _switch(session: Session, runtime: Runtime, viewer: Viewer, state: EpuapState, on: bool) -> None:
    if state.is_on == on:
        return
    _save(session, runtime, viewer, EpuapStateSchema, dataclasses.replace(state, is_on=on))
    audit.record(
        session,
        "core.epuap.switched",
        actor=viewer,
        object_type="core.settings",
        object_id=EpuapConfigSchema.key,
        before={"is_on": state.is_on},
        after={"is_on": on},
    )


def _off_until_tested(session: Session, runtime: Runtime, viewer: Viewer) -> bool:
    """What was tested is not what is there now: nobody signs in by an exchange that nobody tried."""
    setup = settings.setup(session, runtime.settings)
    if not setup.state.is_on or setup.is_tested:
        return False
    _switch(session, runtime, viewer, setup.state, False)
    return True


def _keys_changed(session: Session, viewer: Viewer, after: dict[str, Any]) -> None:
    audit.record(
        session,
        "core.epuap.keys_changed",
        actor=viewer,
        object_type="core.settings",
        object_id=EpuapKeysSchema.key,
        after=after,
    )


def _save(
    session: Session,
    runtime: Runtime,
    viewer: Viewer,
    schema: type[ConfigSchema],
    values: Any,
    seen_version: int | None = None,
) -> dict[str, tuple[Any, Any]]:
    return runtime_settings.save(
        session,
        schema,
        values,
        keys=runtime.settings.encryption_keys,
        actor=viewer.account_id,
        seen_version=seen_version,
    )
