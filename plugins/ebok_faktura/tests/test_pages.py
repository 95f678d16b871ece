"""The customer's pages on both databases: the lists, a document, its explanation, its links, statements of amounts."""

from __future__ import annotations

import csv
import html
import io
import re
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ebok_core.tytan import copy

A, B = "1-01001", "1-01002"
INVOICE, NOTE, DEMAND, PAID = "R. 2026/000412", "NO 2026/000077", "W 2026/000131", "R. 2026/000215"
COLUMNS = [
    "Nr dokumentu", "Data wystawienia", "Termin płatności", "Kwota [zł]", "Kwota do zapłaty [zł]", "Typ dokumentu",
    "Status", "Podgląd dokumentu", "Możliwe działania",
]  # fmt: skip
_i = copy.invoices.c


def numbers(answer) -> list[str]:
    """The document numbers of a list, from its rows' heads."""
    found = re.findall(r'scope="row"><a href="[^"]*">([^<]*)</a>', answer.get_data(as_text=True))
    return [html.unescape(x).replace("\N{NO-BREAK SPACE}", " ") for x in found]


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def row_of(answer, number: str) -> str:
    """The visible text of one row of a list."""
    page = answer.get_data(as_text=True)
    for row in re.findall(r'<tr role="row">.*?</tr>', page, flags=re.DOTALL):
        text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", row)).split())
        if plain(text).startswith(number):
            return plain(text)
    raise AssertionError(f"no row of {number}")


def rows(runtime, *conditions):
    with runtime.database.snapshot() as session:
        statement = sa.select(copy.invoices).where(*conditions).order_by(_i.issued_on.desc(), _i.number.desc())
        return session.execute(statement).all()


def change(runtime, table: sa.Table, condition, **values) -> None:
    with runtime.database.refresher.begin() as connection:
        assert connection.execute(sa.update(table).where(condition).values(**values)).rowcount == 1


# The list


@pytest.mark.feature("L10", "L11", "L91")
def test_the_last_year_newest_first_and_only_own(a, world, text_of):
    page = a.get("/faktury/")
    own = rows(world, _i.customer_code == A, _i.issued_on > sa.text("'2025-11-24'"))
    assert numbers(page) == [x.number for x in own] and len(own) == 11
    text = text_of(page)
    assert "Wszystkie faktury – ostatni rok" in text
    start = a.get("/").get_data(as_text=True)
    assert 'href="/faktury/"' in start and "Płatności" in start


@pytest.mark.feature("L11")
@pytest.mark.parametrize(("chosen", "title", "condition"), [
    ("rok-1", "Wszystkie faktury – 2025", _i.issued_on.between(sa.text("'2025-01-01'"), sa.text("'2025-12-31'"))),
    ("wszystko", "Wszystkie faktury – wszystkie lata", sa.true()),
])  # fmt: skip
def test_another_period_and_all(a, world, text_of, chosen, title, condition):
    page = a.get(f"/faktury/?okres={chosen}")
    own = rows(world, _i.customer_code == A, condition)
    assert title in text_of(page) and numbers(page) == [x.number for x in own][:20]
    assert f"{len(own)} dokument" in plain(text_of(page))


def test_an_unknown_filter_is_the_last_year(a, text_of):
    assert "Wszystkie faktury – ostatni rok" in text_of(a.get("/faktury/?okres=xyz&typ=%27&sortuj=x"))


def test_a_search_that_is_too_short_says_so_and_keeps_it(a):
    page = a.get("/faktury/?szukaj=4x").get_data(as_text=True)
    assert "Wpisz co najmniej 3" in page and 'value="4x"' in page


@pytest.mark.feature("L12")
@pytest.mark.parametrize("typed", ["R. 2026/000412", "r2026000412", "2026 000412", "000412", "R.2026/000412"])
def test_a_number_is_printed_as_in_billing_and_found_in_any_way(a, typed):
    page = a.get("/faktury/", query_string={"szukaj": typed})
    assert numbers(page) == [INVOICE]


@pytest.mark.feature("L13")
def test_sorted_by_date(a, world):
    page = a.get("/faktury/?okres=wszystko&sortuj=issued_on")
    days = re.findall(r'data-label="Data wystawienia"><span>(\d{4}-\d\d-\d\d)<', page.get_data(as_text=True))
    own = sorted(str(x.issued_on) for x in rows(world, _i.customer_code == A))
    assert days == own[:20]


