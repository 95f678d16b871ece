"""The pages under Płatności as a person reads them: Saldo of today and of past days, Wpłaty, Wyciąg."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime
from decimal import Decimal

import pikepdf
import pytest
import python_calamine
import sqlalchemy as sa

from ebok_core.balance import tables
from ebok_core.clock import WARSAW
from ebok_core.outbox.models import Message
from ebok_core.testing import pdfs
from ebok_core.testing.pageforms import as_sent
from ebok_core.tytan import copy, state

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

AS_OF = "Dane z 24 listopada 2026, godz. "
SUM = [
    ["Faktury 1 dokument, zapłacony w części; po terminie", "10,97 zł"],
    ["Odsetki NO 2026/000077", "0,86 zł"],
    ["Wezwania W 2026/000131 z 10 listopada", "17,37 zł"],
    ["Nadpłaty do odjęcia", "0,00 zł"],
    ["Razem", "29,20 zł"],
]
RULE = "Dzisiejsze wpłaty widać tu zwykle w następnym dniu roboczym."
ADDRESSES = ("/saldo", "/saldo/2026-03-31", "/wplaty", "/wplaty/lata", "/wyciag", "/wyciag/2026-01-01/2026-03-31")


def amount(text: str) -> Decimal:
    """An amount as a page shows it: `1 234,56`, minus as U+2212."""
    digits = re.sub(r"[\s\N{NO-BREAK SPACE}zł]", "", text).replace("\N{MINUS SIGN}", "-").replace(",", ".")
    return Decimal(digits)


# Saldo


@pytest.mark.feature("L77", "L80", "L81", "L82", "L83")
def test_the_balance_page_traces_every_grosz(read):
    balance = read("A", "/saldo")
    assert balance.h1 == ["Saldo"] and AS_OF in balance.words
    assert balance.crumbs == ["Strona główna", "Płatności", "Saldo"]
    assert balance.tables[0] == SUM
    head = ["Nr dokumentu", "Data", "Termin płatności", "Kwota [zł]", "Kwota do zapłaty [zł]"]
    documents = [table[1:] for table in balance.tables if table[0] == head]
    assert documents == [
        [["R. 2026/000412 Faktura", "2026-09-15", "2026-09-29 56 dni po terminie", "123,95", "10,97"]],
        [["NO 2026/000077 Nota odsetkowa", "2026-10-30", "2026-11-13 11 dni po terminie", "0,86", "0,86"]],
        [["W 2026/000131 Wezwanie do zapłaty", "2026-11-10", "2026-12-01 za 7 dni", "17,37", "17,37"]],
    ]
    assert "Jak policzyliśmy odsetki: NO 2026/000077" in balance.words
    assert "Odsetki od R. 2026/000412, 9,25% w skali roku, 27 dni 0,85 zł" in balance.words
    assert "Nie ma nadpłat do odjęcia." in balance.words
    assert "Po terminie: 10,97 zł. Przed terminem: 0,00 zł." in balance.words


@pytest.mark.feature("L83")
def test_the_shown_sum_adds_up(read):
    for person in "ABCD":
        *parts, total = [amount(row[1]) for row in read(person, "/saldo").tables[0]]
        assert sum(parts) == total


@pytest.mark.feature("L37", "L77", "L101")
def test_the_figure_is_the_same_on_every_page(read):
    assert "Do zapłaty 29,20 zł" in read("A", "/").words
    assert read("A", "/").tables[0] == read("A", "/saldo").tables[0] == SUM
    assert dict(read("A", "/dane").pairs)["Saldo"].startswith("29,20 zł do zapłaty")
    assert read("A", "/").table("Kod klienta")[0][3] == "29,20 zł do zapłaty"
    assert "Do zapłaty 29,20 zł" in read("A", "/saldo").words


@pytest.mark.feature("L80", "L81", "L82")
def test_each_part_leads_to_its_documents(read):
    for address in ("/", "/saldo"):
        page = read("A", address)
        for label, place in (("Faktury", "faktury"), ("Odsetki", "odsetki"), ("Wezwania", "wezwania")):
            assert page.links[label].endswith(f"#{place}")
            assert f'id="{place}"' in read("A", "/saldo").source


@pytest.mark.feature("L81")
def test_interest_that_grew_is_told_apart_with_days_rate_and_amount(read):
    page = read("A", "/saldo")
    rows = page.table("Nr dokumentu", "Dni", "Kwota [zł]")
    assert rows == [["R. 2026/000412", "25 dni 2026-10-31 do 2026-11-24", "10,97", "9,25%", "0,0695"]]
    assert "Odsetki, które narosły i nie są naliczone 0,07 zł" in page.words
    assert "To tylko informacja, nie część salda." in page.words and "Stawki zaktualizowano 1 lipca." in page.words
    assert "R. 2026/000412: 25 dni, 0,07 zł." in page.words
    assert "29,20" in page.words and "29,27" not in page.words


@pytest.mark.feature("P40")
def test_the_balance_says_how_old_it_is_and_when_a_payment_shows(read, signed_in):
    for address in ("/", "/dane", "/saldo"):
        assert AS_OF in read("A", address).words and RULE in read("A", address).words, address
    saved = _configure(signed_in("admin"), posting_days="3")
    assert saved.status_code == 303
    for address in ("/", "/dane", "/saldo"):
        words = read("A", address).words
        assert "Wpłatę widać tu zwykle po 3 dniach roboczych." in words and RULE not in words, address


def test_modules_add_actions_to_the_documents(read, kasa):
    assert "Możliwe działania" not in read("A", "/saldo").tables[1][0]
    kasa.words["core.document_actions"] = "Podgląd"
    kasa.words["core.balance_actions"] = "Zapłać całą kwotę"
    balance = read("A", "/saldo")
    assert balance.tables[1][1][-1] == "Podgląd R. 2026/000412" and "Zapłać całą kwotę" in balance.words
    assert kasa.asked["core.balance_actions"]["account"].customer.code == "1-01001"
    past = read("A", "/saldo/2026-10-31")
    assert "Podgląd" not in past.words and "Zapłać całą kwotę" not in past.words


@pytest.mark.feature("L83")
def test_the_overpayment_of_b_has_its_document(read):
    balance = read("B", "/saldo")
    assert balance.table("Co")[0][2] == "40,00"
    assert "Nadpłata 40,00 zł Odejmiemy ją od następnego rachunku." in balance.words


def test_a_due_date_on_a_free_day_says_until_when(read, filled_copy):
    with filled_copy.database.refresher.begin() as connection:
        change = sa.update(copy.ledger).where(copy.ledger.c.document_number == "W 2026/000131")
        connection.execute(change.values(due_on=date(2026, 11, 28)))
    assert "2026-11-28 dzień wolny: zapłać do 2026-11-30" in read("A", "/saldo").words


# What does not add up


@pytest.mark.parametrize("address", ADDRESSES[:2] + ADDRESSES[4:])
def test_R29_who_is_held_back_sees_no_amount(read, filled_copy, address):
    now = datetime(2026, 11, 24, 8, 0, tzinfo=WARSAW)
    with filled_copy.database.refresher.begin() as connection:
        held = {"customer_code": "1-01001", "reason": "balance", "since": now, "tried_at": now}
        connection.execute(state.held.insert(), held)
        connection.execute(state.state.update().values(customers_held_back=1))
    page = read("A", address)
    assert "Sprawdzamy Twoje saldo" in page.words and "Nasze biuro dostaje o tym wiadomość." in page.words
    assert not re.search(r"\d zł", page.words)
    assert "40,00" in read("B", "/saldo").words


def test_R29_the_office_hears_once_of_a_sum_that_does_not_fit(read, filled_copy, signed_in):
    _contact(signed_in("admin"))
    with filled_copy.database.refresher.begin() as connection:
        change = sa.update(copy.customers).where(copy.customers.c.code == "1-01001")
        connection.execute(change.values(balance=Decimal("29.21")))
    for address in ("/saldo", "/", "/dane", "/saldo"):
        assert "Sprawdzamy Twoje saldo" in read("A", address).words
    assert _mails(filled_copy) == ["1 saldo się nie zgadza"]


def test_R29_the_office_hears_once_of_each_new_customer_that_is_held_back(filled_copy, signed_in):
    from ebok_core.balance import notices

    def hold(code, minute):
        now = datetime(2026, 11, 24, 8, minute, tzinfo=WARSAW)
        with filled_copy.database.refresher.begin() as connection:
            held = {"customer_code": code, "reason": "balance", "since": now, "tried_at": now}
            connection.execute(state.held.insert(), held)

    _contact(signed_in("admin"))
    assert notices.tell(filled_copy) is None and _mails(filled_copy) == []
    hold("1-01001", 0)
    for _ in range(3):
        notices.tell(filled_copy)
    assert _mails(filled_copy) == ["1 saldo się nie zgadza"]
    hold("1-01002", 5)
    for _ in range(2):
        notices.tell(filled_copy)
    assert _mails(filled_copy) == ["1 saldo się nie zgadza", "2 salda się nie zgadzają"]


def test_staff_has_one_item_of_work_for_each(filled_copy, viewer_of):
    from ebok_core.balance import declared

    now = datetime(2026, 11, 24, 8, 0, tzinfo=WARSAW)
    with filled_copy.database.refresher.begin() as connection:
        held = {"customer_code": "1-01001", "reason": "balance", "since": now, "tried_at": now}
        connection.execute(state.held.insert(), held)
    with filled_copy.database.snapshot() as session:
        (item,) = declared.work_items(viewer_of("clerk"), session)
        assert item.since == now and "1-01001" in item.title
        assert declared.work_items(viewer_of("A"), session) == []


def _mails(runtime) -> list[str]:
    import json

    with runtime.database.snapshot() as session:
        rows = session.execute(sa.select(Message.payload).where(Message.subject_type == "core.balance_doubt"))
        return sorted(json.loads(row.payload)["subject"] for row in rows)


def _contact(admin) -> None:
    assert _configure(admin, "core.contact", email="biuro@wodociagi.example").status_code == 303


def _configure(admin, page_key="core.balance", **changes):
    """Save a page of the panel as it stands, with some fields changed."""
    address = f"/panel/konfiguracja/{page_key}"
    return admin.post(address, data={**as_sent(admin.get(address).get_data(as_text=True)), **changes})


# Past days


def test_a_past_day_is_told_as_today_is(read):
    past = read("A", "/saldo/2026-10-31")
    assert past.h1 == ["Saldo na 31 października"] and past.crumbs[-2:] == ["Saldo", "Saldo na 31 października"]
    *parts, total = [amount(row[1]) for row in past.tables[0]]
    assert sum(parts) == total == Decimal("11.83")
    assert "R. 2026/000412" in past.words and "W 2026/000131" not in past.words
    assert past.links["Wyciąg do tego dnia"].endswith("/2026-10-31")


@pytest.mark.feature("P39")
def test_the_balance_of_31_march_is_the_closing_of_the_statement(read):
    past, statement = read("A", "/saldo/2026-03-31"), read("A", "/wyciag/2026-01-01/2026-03-31")
    assert past.tables[0][-1] == ["Razem", statement.tables[0][-1][1]]


def test_the_day_that_is_typed_is_gone_to(signed_in):
    visitor = signed_in("A")
    answer = visitor.submit("/saldo", {"dzien": "31 marca 2026"})
    assert (answer.status_code, answer.location) == (303, "/saldo/2026-03-31")
    assert visitor.get("/saldo/2026-11-24").location == "/saldo"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("2027-01-01", "Data nie może być późniejsza niż dziś"),
        ("wczoraj", "Wpisz datę tak: 24.11.2026"),
        ("", "Podaj datę"),
        ("31.02.2026", "Wpisz datę tak: 24.11.2026"),
        ("٣١.٠٣.٢٠٢٦", "Wpisz datę tak: 24.11.2026"),
    ],
)
def test_a_day_that_is_none_is_answered_in_words(signed_in, typed, sentence):
    answer = signed_in("A").submit("/saldo", {"dzien": typed})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422 and sentence in text and "29,20" in text and "<title>Błąd: " in text
    assert not typed or f'value="{typed}"' in text


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("/saldo/2027-01-01", "Data nie może być późniejsza niż dziś"),
        ("/saldo/abc", "Wpisz datę tak: 24.11.2026"),
        ("/saldo/2001-05-05", "Pierwsza pozycja na tym koncie jest z"),
        ("/wyciag/abc/2026-03-31", "Wpisz datę tak: 24.11.2026"),
        ("/wyciag/2026-01-01/2027-01-01", "Data nie może być późniejsza niż dziś"),
        ("/wyciag/2026-03-31/2026-01-01", "Ostatni dzień nie może być przed pierwszym"),
        ("/wyciag/2001-01-01/2001-12-31", "Pierwsza pozycja na tym koncie jest z"),
    ],
)
def test_an_impossible_address_says_why(read, address, sentence):
    assert sentence in read("A", address, status=422).words


# Wpłaty


@pytest.mark.feature("L112")
def test_payments_have_date_amount_method_title_and_documents(read):
    page = read("A", "/wplaty")
    assert page.h1 == ["Wpłaty"] and page.crumbs == ["Strona główna", "Płatności", "Wpłaty"]
    rows = page.table("Data", "Kwota [zł]", "Sposób", "Tytuł", "Rozliczona z")
    assert rows[0] == ["2026-10-26", "112,98", "przelew", "Wpłata", "R. 2026/000412"]
    assert len(rows) == 20 and "Strona 1 z 2" in page.words


@pytest.mark.feature("L112")
def test_a_payment_has_a_page_with_all_its_documents(read, signed_in):
    page = read("C", "/wplaty")
    newest = page.table("Data")[0]
    assert "i 297 innych" in newest[-1]
    payment = read("C", page.links[newest[0]])
    rows = payment.table("Nr dokumentu", "Kwota [zł]")
    assert len(rows) == 300 and sum(amount(row[1]) for row in rows) == amount(newest[1])
    own = page.links[newest[0]]
    for person in "ABD":
        assert signed_in(person).get(own).status_code == 404


@pytest.mark.feature("L112")
def test_what_is_left_of_a_payment_is_told(read):
    page = read("B", "/wplaty")
    newest = page.table("Data")[0]
    assert "nadpłata: 40,00 zł" in newest[-1]
    assert dict(read("B", page.links[newest[0]]).pairs)["Jeszcze nierozliczone"] == "40,00 zł"


@pytest.mark.feature("L113")
def test_older_payments_are_reached_and_counted_by_year(read):
    years = read("A", "/wplaty/lata")
    rows = years.table("Rok", "Liczba wpłat", "Wpłacono [zł]")
    assert rows[0][0] == "2026" and len(rows) > 4
    old = rows[3]
    of_year = read("A", years.links[old[0]])
    found = of_year.table("Data", "Kwota [zł]")
    assert len(found) == int(old[1]) and sum(amount(row[1]) for row in found) == amount(old[2])
    assert all(row[0].startswith(old[0]) for row in found)


@pytest.mark.feature("L112", "L194")
@pytest.mark.parametrize("person", ["A", "C"])
def test_payments_are_downloaded_whole(signed_in, person):
    visitor = signed_in(person)
    text = visitor.get("/wplaty?format=csv").data.decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert lines[0] == ["Data", "Kwota [zł]", "Sposób", "Tytuł", "Rozliczona z"]
    answer = visitor.get("/wplaty?format=xlsx")
    assert answer.mimetype == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert answer.headers["Content-Disposition"].endswith('.xlsx"')
    sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert sheet[0] == lines[0] and len(sheet) == len(lines)
    assert isinstance(sheet[1][0], date) and isinstance(sheet[1][1], float)
    assert sheet[1][1] == pytest.approx(float(lines[1][1].replace(",", ".")))


# Wyciąg


@pytest.mark.feature("P39")
@pytest.mark.parametrize("person", ["A", "B", "C", "D"])
def test_the_statement_runs_from_opening_to_closing(read, person):
    page = read(person, "/wyciag")
    opening, charges, credits, closing = (amount(row[1]) for row in page.tables[0])
    assert opening + charges + credits == closing
    rows = page.table("Data", "Co", "Obciążenie [zł]", "Wpłata lub uznanie [zł]", "Saldo po pozycji [zł]")
    assert 0 < len(rows) <= tables.MOST_LINES
    running = opening if len(rows) < tables.MOST_LINES else None
    for row in rows:
        charge, credit = (amount(cell) if cell != "brak" else Decimal(0) for cell in row[2:4])
        after = -amount(row[4].removesuffix(" nadpłata")) if row[4].endswith("nadpłata") else amount(row[4])
        assert running is None or running + charge - credit == after
        running = after
    assert running == closing


@pytest.mark.feature("P39")
def test_what_is_open_is_told_by_its_delay(read):
    page = read("A", "/wyciag")
    rows = page.table("Opóźnienie", "Kwota [zł]")
    assert rows == [
        ["przed terminem", "17,37"],
        ["1–30 dni po terminie", "0,86"],
        ["31–60 dni po terminie", "10,97"],
        ["61–90 dni po terminie", "0,00"],
        ["ponad 90 dni po terminie", "0,00"],
    ]
    assert "Nadpłaty do odjęcia: 40,00 zł" in read("B", "/wyciag").words or not [
        t for t in read("B", "/wyciag").tables if t[0][0] == "Opóźnienie"
    ]


def test_a_long_statement_is_whole_in_the_file_only(read, signed_in):
    page = read("C", "/wyciag")
    assert re.search(r"\d+ wcześniejszych pozycji jest tylko w plikach", page.words)
    assert len(page.table("Data", "Co")) == tables.MOST_LINES
    text = signed_in("C").get(page.links["Pobierz CSV"]).data.decode("utf-8-sig")
    assert len(text.splitlines()) - 1 > tables.MOST_LINES


@pytest.mark.feature("P39")
def test_the_files_say_what_the_page_says(signed_in, read):
    address = "/wyciag/2026-01-01/2026-11-24"
    page, visitor = read("A", address), signed_in("A")
    shown = page.table("Data", "Co", "Obciążenie [zł]")
    lines = list(csv.reader(io.StringIO(visitor.get(f"{address}?format=csv").data.decode("utf-8-sig")), delimiter=";"))
    assert len(lines) == len(shown) + 1 and lines[-1][-1] == "29,20" == shown[-1][-1]
    answer = visitor.get(f"{address}?format=xlsx")
    sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert len(sheet) == len(lines) and sheet[-1][-1] == 29.2
    assert "wyciag-2026-01-01-2026-11-24.xlsx" in answer.headers["Content-Disposition"]


@pytest.mark.feature("P39")
@pytest.mark.parametrize("person", ["A", "B", "C"])
def test_the_statement_is_a_tagged_pdf(signed_in, person):
    answer = signed_in(person).get("/wyciag/2026-01-01/2026-11-24?format=pdf")
    assert answer.mimetype == "application/pdf"
    with pikepdf.open(io.BytesIO(answer.data)) as document:
        assert document.Root.MarkInfo.Marked and str(document.Root.Lang) == "pl-PL"
        with document.open_metadata() as metadata:
            assert metadata["dc:title"].startswith("Wyciąg 1-0100")
    assert pdfs.problems(answer.data) == []
    assert answer.data == signed_in(person).get("/wyciag/2026-01-01/2026-11-24?format=pdf").data
    closing = {"A": "29,20 zł", "B": "40,00 zł", "C": "0,00 zł"}[person]
    words = pdfs.read(answer.data).text.replace("\N{NO-BREAK SPACE}", " ")
    assert f"Saldo na 24.11.2026 {closing}" in words and "Saldo początkowe" in words


def test_the_period_that_is_typed_is_gone_to(signed_in):
    answer = signed_in("A").submit("/wyciag", {"od": "1.1.2026", "do": "31 marca 2026"})
    assert (answer.status_code, answer.location) == (303, "/wyciag/2026-01-01/2026-03-31")


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        ("2026-03-31", "2026-01-01", "Ostatni dzień nie może być przed pierwszym"),
        ("maj", "2026-01-01", "Wpisz datę tak: 24.11.2026"),
        ("2026-01-01", "2026-12-01", "Data nie może być późniejsza niż dziś"),
        ("", "", "Podaj datę"),
    ],
)
def test_a_period_that_is_none_is_answered_in_words(signed_in, start, end, sentence):
    answer = signed_in("A").submit("/wyciag", {"od": start, "do": end})
    assert answer.status_code == 422 and sentence in answer.get_data(as_text=True)


def test_quick_periods(read):
    page = read("A", "/wyciag")
    assert [label for label in page.links if "rok" in label or label in ("Wszystko", "Ostatnie 12 miesięcy")]
    everything = read("A", page.links["Wszystko"])
    assert amount(everything.tables[0][0][1]) == 0 and everything.tables[0][-1][1] == "29,20 zł"


# Who may see what


def test_the_menu_leads_to_all_of_it(read):
    page = read("A", "/saldo")
    assert page.links["Płatności"] == "/saldo"
    assert (page.links["Wpłaty"], page.links["Wyciąg"]) == ("/wplaty", "/wyciag")


def test_a_stranger_is_sent_to_sign_in(client, filled_copy):
    for address in ADDRESSES:
        answer = client.get(address)
        assert answer.status_code == 302 and answer.location.startswith("/logowanie"), address


def test_staff_has_no_balance(signed_in):
    for address in ADDRESSES:
        assert signed_in("admin").get(address).status_code == 404


def test_a_customer_that_is_not_copied_yet_is_told_so(read, filled_copy):
    with filled_copy.database.refresher.begin() as connection:
        connection.execute(sa.delete(copy.customers))
    for address in ("/saldo", "/saldo/2026-03-31", "/wyciag"):
        found = read("B", address)
        assert "Nie mamy tu jeszcze Twoich danych" in found.words and len(found.h1) == 1, address


@pytest.mark.feature("L37", "L101")
def test_without_money_there_is_no_page_and_no_word_of_it(make_runtime, filled_copy):
    from ebok_core.app import create_app_of
    from ebok_core.testing import people

    app = create_app_of(make_runtime(modules=[]))
    app.testing = True
    visitor, admin = people.sign_in(app, "A"), people.sign_in(app, "admin")
    for address in ADDRESSES:
        assert visitor.get(address).status_code == 404, address
    assert admin.get("/panel/konfiguracja/core.balance").status_code == 404
    pages = [visitor.get(a) for a in ("/", "/dane", "/mapa-strony")]
    for answer in [*pages, admin.get("/panel/"), admin.get("/mapa-strony")]:
        text = answer.get_data(as_text=True)
        assert answer.status_code == 200
        for word in ("Saldo", "saldo", "Płatności", "Wpłaty", "Wyciąg", "odsetek"):
            assert word not in text, word
    assert "core.balance_doubts" not in {job.key for job in app.extensions["ebok"].portal.of("ebok_jobs")}


# The panel


@pytest.mark.feature("P40")
def test_the_rates_are_kept_in_the_panel(signed_in, read):
    admin = signed_in("admin")
    page = admin.get("/panel/konfiguracja/core.balance").get_data(as_text=True)
    assert "2026-03-05 9,25" in page and "2026-07-01 13,75" in page and 'value="2026-07-01"' in page
    status = Page(admin.get("/panel/").get_data(as_text=True))
    assert "Saldo i odsetki Domyślne Stawki z 1 lipca. Sprawdź, czy NBP nie zmienił stopy" in status
    saved = _configure(admin, consumer_rates="2020-01-01 20,00", checked_on="2026-11-24")
    assert saved.status_code == 303
    rows = read("A", "/saldo").table("Nr dokumentu", "Dni")
    assert rows[0][3] == "20,00%" and "Stawki zaktualizowano 24 listopada." in read("A", "/saldo").words
    assert "Saldo i odsetki Skonfigurowane Stawki z 24 listopada" in Page(admin.get("/panel/").get_data(as_text=True))


def Page(source: str) -> str:  # noqa: N802 - as the reader of the customer's pages is called
    """The words of a page of the panel."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", source).replace("\N{NO-BREAK SPACE}", " "))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"consumer_rates": "2026-03-05 9,25\nod marca 9"}, "Wiersz 2: wpisz pierwszy dzień i procent"),
        ({"consumer_rates": ""}, "Wpisz co najmniej jedną stawkę"),
        ({"commercial_rates": "2026-02-30 9,25"}, "Wiersz 1: nie ma takiego dnia"),
        ({"commercial_rates": "2026-02-03 900"}, "Wiersz 1: stawka nie może być większa niż 100%"),
        ({"consumer_rates": "2026-03-05 9\n2026-03-05 8"}, "Wiersz 2: ten dzień jest dwa razy"),
        ({"checked_on": "2027-01-01"}, "Data nie może być późniejsza niż dziś"),
        ({"posting_days": "9"}, "Wpisz liczbę od 1 do 5"),
        ({"posting_days": "trzy"}, "Wpisz same cyfry"),
    ],
)
def test_a_bad_table_is_not_saved(signed_in, changes, sentence):
    answer = _configure(signed_in("admin"), **changes)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422 and sentence in text
    assert all(value.splitlines()[-1:] == [] or value.splitlines()[-1] in text for value in changes.values())


# Queries


@pytest.mark.parametrize("person", ["A", "B", "C", "D"])
def test_no_page_takes_more_than_six_queries(signed_in, statements, person):
    visitor = signed_in(person)
    for address in ADDRESSES:
        visitor.get(address)
        with statements() as seen:
            answer = visitor.get(address)
        assert answer.status_code == 200 and len(seen) <= 6, (address, list(seen))
