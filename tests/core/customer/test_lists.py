"""The lists of points, meters and contracts: columns, filters, places, exports, and what they cost."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ebok_core.tytan import copy

LISTS = ("/punkty", "/liczniki", "/umowy")


@pytest.mark.feature(*[f"L{n}" for n in range(38, 49)])
def test_the_points_of_a_with_the_leaflets_columns(read):
    points = read("A", "/punkty")
    head, *rows = points.tables[0]
    assert head == [
        "Kod punktu usługi (odbiorcy)",
        "Adres",
        "Data rejestracji",
        "Status punktu",
        "Nr licznika",
        "Status licznika",
        "Data zmiany",
        "Rodzaj usługi",
        "Nr umowy",
        "Data ważności umowy",
    ]
    assert rows == [
        [
            "403-1001-0",
            "ul. Lipowa 12 62-999 Brzozowa Struga",
            "2013-04-22",
            "Aktywny",
            "21GR004417 12CB050038",
            "Aktywny Aktywny",
            "2021-06-01 2013-04-22",
            "Woda i ścieki",
            "Um 2018/3111",
            "bezterminowa",
        ],
        [
            "403-1001-1",
            "ul. Nad Strugą 7 62-999 Brzozowa Struga",
            "2024-03-01",
            "Aktywny",
            "19IZ118820",
            "Aktywny",
            "2024-03-01",
            "Woda",
            "Um 2024/0207",
            "2026-12-18 kończy się wkrótce",
        ],
    ]
    assert "2 punkty usług" in points.words and points.crumbs == ["Strona główna", "Punkty usług"]
    links = ("403-1001-0", "12CB050038", "Um 2018/3111")
    assert [points.links[link] for link in links] == [
        "/punkty/403-1001-0",
        "/liczniki/L-1001-M1",
        "/umowy/Um%202018/3111",
    ]


@pytest.mark.feature("L38", "L194")
def test_c_pages_through_three_hundred_points_and_finds_one(read):
    first = read("C", "/punkty")
    assert "Strona 1 z 15, 300 punktów usług" in first.words and len(first.tables[0]) == 21
    second = read("C", first.links["Następna"])
    assert second.title.startswith("Punkty usług, strona 2 z 15 –")
    assert not {row[0] for row in first.tables[0][1:]} & {row[0] for row in second.tables[0][1:]}
    found = read("C", "/punkty?szukaj=403-1003-77")
    assert [row[0] for row in found.tables[0][1:]] == ["403-1003-77"] and "1 punkt usług" in found.words
    nothing = read("C", "/punkty?szukaj=nie-ma-takiego")
    assert nothing.tables == [] and "Wyczyść filtry" in nothing.links


@pytest.mark.feature("L42", "L67")
def test_closed_points_and_removed_meters_stay_and_are_filtered(read, filled_copy):
    with filled_copy.database.refresher.begin() as connection:
        p, m = copy.service_points, copy.meters
        connection.execute(sa.update(p).where(p.c.code == "403-1001-1").values(status="Zamknięty"))
        connection.execute(sa.update(m).where(m.c.id == "L-1001-M2").values(active=False, status="Zdemontowany"))
    points = read("A", "/punkty?stan=zamkniete")
    assert [row[:1] + row[3:4] for row in points.tables[0][1:]] == [["403-1001-1", "Zamknięty"]]
    assert {"Wszystkie (2)", "Aktywne (1)", "Zamknięte (1)"} <= set(points.links)
    closed = read("A", "/punkty/403-1001-1")
    assert "Ten punkt jest zamknięty Nie przyjmujemy tu już odczytów." in closed.words
    removed = read("A", "/liczniki?stan=zdjete")
    assert [row[0] for row in removed.tables[0][1:]] == ["21GR004417 Wodomierz ogrodowy"]
    both = read("A", "/punkty").tables[0][1]
    assert both[4:6] == ["12CB050038 21GR004417", "Aktywny Zdemontowany"]


@pytest.mark.feature("L67")
def test_meters_by_point_and_by_state(read):
    meters = read("A", "/liczniki")
    assert [row[0] for row in meters.tables[0][1:]] == [
        "12CB050038 Wodomierz główny",
        "21GR004417 Wodomierz ogrodowy",
        "19IZ118820 Wodomierz główny",
    ]
    assert {"Wszystkie (3)", "Aktywne (3)", "Nieaktywne (0)", "Legalizacja wygasła (1)"} <= set(meters.links)
    at_the_plot = read("A", "/liczniki?punkt=403-1001-1")
    assert [row[0] for row in at_the_plot.tables[0][1:]] == ["19IZ118820 Wodomierz główny"]
    assert read("A", "/liczniki?stan=legalizacja").tables == at_the_plot.tables
    foreign = read("A", "/liczniki?punkt=403-1003-0")
    assert len(foreign.tables[0]) == 4


@pytest.mark.feature("L114", "L120")
def test_the_contracts_of_a(read):
    contracts = read("A", "/umowy")
    assert [row[0].partition(" Umowa")[0] for row in contracts.tables[0][1:]] == ["Um 2024/0207", "Um 2018/3111"]
    assert [row[3] for row in contracts.tables[0][1:]] == ["2026-12-18 kończy się wkrótce", "bezterminowo"]
    assert {"Trwają (2)", "Kończą się wkrótce (1)", "Zakończone (0)"} <= set(contracts.links)
    assert read("A", "/umowy?stan=zakonczone").tables == []


@pytest.mark.feature("L125")
def test_the_way_back_keeps_filter_and_place(read):
    second = read("C", read("C", "/umowy?sortuj=number").links["Następna"])
    number = second.tables[0][1][0].partition(" Umowa")[0]
    back = read("C", second.links[number]).links["Powrót"]
    again = read("C", back)
    assert again.tables == second.tables and "sortuj=number" in back
    read("C", "/umowy")
    assert read("C", second.links[number]).links["Powrót"] == "/umowy"


@pytest.mark.feature("L194")
@pytest.mark.parametrize(
    ("address", "lines", "expected"),
    [
        ("/punkty", 2, "403-1001-0;ul. Lipowa 12, 62-999 Brzozowa Struga;2013-04-22;Aktywny;21GR004417, 12CB050038;"),
        ("/liczniki", 3, "12CB050038;403-1001-0;Aktywny;2013-04-22;;2026-08-31;421"),
        ("/umowy", 2, "Um 2024/0207;2024-02-20;2024-03-01;2026-12-18;403-1001-1;Woda"),
    ],
)
def test_lists_are_exported(signed_in, address, lines, expected):
    answer = signed_in("A").get(f"{address}?format=csv")
    text = answer.get_data(as_text=True)
    assert answer.mimetype == "text/csv" and len(text.strip().splitlines()) == lines + 1
    assert expected in text and "<" not in text


@pytest.mark.feature("L194")
def test_a_list_costs_the_same_for_two_points_and_for_three_hundred(signed_in, statements):
    a, c = signed_in("A"), signed_in("C")
    for visitor in (a, c):
        visitor.get("/dane")
    for address in (*LISTS, "/", "/dane"):
        counts = []
        for visitor in (a, c):
            with statements() as seen:
                assert visitor.get(address).status_code == 200
            counts.append(len(seen))
        assert counts[0] == counts[1], address
        if address in LISTS:
            assert counts[0] <= 6, (address, counts)


def test_an_empty_list_says_what_would_be_there(read, filled_copy):
    with filled_copy.database.refresher.begin() as connection:
        for table in (copy.meters, copy.service_points, copy.contracts):
            connection.execute(sa.delete(table))
    assert "Nie ma tu jeszcze punktów usług Punkt pojawi się" in read("A", "/punkty").words
    assert "Nie ma tu jeszcze liczników" in read("A", "/liczniki").words
    assert "Nie ma tu jeszcze umów" in read("A", "/umowy").words
    start = read("A", "/")
    assert "Teraz nic na Ciebie nie czeka." in start.words
    assert dict(read("A", "/dane").pairs)["Zawarte umowy"] == "brak"


def test_more_meters_than_a_cell_holds_are_counted(read, filled_copy):
    with filled_copy.database.refresher.begin() as connection:
        m = copy.meters
        flats = sa.select(m.c.id).where(m.c.customer_code == "1-01003").order_by(m.c.id).limit(9).scalar_subquery()
        connection.execute(sa.update(m).where(m.c.id.in_(flats)).values(point_code="403-1003-299"))
    row = read("C", "/punkty?szukaj=403-1003-299").tables[0][1]
    assert row[4].endswith(" i 7 innych") and len(row[5].split()) == 6
