"""Balance, past days, payments and interest as services read them, on both databases with the invented utility."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ebok_core import PendingEntry
from ebok_core.balance import rules, service
from ebok_core.balance.service import Withheld
from ebok_core.balance.settings import BalanceConfig
from ebok_core.clock import WARSAW
from ebok_core.errors import NotFound
from ebok_core.tytan import copy, state

NOW = datetime(2026, 11, 24, 8, 40, tzinfo=WARSAW)
TODAY = date(2026, 11, 24)
D = Decimal


@pytest.fixture
def session(database, filled_copy):
    with database.snapshot() as session:
        yield session


def pending(amount: str, code: str = "1-01001") -> PendingEntry:
    return PendingEntry(
        message_id="m", customer_code=code, kind="payment", amount=D(amount), accepted_at=NOW, title="Wpłata"
    )


def set_balance(database, balance: str) -> None:
    with database.refresher.begin() as connection:
        change = sa.update(copy.customers).where(copy.customers.c.code == "1-01001")
        connection.execute(change.values(balance=D(balance)))


def hold_back(database, code: str = "1-01001") -> None:
    with database.refresher.begin() as connection:
        connection.execute(
            state.held.insert(), {"customer_code": code, "reason": "balance", "since": NOW, "tried_at": NOW}
        )
        connection.execute(state.state.update().values(customers_held_back=1))


# Today


@pytest.mark.feature("L77", "L80", "L81", "L82", "L83")
def test_the_balance_of_a_adds_up_from_her_documents(session, viewer_a):
    account = service.account(session, viewer_a)
    balance = account.balance
    assert account.withheld is None and balance.total == D("29.20")
    parts = (balance.invoices, balance.interest, balance.demands, balance.overpayment)
    assert parts == (D("10.97"), D("0.86"), D("17.37"), D("0.00"))
    assert [(line.document_number, line.to_pay, line.is_part_paid) for line in balance.of("invoices")] == [
        ("R. 2026/000412", D("10.97"), True)
    ]
    assert balance.overdue == D("10.97")


@pytest.mark.feature("L83")
def test_b_is_overpaid(session, viewer_b):
    balance = service.account(session, viewer_b).balance
    assert balance.total == D("-40.00") and balance.overpayment == D("40.00")


def test_every_customer_of_the_login_has_an_own_balance(session, viewer_a):
    rows = [service.holder(session, replace(viewer_a, customer_code=code)) for code in viewer_a.customer_codes]
    accounts = service.accounts(session, viewer_a, rows)
    assert [(a.customer.code, a.balance.total) for a in accounts] == [("1-01001", D("29.20")), ("1-01006", D("0.00"))]


def test_payments_on_their_way_are_shown_apart(session, viewer_a):
    entries = [pending("-29.20"), pending("-5.00", code="1-01006")]
    account = service.account(session, viewer_a, entries)
    assert account.balance.total == D("29.20")
    assert account.pending == (entries[0],) and account.after_pending == D("0.00")
    assert service.account(session, viewer_a).after_pending is None


def test_R29_a_balance_that_does_not_add_up_is_not_shown(filled_copy, database, viewer_a):
    set_balance(database, "29.21")
    with database.snapshot() as session:
        account = service.account(session, viewer_a, [pending("-29.20")])
    assert account.balance is None and account.withheld is Withheld.DOES_NOT_ADD_UP and account.after_pending is None


def test_R29_a_customer_that_is_held_back_has_no_balance(filled_copy, database, viewer_a, viewer_b):
    hold_back(database)
    with database.snapshot() as session:
        account = service.account(session, viewer_a)
        assert account.balance is None and account.withheld is Withheld.HELD_BACK
        assert service.is_held(session, viewer_a) and not service.is_held(session, viewer_b)
        assert service.account(session, viewer_b).withheld is None


# Interest


@pytest.mark.feature("L81")
def test_interest_is_told_by_document_days_and_rate(session, viewer_a):
    balance = service.account(session, viewer_a).balance
    interest = service.interest_of(session, viewer_a, balance, nip=None, config=BalanceConfig())
    lines = interest.charged["NO 2026/000077"]
    assert sum(line.gross for line in lines) == D("0.86")
    assert all("R. 2026/000412" in line.name and "%" in line.name and line.quantity > 0 for line in lines)
    noted = int(sum(line.quantity for line in lines))
    (accrual,) = interest.accruals
    assert accrual.document.number == "R. 2026/000412" and accrual.document.charged_days == noted
    assert accrual.days == 56 - noted and {s.principal for s in accrual.segments} == {D("10.97")}
    assert interest.accrued == rules.rounded(accrual.segments) == D("0.07") and not interest.is_commercial


def test_a_firm_owes_by_the_other_table(session, viewer_a):
    balance = service.account(session, viewer_a).balance
    interest = service.interest_of(session, viewer_a, balance, nip="9999999999", config=BalanceConfig())
    assert interest.is_commercial and {s.rate for a in interest.accruals for s in a.segments} == {D("13.75")}


def test_the_tables_of_the_panel_are_those_that_count(session, viewer_a):
    balance = service.account(session, viewer_a).balance
    config = BalanceConfig(consumer_rates=((date(2026, 1, 1), D("20.00")),))
    interest = service.interest_of(session, viewer_a, balance, nip=None, config=config)
    assert {s.rate for a in interest.accruals for s in a.segments} == {D("20.00")}


def test_who_owes_nothing_late_has_no_interest(session, viewer_b):
    balance = service.account(session, viewer_b).balance
    interest = service.interest_of(session, viewer_b, balance, nip=None, config=BalanceConfig())
    assert (interest.charged, interest.accruals, interest.accrued) == ({}, (), D("0.00"))


# Past days and statements


@pytest.mark.feature("P39")
@pytest.mark.parametrize("person", ["A", "B", "C", "D"])
def test_any_day_is_the_closing_of_its_statement(session, viewer_of, person):
    viewer = viewer_of(person)
    customer = service.holder(session, viewer)
    books = service.books(session, viewer, customer)
    first = books.first_day
    for days in (0, 1, 30, 90, 239, 400, 800):
        day = max(TODAY - timedelta(days=days), first)
        balance, statement = books.balance_on(day), books.statement(first, day)
        assert balance.adds_up and balance.total == statement.closing
        assert statement.opening == 0 and statement.at_closing == balance
        assert statement.closing == statement.opening + statement.charges - statement.credits
    assert books.balance_on(TODAY).total == customer.balance


def test_the_balance_of_31_march_is_that_of_then(session, viewer_a):
    books = service.books(session, viewer_a, service.holder(session, viewer_a))
    then = books.balance_on(date(2026, 3, 31))
    on_the_day = [e for e in books.entries if e.posted_on <= date(2026, 3, 31)]
    assert then.total == sum(e.amount for e in on_the_day)
    statement = books.statement(date(2026, 1, 1), date(2026, 3, 31))
    assert statement.closing == then.total and statement.until == date(2026, 3, 31)


def test_what_is_posted_later_does_not_change_a_past_day(filled_copy, database, viewer_a, clock):
    """Today is remembered; a month goes on, the debt is paid and a new bill comes; the day is asked for again."""
    with database.snapshot() as session:
        then = service.account(session, viewer_a).balance
    ledger, allocations = copy.ledger, copy.payment_allocations
    with database.refresher.begin() as connection:
        new = {"customer_code": "1-01001", "kind": "payment", "change_no": 10**9, "title": "Wpłata"}
        payment = {**new, "id": "Z1", "posted_on": date(2026, 12, 4), "amount": D("-29.20"), "to_pay": D("0.00")}
        bill = {**new, "id": "Z2", "kind": "invoice", "document_number": "R. 2026/000999"}
        bill |= {"posted_on": date(2026, 12, 8)}
        bill |= {"due_on": date(2026, 12, 22), "amount": D("88.00"), "to_pay": D("88.00")}
        connection.execute(ledger.insert(), payment)
        connection.execute(ledger.insert(), bill)
        for line in then.lines:
            connection.execute(ledger.update().where(ledger.c.id == line.id).values(to_pay=D("0.00")))
            connection.execute(
                allocations.insert(),
                {
                    "payment_id": "Z1",
                    "document_number": line.document_number,
                    "amount": line.to_pay,
                    "customer_code": "1-01001",
                    "change_no": 10**9,
                },
            )
    set_balance(database, "88.00")
    clock.set_local(date(2026, 12, 24))
    with database.snapshot() as session:
        books = service.books(session, viewer_a, service.holder(session, viewer_a))
    again = books.balance_on(TODAY)
    assert (again.total, again.lines, again.overdue) == (then.total, then.lines, then.overdue)
    assert books.balance_on(date(2026, 12, 4)).total == 0
    assert books.balance_on(date(2026, 12, 24)).total == D("88.00")


# Payments


@pytest.mark.feature("L112", "L113")
def test_payments_lead_to_their_documents(session, viewer_a):
    books = service.books(session, viewer_a, service.holder(session, viewer_a))
    newest = max((e for e in books.entries if e.kind == "payment"), key=lambda e: e.posted_on)
    payment = service.payment(session, viewer_a, newest.id)
    assert payment.row.amount == D("-112.98") and payment.left == 0
    assert [(a.document_number, a.amount) for a in payment.documents] == [("R. 2026/000412", D("112.98"))]


@pytest.mark.feature("L113")
def test_totals_by_year_are_all_payments(session, viewer_a, viewer_b):
    for viewer in (viewer_a, viewer_b):
        books = service.books(session, viewer, service.holder(session, viewer))
        years = service.years(session, viewer)
        assert (
            years[0].year == 2026
            and len(years) > 3
            and [y.year for y in years] == sorted((y.year for y in years), reverse=True)
        )
        paid = [e for e in books.entries if e.kind in ("payment", "overpayment")]
        assert sum(y.paid for y in years) == -sum(e.amount for e in paid)
        assert sum(y.count for y in years) == len(paid)
        of_2026 = [e.amount for e in paid if e.posted_on.year == 2026]
        assert (years[0].paid, years[0].count, years[0].returned) == (-sum(of_2026), len(of_2026), D("0.00"))


def test_what_is_left_of_b_s_payment_is_the_overpayment(session, viewer_b):
    (line,) = service.account(session, viewer_b).balance.of("overpayment")
    assert service.payment(session, viewer_b, line.id).left == D("40.00")


def test_a_foreign_payment_is_missing(session, viewer_a, viewer_b):
    (line,) = service.account(session, viewer_b).balance.of("overpayment")
    for viewer, wanted in ((viewer_a, line.id), (viewer_a, "nie-ma")):
        with pytest.raises(NotFound):
            service.payment(session, viewer, wanted)


# What can be paid


@pytest.mark.feature("L83")
def test_what_can_be_paid_is_the_balance_to_the_grosz(session, viewer_a):
    found = service.payable(session, viewer_a)
    assert [(r.document_number, r.kind, r.to_pay) for r in found.receivables] == [
        ("R. 2026/000412", "invoice", D("10.97")),
        ("NO 2026/000077", "interest", D("0.86")),
        ("W 2026/000131", "payment_demand", D("17.37")),
    ]
    assert found.total == D("29.20") and all(len(r.individual_account) == 26 for r in found.receivables)


def test_money_on_its_way_is_not_asked_for_again(session, viewer_a):
    assert service.payable(session, viewer_a, [pending("-10.97")]).total == D("18.23")
    assert service.payable(session, viewer_a, [pending("-100.00")]).total == D("0.00")


def test_who_is_overpaid_has_nothing_to_pay(session, viewer_b):
    found = service.payable(session, viewer_b)
    assert (found.receivables, found.credit, found.total) == ((), D("40.00"), D("0.00"))


def test_nothing_can_be_paid_while_the_balance_is_withheld(filled_copy, database, viewer_a):
    set_balance(database, "29.21")
    with database.snapshot() as session:
        found = service.payable(session, viewer_a)
    assert found.is_withheld and found.receivables == () and found.total == 0


def test_a_bill_of_a_contract_with_an_own_account_is_paid_there(filled_copy, database, viewer_a):
    own = "1" * 26
    with database.refresher.begin() as connection:
        change = sa.update(copy.contracts).where(copy.contracts.c.number == "Um 2018/3111")
        connection.execute(change.values(individual_account=own))
    with database.snapshot() as session:
        bill, note, _demand = service.payable(session, viewer_a).receivables
    assert bill.individual_account == own and note.individual_account != own
