"""Documents in versions: the current one, the history, publishing, and who agreed to what (identity.md §10.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.audit import current_request
from ebok_core.contracts.identity import Viewer
from ebok_core.db import uuid7
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.notifications import posts

from ..models import DocumentAcceptance, LegalDocument
from . import rules

TEXTS = Path(__file__).parent / "texts"


class Document(NamedTuple):
    """A version as pages show it. `id` is None for a shipped text that nobody has agreed to yet."""

    id: str | None
    kind: str
    version: int
    title: str
    body: str
    summary: str
    valid_from: date | None
    requires_reaccept: bool
    published_by: str | None
    published_at: datetime | None

    @property
    def is_default(self) -> bool:
        """Whether it is the text that e-BOK ships."""
        return self.published_by is None


class Pending(NamedTuple):
    """A document that a customer is asked about: its current version, what has changed, what is asked of them."""

    document: Document
    summaries: tuple[str, ...]
    asks: str


_D, _A = LegalDocument.__table__, DocumentAcceptance.__table__
_VERSION = sa.select(*(_D.c[name] for name in Document._fields))
_TODAY = sa.bindparam("today", type_=sa.Date)
_CURRENT = (
    _VERSION.where(_D.c.kind == sa.bindparam("kind"), _D.c.valid_from <= _TODAY).order_by(_D.c.version.desc()).limit(1)
)
_NEWEST = (
    sa.select(_D.c.kind, sa.func.max(_D.c.version).label("version"))
    .where(_D.c.valid_from <= _TODAY)
    .group_by(_D.c.kind)
    .subquery()
)
_EVERY_CURRENT = _VERSION.join(_NEWEST, sa.and_(_D.c.kind == _NEWEST.c.kind, _D.c.version == _NEWEST.c.version))
_HISTORY = _VERSION.where(_D.c.kind == sa.bindparam("kind")).order_by(_D.c.version.desc())
_ONE = _VERSION.where(_D.c.kind == sa.bindparam("kind"), _D.c.version == sa.bindparam("version"))
_LAST = sa.select(sa.func.max(_D.c.version)).where(_D.c.kind == sa.bindparam("kind"))
_AGREED = _D.alias("agreed")
_ACCEPTED_LATER = (
    sa.select(_A.c.id)
    .join_from(_A, _AGREED, _AGREED.c.id == _A.c.document_id)
    .where(
        _A.c.subject_id == sa.bindparam("subject_id"),
        _AGREED.c.kind == _D.c.kind,
        _AGREED.c.version >= _D.c.version,
    )
    .correlate(_D)
)
UNANSWERED = _D.c.requires_reaccept & (_D.c.valid_from <= _TODAY) & ~sa.exists(_ACCEPTED_LATER)
"""The condition on versions that `subject_id` has not answered yet, on the day `today`."""
_PENDING = sa.select(_D.c.kind, _D.c.summary).where(UNANSWERED).order_by(_D.c.kind, _D.c.version)
_ACCEPTANCES = (
    sa.select(_D.c.kind, _D.c.title, _D.c.version, _A.c.at, _A.c.way)
    .join_from(_A, _D, _D.c.id == _A.c.document_id)
    .where(_A.c.subject_id == sa.bindparam("subject_id"))
    .order_by(_A.c.at.desc(), _A.c.id.desc())
)


# Reading


def current(session: Session, kind: str) -> Document:
    """The version that is in force today; without one of the utility's own the shipped text, filled in as of now."""
    row = session.execute(_CURRENT, {"kind": kind, "today": clock.today()}).first()
    return _or_shipped(session, kind, Document._make(row) if row else None)


def every_current(session: Session) -> dict[str, Document]:
    """The version in force of each kind, in one query."""
    rows = {row.kind: Document._make(row) for row in session.execute(_EVERY_CURRENT, {"today": clock.today()})}
    return {kind: _or_shipped(session, kind, rows.get(kind)) for kind in rules.KINDS}


def version_of(session: Session, kind: str, version: int) -> Document:
    """A version as it was or will be. Raises `NotFound`."""
    row = session.execute(_ONE, {"kind": kind, "version": version}).first() if kind in rules.KINDS else None
    if row is not None:
        return Document._make(row)
    shipped = current(session, kind) if kind in rules.KINDS else None
    if shipped is None or shipped.version != version:
        raise NotFound(_("There is no such version of the document."))
    return shipped


def history(session: Session, kind: str) -> list[Document]:
    """All stored versions of a kind, the newest first."""
    return [Document._make(row) for row in session.execute(_HISTORY, {"kind": kind})]


def shipped(session: Session, kind: str) -> str:
    """The text that e-BOK ships, with the utility's data in it."""
    office = posts.of(session).office(session)
    contact = rules.contact_line(phone=getattr(office, "phone", ""), email=getattr(office, "email", ""))
    address = ", ".join(line.strip() for line in getattr(office, "address", "").splitlines() if line.strip())
    return rules.filled(_text(kind), name=getattr(office, "name", "Wodociągi"), address=address, contact=contact)


def _or_shipped(session: Session, kind: str, row: Document | None) -> Document:
    """The row, unless it is a frozen shipped text that says something else today: then what is shipped, not stored."""
    if row is not None and not row.is_default:
        return row
    title, body = rules.KINDS[kind].polish, shipped(session, kind)
    if row is not None and (row.title, row.body) == (title, body):
        return row
    version = row.version + 1 if row else 1
    return Document(None, kind, version, title, body, "", None, False, None, None)