@pytest.mark.feature("L14", "L16", "L17", "L18")
def test_a_row_tells_part_paid_paid_and_late_in_words(a):
    page = a.get("/faktury/")
    part = row_of(page, INVOICE)
    assert "2026-09-29 56 dni po terminie 123,95 10,97 Faktura Zapłacona w części uregulowano 112,98 zł" in part
    assert "2026-05-20 598,02 0,00 Faktura Zapłacona" in row_of(page, PAID) and "po terminie" not in row_of(page, PAID)
    assert "2026-11-13 11 dni po terminie 0,86 0,86 Nota odsetkowa Niezapłacona" in row_of(page, NOTE)
    assert "2026-12-01 za 7 dni 17,37 17,37 Wezwanie do zapłaty Niezapłacona" in row_of(page, DEMAND)


@pytest.mark.feature("L18")
def test_the_state_follows_the_amount_left(a, world):
    change(world, copy.invoices, _i.number == INVOICE, to_pay=Decimal("0.00"))
    assert "Zapłacona Podgląd" in row_of(a.get("/faktury/"), INVOICE)


@pytest.mark.feature("L17", "P37")
def test_a_correction_points_to_what_it_corrects(world, signed_in, text_of):
    correction = rows(world, _i.kind == "correction")[0]
    change(world, copy.invoices, _i.number == correction.number, customer_code=A)
    change(world, copy.invoices, _i.number == correction.corrected_invoice, customer_code=A)
    with world.database.refresher.begin() as connection:
        lines = copy.invoice_lines
        both = (correction.number, correction.corrected_invoice)
        connection.execute(sa.update(lines).where(lines.c.invoice_number.in_(both)).values(customer_code=A))
    page = signed_in("A").get("/faktury/?okres=wszystko&typ=korekta")
    assert f"Faktura korygująca do {correction.corrected_invoice}" in row_of(page, correction.number)
    shown = plain(text_of(signed_in("A").get(f"/faktury/dokument/{correction.number}")))
    assert "Co zmienia korekta Przyczyna: Błędny odczyt wodomierza." in shown
    before = rows(world, _i.number == correction.corrected_invoice)[0]
    assert "Przed, brutto [zł] Po, brutto [zł] Różnica [zł]" in shown
    assert f"{correction.corrected_invoice} Faktura jest korygowany tym dokumentem" in shown
    origin = plain(text_of(signed_in("A").get(f"/faktury/dokument/{before.number}")))
    assert f"{correction.number} Faktura korygująca koryguje ten dokument" in origin


@pytest.mark.feature("L19")
def test_the_preview_opens_the_document_and_says_when_there_is_no_file(a, text_of):
    page = a.get("/faktury/").get_data(as_text=True)
    cells = re.findall(r'data-label="Podgląd dokumentu"><span><a href="([^"]*)">Podgląd</a>', page)
    assert len(cells) == 11
    has_files = "customer.faktura.pdf" in a.application.view_functions
    assert (">PDF</a>" in page) == has_files and ("Brak pliku" in page) != has_files
    for address in (html.unescape(x) for x in cells):
        assert a.get(address).status_code == 200


def test_the_leaflet_s_columns_in_its_order_and_a_dash_where_nobody_offers_anything(a):
    page = a.get("/faktury/").get_data(as_text=True)
    heads = [html.unescape(re.sub(r"<[^>]+>", "", x)) for x in re.findall(r"<th role=\"columnheader\".*?</th>", page)]
    assert heads == COLUMNS
    assert row_of(a.get("/faktury/"), INVOICE).endswith("– brak")
    fewer = a.get("/faktury/?kolumny=number&kolumny=gross").get_data(as_text=True)
    assert "Możliwe działania</th>" not in fewer and "Kwota [zł]" in fewer


def test_the_list_as_csv(a):
    text = a.get("/faktury/?format=csv").get_data(as_text=True).lstrip("\ufeff")
    lines = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert lines[0] == COLUMNS[:-1] and len(lines) == 12
    found = next(x for x in lines if x[0] == INVOICE)
    assert found[1:6] == ["2026-09-15", "2026-09-29", "123,95", "10,97", "Faktura"]


# Unpaid


@pytest.mark.feature("L79")
def test_unpaid_holds_what_is_left_of_all_years_and_adds_up_with_the_balance(a, world, text_of):
    change(world, copy.invoices, _i.number == "R. 2025/000259", to_pay=Decimal("5.00"))
    change(world, copy.ledger, copy.ledger.c.document_number == "R. 2025/000259", to_pay=Decimal("5.00"))
    page = a.get("/faktury/niezaplacone")
    assert set(numbers(page)) == {INVOICE, NOTE, DEMAND, "R. 2025/000259"}
    text = plain(text_of(page))
    assert "Faktury 15,97 zł Noty odsetkowe 0,86 zł Wezwania do zapłaty 17,37 zł Razem 34,20 zł" in text
    with world.database.snapshot() as session:
        e = copy.ledger.c
        part = sa.select(sa.func.sum(e.to_pay)).where(e.customer_code == A, e.kind.in_(("invoice", "correction")))
        assert session.execute(part).scalar_one() == Decimal("15.97")


