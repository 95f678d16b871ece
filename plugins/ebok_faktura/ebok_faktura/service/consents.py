"""Consents to e-invoices: give, change, withdraw, TYTAN's answer, the history, and what the e-invoice saves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from ebok_core import Result, Viewer, audit, clock, outbox, runtime_settings
from ebok_core.db import uuid7
from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.tytan import reads, state

from .. import tytan
from ..models import APPLIED, CHANGED, GIVEN, REJECTED, WAITING, WITHDRAWN, Consent, ConsentText, FailingAddress
from ..rules import consents as rules
from ..settings import FakturaConfig, FakturaConfigSchema
from ..tytan import CustomerRow

log = structlog.get_logger(__name__)


class Decision(NamedTuple):
    """One decision of a customer's history, as it was written, with TYTAN's answer."""

    id: str
    customer_code: str
    display_name: str | None
    kind: str
    channel: str | None
    email: str | None
    phone: str | None
    text_version: int
    at: datetime
    ip: str | None
    message_id: str
    status: str
    status_at: datetime
    reason: str | None
    reference: str | None


class Failing(NamedTuple):
    """An address from which a notice came back."""

    customer_code: str
    email: str
    since: datetime


_c, _f = Consent.__table__.c, FailingAddress.__table__.c
_DECISION = sa.select(*(_c[name] for name in Decision._fields))
_HISTORY = _DECISION.where(_c.customer_code == sa.bindparam("code")).order_by(_c.id.desc())
_LATEST = _DECISION.where(
    Consent.customer_code.in_(sa.bindparam("codes", expanding=True)), Consent.status != REJECTED
).order_by(Consent.customer_code, Consent.id)
_TEXTS = sa.select(ConsentText.version, ConsentText.text).where(
    ConsentText.version.in_(sa.bindparam("versions", expanding=True))
)
_FAILING = sa.select(*(_f[name] for name in Failing._fields)).where(
    _f.customer_code.in_(sa.bindparam("codes", expanding=True))
)


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a customer asks for: how to be told of new invoices, and where. `phone` is `+48…` or empty."""

    channel: str
    email: str
    phone: str = ""


@dataclass(frozen=True, kw_only=True)
class Saving:
    """What an e-invoice saves, in złoty gross: for one bill, and in a year of as many bills as in the last one."""

    paper: Decimal
    einvoice: Decimal
    bills: int

    @property
    def one(self) -> Decimal:
        """For one bill."""
        return self.paper - self.einvoice

    @property
    def year(self) -> Decimal:
        """In a year."""
        return self.one * self.bills


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A customer's consent on the page: how it stands, the newest decision, all of them, the address that fails."""

    standing: rules.Standing
    newest: Decision | None
    history: Sequence[Decision]
    texts: Mapping[int, str]
    failing: Failing | None
    address: str | None

    @property
    def waits(self) -> bool:
        """Whether TYTAN has not answered the newest decision yet."""
        return self.newest is not None and self.newest.status == WAITING


def config_of(session: Session) -> FakturaConfig:
    """The utility's settings of the page "e-Faktura"."""
    config: FakturaConfig = runtime_settings.get(session, FakturaConfigSchema)
    return config


def situation(session: Session, viewer: Viewer) -> Situation:
    """The acting customer's consent. Any session will do."""
    known = reads.rows(session, viewer, tytan.CUSTOMER, as_=CustomerRow)
    return _situation(session, viewer.customer_code or "", known[0] if known else None)


def situation_of(session: Session, customer_code: str) -> Situation | None:
    """The same for a clerk, who may see every customer; None for a customer whom neither side knows."""
    row = session.execute(tytan.ANY_CUSTOMER, {"code": customer_code}).first()
    found = _situation(session, customer_code, CustomerRow._make(row) if row else None)
    return found if row or found.history else None


