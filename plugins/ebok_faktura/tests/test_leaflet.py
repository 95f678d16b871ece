"""What the leaflet promises of a document: the same amounts on the list, the page and the PDF; actions of others."""

from __future__ import annotations

import html
import re
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Blueprint

from ebok_core import Module, Mount, SlotFragment, Zone, clock, hookimpl, i18n
from ebok_core.outbox import deliver
from ebok_core.testing import pdfs
from ebok_core.tytan import copy
from ebok_faktura import plugin

A = "1-01001"
TOTAL = "Kwota należności ogółem"
_i, _l = copy.invoices.c, copy.invoice_lines.c


@pytest.fixture
def documents(world):
    """A's documents with their lines, the newest first: `(row, lines)`."""
    with world.database.snapshot() as session:
        found = session.execute(sa.select(copy.invoices).where(_i.customer_code == A).order_by(_i.issued_on.desc()))
        lines = sa.select(copy.invoice_lines).where(_l.invoice_number == sa.bindparam("number")).order_by(_l.line_no)
        return [(row, session.execute(lines, {"number": row.number}).all()) for row in found.all()]


def fetched(world, client, numbers) -> dict[str, pdfs.ReadPdf]:
    """The PDFs of documents, TYTAN's files first."""
    for number in numbers:
        client.get(f"/faktury/pdf/{number}")
    deliver.drain(world, "faktura_files")
    return {number: pdfs.read(client.get(f"/faktury/pdf/{number}").data) for number in numbers}


def tables_of(document: pdfs.ReadPdf) -> dict[str, list[list[str]]]:
    """The tables of a PDF by their names, row by row."""
    return {
        str(table.attributes["Summary"]): [[c.text for c in row.all("TH", "TD")] for row in table.all("TR")]
        for table in document.root.all("Table")
    }


def words_of(answer) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))).split())


@pytest.mark.feature("L15")
def test_the_amount_of_the_list_is_the_amount_of_the_pdf(world, a, documents):
    """Every document of six years: bills, notes, demands, corrections."""
    page, amounts = "/faktury/?okres=wszystko", {}
    while page:
        text = a.get(page).get_data(as_text=True)
        for row in re.findall(r'<tr role="row"><th role="rowheader".*?</tr>', text, flags=re.DOTALL):
            number = html.unescape(re.search(r"<a [^>]*>([^<]*)</a>", row)[1]).replace("\N{NO-BREAK SPACE}", " ")
            amounts[number] = html.unescape(re.search(r'data-label="Kwota \[zł\]"><span>([^<]*)<', row)[1])
        more = re.search(r'<a href="([^"]*)" rel="next"', text)
        page = html.unescape(more[1]) if more else None
    assert set(amounts) == {row.number for row, _lines in documents}
    for number, document in fetched(world, a, amounts).items():
        printed = {r[-1] for rows in tables_of(document).values() for r in rows if r and r[0] == TOTAL}
        assert printed == {f"{amounts[number]}\N{NO-BREAK SPACE}zł"}, number


@pytest.mark.feature("L110", "L111")
@pytest.mark.parametrize("years", [0, 5])
def test_the_page_and_the_pdf_show_the_same_lines_and_sums(world, a, documents, years):
    """A bill of this year, and one from five years ago."""
    before = clock.today().year - years
    row, lines = next((r, ls) for r, ls in documents if r.kind == "invoice" and r.issued_on.year == before)
    page = words_of(a.get(f"/faktury/dokument/{row.number}")).replace("\N{NO-BREAK SPACE}", " ")
    tables = tables_of(fetched(world, a, [row.number])[row.number])
    positions = [line for line in tables["Pozycje"][1:] if line[0] != TOTAL]
    assert len(positions) == len(lines) >= 3
    for line, printed in zip(lines, positions, strict=True):
        amounts = [i18n.money(value, unit=False) for value in (line.unit_price_net, line.net)]
        assert printed[3:5] == amounts and printed[5] == line.vat_rate
        of_page = [*amounts, line.vat_rate, i18n.money(line.vat, unit=False), i18n.money(line.gross, unit=False)]
        price, net, *others = [text.replace("\N{NO-BREAK SPACE}", " ") for text in of_page]
        assert f"{price} zł {net} {' '.join(others)}" in page, line.name
        if line.meter_id:
            states = [f"{i18n.volume(value)}" for value in (line.value_from, line.value_to)]
            assert all(state in printed[1] for state in states)
            days = f"{i18n.iso(line.read_from)} – {i18n.iso(line.read_to)}"
            assert f"{days} {states[0][:-3]} → {states[1][:-3]}" in page
    sums = [i18n.money(value, unit=False) for value in (row.net, row.vat, row.gross)]
    assert tables["Podatek VAT"][-1] == ["Razem", *sums]
    assert f"Netto {sums[0]} zł VAT {sums[1]} zł Razem brutto {sums[2]} zł" in page.replace("\N{NO-BREAK SPACE}", " ")
    for name in ("net", "vat", "gross"):
        assert sum((getattr(line, name) for line in lines), Decimal(0)) == getattr(row, name)