def test_nothing_unpaid_says_so(b, text_of):
    text = text_of(b.get("/faktury/niezaplacone"))
    assert "Wszystko zapłacone" in text and "Razem do zapłaty" not in text


@pytest.mark.feature("L97", "L78")
def test_the_start_page_tells_of_unpaid_documents_and_counts_as_the_list_does(a, b, text_of):
    text = plain(text_of(a.get("/")))
    assert "Nierozliczone faktury ! 3 dokumenty, razem zostało 29,20 zł." in text
    assert 'href="/faktury/niezaplacone"' in a.get("/").get_data(as_text=True)
    count = len(numbers(a.get("/faktury/")))
    assert f"Wszystkie faktury ({count})" in text
    assert "Nierozliczone faktury" not in text_of(b.get("/"))


# A document


def test_a_document_shows_its_lines_and_sums(a, text_of):
    text = plain(text_of(a.get(f"/faktury/dokument/{INVOICE}")))
    first = "taryfa G1 2026-05-31 – 2026-08-31 412 → 421 9 m³ 4,62 zł 41,58 8% 3,33 44,91"
    assert f"Dostarczanie wody z sieci, {first}" in text
    assert "8% 114,77 9,18 123,95" in text and "Netto 114,77 zł VAT 9,18 zł Razem brutto 123,95 zł" in text
    assert "Kwota dokumentu wystawiono 15 września 123,95 zł Wpłata 26 października, przelew −112,98 zł" in text


def test_an_archival_document_shows_the_same(a, world, text_of):
    oldest = rows(world, _i.customer_code == A)[-1]
    assert oldest.issued_on.year <= 2021
    text = plain(text_of(a.get(f"/faktury/dokument/{oldest.number}")))
    assert "Pozycje dokumentu" in text and "Dostarczanie wody z sieci" in text
    assert f"Razem brutto {oldest.gross:.2f} zł".replace(".", ",") in text


@pytest.mark.feature("P36")
def test_the_amount_is_explained_to_the_grosz(a, text_of):
    text = plain(text_of(a.get(f"/faktury/dokument/{INVOICE}")))
    assert "Stan 421 (31 sierpnia) minus stan 412 (31 maja) = 9 m³. 9 m³ × 4,62 zł = 41,58 zł netto." in text
    assert "woda 9 m³ − woda do ogrodu 2 m³ ścieki 7 m³" in text and "Oszczędność: 17,41 zł z VAT." in text
    assert "Ten rachunek jest o 1,46 zł niższy niż za ten sam okres rok temu." in text
    parts = ["125,41", "−4,85", "1,27", "1,51", "0,61", "123,95"]
    places = [text.index(f"{part} zł", text.index("Rok temu")) for part in parts]
    assert places == sorted(places), "from last year's bill, part by part, to this one"
    values = [Decimal(x.replace("−", "-").replace(",", ".")) for x in parts]
    assert sum(values[:-1]) == values[-1]


@pytest.mark.feature("P37")
def test_notes_and_demands_are_linked_with_their_origin(a, text_of):
    invoice = plain(text_of(a.get(f"/faktury/dokument/{INVOICE}")))
    assert f"{NOTE} Nota odsetkowa nalicza odsetki od tego dokumentu 0,86" in invoice
    assert f"{DEMAND} Wezwanie do zapłaty napisano, gdy ten dokument był po terminie 17,37" in invoice
    note, demand = (plain(text_of(a.get(f"/faktury/dokument/{x}"))) for x in (NOTE, DEMAND))
    assert f"{INVOICE} Faktura naliczono od niego odsetki" in note
    assert f"{INVOICE} Faktura był po terminie, gdy powstało wezwanie" in demand


def test_sums_that_do_not_agree_are_said_and_not_explained(a, world, text_of):
    lines = copy.invoice_lines.c
    condition = sa.and_(lines.invoice_number == INVOICE, lines.line_no == 1)
    change(world, copy.invoice_lines, condition, gross=Decimal("44.90"))
    text = plain(text_of(a.get(f"/faktury/dokument/{INVOICE}")))
    assert "Sprawdzamy ten dokument" in text and "Razy cena" not in text and "Rok temu" not in text