def _situation(session: Session, code: str, customer: CustomerRow | None) -> Situation:
    history = [Decision._make(row) for row in session.execute(_HISTORY, {"code": code})]
    failed = session.execute(_FAILING, {"codes": [code]}).first()
    # Who has never decided anything in the portal has no copy to compare with and no wordings to read.
    as_of = state.copy_state(session).as_of if history else None
    stands = _standing(history[::-1], customer.einvoice_since if customer else None, as_of)
    texts = session.execute(_TEXTS, {"versions": sorted({row.text_version for row in history})}) if history else ()
    return Situation(
        standing=stands,
        newest=history[0] if history else None,
        history=history,
        texts={row.version: row.text for row in texts},
        failing=Failing._make(failed) if failed else None,
        address=stands.email or (customer.email if customer and stands.active else None),
    )


def standings(session: Session, customers: Mapping[str, Any]) -> dict[str, rules.Standing]:
    """How the consents of many customers stand; `customers` gives each code's `einvoice_since`. Three queries."""
    own: dict[str, list[Decision]] = {code: [] for code in customers}
    for row in session.execute(_LATEST, {"codes": sorted(customers)}):
        own[row.customer_code].append(Decision._make(row))
    as_of = state.copy_state(session).as_of
    return {code: _standing(rows, customers[code], as_of) for code, rows in own.items()}


def failing(session: Session, codes: Iterable[str]) -> dict[str, str]:
    """The addresses that fail, by customer."""
    return {row.customer_code: row.email for row in session.execute(_FAILING, {"codes": sorted(set(codes))})}


def _standing(events: Sequence[Decision], einvoice_since: Any, as_of: datetime | None) -> rules.Standing:
    """`events` oldest first; a rejected one never was. A change keeps the day on which the consent was given."""
    counted = [row for row in events if row.status != REJECTED]
    given_on = None
    for row in counted:
        if row.kind == WITHDRAWN:
            given_on = None
        elif given_on is None:
            given_on = clock.local(row.at).date()
    newest = counted[-1] if counted else None
    if newest is None:
        return rules.standing(None, given_on=None, einvoice_since=einvoice_since, as_of=None)
    if newest.kind == CHANGED and einvoice_since and (given_on is None or einvoice_since < given_on):
        given_on = einvoice_since
    event = rules.Event(
        kind=newest.kind,
        on=clock.local(newest.at).date(),
        applied_at=newest.status_at if newest.status == APPLIED else None,
        channel=newest.channel,
        email=newest.email,
        phone=newest.phone,
    )
    return rules.standing(event, given_on=given_on, einvoice_since=einvoice_since, as_of=as_of)


def agree(session: Session, viewer: Viewer, wishes: Wishes) -> str:
    """Give the consent, or change its channel and address, in a unit of work; TYTAN hears of it.

    Gives the kind of the decision; the same wishes again are none, and the standing one's kind is given. Raises
    `Refused` (`phone`) for text messages without a number.
    """
    if wishes.channel != "email" and not wishes.phone:
        raise Refused(_("Give a mobile number for the text messages"), code="phone")
    _one_at_a_time(session, viewer)
    now = situation(session, viewer)
    same = now.standing.active and now.newest is not None and now.newest.status != REJECTED
    if same and now.newest and _wishes_of(now.newest) == wishes and not now.failing:
        return now.newest.kind
    kind = CHANGED if now.standing.active else GIVEN
    phone = wishes.phone if wishes.channel != "email" else ""
    found = _decide(session, viewer, kind, channel=wishes.channel, email=wishes.email, phone=phone or None)
    session.execute(sa.delete(FailingAddress).where(FailingAddress.customer_code == viewer.customer_code))
    _record(session, viewer, found)
    return kind


def withdraw(session: Session, viewer: Viewer) -> bool:
    """Withdraw the consent: from now on invoices come on paper again. False where there is none (a second click)."""
    _one_at_a_time(session, viewer)
    if not situation(session, viewer).standing.active:
        return False
    found = _decide(session, viewer, WITHDRAWN, channel=None, email=None, phone=None)
    _record(session, viewer, found)
    return True


def apply_answer(session: Session, result: Result) -> None:
    """Take TYTAN's verdict over a consent; a later correction counts, the same verdict again changes nothing."""
    status = {"applied": APPLIED, "rejected": REJECTED}.get(result.status)
    if status is None:
        return
    session.execute(
        sa.update(Consent)
        .where(Consent.id == result.subject_id, Consent.status != status)
        .values(
            status=status,
            status_at=result.status_at,
            reason_code=result.reason_code,
            reason=result.reason,
            reference=result.reference,
        ),
        execution_options={"synchronize_session": False},
    )


