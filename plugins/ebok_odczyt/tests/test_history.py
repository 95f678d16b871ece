"""*Wszystkie odczyty* on both databases: by state, each once, page by page, compared with a year ago."""

from __future__ import annotations

import html
import re
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ebok_core.tytan import copy
from ebok_odczyt.models import Reading

M1, M2, M3 = "L-1001-M1", "L-1001-M2", "L-1001-M3"
TODAY = "2026-11-24"
_HASH = sa.select(sa.func.count(), sa.func.max(Reading.status_at))


@pytest.fixture
def world(filled_copy):
    """The invented utility of the test kit, with A, B, C and D signed up."""
    return filled_copy


@pytest.fixture
def a(world, signed_in):
    return signed_in("A")


def text_of(answer) -> str:
    """The visible text of a page, spaces joined."""
    page = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", answer.get_data(as_text=True), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def give(client, fields: dict[str, str] | None = None, **states: str):
    """Fill in *Podaj stan* and send it: `give(client, **{M1: "430"})`."""
    return client.submit("/odczyty/", {"data": TODAY, **{f"stan-{k}": v for k, v in states.items()}, **(fields or {})})


def meter_of(runtime, code: str) -> str:
    """Some meter of a customer."""
    with runtime.database.snapshot() as session:
        m = copy.meters.c
        return session.execute(sa.select(m.id).where(m.customer_code == code).order_by(m.id)).scalars().first()


# History


@pytest.mark.feature("L71", "L72", "L73", "L74", "L75")
def test_history_by_state(a):
    everything = text_of(a.get("/odczyty/historia"))
    assert "Wszystkie (53) Oczekujące (0) Nierozliczone (1) Rozliczone (51) Odrzucone (1)" in everything
    rejected = text_of(a.get("/odczyty/historia?stan=odrzucone"))
    assert "Na zdjęciu jest 395, wpisano 935." in rejected and "Podaj ponownie" in rejected
    assert "2026-08-31" not in rejected
    accepted = text_of(a.get("/odczyty/historia?stan=nierozliczone"))
    assert "policzymy w rachunku po 30 listopada" in accepted and "Radiowo" in accepted
    settled = text_of(a.get("/odczyty/historia?stan=rozliczone"))
    assert "Inkasent" in settled
    assert len(re.findall(r"Rozliczone na rachunku R\. \d{4}/\d{6}", settled)) == 20, "each names the bill it is on"


@pytest.mark.feature("L71")
def test_history_goes_back_sixty_months_and_exports(a):
    with_csv = a.get("/odczyty/historia?format=csv")
    lines = with_csv.get_data(as_text=True).lstrip("\ufeff").splitlines()
    assert lines[0].startswith("Data odczytu;Wodomierz;Stan [m³]") and len(lines) == 54
    assert lines[-1].startswith("2021-11-30;")


@pytest.mark.feature("L72", "L75")
def test_each_reading_stands_once_and_in_its_place(a, world):
    """Own readings merge into the copy's pages by date, whether the copy carries them or not."""
    give(a, {"data": "2026-11-24"}, **{M1: "430", M2: "41"})
    first = a.get("/odczyty/historia").get_data(as_text=True)
    rows = re.findall(r'scope="row"[^>]*>(\d{4}-\d\d-\d\d)</th>', first)
    assert rows[:3] == ["2026-11-24", "2026-11-24", "2026-11-23"] and len(rows) == 20
    seen, address = list(rows), first
    while found := re.search(r'href="([^"]+)" rel="next"', address):
        address = a.get(html.unescape(found[1])).get_data(as_text=True)
        seen += re.findall(r'scope="row"[^>]*>(\d{4}-\d\d-\d\d)</th>', address)
    assert len(seen) == 55 and seen == sorted(seen, reverse=True)
    with world.database.snapshot() as session:
        own = session.execute(sa.select(Reading.message_id).where(Reading.meter_id == M1)).scalar_one()
    row = {
        "id": "O999",
        "meter_id": M1,
        "point_code": "403-1001-0",
        "customer_code": "1-01001",
        "read_on": date(2026, 11, 24),
        "reading_value": Decimal(430),
        "consumption_m3": Decimal(9),
        "reading_method": "customer",
        "status": "pending",
        "message_id": own,
        "change_no": 999_999,
    }
    with world.database.refresher.begin() as connection:
        connection.execute(sa.insert(copy.readings).values(row))
    text = text_of(a.get("/odczyty/historia"))
    assert "Wszystkie (55) Oczekujące (2)" in text and text.count("nr OD-2026-11-000") == 2
    assert "Oczekujące (1)" in text_of(a.get(f"/odczyty/historia?licznik={M2}"))


@pytest.mark.feature("P27")
def test_history_compares_with_a_year_ago(a):
    text = text_of(a.get(f"/odczyty/historia?licznik={M1}"))
    assert "W porównaniu z rokiem ubiegłym" in text
    assert "Od 31 maja do 31 sierpnia: 0,10 m³ dziennie. W tych samych dniach rok wcześniej: 0,11 m³ dziennie." in text
    assert "zużywasz mniej niż rok temu." in text


def test_history_of_another_s_meter_shows_nothing_of_it(a, world):
    foreign = meter_of(world, "1-01002")
    with world.database.snapshot() as session:
        number = session.execute(sa.select(copy.meters.c.meter_number).where(copy.meters.c.id == foreign)).scalar_one()
    text = text_of(a.get(f"/odczyty/historia?licznik={foreign}"))
    assert number not in text and "Wszystkie (53)" in text


def test_history_costs_the_same_however_long_it_is(a, world, signed_in, statements):
    c = signed_in("C")
    c.get("/odczyty/historia"), a.get("/odczyty/historia?stan=odrzucone")
    with statements() as many:
        c.get("/odczyty/historia")
    with statements() as few:
        a.get("/odczyty/historia")
    assert len(many) <= len(few) <= 14
