"""The rules of money on the generated utility: 2 000 customers, and an office that goes on working."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from ebok_core.balance import rules
from ebok_core.balance.rules import Allocation, Entry
from ebok_core.standin import database
from ebok_core.standin.generator import generate
from ebok_core.standin.interest_notes import accrue_interest

TODAY = date(2026, 11, 24)
CUSTOMERS = 2_000


class Utility:
    """What the views of TYTAN hold of each customer."""

    def __init__(self, engine: sa.Engine) -> None:
        tables = database.tables(None)
        with engine.connect() as connection:
            rows = {
                view: list(connection.execute(sa.select(tables[view]).where(tables[view].c.removed == 0)).mappings())
                for view in ("ebok_customers", "ebok_ledger", "ebok_payment_allocations", "ebok_invoice_lines")
            }
        self.balances = {row["code"]: row["balance"] for row in rows["ebok_customers"]}
        self.nips = {row["code"]: row["nip"] for row in rows["ebok_customers"]}
        self.entries: dict[str, list[Entry]] = defaultdict(list)
        owner = {}
        for row in rows["ebok_ledger"]:
            owner[row["id"]] = row["customer_code"]
            self.entries[row["customer_code"]].append(Entry(*(row[name] for name in Entry._fields)))
        self.allocations: dict[str, list[Allocation]] = defaultdict(list)
        for row in rows["ebok_payment_allocations"]:
            found = Allocation(*(row[name] for name in Allocation._fields))
            self.allocations[owner[found.payment_id]].append(found)
        self.lines: dict[str, list[Any]] = defaultdict(list)
        for row in rows["ebok_invoice_lines"]:
            self.lines[row["invoice_number"]].append(row)

    def on(self, code: str, day: date, today: date = TODAY) -> rules.Balance:
        """A customer's balance on a day."""
        return rules.balance_on(self.balances[code], self.entries[code], self.allocations[code], day, today)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory):
    engine = sa.create_engine(f"sqlite:///{tmp_path_factory.mktemp('tytan') / 'tytan.db'}")
    generate(engine, customers=CUSTOMERS, seed=7, as_of=TODAY)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def utility(engine):
    return Utility(engine)


@pytest.mark.slow
@pytest.mark.feature("L83", "P39")
def test_every_customer_adds_up_on_every_day_that_is_asked(utility):
    assert len(utility.balances) == CUSTOMERS
    days = [TODAY - timedelta(days=n) for n in (0, 1, 14, 60, 120, 239, 365, 730)]
    for code, balance in utility.balances.items():
        entries, allocations = utility.entries[code], utility.allocations[code]
        assert utility.on(code, TODAY).total == balance
        for since, until in zip(days[1:], days, strict=False):
            past = utility.on(code, until)
            statement = rules.statement_of(balance, entries, allocations, since, until, TODAY)
            assert past.adds_up, (code, until)
            assert statement.at_closing == past and statement.closing == past.total
            assert statement.closing == statement.opening + statement.charges - statement.credits
            assert past.total == sum((e.amount for e in entries if e.posted_on <= until), Decimal(0))
            assert sum((a.amount for a in statement.ages), Decimal(0)) - past.overpayment == past.total
            # A charge never has less than nothing left, nor more than its amount.
            assert all(0 <= line.to_pay <= line.amount for line in past.lines if line.amount > 0), (code, until)


@pytest.mark.slow
@pytest.mark.feature("L81")
def test_interest_that_we_counted_is_what_the_office_charges(engine, utility):
    """Each document's growth by our rules is what its lines of the next note come to, grosz by grosz."""
    rates = {False: rules.CONSUMER, True: rules.COMMERCIAL}
    expected = {}
    noted: dict[str, list[tuple[str, str, Decimal]]] = defaultdict(list)
    for code, entries in utility.entries.items():
        for note in (e.document_number for e in entries if e.kind == "interest"):
            noted[code] += [(line["name"], line["unit"], line["quantity"]) for line in utility.lines[note]]
    for code in utility.balances:
        posted = {e.id: e.posted_on for e in utility.entries[code]}
        for line in utility.on(code, TODAY).lines:
            if line.kind not in rules.PRINCIPAL or line.to_pay <= 0 or not line.due_on or line.due_on >= TODAY:
                continue
            paid = [
                (posted[a.payment_id], a.amount)
                for a in utility.allocations[code]
                if a.document_number == line.document_number
            ]
            document = rules.Document(
                number=line.document_number,
                amount=line.amount,
                due_on=line.due_on,
                payments=tuple(paid),
                charged_days=rules.charged_days(line.document_number, noted[code]),
            )
            growth = rules.accrual_of(document, TODAY, rates[bool(utility.nips[code])])
            if growth.amount:
                expected[line.document_number] = growth.amount
    charged: dict[str, Decimal] = defaultdict(Decimal)
    numbers = accrue_interest(engine, TODAY)
    after = Utility(engine)
    for note in numbers:
        for line in after.lines[note]:
            (document,) = [number for number in expected if rules.names(line["name"], number)] or [line["name"]]
            charged[document] += line["gross"]
    assert len(expected) > 50
    assert charged == expected
