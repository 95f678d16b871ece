"""The personal data that e-Faktura keeps: consents, notices of documents, proofs of receipt; export and erasure.

All of it is evidence for six years (identity.md §10.5, §10.6): erasing cuts the tie to the person, and the fact stays
under its own id. Where invoices go stays while the customer's consent stands; once it does not, the person's addresses
go too, and a proof keeps only a hash of the address that it was sent to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core.i18n import lazy_gettext as _

from .models import Consent, FailingAddress, Notice, Proof
from .service import consents

_SIX_YEARS = _("Six years, as evidence when claims are disputed")
_GIVEN_CONSENT = ("customer_code", "kind", "channel", "email", "phone", "text_version", "at", "ip", "status", "reason")
_GIVEN_NOTICE = (
    *("document_number", "customer_code", "channel", "state", "email", "phone", "queued_at", "accepted_at"),
    *("bounced_at", "received_at", "confirmed_at"),
)
_GIVEN_PROOF = ("document_number", "customer_code", "kind", "channel", "address", "at", "ip", "user_agent")


class Consents:
    """Decisions about e-invoices: the person's own are given out; erasing leaves the decision without the person."""

    key = "faktura.consents"
    title = _("Consents to e-invoices")
    tables = (Consent.__tablename__,)
    retention = _("Six years after the consent ended, as evidence when claims are disputed")

    def export(self, session: Session, account_id: str, customer_codes: tuple[str, ...]) -> Iterable[Mapping[str, Any]]:
        """The account's own decisions, oldest first, as plain JSON values."""
        return _rows(session, Consent, _GIVEN_CONSENT, Consent.account_id == account_id, Consent.id)

    def erase(self, session: Session, account_id: str) -> int:
        """Forget who decided and from where; where invoices go stays with the customer until the consent changes."""
        _forget_addresses(session, account_id)
        values = {"account_id": None, "display_name": None, "ip": None, "user_agent": ""}
        return _blank(session, sa.update(Consent).where(Consent.account_id == account_id).values(values))


class Notices:
    """What was sent to a customer, and addresses that fail; they belong to the customer, not to one account."""

    key = "faktura.notices"
    title = _("Notices of e-invoices")
    tables = (Notice.__tablename__, FailingAddress.__tablename__)
    retention = _SIX_YEARS

    def export(self, session: Session, account_id: str, customer_codes: tuple[str, ...]) -> Iterable[Mapping[str, Any]]:
        """The notices to the person's customers."""
        return _rows(session, Notice, _GIVEN_NOTICE, Notice.customer_code.in_(customer_codes), Notice.id)

    def erase(self, session: Session, account_id: str) -> int:
        """Nothing of the account itself is kept here but the name of who confirmed, which goes with the proofs."""
        return 0


class Proofs:
    """Steps of the ladder of proof; those that a person made are given out, and erasing leaves the step alone."""

    key = "faktura.proofs"
    title = _("Proofs that e-invoices were received")
    tables = (Proof.__tablename__,)
    retention = _SIX_YEARS

    def export(self, session: Session, account_id: str, customer_codes: tuple[str, ...]) -> Iterable[Mapping[str, Any]]:
        """What the account opened, fetched and confirmed, oldest first."""
        return _rows(session, Proof, _GIVEN_PROOF, Proof.account_id == account_id, Proof.id)

    def erase(self, session: Session, account_id: str) -> int:
        """Forget who it was; when and how a document was received stays, sealed by the audit trail."""
        numbers = sa.select(Proof.document_number).where(Proof.account_id == account_id, Proof.kind == "confirmed")
        _blank(session, sa.update(Notice).where(Notice.document_number.in_(numbers)).values(confirmed_by=None))
        values = {"account_id": None, "display_name": None, "ip": None, "user_agent": None}
        return _blank(session, sa.update(Proof).where(Proof.account_id == account_id).values(values))


def _rows(
    session: Session, model: Any, names: Sequence[str], condition: sa.ColumnElement[bool], order: Any
) -> Iterable[Mapping[str, Any]]:
    table = model.__table__
    statement = sa.select(*(table.c[name] for name in names)).where(condition).order_by(order)
    for row in session.execute(statement):
        yield {name: None if value is None else str(value) for name, value in row._mapping.items()}


def _forget_addresses(session: Session, account_id: str) -> None:
    """Forget the addresses that a person gave, for customers who get no e-invoices any more."""
    given = session.execute(
        sa.select(Consent.customer_code, Consent.email, Consent.phone).where(Consent.account_id == account_id)
    ).all()
    for code in sorted({row.customer_code for row in given}):
        found = consents.situation_of(session, code)
        if found is not None and found.standing.active:
            continue
        emails = {row.email for row in given if row.customer_code == code and row.email}
        phones = {row.phone for row in given if row.customer_code == code and row.phone}
        for address in sorted(emails | phones):
            _forget_address(session, code, address)


def _forget_address(session: Session, code: str, address: str) -> None:
    for table in (Consent, Notice):
        for name in ("email", "phone"):
            column = getattr(table, name)
            _blank(session, sa.update(table).where(table.customer_code == code, column == address).values({name: None}))
    _blank(session, sa.delete(FailingAddress).where(FailingAddress.email == address))
    hashed = f"sha256:{hashlib.sha256(address.encode()).hexdigest()[:32]}"
    sent = sa.update(Proof).where(Proof.customer_code == code, Proof.address == address).values(address=hashed)
    _blank(session, sent)


def _blank(session: Session, statement: sa.Update | sa.Delete) -> int:
    erased = session.execute(statement, execution_options={"synchronize_session": False})
    return int(erased.rowcount)  # type: ignore[attr-defined]


ALL = (Consents(), Notices(), Proofs())