def test_the_office_gets_a_work_item_for_them(world, viewer_of):
    from ebok_faktura import admin

    def found(person):
        with world.database.snapshot() as session:
            return [x.title for x in admin.work_items(viewer_of(person), session)]

    assert found("clerk") == []
    change(world, copy.invoices, _i.number == DEMAND, gross=Decimal("17.36"))
    assert found("clerk") == [f"{DEMAND}, klient {A}"] and found("A") == []


def test_the_easy_version_has_three_numbers_and_one_action(a, text_of):
    text = plain(text_of(a.get(f"/faktury/prosto/{INVOICE}")))
    assert "1. Ile zapłacić 10,97 zł" in text and "2. Do kiedy 29 września" in text and "3. Za co 9 m³" in text
    assert text.count("Przelej 10,97 zł na konto poniżej.") == 1
    assert "Nic. Jeśli chcesz, zachowaj rachunek." in text_of(a.get(f"/faktury/prosto/{PAID}"))


@pytest.mark.parametrize("page", ["dokument", "prosto"])
def test_another_s_document_is_not_there(b, page):
    assert b.get(f"/faktury/{page}/{INVOICE}").status_code == 404
    for number in ("R. 1999/1", "x" * 60, "%0a"):
        assert b.get(f"/faktury/{page}/{number}").status_code == 404


@pytest.mark.feature("L125")
def test_back_leads_to_the_list_as_it_was_left(a):
    a.get("/faktury/?okres=rok-1&typ=faktura")
    document = a.get(f"/faktury/dokument/{INVOICE}").get_data(as_text=True)
    assert 'href="/faktury/?okres=rok-1&amp;typ=faktura"' in document
    unpaid = a.get("/faktury/niezaplacone").get_data(as_text=True)
    assert "lista=niezaplacone" in unpaid
    document = a.get(f"/faktury/dokument/{INVOICE}?lista=niezaplacone").get_data(as_text=True)
    assert 'href="/faktury/niezaplacone"' in document


# Statements of amounts


@pytest.mark.feature("L147", "L149")
@pytest.mark.parametrize("step", ["miesiace", "kwartaly", "lata"])
def test_chart_table_and_csv_say_the_same_and_add_up(a, world, step):
    page = a.get(f"/faktury/zestawienia?wg={step}").get_data(as_text=True)
    assert 'class="eb-chart" role="img"' in page and "<title" in page
    text = a.get(f"/faktury/zestawienia?wg={step}&format=csv").get_data(as_text=True).lstrip("\ufeff")
    head, *lines = csv.reader(io.StringIO(text), delimiter=";")
    assert head == ["Okres", "Zafakturowano [zł]", "Odsetki i wezwania [zł]", "Wpłacono [zł]"]
    shown = re.findall(r'class="eb-num" data-label="[^"]+"><span>([^<]*)</span>', page)
    assert [plain(x).replace(" ", "") for x in shown] == [x for line in lines for x in line[1:]]
    numbers_ = [[Decimal(x.replace(",", ".")) for x in line[1:]] for line in lines]
    assert [sum(column) for column in zip(*numbers_[:-1], strict=True)] == numbers_[-1]
    if step == "lata":
        own = rows(world, _i.customer_code == A)
        assert numbers_[-1][0] + numbers_[-1][1] == sum(x.gross for x in own), "sums equal the documents"


@pytest.mark.feature("L147", "L149")
def test_the_office_sees_the_whole_utility(world, signed_in):
    clerk = signed_in("clerk")
    text = clerk.get("/panel/faktury/zestawienia?wg=lata&format=csv").get_data(as_text=True)
    total = Decimal(list(csv.reader(io.StringIO(text), delimiter=";"))[-1][1].replace(",", "."))
    bills = rows(world, _i.issued_on >= sa.text("'2023-12-01'"), _i.kind.in_(("invoice", "correction")))
    assert total == sum(x.gross for x in bills)
    assert 'class="eb-chart"' in clerk.get("/panel/faktury/zestawienia").get_data(as_text=True)


# Alone (L182), and small


def test_alone_there_is_no_pay_button(a, text_of):
    lists = ("/", "/faktury/", "/faktury/niezaplacone")
    for address in (*lists, f"/faktury/dokument/{INVOICE}", f"/faktury/prosto/{INVOICE}"):
        text = text_of(a.get(address))
        assert "Zapłać całą" not in text and "Zapłać za" not in text and "Zapłać 10,97" not in text


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_lists_take_six_queries_however_long(a, signed_in, statements):
    c = signed_in("C")
    for client in (a, c):
        for address in ("/faktury/", "/faktury/niezaplacone", "/faktury/zestawienia"):
            client.get(address)
            with statements() as seen:
                client.get(address)
            assert len(seen) <= 6, address
