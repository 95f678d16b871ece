"""What e-Faktura puts into the core's pages: the notice of unpaid documents, the newest documents, help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from ebok_core import DashboardCard, HelpPage, SlotFragment, Viewer, Zone, clock
from ebok_core.i18n import lazy_gettext as _

from . import rules, schemas, service
from .permissions import CONFIRM, CONSENT, SEE
from .service import consents, proof


def unpaid(session: Session, viewer: Viewer) -> Mapping[str, Any] | None:
    """*Nierozliczone faktury !*: how many documents wait, what is left of them, which is the latest; None for none."""
    rows = service.newest(session, viewer)
    if not rows or not rows[0].unpaid:
        return None
    first = rows[0]
    days = (clock.today() - first.first_due_on).days if first.first_due_on else 0
    return {"count": first.unpaid, "left": first.left, "late": first.late, "days": days}


def newest(session: Session, viewer: Viewer) -> Mapping[str, Any] | None:
    """The three newest documents, and how many the list of the last year holds (L78)."""
    rows = service.newest(session, viewer)
    if not rows:
        return None
    today = clock.today()
    return {
        "rows": [
            (
                row,
                schemas.kind_name(row.kind),
                rules.state_of(row.gross, row.to_pay),
                rules.days_late(row.to_pay, row.due_on, today),
            )
            for row in rows
        ],
        "states": schemas.STATES,
        "recent": rows[0].recent,
    }


def failing_address(session: Session, viewer: Viewer) -> Mapping[str, Any] | None:
    """An address for e-invoices from which a notice came back (billing.md §9.5); None while all is well."""
    code = viewer.customer_code or ""
    email = consents.failing(session, [code]).get(code) if code else None
    if email is None:
        return None
    return {"email": email, "paper": consents.config_of(session).after_bounce == "paper"}


def receipt(session: Session, viewer: Viewer, document: Any) -> Mapping[str, Any] | None:
    """The receipt of the document on the page, with the button that confirms it."""
    if viewer.kind != "customer":
        return None
    return {"receipt": proof.receipt_of(session, document.number)}


def opening(session: Session, viewer: Viewer, rows: Sequence[Any]) -> Mapping[str, Any] | None:
    """Which documents of the balance have a page here; an entry of the ledger alone has none."""
    numbers = service.known(session, viewer, {row.document_number for row in rows if row.document_number})
    return {"known": numbers} if numbers else None


def einvoices_stand(session: Session, viewer: Viewer) -> Mapping[str, Any] | None:
    """Whether the acting customer gets e-invoices: for the pages of consents and of deleting an account."""
    if viewer.customer_code is None or not viewer.may(SEE):
        return None
    standing = consents.situation(session, viewer).standing
    return {"active": standing.active, "email": standing.email}


CARDS = (
    DashboardCard(
        key="faktura.failing_address",
        template="ebok_faktura/_failing.html",
        load=failing_address,
        permission=CONSENT,
        area="next",
        order=10,
    ),
    DashboardCard(
        key="faktura.unpaid",
        template="ebok_faktura/_unpaid.html",
        load=unpaid,
        permission=SEE,
        area="key",
        order=100,
    ),
    DashboardCard(
        key="faktura.newest",
        template="ebok_faktura/_newest.html",
        load=newest,
        permission=SEE,
        area="main",
        order=200,
    ),
)
FRAGMENTS = (
    SlotFragment(
        key="faktura.receipt",
        slot="faktura.document_aside",
        template="ebok_faktura/_receipt.html",
        load=receipt,
        permission=CONFIRM,
        order=50,
    ),
    SlotFragment(
        key="faktura.open",
        slot="core.document_actions",
        template="ebok_faktura/_open.html",
        load=opening,
        permission=SEE,
        order=10,
    ),
    SlotFragment(
        key="faktura.consent",
        slot="core.consents",
        template="ebok_faktura/_consent.html",
        load=einvoices_stand,
        permission=SEE,
    ),
    SlotFragment(
        key="faktura.deletion",
        slot="core.deletion",
        template="ebok_faktura/_deletion.html",
        load=einvoices_stand,
        permission=SEE,
    ),
)
HELP = (
    HelpPage(
        key="faktura.reading_a_bill",
        zone=Zone.CUSTOMER,
        title=_("How to read a bill"),
        template="ebok_faktura/help.html",
        endpoints=tuple(f"customer.faktura.{name}" for name in ("index", "unpaid", "document", "easy", "values")),
    ),
)