def saving(session: Session, viewer: Viewer) -> Saving | None:
    """What the acting customer saves or would save; None while the utility has set no prices."""
    config = config_of(session)
    if config.paper_price <= config.einvoice_price:
        return None
    year = clock.today() - timedelta(days=365)
    bills = int(reads.scalar(session, viewer, tytan.BILLS_LATELY, since=year) or 0)
    return Saving(paper=config.paper_price, einvoice=config.einvoice_price, bills=bills)


def _wishes_of(consent: Decision) -> Wishes:
    return Wishes(channel=consent.channel or "email", email=consent.email or "", phone=consent.phone or "")


def _one_at_a_time(session: Session, viewer: Viewer) -> None:
    """Let two decisions of one customer wait for each other."""
    if not viewer.customer_code:
        raise Refused(_("Choose the customer first."), code="no_customer")
    _lock(session, f"faktura.consent:{viewer.customer_code}")


def _lock(session: Session, key: str) -> None:
    """Hold a name until the end of the unit of work; SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": key})


def _decide(session: Session, viewer: Viewer, kind: str, **where: str | None) -> Consent:
    now, came = clock.now_utc(), audit.current_request()
    found = Consent(
        id=uuid7(),
        customer_code=viewer.customer_code,
        account_id=viewer.account_id,
        display_name=viewer.display_name,
        kind=kind,
        locale=viewer.locale,
        text_version=_text_version(session),
        at=now,
        ip=came.ip,
        user_agent=came.user_agent[:200],
        message_id=uuid7(),
        status=WAITING,
        status_at=now,
        **where,
    )
    before = _open_before(session, found.customer_code)
    session.add(found)
    session.flush()
    outbox.enqueue(session, _message(found), depends_on=before)
    return found


def _message(consent: Consent) -> tytan.ConsentChanged:
    return tytan.ConsentChanged(
        id=consent.message_id,
        customer_code=consent.customer_code,
        stream_key=f"c:{consent.customer_code}",
        subject_type=tytan.CONSENT,
        subject_id=consent.id,
        actor_ref=consent.account_id,
        payload={
            "consent": "einvoice",
            "granted": consent.kind != WITHDRAWN,
            "changed_on": clock.local(consent.at).date().isoformat(),
            "channel": consent.channel,
            "email": consent.email,
            "phone": consent.phone,
            "text_version": consent.text_version,
        },
    )


def _open_before(session: Session, code: str) -> str | None:
    """The decision before, while TYTAN has not got it: the last one must win (reliability.md §4.3)."""
    last = session.execute(_HISTORY.limit(1), {"code": code}).first()
    if last is None:
        return None
    found = outbox.states_of(session, [last.message_id]).get(last.message_id)
    return last.message_id if found is not None and found.state in _ON_ITS_WAY else None


_ON_ITS_WAY = frozenset({"pending", "leased", "uncertain", "parked", "dead"})


def _text_version(session: Session) -> int:
    """The number of the wording in force, kept with its text the first time that somebody agrees to it."""
    text = config_of(session).consent_text.strip()
    digest = hashlib.sha256(text.encode()).hexdigest()
    _lock(session, "faktura.consent_text")
    known = session.execute(sa.select(ConsentText.version).where(ConsentText.sha256 == digest)).scalar()
    if known is not None:
        return known
    version = int(session.execute(sa.select(sa.func.coalesce(sa.func.max(ConsentText.version), 0))).scalar_one()) + 1
    session.add(ConsentText(version=version, sha256=digest, text=text, first_used_at=clock.now_utc()))
    session.flush()
    return version


def _record(session: Session, viewer: Viewer, consent: Consent) -> None:
    audit.record(
        session,
        f"faktura.consent.{consent.kind}",
        actor=viewer,
        object_type="faktura.consent",
        object_id=consent.id,
        after={
            "channel": consent.channel,
            "email": audit.personal(session, consent.email),
            "phone": audit.personal(session, consent.phone),
            "text_version": consent.text_version,
        },
    )


# `tytan.py` stands below this file, so the message learns here who hears its answer.
tytan.ConsentChanged.apply_result = staticmethod(apply_answer)