@cache
def _text(kind: str) -> str:
    return (TEXTS / f"{kind}.md").read_text(encoding="utf-8").strip()


# Publishing


def publish(
    session: Session,
    viewer: Viewer,
    kind: str,
    *,
    title: str,
    body: str,
    summary: str = "",
    requires_reaccept: bool = False,
    valid_from: date | None = None,
    seen_version: int | None = None,
) -> int:
    """Store a new version and return its number; what is published is never changed.

    Raises `Refused` with `same` (nothing differs from the version in force), `summary` (customers are asked and nobody
    says what changed), `past`, `meanwhile` (somebody published since `seen_version` was read).
    """
    asks, now = rules.KINDS[kind].asks, current(session, kind)
    if not now.is_default and (now.title, now.body) == (title, body):
        raise Refused(_("The text does not differ from the version in force. Change it first"), code="same")
    if requires_reaccept and asks and not summary:
        raise Refused(_("Say in one or two sentences what has changed: customers read it first"), code="summary")
    if valid_from is not None and valid_from < clock.today():
        raise Refused(_("Choose today or a later day"), code="past")
    last = session.scalar(_LAST, {"kind": kind}) or 0
    if seen_version is not None and seen_version != last:
        raise Refused(
            _("Somebody has published a version meanwhile. Look at it and publish yours again"), code="meanwhile"
        )
    version = _store(
        session,
        kind,
        last + 1,
        title=title,
        body=body,
        summary=summary,
        requires_reaccept=requires_reaccept and bool(asks),
        valid_from=valid_from or clock.today(),
        published_by=viewer.account_id,
    )
    audit.record(
        session,
        "core.document.published",
        actor=viewer,
        object_type="document",
        object_id=f"{kind} {version.version}",
        before={"version": now.version, "sha256": rules.fingerprint(now.title, now.body)},
        after={
            "version": version.version,
            "sha256": rules.fingerprint(title, body),
            "asks": version.requires_reaccept,
            "valid_from": version.valid_from,
        },
    )
    return version.version


def frozen(session: Session, kind: str) -> Document:
    """The version in force with a row of its own, so that an acceptance can point at it."""
    found = current(session, kind)
    if found.id is not None:
        return found
    return _store(
        session,
        kind,
        found.version,
        title=found.title,
        body=found.body,
        summary="",
        requires_reaccept=False,
        valid_from=clock.today(),
        published_by=None,
    )


def _store(session: Session, kind: str, version: int, **values: Any) -> Document:
    row = {
        "id": uuid7(),
        "kind": kind,
        "version": version,
        "lang": rules.LANGUAGE,
        "sha256": rules.fingerprint(values["title"], values["body"]),
        "published_at": clock.now_utc(),
        **values,
    }
    try:
        with session.begin_nested():
            session.execute(sa.insert(_D), row)
    except IntegrityError:  # somebody stored this version in the same moment
        stored = session.execute(_ONE, {"kind": kind, "version": version}).one()
        if (stored.title, stored.body) != (row["title"], row["body"]):
            raise Refused(
                _("Somebody has published a version meanwhile. Look at it and publish yours again"), code="meanwhile"
            ) from None
        return Document._make(stored)
    return Document(**{name: row[name] for name in Document._fields})


# Acceptance


def accept(session: Session, account_id: str, seen: Mapping[str, int], *, way: str) -> None:
    """Write down that a person agreed to (or read) the versions in force; `seen` are the versions that they saw.

    Raises `Refused` with `meanwhile` when a newer version came into force since.
    """
    meta, now = current_request(), clock.now_utc()
    for kind, version in sorted(seen.items()):
        document = frozen(session, kind)
        if document.version != version:
            raise Refused(_("The document has just changed. Read the new version and tick it again"), code="meanwhile")
        if _has_accepted(session, account_id, document):
            continue
        session.execute(
            sa.insert(_A),
            {
                "id": uuid7(),
                "subject_id": account_id,
                "document_id": document.id,
                "at": now,
                "ip": meta.ip,
                "user_agent": meta.user_agent[:200] or None,
                "way": way,
            },
        )
    audit.record(
        session,
        "core.document.accepted",
        actor=account_id,
        object_type="account",
        object_id=account_id,
        after=dict(seen),
    )


def _has_accepted(session: Session, account_id: str, document: Document) -> bool:
    known = sa.select(_A.c.id).where(_A.c.subject_id == account_id, _A.c.document_id == document.id)
    return session.execute(known).first() is not None


def pending(session: Session, account_id: str) -> list[Pending]:
    """What a customer must answer before going on: each kind once, in its current version."""
    rows = session.execute(_PENDING, {"subject_id": account_id, "today": clock.today()}).all()
    kinds = list(dict.fromkeys(row.kind for row in rows))
    return [
        Pending(
            current(session, kind),
            tuple(row.summary for row in rows if row.kind == kind and row.summary),
            rules.KINDS[kind].asks,
        )
        for kind in _ordered(kinds)
    ]


def acceptances(session: Session, account_id: str) -> list[Any]:
    """What a person agreed to, the latest first: `kind, title, version, at, way`."""
    return list(session.execute(_ACCEPTANCES, {"subject_id": account_id}))


def _ordered(kinds: Iterable[str]) -> list[str]:
    order = list(rules.KINDS)
    return sorted(kinds, key=lambda kind: (rules.KINDS[kind].asks != rules.ACCEPTED, order.index(kind)))
