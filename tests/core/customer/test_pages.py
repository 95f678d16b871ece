"""The customer's own pages as a person reads them: every label of the leaflet, its order and its value."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ebok_core import PendingEntry
from ebok_core.clock import WARSAW
from ebok_core.tytan import copy

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

AS_OF = "Dane z 24 listopada 2026, godz. "
SUM = [
    ["Faktury 1 dokument, zapłacony w części; po terminie", "10,97 zł"],
    ["Odsetki NO 2026/000077", "0,86 zł"],
    ["Wezwania W 2026/000131 z 10 listopada", "17,37 zł"],
    ["Nadpłaty do odjęcia", "0,00 zł"],
    ["Razem", "29,20 zł"],
]
METER = [
    ("Nr punktu (odbiorcy)", "403-1001-0"),
    ("Nazwa punktu (odbiorcy)", "Dom, Maria Zielińska"),
    ("Numer licznika", "12CB050038"),
    ("Data montażu", "2013-04-22"),
    ("Stan licznika w dniu montażu", "0 m³"),
    ("Producent", "Bmeters"),
    ("Średnica [mm]", "20 mm"),
    ("Własność przyłącza", "Zakład"),
    ("Rok legalizacji", "2024"),
    ("Legalizacja ważna do rrrr.mm", "2029.12"),
    ("Typ licznika", "BMETERS GSD8"),
    ("Aktywny", "Aktywny"),
    ("Nr plomby", "brak"),
    ("Nr nakładki radiowej", "brak"),
    ("Typ nakładki radiowej", "brak"),
    ("Data ostatniego odczytu", "2026-08-31"),
    ("Stan ostatniego odczytu", "421 m³"),
]


def _pending(amount: str) -> PendingEntry:
    return PendingEntry(
        message_id="m",
        customer_code="1-01001",
        kind="payment",
        amount=Decimal(amount),
        accepted_at=datetime(2026, 11, 24, 8, 40, tzinfo=WARSAW),
        title="Wpłata w portalu",
    )


# Start page


@pytest.mark.feature("L77", "L80", "L81", "L82", "L83", "L96", "P40")
def test_the_start_page_of_a_says_how_much_and_why(read):
    start = read("A", "/")
    assert start.h1 == ["Dzień dobry!"] and start.title.startswith("Strona główna – e-BOK – ")
    assert AS_OF in start.words and "Do zapłaty 29,20 zł" in start.words
    assert start.tables[0] == SUM
    assert start.links["Faktury"] == "/saldo#faktury" and "Nadpłaty" not in start.links
    assert "Dzisiejsze wpłaty widać tu zwykle w następnym dniu roboczym." in start.words


@pytest.mark.feature("L98", "L99", "L100", "L101", "L102", "L103", "L104")
def test_the_table_of_customers_has_the_leaflets_columns(read):
    start = read("A", "/")
    head = ["Kod klienta", "Nazwa klienta", "Rodzaj odbiorcy", "Saldo", "Umowy", "Możliwe działania"]
    assert start.table(*head) == [
        ["1-01001", "Maria Zielińska", "Osoba fizyczna", "29,20 zł do zapłaty", "Szczegóły umowy", "brak"],
        ["1-01006", "Tadeusz Zieliński", "Osoba fizyczna", "0,00 zł rozliczone", "Szczegóły umowy", "brak"],
    ]
    assert start.links["1-01001"] == "/dane"


@pytest.mark.feature("L103")
def test_installed_modules_fill_the_possible_actions(read, kasa):
    kasa.words["core.customer_actions"] = "Zapłać"
    rows = read("A", "/").table("Kod klienta")
    assert [row[-1] for row in rows] == ["Zapłać 1-01001", "Zapłać 1-01006"]
    passed = kasa.asked["core.customer_actions"]["rows"]
    assert [(row.code, row.is_acting, row.account.balance.total) for row in passed] == [
        ("1-01001", True, Decimal("29.20")),
        ("1-01006", False, Decimal("0.00")),
    ]


@pytest.mark.feature("L48", "P32")
def test_what_to_do_now_names_the_contract_and_the_legalisation(read, kasa):
    kasa.words["next"] = "Podaj stan"
    start = read("A", "/")
    assert start.links["Podaj stan"] == "/kasa/"
    assert start.links["Przedłuż umowę Um 2024/0207"] == "/umowy/Um%202024/0207"
    assert "Kończy się 18 grudnia, za 24 dni." in start.words
    assert start.links["Wygasła legalizacja licznika 19IZ118820"] == "/liczniki/L-1001-M3"


def test_cards_stand_in_their_areas(read, kasa):
    kasa.words.update(key="Nierozliczone faktury!", main="Ostatnie dokumenty")
    words = read("A", "/").words
    order = ["29,20 zł", "Nierozliczone faktury!", "Co teraz zrobić", "Ostatnie dokumenty", "Kod klienta"]
    assert sorted(order, key=words.index) == order


@pytest.mark.feature("L37", "L83")
def test_b_is_told_of_the_overpayment_in_words(read):
    start = read("B", "/")
    assert "Nadpłata 40,00 zł Odejmiemy ją od następnego rachunku." in start.words
    assert start.tables[0][3:] == [["Nadpłaty do odjęcia", "−40,00 zł"], ["Razem", "−40,00 zł"]]
    assert start.table("Kod klienta")[0][3] == "40,00 zł nadpłata"
    assert "40,00 zł nadpłata" in dict(read("B", "/dane").pairs)["Saldo"]


def test_nobody_is_told_to_do_what_need_not_be_done(read):
    assert "Przedłuż" not in read("D", "/").words
    assert read("D", "/").h1 == ["Dzień dobry!"]


@pytest.mark.feature("P40")
def test_a_payment_on_its_way_is_shown_and_not_added(read, kasa):
    kasa.pending = [_pending("-29.20")]
    start = read("A", "/")
    assert "Jeszcze niezaksięgowane Wpłata w portalu: 29,20 zł, 24 listopada 2026, godz. 8:40" in start.words
    assert "Po zaksięgowaniu: 0,00 zł, rozliczone. Nie płać drugi raz." in start.words
    assert start.tables[0] == SUM
    assert "Po zaksięgowaniu: 0,00 zł, rozliczone." in read("A", "/saldo").words


def test_R29_no_amount_is_shown_while_they_do_not_add_up(read, filled_copy):
    with filled_copy.database.refresher.begin() as connection:
        change = sa.update(copy.customers).where(copy.customers.c.code == "1-01001")
        connection.execute(change.values(balance=Decimal("29.21")))
    for address in ("/", "/dane", "/saldo"):
        words = read("A", address).words
        assert "Sprawdzamy Twoje saldo" in words and "29,2" not in words, address
    assert read("A", "/").table("Kod klienta")[0][3] == "w trakcie wyjaśniania"


def test_a_customer_that_is_not_copied_yet_is_told_so(read, filled_copy):
    with filled_copy.database.refresher.begin() as connection:
        connection.execute(sa.delete(copy.customers))
    for address in ("/", "/dane", "/saldo"):
        found = read("B", address)
        assert "Nie mamy tu jeszcze Twoich danych" in found.words and len(found.h1) == 1, address
    assert read("B", "/").links["Napisz do nas"] == "/kontakt"


# Customer data


@pytest.mark.feature("L30", "L31", "L32", "L33", "L34", "L35", "L36", "L37", "P40")
def test_customer_data_of_a(read):
    data = read("A", "/dane")
    labels = [label for label, _ in data.pairs]
    assert labels[:8] == [
        "Kod klienta",
        "Nazwa klienta",
        "Rodzaj odbiorcy",
        "Zawarte umowy",
        "Nr konta",
        "Adres",
        "Adres korespondencyjny",
        "Saldo",
    ]
    values = dict(data.pairs)
    assert values["Kod klienta"] == "1-01001" and values["Nazwa klienta"] == "Maria Zielińska"
    assert values["Rodzaj odbiorcy"] == "Osoba fizyczna"
    assert values["Zawarte umowy"] == (
        "Um 2024/0207, Umowa na dostarczanie wody: kończy się wkrótce "
        "Um 2018/3111, Umowa na dostarczanie wody i odprowadzanie ścieków: bezterminowa"
    )
    assert data.links["Um 2018/3111"] == "/umowy/Um%202018/3111"
    assert values["Adres"] == "ul. Lipowa 12, 62-999 Brzozowa Struga"
    assert values["Adres korespondencyjny"] == "ul. Kościuszki 3/14, 62-999 Brzozowa Struga"
    assert values["Saldo"].startswith(f"29,20 zł do zapłaty Z czego się składa {AS_OF}")
    assert "Te dane pochodzą z systemu rozliczeń Tutaj ich nie zmienisz." in data.words
    assert data.links["Poproś o poprawienie danych"] == "/kontakt"


@pytest.mark.feature("L35")
def test_account_numbers_are_grouped_copyable_and_have_a_purpose(read):
    data = read("A", "/dane")
    numbers = dict(data.pairs)["Nr konta"]
    groups = r"\d{2}( \d{4}){6}"
    assert numbers.count("Kopiuj numer konta") == 2 and "Do wszystkich wpłat" in numbers
    assert numbers.endswith("Do umowy Um 2024/0207")
    assert len(re.findall(groups, numbers)) == 2
    assert len(re.findall(r'data-copy="\d{26}"', data.source)) == 2


def test_d_has_no_email_and_the_row_says_so(read):
    values = dict(read("D", "/dane").pairs)
    assert values["Adres e-mail"] == values["Telefon"] == "brak" and "Adres korespondencyjny" not in values


@pytest.mark.feature("L32")
def test_a_long_name_is_not_cut(read, filled_copy):
    name = "Przedsiębiorstwo „Żółta Łódź & Synowie” " + "ź" * 80
    with filled_copy.database.refresher.begin() as connection:
        change = sa.update(copy.customers).where(copy.customers.c.code == "1-01004")
        connection.execute(change.values(name=name))
    assert dict(read("D", "/dane").pairs)["Nazwa klienta"] == name


@pytest.mark.feature("L37", "L101")
def test_without_money_nothing_speaks_of_money(make_runtime, filled_copy):
    from ebok_core.app import create_app_of
    from ebok_core.testing import people

    app = create_app_of(make_runtime(modules=[]))
    app.testing = True
    visitor = people.sign_in(app, "A")
    for address in ("/", "/dane", "/punkty", "/liczniki", "/umowy", "/umowy/Um%202018/3111", "/liczniki/L-1001-M1"):
        answer = visitor.get(address)
        text = answer.get_data(as_text=True)
        assert answer.status_code == 200
        for word in ("zł", "Saldo", "saldo", "Nr konta", "29,20", "nadpłat"):
            assert word not in text, (address, word)
    assert visitor.get("/saldo").status_code == 404


# Meter


@pytest.mark.feature(*[f"L{n}" for n in range(49, 67)])
def test_the_meters_data_stand_in_the_leaflets_order(read):
    meter = read("A", "/liczniki/L-1001-M1")
    assert meter.h1 == ["Podgląd danych licznika: 12CB050038"]
    assert meter.crumbs == ["Strona główna", "Liczniki", "Podgląd danych licznika: 12CB050038"]
    assert [tuple(row) for row in meter.table("Nazwa", "Wartość")] == METER
    assert meter.source.count('<th scope="row">') == len(METER)
    assert meter.links["403-1001-0"] == "/punkty/403-1001-0"
    assert 'aria-label="421 metrów sześciennych"' in meter.source


@pytest.mark.feature("L59", "P32")
def test_an_expired_legalisation_is_said_with_what_happens_next(read):
    meter = read("A", "/liczniki/L-1001-M3")
    assert dict(map(tuple, meter.table("Nazwa")))["Legalizacja ważna do rrrr.mm"] == "2024.12 legalizacja wygasła"
    assert "Legalizacja wygasła 31 grudnia 2024 Wymienimy ten wodomierz na nasz koszt." in meter.words
    assert "Legalizacja wygasła" not in read("A", "/liczniki/L-1001-M1").words


def test_a_garden_meter_is_exchanged_by_the_customer(read, filled_copy):
    with filled_copy.database.refresher.begin() as connection:
        change = sa.update(copy.meters).where(copy.meters.c.id == "L-1001-M2")
        connection.execute(change.values(legalization_valid_to="2026.10"))
    words = read("A", "/liczniki/L-1001-M2").words
    assert "Wymień ten wodomierz na swój koszt. Do tego czasu nie uwzględniamy go w rachunku." in words
    assert "Wygasła legalizacja 2 liczników" in read("A", "/").words


@pytest.mark.feature("L66")
def test_a_reading_that_waits_is_named_so(read, filled_copy, kasa):
    with filled_copy.database.refresher.begin() as connection:
        first = sa.select(copy.readings.c.id).where(copy.readings.c.meter_id == "L-1001-M1").limit(1)
        change = sa.update(copy.readings).where(copy.readings.c.id == first.scalar_subquery())
        connection.execute(change.values(status="pending", read_on=date(2026, 11, 22), reading_value=Decimal(430)))
    meter = read("A", "/liczniki/L-1001-M1")
    assert "oczekujący Odczyt 430 m³ z 22 listopada czeka na sprawdzenie." in meter.words
    assert [tuple(row) for row in meter.table("Nazwa", "Wartość")] == METER
    kasa.words["core.meter_readings"] = "Twój odczyt 430"
    meter = read("A", "/liczniki/L-1001-M1")
    assert "Twój odczyt 430" in meter.words and "czeka na sprawdzenie" not in meter.words
    assert kasa.asked["core.meter_readings"]["meter"].id == "L-1001-M1"


def test_meters_lead_to_each_other(read, signed_in, kasa):
    main = read("A", "/liczniki/L-1001-M1")
    assert main.links["21GR004417"] == "/liczniki/L-1001-M2" and "Podliczniki 21GR004417" in main.words
    garden = read("A", "/liczniki/L-1001-M2")
    assert "Rola Wodomierz ogrodowy Grupa Ogród Licznik główny 12CB050038" in garden.words


# Contract


@pytest.mark.feature(*[f"L{n}" for n in range(115, 125)])
def test_the_contracts_data_stand_in_the_leaflets_order(read):
    contract = read("A", "/umowy/Um%202018/3111")
    assert contract.h1 == ["Podgląd danych umowy"] and contract.title.startswith("Podgląd danych umowy: Um 2018/3111 –")
    assert [tuple(row) for row in contract.table("Nazwa", "Wartość")] == [
        ("Umowa zawarta z", "Maria Zielińska"),
        ("Numer umowy", "Um 2018/3111"),
        ("Nazwa umowy", "Umowa na dostarczanie wody i odprowadzanie ścieków"),
        ("Data zawarcia umowy", "2018-05-04"),
        ("Okres umowy od", "2018-05-07"),
        ("Okres umowy do", "bezterminowo"),
        ("Kod punktu (odbiorcy)", "403-1001-0"),
        ("Nazwa punktu (odbiorcy)", "Dom, Maria Zielińska"),
        ("Rodzaj usługi", "Woda i ścieki"),
        ("Typ odbiorcy", "Pozostali odbiorcy"),
    ]
    assert contract.links["403-1001-0"] == "/punkty/403-1001-0"


@pytest.mark.feature("L121")
def test_a_contract_of_two_points_has_two_rows_of_each(read, filled_copy):
    with filled_copy.database.refresher.begin() as connection:
        change = sa.update(copy.service_points).where(copy.service_points.c.code == "403-1001-1")
        connection.execute(change.values(contract_number="Um 2018/3111"))
    rows = read("A", "/umowy/Um%202018/3111").table("Nazwa", "Wartość")
    assert [value for label, value in rows if label == "Kod punktu (odbiorcy)"] == ["403-1001-0", "403-1001-1"]


@pytest.mark.feature("L48", "L120")
def test_a_contract_that_ends_soon_and_one_that_has_ended(read, filled_copy):
    soon = read("A", "/umowy/Um%202024/0207")
    assert "Umowa kończy się 18 grudnia To za 24 dni." in soon.words
    assert ["Okres umowy do", "2026-12-18 kończy się wkrótce"] in soon.table("Nazwa")
    with filled_copy.database.refresher.begin() as connection:
        change = sa.update(copy.contracts).where(copy.contracts.c.number == "Um 2024/0207")
        connection.execute(change.values(valid_to=date(2026, 11, 23)))
    ended = read("A", "/umowy/Um%202024/0207")
    assert "Umowa skończyła się 23 listopada Zostawiamy ją tu do wglądu." in ended.words
    assert ["Okres umowy do", "2026-11-23 zakończona"] in ended.table("Nazwa")


@pytest.mark.feature("L104")
def test_contract_details_lead_to_the_contract_or_to_the_list(read):
    assert read("A", "/umowa").h1 == ["Umowy"]
    assert read("B", "/umowa").h1 == ["Podgląd danych umowy"]


# What modules add


@pytest.mark.parametrize(
    ("slot", "address", "subject", "code"),
    [
        ("core.contract", "/umowy/Um%202018/3111", "contract", lambda row: row.number == "Um 2018/3111"),
        ("core.customer_data", "/dane", "customer", lambda row: row.code == "1-01001"),
        ("core.meter_actions", "/liczniki/L-1001-M1", "meter", lambda row: row.id == "L-1001-M1"),
        ("core.meter_readings", "/liczniki/L-1001-M1", "meter", lambda row: row.id == "L-1001-M1"),
        ("core.point_actions", "/punkty/403-1001-0", "point", lambda row: row.code == "403-1001-0"),
    ],
)
def test_slots_get_what_their_page_is_about(read, kasa, slot, address, subject, code):
    kasa.words[slot] = "Słowo modułu"
    assert "Słowo modułu" in read("A", address).words
    assert set(kasa.asked[slot]) == {subject} and code(kasa.asked[slot][subject])


# Foreign and missing


@pytest.mark.feature("L49")
@pytest.mark.parametrize(
    "address",
    ["/punkty/{}", "/liczniki/{}", "/umowy/{}"],
)
@pytest.mark.parametrize(
    "code", ["403-1001-0", "L-1001-M1", "Um%202018/3111", "nie-ma", "a" * 41, "%C5%82%0A", "..%2F", "'--"]
)
def test_S05_foreign_missing_and_impossible_codes_are_alike(signed_in, address, code):
    visitor = signed_in("B")
    missing = visitor.get("/nie-ma-takiej-strony").get_data(as_text=True)
    answer = visitor.get(address.format(code))
    assert answer.status_code == 404
    assert _without_ids(answer.get_data(as_text=True)) == _without_ids(missing)


def _without_ids(text: str) -> str:
    """The page without what differs between any two requests: tokens, the request's number, its own address."""
    text = re.sub(r'value="[^"]*"|content="[^"]*"|hx-headers:inherited=\'[^\']*\'|data-here="[^"]*"', "", text)
    return re.sub(r"[0-9A-Z]{4}-[0-9A-Z]{4}", "", text)


