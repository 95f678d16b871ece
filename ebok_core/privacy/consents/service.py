"""Consents: how they stand, giving and withdrawing, the history with the text as it was (identity.md §10.3)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import audit, clock, runtime_settings
from ebok_core.audit import current_request
from ebok_core.contracts.identity import Viewer
from ebok_core.db import uuid7
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _

from ..documents import service as documents
from ..models import ConsentEvent, LegalDocument
from ..settings import ConsentsConfigSchema
from . import rules

_E, _D = ConsentEvent.__table__, LegalDocument.__table__


class Event(NamedTuple):
    """One decision, with the text that stood there."""

    consent: str
    kind: str
    at: datetime
    version: int
    text: str


class Standing(NamedTuple):
    """A consent on the page: whether it stands, since when, and the text that is agreed to now."""

    type: rules.ConsentType
    is_given: bool
    since: datetime | None
    text: str
    version: int
    is_offered: bool


_EVENTS = (
    sa.select(_E.c.consent, _E.c.kind, _E.c.at, _D.c.version, _D.c.body.label("text"))
    .join_from(_E, _D, _D.c.id == _E.c.document_id)
    .where(_E.c.subject_id == sa.bindparam("subject_id"))
    .order_by(_E.c.id.desc())
)
_LAST = (
    sa.select(_E.c.kind)
    .where(_E.c.subject_id == sa.bindparam("subject_id"), _E.c.consent == sa.bindparam("consent"))
    .order_by(_E.c.id.desc())
    .limit(1)
)


def history(session: Session, account_id: str) -> list[Event]:
    """Every decision of a person, the latest first."""
    return [Event._make(row) for row in session.execute(_EVENTS, {"subject_id": account_id})]


def standings(session: Session, events: list[Event]) -> list[Standing]:
    """How each consent stands by a person's history; one that is not offered is shown while it is given."""
    offered = runtime_settings.get(session, ConsentsConfigSchema).offered
    texts, found = documents.every_current(session), []
    for kind in rules.TYPES.values():
        last = next((event for event in events if event.consent == kind.code), None)
        is_given = last is not None and last.kind == rules.GIVEN
        if not is_given and kind.code not in offered:
            continue
        shown = texts[kind.document]
        text, version = (last.text, last.version) if last and is_given else (shown.body, shown.version)
        since = last.at if last and is_given else None
        found.append(Standing(kind, is_given, since, text, version, kind.code in offered))
    return found


def stands(session: Session, account_id: str, code: str) -> bool:
    """Whether a consent stands now: asked by whoever wants to send something."""
    return session.scalar(_LAST, {"subject_id": account_id, "consent": code}) == rules.GIVEN


def give(session: Session, viewer: Viewer, code: str, seen_version: int) -> None:
    """Give a consent to the text that was seen. Giving what is given changes nothing.

    Raises `NotFound` for a consent that is not asked for, `Refused` with `meanwhile` when its text has changed since.
    """
    kind = rules.TYPES.get(code)
    if kind is None or code not in runtime_settings.get(session, ConsentsConfigSchema).offered:
        raise NotFound(_("There is no such consent."))
    document = documents.frozen(session, kind.document)
    if document.version != seen_version:
        raise Refused(_("The text of the consent has just changed. Read it and decide again."), code="meanwhile")
    if not stands(session, viewer.account_id, code):
        _write(session, viewer, code, rules.GIVEN, document.id or "", rules.WAY_PAGE)


def withdraw(session: Session, viewer: Viewer, code: str, *, way: str = rules.WAY_PAGE) -> None:
    """Withdraw a consent, offered any more or not. Withdrawing what does not stand changes nothing.

    Raises `NotFound` for a consent that there never was.
    """
    kind = rules.TYPES.get(code)
    if kind is None:
        raise NotFound(_("There is no such consent."))
    if stands(session, viewer.account_id, code):
        document = documents.frozen(session, kind.document)
        _write(session, viewer, code, rules.WITHDRAWN, document.id or "", way)


def withdraw_all(session: Session, account_id: str) -> int:
    """Withdraw what stands, because the account goes; returns how many. The deletion itself is what is audited."""
    given = [code for code in rules.TYPES if stands(session, account_id, code)]
    for code in given:
        document = documents.frozen(session, rules.TYPES[code].document)
        _insert(session, account_id, code, rules.WITHDRAWN, document.id or "", rules.WAY_DELETION)
    return len(given)


def _write(session: Session, viewer: Viewer, code: str, kind: str, document_id: str, way: str) -> None:
    _insert(session, viewer.account_id, code, kind, document_id, way)
    audit.record(
        session,
        f"core.consent.{kind}",
        actor=viewer,
        object_type="consent",
        object_id=code,
        after={"document": document_id},
    )


def _insert(session: Session, account_id: str, code: str, kind: str, document_id: str, way: str) -> None:
    session.execute(
        sa.insert(_E),
        {
            "id": uuid7(),
            "consent": code,
            "subject_id": account_id,
            "kind": kind,
            "document_id": document_id,
            "at": clock.now_utc(),
            "way": way,
            "ip": current_request().ip,
        },
    )
