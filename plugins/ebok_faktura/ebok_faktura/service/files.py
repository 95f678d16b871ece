"""Files that TYTAN holds of a document: asked for by a page, fetched by the worker, kept, given out when right.

A page never waits for TYTAN (architecture.md, rule 5): it writes that the files are wanted, one outbox message to
ourselves brings the worker, and the outbox's retries bear TYTAN's absences (docs/decisions/0004 has the pattern).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ebok_core import audit, clock, files, outbox
from ebok_core.contracts.tytan import Capability, Delivery, Envelope, Outcome
from ebok_core.errors import ConfigurationError, StorageFull
from ebok_core.tytan import contract, copy
from ebok_core.tytan.engines import TytanUnavailable

from ..models import DONE, KEPT, WANTED, WRONG, Fetch, InvoiceFile
from ..tytan import DOCUMENT, FILES_TARGET, FilesWanted
from .reading import LARGEST

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

FA3, PDF, UPO = KINDS = ("fa3", "pdf", "upo")
MEDIA_TYPES = {FA3: "application/xml", PDF: "application/pdf", UPO: "application/xml"}
PATIENCE = timedelta(seconds=15)
"""How long a page waits for files before it offers what the copy alone can give."""
ASK_AGAIN = timedelta(hours=1)
"""TYTAN is asked again for a file that it did not have (or that was wrong) after this time."""

_i, _f, _w = copy.invoices.c, InvoiceFile.__table__, Fetch.__table__
_EXPECTED = sa.select(_i.xml_sha256).where(_i.number == sa.bindparam("number"))
_OF_DOCUMENT = sa.select(_f.c.kind, _f.c.state, _f.c.sha256).where(_f.c.document_number == sa.bindparam("number"))
_FETCH = sa.select(_w.c.revision, _w.c.state, _w.c.wanted_at, _w.c.done_at).where(
    _w.c.document_number == sa.bindparam("number")
)
_GONE = (
    sa.select(_f.c.document_number, _f.c.kind, _f.c.sha256)
    .where(~sa.exists().where(_i.number == _f.c.document_number), sa.exists().where(_i.number.is_not(None)))
    .limit(500)
)
_WRONG_FILES = (
    sa.select(_f.c.document_number, _f.c.kind, _f.c.problem, _f.c.seen_at)
    .where(_f.c.state == WRONG)
    .order_by(_f.c.seen_at)
    .limit(100)
)


@dataclass(frozen=True, kw_only=True)
class Files:
    """What is known of a document's files: the hashes of those that are kept, and how the asking stands."""

    kept: Mapping[str, str]
    wrong: frozenset[str]
    is_on_its_way: bool = False
    wanted_at: datetime | None = None
    done_at: datetime | None = None
    revision: int = 0

    @property
    def is_slow(self) -> bool:
        """Whether the answer takes longer than a person should wait."""
        return self.is_on_its_way and self.wanted_at is not None and clock.now_utc() - self.wanted_at >= PATIENCE

    def should_ask(self, kind: str) -> bool:
        """Whether TYTAN is to be asked for a file of this kind now."""
        if kind in self.kept or self.is_on_its_way:
            return False
        return self.done_at is None or clock.now_utc() - self.done_at >= ASK_AGAIN


def known(session: Session, number: str) -> Files:
    """What is known of the files of a document that the caller has read in the viewer's scope. Two queries."""
    rows = session.execute(_OF_DOCUMENT, {"number": number}).all()
    fetch = session.execute(_FETCH, {"number": number}).first()
    return Files(
        kept={row.kind: row.sha256 for row in rows if row.state == KEPT},
        wrong=frozenset(row.kind for row in rows if row.state == WRONG),
        **(
            {
                "is_on_its_way": fetch.state == WANTED,
                "wanted_at": fetch.wanted_at,
                "done_at": fetch.done_at,
                "revision": fetch.revision,
            }
            if fetch
            else {}
        ),
    )


def want(session: Session, number: str) -> None:
    """Ask the worker for a document's files, in a unit of work; asked for already is asked for once."""
    now, revision = clock.now_utc(), known(session, number).revision + 1
    values = {"revision": revision, "state": WANTED, "wanted_at": now}
    statement = _insert(session, _w).values(document_number=number, **values)
    session.execute(statement.on_conflict_do_update(index_elements=[_w.c.document_number], set_=values))
    message = FilesWanted(
        customer_code=None,
        stream_key=f"f:{number}",
        subject_type=DOCUMENT,
        subject_id=number,
        subject_rev=revision,
        payload={"document_number": number},
    )
    try:
        outbox.enqueue(session, message)
    except outbox.AlreadyQueued:
        return


def content(runtime: Runtime, number: str, kind: str, sha256: str) -> bytes | None:
    """A kept file, checked; None where it is gone or was changed, which is an alarm and is forgotten at once."""
    try:
        return files.read(files.folder_of(runtime.settings), sha256)
    except (files.Missing, files.Damaged) as error:
        log.error("faktura.file_lost", alarm=True, document=number, kind=kind, error=type(error).__name__)
    with runtime.database.unit_of_work() as session:
        session.execute(sa.delete(_f).where(_f.c.document_number == number, _f.c.kind == kind, _f.c.sha256 == sha256))
        session.execute(sa.update(_w).where(_w.c.document_number == number).values(done_at=None, state=DONE))
    return None


