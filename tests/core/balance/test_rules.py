"""The balance room's rules: parts, past days, statements, ageing, interest, by the examples of billing.md."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import holidays
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ebok_core.balance import rules
from ebok_core.balance.rules import Allocation, Document, Entry, LedgerLine, Side
from ebok_core.standin import interest as tytans

TODAY = date(2026, 11, 24)
D = Decimal


def line(kind: str, to_pay: str, due_on: date | None = None) -> LedgerLine:
    return LedgerLine(
        kind=kind,
        document_number=kind.upper(),
        posted_on=date(2026, 9, 1),
        due_on=due_on,
        amount=D(to_pay),
        to_pay=D(to_pay),
        title=kind,
    )


# Parts


@pytest.mark.feature("L80", "L81", "L82", "L83")
def test_parts_of_person_a_add_up():
    balance = rules.balance_of(
        D("29.20"),
        [
            line("payment_demand", "17.37", date(2026, 12, 1)),
            line("interest", "0.86", date(2026, 11, 13)),
            line("invoice", "10.97", date(2026, 9, 29)),
            line("invoice", "0.00", date(2026, 8, 1)),
        ],
        TODAY,
    )
    parts = (balance.invoices, balance.interest, balance.demands, balance.overpayment)
    assert parts == (D("10.97"), D("0.86"), D("17.37"), D("0.00"))
    assert balance.adds_up and balance.overdue == D("10.97") and balance.due_later == 0
    assert [entry.document_number for entry in balance.lines] == ["INVOICE", "INTEREST", "PAYMENT_DEMAND"]
    assert [entry.kind for entry in balance.of("interest")] == ["interest"]


def test_overpayment_is_what_is_taken_off():
    balance = rules.balance_of(D("-40.00"), [line("overpayment", "-40.00")], TODAY)
    assert balance.overpayment == D("40.00") and balance.adds_up and balance.side is Side.OVERPAID


def test_a_balance_that_does_not_add_up_says_so():
    assert not rules.balance_of(D("10.00"), [line("invoice", "9.99", TODAY)], TODAY).adds_up
    assert not rules.balance_of(D("9.99"), [line("unheard_of", "9.99", TODAY)], TODAY).adds_up


@pytest.mark.parametrize(
    ("due_on", "days", "is_overdue"),
    [
        (TODAY, 0, False),
        (date(2026, 11, 23), -1, True),
        (date(2026, 11, 20), -4, True),
        (date(2026, 11, 21), -1, True),  # a Saturday: in time until Monday the 23rd
        (date(2026, 11, 28), 6, False),  # a Saturday: in time until Monday the 30th
    ],
)
def test_what_is_overdue_follows_the_moved_due_date(due_on, days, is_overdue):
    entry = line("invoice", "5.00", due_on)
    assert rules.days_left(entry, TODAY) == days
    balance = rules.balance_of(D("5.00"), [entry], TODAY)
    assert (balance.overdue, balance.due_later) == ((D("5.00"), D("0.00")) if is_overdue else (D("0.00"), D("5.00")))


@pytest.mark.parametrize(
    ("amount", "side"), [("29.20", Side.OWED), ("-0.01", Side.OVERPAID), ("0.00", Side.SETTLED), ("0.01", Side.OWED)]
)
def test_side(amount, side):
    assert rules.side_of(D(amount)) is side


def test_part_payment_is_told_from_the_amount_left():
    whole = line("invoice", "123.95")
    assert not whole.is_part_paid
    assert replace(whole, to_pay=D("10.97")).is_part_paid


# Days


@pytest.mark.parametrize("year", range(2011, 2061))
def test_holidays_are_those_of_the_library(year):
    library = {day for day in holidays.country_holidays("PL", years=year)}
    assert {d for d in rules.holidays_of(year) if d.weekday() != 6} == {d for d in library if d.weekday() != 6}


@pytest.mark.parametrize(
    ("due_on", "effective"),
    [
        (date(2025, 11, 24), date(2025, 11, 24)),
        (date(2025, 11, 22), date(2025, 11, 24)),
        (date(2026, 1, 31), date(2026, 2, 2)),
        (date(2025, 12, 24), date(2025, 12, 29)),
        (date(2024, 12, 24), date(2024, 12, 24)),
        (date(2026, 4, 4), date(2026, 4, 7)),
        (date(2026, 5, 1), date(2026, 5, 4)),
        (date(2026, 6, 4), date(2026, 6, 5)),
    ],
)
def test_a_due_date_moves_off_free_days(due_on, effective):
    assert rules.effective_due(due_on) == effective


# Interest


@pytest.mark.feature("L81")
@pytest.mark.parametrize(
    ("principal", "due_on", "paid_on", "rates", "amount"),
    [
        ("304.92", date(2025, 11, 24), date(2026, 3, 16), rules.CONSUMER, "8.88"),
        ("250.00", date(2025, 11, 21), date(2025, 12, 15), rules.CONSUMER, "1.58"),
        ("86.20", date(2025, 11, 22), date(2025, 11, 30), rules.CONSUMER, "0.14"),
        ("229.62", date(2026, 1, 31), date(2026, 2, 27), rules.CONSUMER, "1.49"),
        ("640.18", date(2025, 12, 24), date(2026, 1, 9), rules.CONSUMER, "1.83"),
        ("300.00", date(2026, 4, 4), date(2026, 4, 20), rules.CONSUMER, "0.99"),
        ("87.40", date(2024, 2, 23), date(2024, 3, 29), rules.CONSUMER, "0.94"),
        ("12000.00", date(2025, 12, 19), date(2026, 2, 10), rules.COMMERCIAL, "248.88"),
    ],
)
def test_the_worked_examples_of_the_billing_page(principal, due_on, paid_on, rates, amount):
    assert rules.interest(D(principal), due_on, paid_on, rates) == D(amount)


def test_the_segments_of_the_first_example():
    parts = rules.segments(D("304.92"), date(2025, 11, 24), date(2026, 3, 16), rates=rules.CONSUMER)
    assert [(p.days, p.rate, round(p.amount, 5)) for p in parts] == [
        (9, D("9.75"), D("0.73306")),
        (91, D("9.50"), D("7.22201")),
        (12, D("9.25"), D("0.92729")),
    ]


def test_no_interest_on_the_day_itself_nor_before():
    for until in (date(2026, 3, 1), date(2026, 3, 10)):
        assert rules.segments(D("100"), date(2026, 3, 10), until, rates=rules.CONSUMER) == []


def test_a_part_payment_lowers_the_principal_from_the_next_day():
    document = Document(
        number="F", amount=D("123.95"), due_on=date(2026, 9, 29), payments=((date(2026, 10, 26), D("112.98")),)
    )
    accrual = rules.accrual_of(document, TODAY, rules.CONSUMER)
    assert [(s.days, s.principal) for s in accrual.segments] == [(27, D("123.95")), (29, D("10.97"))]
    exact = D("123.95") * D("9.25") * 27 / 36500 + D("10.97") * D("9.25") * 29 / 36500
    assert accrual.amount == round(exact, 2) == D("0.93") and accrual.days == 56


def test_days_that_a_note_charged_are_not_counted_again():
    document = Document(number="F", amount=D("100"), due_on=date(2026, 9, 29), charged_days=30)
    accrual = rules.accrual_of(document, TODAY, rules.CONSUMER)
    assert accrual.segments[0].first == date(2026, 10, 30) and accrual.days == 26


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        ("Odsetki od R. 2026/000412, 9.25% w skali roku", True),
        ("R. 2026/000412", True),
        ("Odsetki od R. 2026/0004121", False),
        ("Odsetki od R. 2026/000412/K", False),
        ("Odsetki od KR. 2026/000412", False),
        ("Odsetki", False),
    ],
)
def test_a_line_of_a_note_names_its_document(text, is_named):
    assert rules.names(text, "R. 2026/000412") is is_named


def test_charged_days_are_those_of_the_named_document():
    lines = [
        ("Odsetki od R. 1, 9.25%", "dzień", D("27.000")),
        ("Odsetki od R. 1, 9.50%", "dzień", D("3.000")),
        ("Odsetki od R. 2, 9.25%", "dzień", D("5.000")),
        ("Koszty R. 1", "szt.", D("1.000")),
    ]
    assert rules.charged_days("R. 1", lines) == 30


def test_the_first_rate_holds_before_the_table():
    parts = rules.segments(D("100"), date(2001, 1, 2), date(2001, 1, 12), rates=rules.CONSUMER)
    assert {p.rate for p in parts} == {D("13.00")}


amounts = st.decimals(min_value=D("0.01"), max_value=D("99999.99"), places=2)
some_days = st.dates(date(2012, 1, 1), date(2026, 11, 24))


@settings(max_examples=300, deadline=None)
@given(amounts, some_days, st.integers(0, 900), st.lists(st.tuples(st.integers(-20, 900), amounts), max_size=3))
def test_interest_is_what_tytan_counts(principal, due_on, days, paid):
    """The stand-in counts by its own code and its own table of rates."""
    until = due_on + timedelta(days=days)
    payments = [(due_on + timedelta(days=after), amount) for after, amount in paid]
    ours = rules.segments(principal, due_on, until, rates=rules.CONSUMER, payments=payments)
    theirs = tytans.segments(principal, due_on, until, rates=tytans.CONSUMER, payments=payments)
    assert rules.rounded(ours) == tytans.rounded(theirs)
    assert sum(s.days for s in ours) == sum(s.days for s in theirs)
    assert all(a.last < b.first for a, b in zip(ours, ours[1:], strict=False))


@settings(max_examples=200, deadline=None)
@given(amounts, some_days, st.integers(1, 500), st.integers(0, 500))
def test_interest_charged_in_two_notes_covers_each_day_once(principal, due_on, total, first):
    document = Document(number="F", amount=principal, due_on=due_on)
    start = rules.effective_due(due_on)
    until, between = start + timedelta(days=total), min(first, total)
    whole = rules.accrual_of(document, until, rules.CONSUMER)
    noted = rules.accrual_of(document, start + timedelta(days=between), rules.CONSUMER)
    later = rules.accrual_of(replace(document, charged_days=between), until, rules.CONSUMER)
    assert noted.days + later.days == whole.days == total
    exact = [sum((s.amount for s in a.segments), D(0)) for a in (noted, later, whole)]
    assert round(exact[0] + exact[1], 12) == round(exact[2], 12)


# Rates


def test_the_tables_are_those_of_tytans_side():
    assert rules.CONSUMER == tytans.CONSUMER and rules.COMMERCIAL == tytans.COMMERCIAL


def test_rates_read_as_they_are_written():
    assert rules.rates_to_text(rules.CONSUMER).splitlines()[:2] == ["2026-03-05 9,25", "2025-12-04 9,50"]
    assert rules.rates_from_text(rules.rates_to_text(rules.CONSUMER)) == rules.CONSUMER
    assert rules.rates_from_text(" 2026-03-05: 9.25 %\n\n2025-12-04;9,5") == (
        (date(2025, 12, 4), D("9.50")),
        (date(2026, 3, 5), D("9.25")),
    )


@pytest.mark.parametrize(
    ("text", "code", "number"),
    [
        ("", "empty", 0),
        ("2026-03-05 9,25\nod marca 9", "line", 2),
        ("2026-02-30 9,25", "date", 1),
        ("2026-03-05 100,01", "percent", 1),
        ("2026-03-05 9,25\n\n2026-03-05 9,50", "twice", 3),
        ("2026-03-05 -1", "line", 1),
        ("٢٠٢٦-03-05 9", "line", 1),
        ("2026-03-05 9,255", "line", 1),
        ("2026-03-05 1e3", "line", 1),
    ],
)
def test_a_line_that_is_no_rate_is_named(text, code, number):
    with pytest.raises(rules.RateFault) as fault:
        rules.rates_from_text(text)
    assert (fault.value.code, fault.value.line) == (code, number)


# History


@st.composite
def accounts(draw):
    """Books as TYTAN keeps them: charges, money, and money set against charges on any day that has both."""
    days = st.integers(0, 400).map(lambda n: TODAY - timedelta(days=n))
    entries, left = [], {}

    def post(kind, amount, day, number=None):
        entry = Entry(
            id=f"K{len(entries):04d}",
            kind=kind,
            document_number=number,
            posted_on=day,
            due_on=day + timedelta(days=14) if number else None,
            amount=amount,
            to_pay=amount,
            title=kind,
            method=None,
        )
        entries.append(entry)
        left[entry.id] = amount
        return entry

    for place in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["invoice", "interest", "payment_demand"]))
        post(kind, draw(amounts), draw(days), f"F {place}")
    for _ in range(draw(st.integers(0, 5))):
        post(draw(st.sampled_from(["payment", "overpayment", "correction"])), -draw(amounts), draw(days))
    found = {}
    for credit in [e for e in entries if e.amount < 0]:
        for charge in [e for e in entries if e.amount > 0]:
            part = min(-left[credit.id], left[charge.id], draw(amounts)) if draw(st.booleans()) else D(0)
            if part > 0:
                left[credit.id] += part
                left[charge.id] -= part
                found[credit.id, charge.document_number] = part
    entries = [e._replace(to_pay=left[e.id]) for e in entries]
    allocations = [Allocation(*key, amount) for key, amount in found.items()]
    return entries, allocations


@pytest.mark.feature("L83", "P39")
@settings(max_examples=400, deadline=None)
@given(accounts(), st.integers(0, 420), st.integers(0, 420))
@example(([], []), 0, 0)
def test_parts_past_days_and_statements_always_add_up(books, first, second):
    entries, allocations = books
    now = sum((e.to_pay for e in entries), D("0.00"))
    since, until = sorted((TODAY - timedelta(days=first), TODAY - timedelta(days=second)))
    statement = rules.statement_of(now, entries, allocations, since, until, TODAY)
    assert statement.closing == statement.opening + statement.charges - statement.credits
    assert statement.closing == (statement.lines[-1].balance if statement.lines else statement.opening)
    past = rules.balance_on(now, entries, allocations, until, TODAY)
    assert past.adds_up and past.total == statement.closing
    before = rules.balance_on(now, entries, allocations, since - timedelta(days=1), TODAY)
    assert before.adds_up and before.total == statement.opening
    assert past.total == sum((e.amount for e in entries if e.posted_on <= until), D("0.00"))
    assert sum((age.amount for age in statement.ages), D("0.00")) - past.overpayment == past.total
    assert all(line.to_pay >= 0 for line in past.lines if line.amount > 0)


@settings(max_examples=100, deadline=None)
@given(accounts())
def test_the_history_of_today_is_today(books):
    entries, allocations = books
    now = sum((e.to_pay for e in entries), D("0.00"))
    today = rules.balance_on(now, entries, allocations, TODAY, TODAY)
    assert today == rules.balance_of(now, [rules.line_of(e, e.to_pay) for e in entries], TODAY)


def entry(id: str, kind: str, amount: str, day: date, number: str | None = None, to_pay: str | None = None) -> Entry:
    due_on = day + timedelta(days=14) if number else None
    return Entry(id, kind, number, day, due_on, D(amount), D(amount if to_pay is None else to_pay), kind, None)


BOOKS = [
    entry("K1", "invoice", "100.00", date(2026, 3, 2), "F 1", "0.00"),
    entry("K2", "payment", "-130.00", date(2026, 4, 10), None, "0.00"),
    entry("K3", "invoice", "50.00", date(2026, 6, 1), "F 2", "20.00"),
]
SET = [Allocation("K2", "F 1", D("100.00")), Allocation("K2", "F 2", D("30.00"))]


@pytest.mark.parametrize(
    ("day", "total", "invoices", "overpayment"),
    [
        (date(2026, 3, 1), "0.00", "0.00", "0.00"),
        (date(2026, 3, 2), "100.00", "100.00", "0.00"),
        (date(2026, 3, 31), "100.00", "100.00", "0.00"),
        (date(2026, 4, 10), "-30.00", "0.00", "30.00"),
        (date(2026, 6, 1), "20.00", "20.00", "0.00"),
        (TODAY, "20.00", "20.00", "0.00"),
    ],
)
def test_a_past_day_has_the_parts_it_had(day, total, invoices, overpayment):
    balance = rules.balance_on(D("20.00"), BOOKS, SET, day, TODAY)
    assert (balance.total, balance.invoices, balance.overpayment) == (D(total), D(invoices), D(overpayment))
    assert balance.adds_up


def test_an_entry_dated_ahead_counts_today_and_not_yesterday():
    books = [entry("K1", "invoice", "10.00", TODAY + timedelta(days=2), "F 1")]
    assert rules.balance_on(D("10.00"), books, [], TODAY, TODAY).total == D("10.00")
    assert rules.balance_on(D("10.00"), books, [], TODAY - timedelta(days=1), TODAY).total == 0


def test_oldest_entries_that_are_gone_leave_later_days_right_and_say_so_before():
    """TYTAN archived the invoice of 100.00, and with it where the money went."""
    kept, now = BOOKS[1:], D("20.00")
    assert rules.balance_on(now, kept, SET[1:], date(2026, 4, 10), TODAY).total == D("-30.00")
    assert rules.balance_on(now, kept, SET[1:], date(2026, 3, 31), TODAY).total == D("100.00")
    assert not rules.balance_on(now, kept, SET[1:], date(2026, 3, 31), TODAY).adds_up


@pytest.mark.feature("P39")
def test_ageing_counts_from_the_moved_due_date():
    lines = [
        line("invoice", "1.00", TODAY),
        line("invoice", "2.00", TODAY - timedelta(days=1)),
        line("interest", "4.00", TODAY - timedelta(days=34)),
        line("payment_demand", "8.00", TODAY - timedelta(days=89)),
        line("invoice", "16.00", TODAY - timedelta(days=91)),
        line("overpayment", "-3.00"),
    ]
    ages = rules.ageing_of(rules.balance_of(D("28.00"), lines, TODAY))
    assert [(a.least, a.most, a.amount) for a in ages] == [
        (0, 0, D("1.00")),
        (1, 30, D("2.00")),
        (31, 60, D("4.00")),
        (61, 90, D("8.00")),
        (91, None, D("16.00")),
    ]
