"""W8: a page sends a constant, small number of queries, however long its lists are."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

MOST = 6
# Pages that send more, with the reason. The numbers may fall, never rise (architecture.md wants five at most).
MORE = {
    "customer.core.start": (9, "the cards of five rooms read what each of them shows"),
    "customer.faktura.document": (10, "lines, the bill a year ago, payments, notes, the account: a read each"),
    "customer.faktura.easy": (10, "the same document in short"),
    "admin.jobs.index": (7, "workers, runs, the outbox, its breakers, the copy, the audit trail: a read each"),
    "admin.core.home": (15, "each room and module says what is configured and what waits: a read each"),
    "admin.core.to_do": (12, "each room and module says what waits: a read each, one or two"),
    "admin.customers.card": (10, "data, points, meters, balance, people, messages: a read each"),
}


@pytest.fixture
def count(signed_in, statements):
    """The queries of an address for a person, after a first request that fills the caches."""

    def of(person, address):
        browser = signed_in(person)
        browser.get(address)
        with statements() as seen:
            answer = browser.get(address)
        assert answer.status_code == 200, f"{address} for {person}: {answer.status}"
        return list(seen)

    return of


def test_a_longer_list_takes_no_more_queries(count, explored):
    """C has 1 200 meters at 300 points; A has six."""
    for endpoint, address in explored("A").pages.items():
        if "<" in address or any(char.isdigit() for char in address):
            continue
        few, many = count("A", address), count("C", address)
        # One more at most: how many there are is asked only where the rows of one page do not show it.
        assert len(many) <= len(few) + 1, f"{endpoint}: {len(few)} queries for A, {len(many)} for C: {many}"


@pytest.mark.parametrize("person", ["A", "C", "admin"])
def test_no_page_takes_more_than_six_queries(count, explored, person):
    too_many = {}
    for endpoint, address in explored(person).pages.items():
        seen = len(count(person, address))
        if seen > MORE.get(endpoint, (MOST, ""))[0]:
            too_many[f"{endpoint} ({address})"] = seen
    assert too_many == {}


def test_the_counter_counts(database, statements):
    """A page with a query in a loop would fail above: one more row is one more query here."""
    import sqlalchemy as sa

    with statements() as seen, database.snapshot() as session:
        for _ in range(3):
            session.execute(sa.text("SELECT 1"))
    assert len(seen) == 3