class Kasa:
    """Another module, which offers an action for what is not paid."""

    @hookimpl
    def ebok_module(self):
        return Module(title="Kasa")

    @hookimpl
    def ebok_blueprints(self):
        folder = str(Path(__file__).parent / "templates")
        blueprint = Blueprint("kasa", __name__, template_folder=folder)
        blueprint.add_url_rule("/kasa/", "index", lambda: "kasa")
        return [Mount(zone=Zone.CUSTOMER, blueprint=blueprint)]

    @hookimpl
    def ebok_slot_fragments(self):
        return [
            SlotFragment(
                key="kasa.pay",
                slot="faktura.invoice_actions",
                template="ebok_kasa/pay.html",
                load=lambda session, viewer, rows: {"open": {row.number for row in rows if row.to_pay > 0}},
            )
        ]


@pytest.mark.feature("L20")
@pytest.mark.parametrize("modules", [[plugin], [plugin, ("ebok_kasa", Kasa())]], ids=["alone", "with another"])
def test_another_module_s_action_stands_in_its_row_alone(a, modules):
    found = {}
    text = a.get("/faktury/").get_data(as_text=True)
    for row in re.findall(r'<tr role="row"><th role="rowheader".*?</tr>', text, flags=re.DOTALL):
        cell = re.search(r'<td role="cell" class="(eb-cell-acts[^"]*)".*?</td>', row, flags=re.DOTALL)
        name = html.unescape(re.search(r"<a [^>]*>([^<]*)</a>", row)[1]).replace("\N{NO-BREAK SPACE}", " ")
        found[name] = " ".join(re.sub(r"<[^>]+>", " ", cell[0]).split()), cell[1]
    paid, open_ = found["R. 2026/000215"], found["R. 2026/000412"]
    assert paid[0] == "– brak" and "eb-cell-none" in paid[1]
    assert open_[0] == ("– brak" if len(modules) == 1 else "Opłać w kasie : R. 2026/000412")
    assert "Możliwe działania" not in re.sub(
        r"<details.*?</details>", "", a.get("/faktury/?kolumny=number").get_data(as_text=True), flags=re.DOTALL
    )


@pytest.mark.feature("L20")
@pytest.mark.parametrize("modules", [[plugin]])
def test_documents_of_the_balance_lead_to_their_pages(a):
    page = a.get("/saldo").get_data(as_text=True)
    links = {html.unescape(x) for x in re.findall(r'href="(/faktury/dokument/[^"]*)"', page)}
    assert len(links) == 3
    assert all(a.get(address).status_code == 200 for address in links)


@pytest.mark.feature("L182")
def test_alone_it_is_invoices_and_nothing_else(world, a, signed_in):
    """List, PDF, notices and receipts are there; readings and payments are nowhere."""
    clerk = signed_in("clerk")
    for address in ("/faktury/", "/faktury/niezaplacone", "/faktury/e-faktura", "/faktury/zestawienia"):
        assert a.get(address).status_code == 200
    assert clerk.get("/panel/faktury/e-faktury").status_code == 200
    assert fetched(world, a, ["R. 2026/000412"])["R. 2026/000412"].text
    owners = {rule.endpoint.split(".")[1] for rule in a.application.url_map.iter_rules() if rule.endpoint.count(".")}
    assert "faktura" in owners and not owners & {"odczyt", "platnosci"}
    for address in ("/", "/faktury/", "/faktury/niezaplacone", "/saldo", "/liczniki"):
        text = words_of(a.get(address))
        assert "Zapłać za" not in text and "Zapłać całą" not in text and "Podaj stan" not in text, address
