"""Is this document ours, unchanged, and is it paid? Answered to anybody who holds it, without a personal datum (N09).

The hash of each PDF that is given out is kept (docs/decisions/0005 says why), and a random code for each document.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.tytan import copy

from ..models import CheckCode, IssuedPdf
from ..rules.checkcodes import grouped, is_code, of_number, written

__all__ = ["LARGEST_MB", "PDF_SIGN", "Verdict", "by_code", "by_file", "code_of", "grouped", "remember"]

LARGEST_MB = 5
PDF_SIGN = b"%PDF-"

_i, _c, _p = copy.invoices.c, CheckCode.__table__, IssuedPdf.__table__
_CODE = sa.select(_c.c.code).where(_c.c.document_number == sa.bindparam("number"))
_PDF = sa.select(_p.c.document_number).where(_p.c.sha256 == sa.bindparam("sha256"))
# Asked by strangers: what is on the document that they hold, and nothing of the person that it is for.
_PUBLIC = sa.select(
    *(_i[name] for name in ("number", "kind", "issued_on", "due_on", "gross", "to_pay", "seller_name", "seller_nip")),
    *(_i[name] for name in ("xml_sha256", "ksef_number", "ksef_mode")),
).where(_i.number == sa.bindparam("number"))


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A document of ours, as a stranger may know it; `exact` tells that the file is the one that we gave out."""

    number: str
    kind: str
    issued_on: date
    due_on: date
    gross: Decimal
    to_pay: Decimal
    seller_name: str
    seller_nip: str
    xml_sha256: str | None
    ksef_number: str | None
    ksef_mode: str | None
    exact: bool = False


def code_of(session: Session, number: str) -> str:
    """The code of a document, made at its first print, in a unit of work."""
    made = {"document_number": number, "code": of_number(secrets.randbits(60)), "made_at": clock.now_utc()}
    session.execute(_insert(session, _c).values(made).on_conflict_do_nothing())
    code: str = session.execute(_CODE, {"number": number}).scalar_one()
    return code


def remember(session: Session, sha256: str, number: str, source: str) -> None:
    """Keep the hash of a PDF that is given out; the same bytes are known once."""
    row = {"sha256": sha256, "document_number": number, "source": source, "issued_at": clock.now_utc()}
    session.execute(_insert(session, _p).values(row).on_conflict_do_nothing())


def by_file(session: Session, content: bytes) -> Verdict | None:
    """The document of a PDF, or None where nobody here gave out these very bytes. Raises `Refused` as `_verdict`."""
    sha256 = hashlib.sha256(content).hexdigest()
    number = session.execute(_PDF, {"sha256": sha256}).scalar()
    return _verdict(session, number, exact=True) if number else None


def by_code(session: Session, number: str, code: str) -> Verdict | None:
    """The document of a number and the code that is printed on it, or None: a wrong number and a wrong code are one.

    Raises `Refused` as `_verdict`.
    """
    typed = written(code)
    known = session.execute(_CODE, {"number": number}).scalar() or ""
    fits = is_code(typed) and hmac.compare_digest(typed.encode(), known.encode())
    return _verdict(session, number, exact=False) if fits else None


def _verdict(session: Session, number: str, *, exact: bool) -> Verdict:
    """What the copy says. Raises `Refused` where it does not hold the document any more: it was ours all the same."""
    row = session.execute(_PUBLIC, {"number": number}).mappings().first()
    if row is None:
        text = _("We issued this document, but the portal does not hold it any more. Ask the office about it.")
        raise Refused(text, code="gone")
    return Verdict(**row, exact=exact)


def _insert(session: Session, table: Any) -> Any:
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return insert(table)