# Another customer of the same login


@pytest.mark.feature("L99", "L104", "P06")
def test_changing_the_customer_leads_on_to_what_was_asked_for(signed_in):
    visitor = signed_in("A")
    offered = visitor.get("/").get_data(as_text=True)
    assert "/zmien-klienta?klient=1-01006&amp;dalej=/umowa" in offered
    chosen = visitor.submit("/zmien-klienta?klient=1-01006&dalej=/umowa", {"klient": "1-01006", "dalej": "/umowa"})
    assert chosen.status_code == 303 and chosen.location == "/umowa"
    landed = visitor.get("/umowa", follow_redirects=True).get_data(as_text=True)
    assert "Tadeusz Zieliński" in landed and "Podgląd danych umowy" in landed
    assert visitor.get("/punkty/403-1001-0").status_code == 404


def test_a_customer_of_somebody_else_cannot_be_chosen(signed_in):
    visitor = signed_in("A")
    assert visitor.submit("/zmien-klienta", {"klient": "1-01002"}).status_code == 404
    away = visitor.submit("/zmien-klienta", {"klient": "1-01006", "dalej": "https://zly.example/"})
    assert away.location == "/"


def test_every_page_has_one_h1_and_its_way_back(read):
    lists, things = (
        ("/punkty", "/liczniki", "/umowy"),
        ("/punkty/403-1001-0", "/liczniki/L-1001-M1", "/umowy/Um%202018/3111"),
    )
    for address in ("/", "/dane", "/saldo", *lists, *things):
        found = read("A", address)
        assert len(found.h1) == 1 and found.crumbs[0] == "Strona główna" and AS_OF in found.words, address


def test_a_stranger_is_sent_to_sign_in(client, filled_copy):
    for address in ("/", "/dane", "/saldo", "/punkty", "/punkty/403-1001-0", "/liczniki/L-1001-M1", "/umowa"):
        answer = client.get(address)
        assert answer.status_code == 302 and answer.location.startswith("/logowanie"), address
