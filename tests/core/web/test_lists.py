"""The one list: sort, filter, search, pages by key, columns, export, going back; on both databases (L194, L125)."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from ebok_core.contracts.identity import Viewer

ROW = re.compile(r'<tr role="row">(<th role="rowheader".*?)</tr>', re.S)


def numbers(page: str) -> list[str]:
    """The documents of a page, in order."""
    return [
        n.replace("\N{NO-BREAK SPACE}", " ")
        for n in re.findall(r'<th role="rowheader" scope="row"><a [^>]*>([^<]+)', page)
    ]


def link(page: str, words: str) -> str | None:
    """The address of the link with these words."""
    found = [
        href
        for href, text in re.findall(r'<a [^>]*href="([^"]*)"[^>]*>(.*?)</a>', page, re.S)
        if words in re.sub("<.*?>", "", text)
    ]
    return html.unescape(found[0]) if found else None


def walk(client: FlaskClient, address: str) -> list[str]:
    """Every document, page after page."""
    found: list[str] = []
    while address:
        page = client.get(address).text
        found += numbers(page)
        address = link(page, "Następna") or ""
    return found


@pytest.mark.feature("L194")
def test_first_page_is_the_default_order(maria: FlaskClient) -> None:
    page = maria.get("/proba/").text
    assert numbers(page)[:4] == ["R. 2026/000002", "R. 2026/000001", "R. 2026/000000", "R. 2026/000005"]
    assert "Strona 1 z 3, 45 dokumentów" in page
    assert 'aria-sort="descending"' in page
    assert "1\N{NO-BREAK SPACE}236,50" in page
    assert "R.\N{NO-BREAK SPACE}2026/000900" not in page, "somebody else's document"


@pytest.mark.feature("L194")
def test_a_row_keeps_its_roles_and_labels_where_it_becomes_a_card(maria: FlaskClient) -> None:
    row = ROW.findall(maria.get("/proba/").text)[0]
    assert row.count('role="rowheader"') == 1 and row.count('role="cell"') == 7
    assert re.findall(r'data-label="([^"]+)"', row) == [
        *("Typ dokumentu", "Data wystawienia", "Kwota [zł]", "Kwota do zapłaty [zł]", "Status", "Termin płatności")
    ]


@pytest.mark.feature("L194")
@pytest.mark.parametrize(
    "sort", ["", "issued_on", "-number", "number", "kind", "-kind", "gross", "-corrected_invoice", "corrected_invoice"]
)
def test_pages_by_key_show_every_row_once_in_order(maria: FlaskClient, sort: str) -> None:
    """Ties (three documents a day, two kinds) and missing values neither hide nor repeat a row."""
    forwards = walk(maria, f"/proba/?sortuj={sort}" if sort else "/proba/")
    assert len(forwards) == 45 and len(set(forwards)) == 45
    if sort.endswith("corrected_invoice"):
        assert {int(n[-2:]) % 7 for n in forwards[:7]} == {0}, "missing values are last in both directions"


def test_backwards_is_the_mirror_of_forwards(maria: FlaskClient) -> None:
    for sort in ("", "kind", "-corrected_invoice"):
        first = maria.get(f"/proba/?sortuj={sort}").text
        second = maria.get(link(first, "Następna") or "").text
        third = maria.get(link(second, "Następna") or "").text
        assert link(third, "Następna") is None and len(numbers(third)) == 5
        back = maria.get(link(third, "Poprzednia") or "").text
        assert numbers(back) == numbers(second)
        assert "Strona 2 z 3" in back
        assert numbers(maria.get(link(back, "Poprzednia") or "").text) == numbers(first)


def test_pages_are_stable_while_rows_come_and_go(maria: FlaskClient, filled: Any) -> None:
    """A row that appears before the place moves nothing: no row of the next page is lost or doubled."""
    from ebok_core.tytan import copy

    first = maria.get("/proba/").text
    with filled.refresher.begin() as connection:
        connection.execute(copy.invoices.delete().where(copy.invoices.c.number == "R. 2026/000002"))
    second = maria.get(link(first, "Następna") or "").text
    assert not set(numbers(first)) & set(numbers(second)) and len(numbers(second)) == 20


def test_junk_in_the_address_is_as_if_it_were_not_there(maria: FlaskClient) -> None:
    plain = numbers(maria.get("/proba/").text)
    for query in (
        *("sortuj=to_pay", "sortuj=1;drop", "sortuj=--number", "stan=x'", "okres=%27", "typ=zzz", "kolumny=nie"),
        *("strona=-1", "strona=9999999999", "po=abc", "po=" + "A" * 3000, "przed=%F0%9F%92%A7"),
        *("dzien_od=wczoraj", "dzien_do=2026-02-30", "format=exe", "szukaj="),
    ):
        answer = maria.get(f"/proba/?{query}")
        assert answer.status_code == 200, query
        assert numbers(answer.text) == plain, query


def test_a_place_of_another_list_or_order_is_refused(maria: FlaskClient) -> None:
    by_date = link(maria.get("/proba/").text, "Następna") or ""
    place = re.search(r"po=([^&]+)", by_date)
    assert place
    plain = numbers(maria.get("/proba/?sortuj=gross").text)
    assert numbers(maria.get(f"/proba/?sortuj=gross&po={place[1]}").text) == plain


@pytest.mark.feature("L194")
def test_filters_search_and_counts(maria: FlaskClient) -> None:
    page = maria.get("/proba/").text
    assert "Wszystkie (45)" in page and "Niezapłacone (4)" in page and "Zapłacone (41)" in page
    unpaid = maria.get(link(page, "Niezapłacone (4)") or "").text
    assert len(numbers(unpaid)) == 4 and "4 dokumentów" in unpaid
    assert "Wszystkie (45)" in unpaid, "the counts of the other views stay"
    assert len(numbers(maria.get("/proba/?typ=interest").text)) == 9
    year = maria.get("/proba/?okres=rok").text
    assert "39 dokumentów" in year and "Filtry: ostatni rok" in year
    days = maria.get("/proba/?dzien_od=2026-10-21&dzien_do=2026-11-20").text
    assert len(numbers(days)) == 6
    both = maria.get("/proba/?typ=interest&stan=niezaplacone&dzien_od=2026-11-20").text
    assert numbers(both) == ["R. 2026/000000"]


@pytest.mark.parametrize("typed", ["2026/000012", "r 2026 000012", "R.2026/000012", "000012", "  R. 2026/000012 "])
def test_search_finds_with_and_without_signs(maria: FlaskClient, typed: str) -> None:
    assert numbers(maria.get("/proba/", query_string={"szukaj": typed}).text) == ["R. 2026/000012"]


@pytest.mark.parametrize("typed", ["%", "_", "%%%", "___", "\\\\\\", "'; drop table x; --", "a%b_c", "(((", "x" * 500])
def test_search_signs_mean_themselves(maria: FlaskClient, typed: str) -> None:
    answer = maria.get("/proba/", query_string={"szukaj": typed})
    assert answer.status_code == 200
    assert len(numbers(answer.text)) in (0, 20)


def test_a_short_search_says_so_and_finds_everything(maria: FlaskClient) -> None:
    page = maria.get("/proba/?szukaj=12").text
    assert "Wpisz co najmniej 3 litery lub cyfry" in page and len(numbers(page)) == 20


def test_columns_are_chosen_in_the_address(maria: FlaskClient) -> None:
    page = maria.get("/proba/?kolumny=gross&kolumny=corrected_invoice").text
    heads = [re.sub("<.*?>", "", h) for h in re.findall(r'<th role="columnheader"[^>]*>(.*?)</th>', page, re.S)]
    assert heads == ["Nr dokumentu", "Kwota [zł]", "Korekta do"], "the row's name can't be hidden"
    assert "kolumny=gross" in (link(page, "Następna") or "")
    assert "R. 2025/000007" in page


@pytest.mark.feature("L194")
def test_export_holds_everything_that_fits_the_filters(maria: FlaskClient) -> None:
    page = maria.get("/proba/?stan=zaplacone").text
    answer = maria.get(link(page, "Pobierz listę") or "")
    assert answer.mimetype == "text/csv" and "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert rows[0] == [
        "Nr dokumentu",
        "Typ dokumentu",
        "Data wystawienia",
        "Kwota [zł]",
        "Kwota do zapłaty [zł]",
        "Status",
        "Termin płatności",
    ]
    assert len(rows) == 42
    assert (
        rows[1][0] == "R. 2026/000005"
        and rows[1][3] == "1239,50"
        and rows[1][5:] == ["Zapłacona", "2026-12-04, po terminie"]
    )


@pytest.mark.feature("L125")
def test_back_returns_to_filter_order_and_place(maria: FlaskClient) -> None:
    first = maria.get("/proba/?typ=invoice&sortuj=gross").text
    second = maria.get(link(first, "Następna") or "").text
    detail = maria.get(f"/proba/faktura/{numbers(second)[0]}").text
    again = maria.get(link(detail, "Powrót") or "").text
    assert numbers(again) == numbers(second) and 'aria-sort="ascending"' in again
    maria.get("/proba/")
    assert link(maria.get("/proba/faktura/x").text, "Powrót") == "/proba/", "a list that is opened plainly is forgotten"


def test_the_place_in_the_address_tells_nothing(maria: FlaskClient, signed_in: Any, ewa: Viewer) -> None:
    """S62: no personal data in addresses, and the cookie holds none either."""
    place = link(maria.get("/proba/?sortuj=-number").text, "Następna") or ""
    assert "2026/" not in place and "R." not in place
    maria.get("/proba/?szukaj=2026/0000")
    cookie = maria.get_cookie("__Host-ebok") or maria.get_cookie("session")
    assert cookie is None or "2026" not in cookie.value


@pytest.mark.feature("L20")
def test_a_row_without_actions_shows_a_dash(maria: FlaskClient) -> None:
    rows = ROW.findall(maria.get("/proba/").text)
    assert "Zapłać" in rows[0] and ": R. 2026/000002</span>" in rows[0]
    assert "eb-cell-none" in rows[3] and "brak" in rows[3]
    assert 'data-label="Możliwe działania"' not in rows[0]
    hidden = maria.get("/proba/?kolumny=number&kolumny=gross").text
    assert "Zapłać" not in hidden


def test_a_page_costs_four_queries_whatever_its_size(maria: FlaskClient, statements: Any) -> None:
    """W8: rows with counts, header, age, settings; a real session brings the last three with its own query."""
    with statements() as cold:
        maria.get("/proba/")
    with statements() as warm:
        maria.get("/proba/")
    with statements() as one_row:
        maria.get("/proba/?szukaj=000012")
    assert len(cold) == 4 and len(warm) == 4 and len(one_row) == 4
    assert not cold.writes


def test_statements_are_built_once_per_shape(maria: FlaskClient, probe: Any) -> None:
    maria.get("/proba/?typ=invoice")
    kept = dict(probe.INVOICES.statements._kept)
    maria.get("/proba/?typ=interest")
    assert dict(probe.INVOICES.statements._kept) == kept


def test_shapes_do_not_grow_without_end(maria: FlaskClient, probe: Any) -> None:
    """S52: nothing from an address becomes a key."""
    maria.get("/proba/")
    before = len(probe.INVOICES.statements._kept)
    for junk in range(50):
        maria.get(f"/proba/?sortuj=x{junk}&typ=y{junk}&stan=z{junk}&szukaj=q{junk}q{junk}")
    assert len(probe.INVOICES.statements._kept) <= before + 2


def test_a_stated_reach_over_the_copy_stands_in_the_panel_only(maria: FlaskClient, signed_in: Any, ewa: Viewer) -> None:
    assert maria.get("/proba/stated").status_code == 500
    signed_in(ewa)
    names = re.findall(r'data-label="Nazwa"><span>([^<]+)', maria.get("/panel/proba/").text)
    assert names == ["Lucyna Zet", "Maria Zielińska", "Piotr Łęcki"]


def test_polish_order_is_the_same_on_both_databases(
    maria: FlaskClient, signed_in: Any, ewa: Viewer, filled: Any
) -> None:
    from ebok_core.tytan import copy

    with filled.refresher.begin() as connection:
        for code, name in (("1-01001", "Łąka"), ("1-01002", "Lato"), ("1-01003", "Lód")):
            connection.execute(copy.customers.update().where(copy.customers.c.code == code).values(name=name))
    signed_in(ewa)
    page = maria.get("/panel/proba/").text
    assert re.findall(r'data-label="Nazwa"><span>([^<]+)', page) == ["Lato", "Lód", "Łąka"]
    page = maria.get("/panel/proba/?sortuj=-name").text
    assert re.findall(r'data-label="Nazwa"><span>([^<]+)', page) == ["Łąka", "Lód", "Lato"]


def test_an_empty_list_says_why(maria: FlaskClient) -> None:
    page = maria.get("/proba/?szukaj=zzzzzz").text
    assert "Nic nie pasuje do filtrów" in page and "<table" not in page
    assert link(page, "Wyczyść filtry") == "/proba/"


def test_markup_in_data_stays_text(maria: FlaskClient, filled: Any) -> None:
    """S23: what TYTAN sends is hostile text."""
    from ebok_core.tytan import copy

    evil = '"><script>alert(1)</script>&'
    with filled.refresher.begin() as connection:
        connection.execute(copy.customers.update().values(name=evil))
        connection.execute(
            copy.invoices.update().where(copy.invoices.c.number == "R. 2026/000002").values(kind='<b x="')
        )
    page = maria.get("/proba/").text
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page
    assert '<b x="' not in page


def test_declarations_are_checked(probe: Any) -> None:
    import sqlalchemy as sa

    from ebok_core.tytan import copy
    from ebok_core.web import Column, Filter, Option, Table

    base: dict[str, Any] = {
        "key": "x.y",
        "caption": "",
        "statement": sa.select(copy.invoices.c.number),
        "row_key": (copy.invoices.c.number,),
    }
    columns = (Column("number", "Nr"),)
    for wrong in (
        {"sort": "number"},
        {"reach": "all"},
        {"filters": (Filter("a", "", (Option("x", ""),), chips=True), Filter("b", "", (Option("x", ""),), chips=True))},
        {"filters": (Filter("a", "", lambda: [], column=copy.invoices.c.kind, chips=True),)},
    ):
        with pytest.raises(ValueError, match="x.y"):
            Table(**base, columns=columns, **wrong)