def forget_gone(session: Session) -> int:
    """Delete what is kept of documents that the copy holds no longer, at most 500 at a time; tells how many files."""
    gone = session.execute(_GONE).all()
    for row in gone:
        session.execute(sa.delete(_f).where(_f.c.document_number == row.document_number, _f.c.kind == row.kind))
        session.execute(sa.delete(_w).where(_w.c.document_number == row.document_number))
    for sha256 in {row.sha256 for row in gone}:
        if not session.execute(sa.select(_f.c.kind).where(_f.c.sha256 == sha256).limit(1)).first():
            files.forget(session, sha256)
    return len(gone)


def wrong_files(session: Session) -> Sequence[sa.Row[Any]]:
    """Files that are not what they should be, oldest first: what the office must see."""
    return session.execute(_WRONG_FILES).all()


class FilesTarget:
    """The far side that is ourselves: fetches files from TYTAN. A second delivery fetches them again (PUT)."""

    key = FILES_TARGET
    capability = Capability.PUT
    largest_run = 1

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def deliver(self, envelopes: Sequence[Envelope]) -> Delivery:
        """Fetch one document's files; TYTAN that does not answer is unreachable, and the outbox comes again."""
        (envelope,) = envelopes
        number = json.loads(envelope.payload)["document_number"]
        try:
            fetch(self._runtime, number)
        except ConfigurationError:
            return Delivery(outcome=Outcome.UNREACHABLE, code="not_configured")
        except TytanUnavailable as error:
            return Delivery(outcome=Outcome.UNREACHABLE, code=type(error.__cause__ or error).__name__)
        except StorageFull:
            return Delivery(outcome=Outcome.UNREACHABLE, code="disk_full")
        return Delivery(outcome=Outcome.DELIVERED)

    def lookup(self, message_id: str) -> bool | None:
        """Never asked."""
        return None


def fetch(runtime: Runtime, number: str) -> None:
    """Ask TYTAN for every file of a document, keep what is right, sound the alarm for what is not.

    Raises `TytanUnavailable`, `ConfigurationError` and `StorageFull`; nothing is written then.
    """
    source = runtime.tytan_source()
    with runtime.database.snapshot() as session:
        expected = session.execute(_EXPECTED, {"number": number}).scalar()
    found = {}
    for kind in KINDS:
        row = source.one(contract.INVOICE_FILES, {"invoice_number": number, "kind": kind})
        if row is not None and row["content"] is not None:
            found[kind] = _judged(kind, _bytes(row["content"]), str(row["sha256"] or "").lower(), expected)
    folder = files.folder_of(runtime.settings)
    kept = {kind: files.store(folder, judged.content) for kind, judged in found.items() if not judged.problem}
    with runtime.database.unit_of_work() as session:
        for kind, judged in found.items():
            if kind in kept:
                files.record(session, kept[kind], MEDIA_TYPES[kind])
            _write(session, number, kind, judged)
        session.execute(sa.update(_w).where(_w.c.document_number == number).values(state=DONE, done_at=clock.now_utc()))
        for kind, judged in found.items():
            if judged.problem:
                _alarm(session, number, kind, judged)


def _bytes(content: Any) -> bytes:
    """What the driver gave for a BLOB; a view may hold XML as text."""
    return content.encode() if isinstance(content, str) else bytes(content)


@dataclass(frozen=True)
class _Judged:
    content: bytes
    sha256: str
    problem: str | None


def _judged(kind: str, content: bytes, named: str, expected: str | None) -> _Judged:
    """Whether a file is what TYTAN says it is: by its own hash, and the FA(3) by the invoice's too."""
    sha256 = hashlib.sha256(content).hexdigest()
    problem = None
    if len(content) > LARGEST:
        problem = "too_large"
    elif sha256 != named:
        problem = "hash_of_file"
    elif kind == FA3 and expected and sha256 != expected.lower():
        problem = "hash_of_invoice"
    return _Judged(content, sha256, problem)


def _write(session: Session, number: str, kind: str, judged: _Judged) -> None:
    values = {
        "state": WRONG if judged.problem else KEPT,
        "sha256": judged.sha256,
        "problem": judged.problem,
        "seen_at": clock.now_utc(),
    }
    statement = _insert(session, _f).values(document_number=number, kind=kind, **values)
    session.execute(statement.on_conflict_do_update(index_elements=[_f.c.document_number, _f.c.kind], set_=values))


def _alarm(session: Session, number: str, kind: str, judged: _Judged) -> None:
    log.error("faktura.file_wrong", alarm=True, document=number, kind=kind, problem=judged.problem)
    audit.record(
        session,
        "faktura.file.wrong",
        actor=audit.SYSTEM,
        object_type="faktura.document",
        object_id=number,
        after={"kind": kind, "problem": judged.problem, "sha256": judged.sha256},
    )


def _insert(session: Session, table: Any) -> Any:
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return insert(table)
