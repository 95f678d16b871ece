"""One's own data as a file: asked for, built by the job, fetched by its owner alone (identity.md §10.4, P13)."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ebok_core.errors import NotFound, Refused
from ebok_core.outbox.models import Message
from ebok_core.privacy import jobs
from ebok_core.privacy.documents import rules as documents_rules
from ebok_core.privacy.documents import service as documents
from ebok_core.privacy.models import DataExport
from ebok_core.privacy.own_data import archive, service
from ebok_core.testing import people
from ebok_core.testing.planted import planted

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


class Broken:
    """A source of a module that fails."""

    key, title, tables, retention = "zepsuty.data", "Zepsute dane", (), "Zawsze"

    def export(self, session, account_id, customer_codes):
        session.execute(sa.text("SELECT * FROM there_is_no_such_table"))

    def erase(self, session, account_id):
        return 0


@pytest.fixture
def modules():
    return [planted("ebok_zepsuty", ebok_personal_data=[Broken()])]


def ask(runtime, viewer):
    with runtime.database.unit_of_work() as session:
        return service.ask(session, viewer)


def fetched(runtime, viewer):
    with runtime.database.snapshot() as session:
        return zipfile.ZipFile(io.BytesIO(service.fetch(session, runtime, viewer)))


def mails(runtime):
    with runtime.database.snapshot() as session:
        return session.scalars(sa.select(Message.payload).where(Message.target == "mail")).all()


def test_the_file_holds_every_source_as_json_csv_and_a_page(filled_copy, viewer_a):
    with filled_copy.database.unit_of_work() as session:
        documents.accept(session, viewer_a.account_id, {"terms": 1}, way=documents_rules.WAY_SIGN_IN)
    ask(filled_copy, viewer_a)
    assert jobs.build_files(filled_copy)
    file = fetched(filled_copy, viewer_a)
    names = set(file.namelist())
    for source in filled_copy.portal.of("ebok_personal_data"):
        stem = source.key.replace(".", "-").replace("_", "-")
        assert source.key == Broken.key or {f"{stem}.json", f"{stem}.csv"} <= names, source.key
    [account] = json.loads(file.read("core-account.json"))
    assert account["login"] == people.LOGINS["A"] and "password_hash" not in account
    [customer] = [c for c in json.loads(file.read("core-copy-customers.json")) if c["code"] == viewer_a.customer_code]
    assert customer["name"] and not any("pesel" in name for name in customer)
    assert {c["code"] for c in json.loads(file.read("core-copy-customers.json"))} == set(viewer_a.customer_codes)
    [accepted] = json.loads(file.read("core-evidence.json"))
    assert accepted["title"] == "Regulamin portalu"
    page = file.read("index.html").decode()
    assert customer["name"] in page and "Dane klienta w systemie rozliczeń" in page and "<script" not in page


def test_the_csv_opens_in_a_spreadsheet(filled_copy, viewer_a):
    ask(filled_copy, viewer_a)
    jobs.build_files(filled_copy)
    text = fetched(filled_copy, viewer_a).read("core-copy-customers.csv").decode()
    assert text.startswith("\N{BYTE ORDER MARK}")
    rows = list(csv.reader(io.StringIO(text[1:]), delimiter=";"))
    assert len(rows) == 1 + len(viewer_a.customer_codes)
    assert "Saldo" in rows[0] and rows[1][rows[0].index("Saldo")].replace(",", "").lstrip("-").isdigit()


@pytest.mark.parametrize(
    ("value", "cell"),
    [("=1+1", "'=1+1"), ("-29.20", "-29,20"), ("29.20", "29,20"), ("-x", "'-x"), (None, ""), (7, "7")],
)
def test_S25_no_text_becomes_a_formula(value, cell):
    assert archive._cell(value) == cell


def test_a_source_that_fails_is_named_and_takes_no_other_with_it(filled_copy, viewer_a):
    ask(filled_copy, viewer_a)
    jobs.build_files(filled_copy)
    file = fetched(filled_copy, viewer_a)
    assert "core-account.json" in file.namelist() and "zepsuty-data.json" not in file.namelist()
    assert "Zepsute dane" in file.read("index.html").decode()
    assert "nie udało się odczytać" in file.read("index.html").decode()
    with filled_copy.database.snapshot() as session:
        assert session.scalar(sa.select(DataExport.missing)) == Broken.key


def test_one_mail_without_data_tells_that_it_is_ready(filled_copy, viewer_a):
    ask(filled_copy, viewer_a)
    jobs.build_files(filled_copy)
    jobs.build_files(filled_copy)
    [mail] = [json.loads(m) for m in mails(filled_copy)]
    assert "/konto/moje-dane" in mail["text"] and mail["to"] == viewer_a.email
    assert viewer_a.customer_code not in mail["text"]


def test_after_its_days_the_file_is_gone(filled_copy, viewer_a, clock):
    ask(filled_copy, viewer_a)
    jobs.build_files(filled_copy)
    clock.advance(timedelta(days=7, seconds=1))
    with pytest.raises(NotFound):
        fetched(filled_copy, viewer_a)
    assert jobs.forget(filled_copy)
    with filled_copy.database.snapshot() as session:
        assert session.execute(sa.text("SELECT count(*) FROM core_file")).scalar() == 0
        assert session.scalar(sa.select(DataExport.state)) == service.OVER


def test_one_wish_at_a_time_and_three_a_day(filled_copy, viewer_a, clock):
    for _time in range(3):
        ask(filled_copy, viewer_a)
        with pytest.raises(Refused) as refused:
            ask(filled_copy, viewer_a)
        assert refused.value.code == "building"
        jobs.build_files(filled_copy)
        clock.advance(hours=1)
    with pytest.raises(Refused) as refused:
        ask(filled_copy, viewer_a)
    assert refused.value.code == "too_many"
    clock.advance(days=1)
    ask(filled_copy, viewer_a)


def test_a_delegate_s_file_holds_nothing_of_the_customer(filled_copy, viewer_a, viewer_b):
    from ebok_core.identity.access import grants

    with filled_copy.database.unit_of_work() as session:
        grants.grant_access(
            session, viewer_b.account_id, viewer_a.customer_code, source="delegation", granted_by=viewer_a.account_id
        )
    ask(filled_copy, viewer_b)
    jobs.build_files(filled_copy)
    file = fetched(filled_copy, viewer_b)
    assert {c["code"] for c in json.loads(file.read("core-copy-customers.json"))} == set(viewer_b.customer_codes)


# Pages


@SQLITE
@pytest.mark.feature("P13")
def test_P13_a_customer_takes_their_data_out(signed_in, read, filled_copy, clock):
    browser = signed_in("A")
    assert "Przygotuj plik" in read(browser.get("/konto/moje-dane"))
    asked = browser.submit("/konto/moje-dane", {})
    assert asked.status_code == 303
    page = read(browser.get("/konto/moje-dane"))
    assert "w przygotowaniu" in page and "Przygotuj plik" not in page.split("Pobierz moje dane")[1].split("Co w nim")[0]
    jobs.build_files(filled_copy)
    page = browser.get("/konto/moje-dane")
    assert "gotowy" in read(page)
    file = browser.submit("/konto/moje-dane/plik", page="/konto/moje-dane")
    assert file.status_code == 200 and file.mimetype == "application/zip"
    assert file.headers["Content-Disposition"] == 'attachment; filename="moje-dane-2026-11-24.zip"'
    assert "no-store" in file.headers["Cache-Control"]
    assert "core-account.json" in zipfile.ZipFile(io.BytesIO(file.data)).namelist()


@SQLITE
def test_nobody_else_gets_the_file(signed_in, client, filled_copy, viewer_a):
    ask(filled_copy, viewer_a)
    jobs.build_files(filled_copy)
    assert signed_in("B").submit("/konto/moje-dane/plik", page="/konto/moje-dane").status_code == 404
    assert client.submit("/konto/moje-dane/plik", page="/kontakt").status_code in (302, 303)


@SQLITE
def test_the_password_is_asked_for_again(signed_in, read, clock, filled_copy):
    browser = signed_in("A")
    clock.advance(minutes=6)
    assert "Twoje hasło" in read(browser.get("/konto/moje-dane"))
    refused = browser.submit("/konto/moje-dane", {})
    assert refused.status_code == 422
    assert browser.submit("/konto/moje-dane", {"password": "nie to"}).status_code == 422
    assert browser.submit("/konto/moje-dane", {"password": people.PASSWORD}).status_code == 303
