"""The invented utility with a mail server that keeps its mails, a folder of text messages, documents on demand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ebok_core import clock as time
from ebok_core import runtime_settings
from ebok_core.jobs.worker import run_until_quiet
from ebok_core.notifications.settings import FOLDER, SmsConfig, SmsConfigSchema
from ebok_core.outbox import deliver
from ebok_core.runtime import Runtime
from ebok_core.testing.databases import insert
from ebok_core.tytan import copy, state
from ebok_faktura import jobs
from ebok_faktura.models import Notice, Proof
from ebok_faktura.schemas import STEPS
from ebok_faktura.settings import FakturaConfig, FakturaConfigSchema

A, B, C, D = "1-01001", "1-01002", "1-01003", "1-01004"


@pytest.fixture
def runtime(make_runtime: Any, modules: Any, mailbox: Any, tmp_path: Path) -> Runtime:
    """The portal with e-Faktura, its mail relay and its folder of text messages."""
    return make_runtime(modules=modules, smtp_url=mailbox.url, sms_folder=str(tmp_path / "sms"))


class Office:
    """What these tests do: issue documents in the copy, run the jobs, look at what went out."""

    def __init__(self, runtime: Runtime, mailbox: Any, folder: Path) -> None:
        self.runtime, self.mailbox, self.folder = runtime, mailbox, folder
        self.database = runtime.database
        self._number = 0

    def issue(self, code: str = A, number: str | None = None, **changes: Any) -> str:
        """Put a document into the copy as the refresh would, the watermark included; returns its number."""
        self._number += 1
        number = number or f"E 2026/{self._number:06d}"
        today = time.today()
        with self.database.snapshot() as session:
            change_no = session.execute(sa.select(sa.func.max(copy.invoices.c.change_no))).scalar_one() + 1
        row = {
            **dict.fromkeys(c.name for c in copy.invoices.c),
            **{"number": number, "customer_code": code, "kind": "invoice", "issued_on": today},
            **{"due_on": today + timedelta(days=14), "net": Decimal("100.00"), "vat": Decimal("8.00")},
            **{"gross": Decimal("108.00"), "to_pay": Decimal("108.00"), "has_xml": False, "search_text": number},
            **{"seller_name": "Wodociągi", "seller_nip": "0000000000", "seller_address": "x", "buyer_name": "y"},
            **{"buyer_address": "z", "change_no": change_no},
            **changes,
        }
        insert(self.runtime, "ebok_invoices", [row])
        self.moved(change_no)
        return number

    def moved(self, change_no: int) -> None:
        """Let the copy say that its invoices have changed up to this number."""
        with self.database.refresher.begin() as connection:
            done = connection.execute(
                sa.update(state.views).where(state.views.c.view == "ebok_invoices").values(watermark=change_no)
            )
            assert done.rowcount == 1

    def customer(self, code: str, **values: Any) -> None:
        """Change what the copy says of a customer."""
        with self.database.refresher.begin() as connection:
            connection.execute(sa.update(copy.customers).where(copy.customers.c.code == code).values(**values))

    def notify(self) -> str | None:
        """One run of the job."""
        return jobs.notify(self.runtime)

    def send(self, *targets: str) -> None:
        """Let the worker deliver what waits for the mail relay and the gateway."""
        for target in targets or ("mail", "sms"):
            deliver.drain(self.runtime, target)

    def go(self) -> None:
        """Announce and send."""
        self.notify()
        self.send()

    def quiet(self) -> None:
        """Everything that is due, TYTAN included."""
        run_until_quiet(self.runtime)

    def notice(self, number: str) -> Notice:
        """The notice of a document."""
        with self.database.snapshot() as session:
            found = session.scalars(sa.select(Notice).where(Notice.document_number == number)).one()
            session.expunge(found)
            return found

    def steps(self, number: str) -> list[tuple[str, str]]:
        """The log of a document as `(channel, step)`, oldest first."""
        with self.database.snapshot() as session:
            of_document = Proof.document_number == number
            rows = session.execute(sa.select(Proof.at, Proof.channel, Proof.kind).where(of_document))
            ladder = list(STEPS)
            return [tuple(row[1:]) for row in sorted(rows, key=lambda row: (row.at, ladder.index(row.kind)))]

    def messages(self, kind: str) -> list[Any]:
        """The outbox's messages of a kind, oldest first."""
        with self.database.snapshot() as session:
            text = sa.text("SELECT * FROM core_outbox_message WHERE kind = :kind ORDER BY id")
            return session.execute(text, {"kind": kind}).all()

    def texts(self) -> list[Any]:
        """The text messages that went out."""
        paths = sorted(self.folder.glob("*.eml")) if self.folder.exists() else []
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]

    def gateway(self, gateway: str = FOLDER) -> None:
        """Choose the gateway on the panel's page."""
        self.save(SmsConfigSchema, SmsConfig(gateway=gateway))

    def configure(self, **values: Any) -> None:
        """Save the page "e-Faktura"."""
        self.save(FakturaConfigSchema, FakturaConfig(**values))

    def save(self, schema: Any, values: Any) -> None:
        with self.database.unit_of_work() as session:
            runtime_settings.save(session, schema, values, keys=self.runtime.settings.encryption_keys)


@pytest.fixture
def office(filled_copy: Runtime, mailbox: Any, tmp_path: Path) -> Office:
    """The office on 24 November 2026, 9:00 in Warsaw; the first run of the job has been."""
    found = Office(filled_copy, mailbox, tmp_path / "sms")
    assert found.notify() is None
    return found


@pytest.fixture
def agree(viewer_of: Callable[[str], Any], office: Office) -> Callable[..., Any]:
    """Give or change a person's consent: `agree("A", channel="email_sms", phone="+48501000123")`."""
    from ebok_faktura.service import consents

    def run(person: str = "A", channel: str = "email", email: str = "faktury@example.pl", phone: str = "") -> Any:
        wishes = consents.Wishes(channel=channel, email=email, phone=phone)
        with office.database.unit_of_work() as session:
            return consents.agree(session, viewer_of(person), wishes)

    return run


@pytest.fixture
def day() -> date:
    """The day on which the clock stands."""
    return date(2026, 11, 24)
