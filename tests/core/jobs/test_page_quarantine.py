"""The quarantine in the panel: which rows of TYTAN wait, what is wrong with each and what puts it right (L157)."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from ebok_core import runtime_settings
from ebok_core.tytan import refresh
from ebok_core.tytan.settings import TytanConfig, TytanConfigSchema

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

PAGE = "/panel/procesy/kwarantanna"


def text_of(browser, address):
    answer = browser.get(address)
    assert answer.status_code == 200, answer.status
    page = re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True).partition("<main")[2].partition("</main>")[0])
    return " ".join(page.replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.fixture
def broken(filled_copy, tytan_url, clock):
    """TYTAN has a meter whose seal year is nonsense, and an invoice that is not worth its lines."""
    engine = sa.create_engine(tytan_url)
    with engine.begin() as connection:
        meter = connection.execute(sa.text("SELECT min(id) FROM ebok_meters")).scalar_one()
        next_no = "SELECT max(change_no) + 1 FROM ebok_meters"
        connection.execute(
            sa.text(f"UPDATE ebok_meters SET legalization_year = -7, change_no = ({next_no}) WHERE id = :id"),
            {"id": meter},
        )
        next_no = "SELECT max(change_no) + 1 FROM ebok_invoices"
        invoice = "SELECT min(invoice_number) FROM ebok_invoice_lines"
        connection.execute(
            sa.text(f"UPDATE ebok_invoices SET gross = gross + 1, change_no = ({next_no}) WHERE number = ({invoice})")
        )
    engine.dispose()
    with filled_copy.database.unit_of_work() as session:
        keys = filled_copy.settings.encryption_keys
        runtime_settings.save(session, TytanConfigSchema, TytanConfig(address=tytan_url), keys=keys)
    refresh.refresh(filled_copy)
    return meter


@pytest.mark.feature("L157")
def test_rows_in_quarantine_stand_with_their_reason_and_what_to_do(broken, signed_in):
    clerk = signed_in("clerk")
    page = text_of(clerk, PAGE)
    assert broken in page and "ebok_meters" in page and "legalization_year" in page
    assert "wartość ujemna tam, gdzie nie może być" in page
    link = re.search(r'href="(/panel/procesy/kwarantanna/wiersz[^"]+)"', clerk.get(PAGE).get_data(as_text=True))
    row = text_of(clerk, link[1].replace("&amp;", "&"))
    assert "Popraw liczbę w TYTAN. Wiersz sam opuści kwarantannę przy następnym odświeżeniu." in row
    assert "-9" in row and "-7" not in row, "the shape of the value, never the value"


def test_customers_who_are_held_back_stand_there_with_the_reason(broken, signed_in):
    page = text_of(signed_in("clerk"), PAGE)
    assert "Klienci ze starszym stanem danych" in page and "faktura ma inną wartość niż jej pozycje" in page
    overview = text_of(signed_in("clerk"), "/panel/procesy")
    assert "1 wiersz TYTAN czeka w kwarantannie." in overview
    assert "1 klient widzi starszy stan, bo nowy się nie zgadza." in overview


def test_a_row_that_is_not_there_is_not_found(broken, signed_in):
    clerk = signed_in("clerk")
    assert clerk.get(f"{PAGE}/wiersz?widok=ebok_meters&klucz=nie-ma&regula=negative").status_code == 404
    assert clerk.get(f"{PAGE}/wiersz").status_code == 404
