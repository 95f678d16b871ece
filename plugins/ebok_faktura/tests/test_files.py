"""Files of documents: the PDF for its owner alone, TYTAN's files asked for once and kept, wrong ones never shown."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from datetime import date

import pytest
import sqlalchemy as sa

from ebok_core import files as stored
from ebok_core import runtime_settings
from ebok_core.audit.models import AuditEvent
from ebok_core.files.models import StoredFile
from ebok_core.outbox import deliver
from ebok_core.standin import database
from ebok_core.standin.settlement import settle_readings
from ebok_core.testing import pdfs
from ebok_core.tytan import copy
from ebok_core.tytan.settings import TytanConfig, TytanConfigSchema
from ebok_faktura import jobs
from ebok_faktura.models import Fetch, InvoiceFile, IssuedPdf, Proof
from ebok_faktura.service import files, printing, reading

INVOICE, NOTE, OLD = "R. 2026/000412", "NO 2026/000077", "R. 2026/000215"
PDF, WAIT, XML = "/faktury/pdf/", "/faktury/pobieranie/", "/faktury/plik/xml/"
DOCUMENT = "/faktury/dokument/R.%202026/000412"
_i = copy.invoices.c


@pytest.fixture
def tytan(world, tytan_url):
    """A TYTAN of this test alone, which it may change: `tytan(sql, values…)`."""
    with world.database.unit_of_work() as session:
        config = TytanConfig(address=tytan_url)
        runtime_settings.save(session, TytanConfigSchema, config, keys=world.settings.encryption_keys)

    def change(statement: str, *values) -> None:
        connection = sqlite3.connect(tytan_url.removeprefix("sqlite:///"))
        with connection:
            connection.execute(statement, values)
        connection.close()

    return change


@pytest.fixture
def away(world):
    """TYTAN is not there any more."""
    with world.database.unit_of_work() as session:
        config = TytanConfig(address="sqlite:////nowhere/at/all.db")
        runtime_settings.save(session, TytanConfigSchema, config, keys=world.settings.encryption_keys)


def work(runtime) -> None:
    """Let the worker look after what pages asked for."""
    deliver.drain(runtime, "faktura_files")


def all_of(runtime, model):
    with runtime.database.snapshot() as session:
        return session.execute(sa.select(model.__table__)).all()


def change(runtime, number: str, **values) -> None:
    with runtime.database.refresher.begin() as connection:
        assert connection.execute(sa.update(copy.invoices).where(_i.number == number).values(**values)).rowcount == 1


@pytest.mark.feature("L109", "L04")
def test_a_gets_the_pdf_made_of_the_file_and_b_gets_nothing(world, a, b):
    first = a.get(PDF + INVOICE)
    assert (first.status_code, first.location) == (303, WAIT + INVOICE.replace(" ", "%20"))
    assert a.get(WAIT + INVOICE).headers["Refresh"] == "3"
    work(world)
    page = a.get(WAIT + INVOICE)
    assert "Refresh" not in page.headers
    assert "Plik jest gotowy" in page.get_data(as_text=True)
    answer = a.get(PDF + INVOICE)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="R._2026_000412.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert pdfs.problems(answer.data) == []
    text = pdfs.read(answer.data).text
    assert INVOICE in text and "Wytworzona w: TYTAN SQL, dane pokazowe" in text
    assert [b.get(path + INVOICE).status_code for path in (PDF, WAIT, XML)] == [404, 404, 404]
    assert a.get(PDF + "R. 2026/999999").status_code == 404


def test_what_was_given_out_is_remembered_and_counts_as_receipt(world, a):
    a.get(PDF + INVOICE)
    work(world)
    answer = a.get(PDF + INVOICE)
    (row,) = all_of(world, IssuedPdf)
    assert (row.sha256, row.document_number) == (hashlib.sha256(answer.data).hexdigest(), INVOICE)
    assert [(p.document_number, p.kind) for p in all_of(world, Proof)] == [(INVOICE, "downloaded")]
    assert a.get(PDF + INVOICE).data == answer.data
    assert len(all_of(world, IssuedPdf)) == 1


def test_a_document_without_a_file_is_made_of_the_rows_at_once(world, a):
    answer = a.get(PDF + NOTE)
    assert answer.status_code == 200
    text = pdfs.read(answer.data).text
    assert NOTE in text and "Nota odsetkowa" in text
    assert all_of(world, Fetch) == []


def test_the_rows_and_the_file_of_a_bill_say_the_same_amounts(world, a, viewer_a):
    with world.database.snapshot() as session:
        facts = printing.facts_of(session, viewer_a, INVOICE)
    from_rows = printing.document_of(world, facts)
    a.get(PDF + INVOICE)
    work(world)
    with world.database.snapshot() as session:
        facts = printing.facts_of(session, viewer_a, INVOICE)
    from_file = printing.document_of(world, facts)
    assert (from_rows.source.value, from_file.source.value) == ("rows", "xml")
    for name in ("number", "issued_on", "period_from", "period_to", "due_on", "net", "vat", "total", "left_to_pay"):
        assert getattr(from_rows, name) == getattr(from_file, name), name
    assert [(x.name, x.quantity, x.unit_price_net, x.net) for x in from_rows.lines] == [
        (x.name, x.quantity, x.unit_price_net, x.net) for x in from_file.lines
    ]
    assert [x.reading and x.reading.value_to for x in from_rows.lines] == [
        x.reading and x.reading.value_to for x in from_file.lines
    ]
    assert from_rows.vat_rows == from_file.vat_rows
    assert from_rows.transfer == from_file.transfer is not None


def test_a_file_is_asked_for_once_however_often_it_is_wanted(world, a):
    for _ in range(3):
        a.get(PDF + INVOICE)
    (row,) = all_of(world, Fetch)
    assert (row.document_number, row.revision, row.state) == (INVOICE, 1, "wanted")
    work(world)
    a.get(PDF + INVOICE)
    assert all_of(world, Fetch)[0].revision == 1


def test_pages_touch_nothing_of_tytan(world, a, away, monkeypatch):
    """Architecture.md, rule 5: who asks for a file while TYTAN is away waits for nothing."""
    monkeypatch.setattr(type(world), "tytan_source", lambda self: pytest.fail("a page asked TYTAN"))
    assert a.get(PDF + INVOICE).status_code == 303
    assert a.get(WAIT + INVOICE).status_code == 200


def test_while_tytan_is_away_the_document_is_made_of_the_rows(world, a, away, clock, text_of):
    a.get(PDF + INVOICE)
    work(world)
    clock.advance(files.PATIENCE)
    page = a.get(WAIT + INVOICE)
    assert "System rozliczeniowy chwilowo nie odpowiada" in text_of(page)
    assert "Refresh" not in page.headers
    answer = a.get(PDF + INVOICE)
    assert answer.status_code == 200
    text = " ".join(pdfs.read(answer.data).text.split())
    assert "Ten wydruk powstał z danych rozliczeniowych" in text
    assert a.get(f"{PDF}{INVOICE}?z-danych=").status_code == 200


def test_tytan_that_comes_back_is_asked_again(world, a, away, clock, tytan_url):
    a.get(PDF + INVOICE)
    work(world)
    assert all_of(world, InvoiceFile) == []
    with world.database.unit_of_work() as session:
        config = TytanConfig(address=tytan_url)
        runtime_settings.save(session, TytanConfigSchema, config, keys=world.settings.encryption_keys)
    clock.advance(hours=2)
    work(world)
    assert [(row.kind, row.state) for row in all_of(world, InvoiceFile)] == [("fa3", "kept")]


@pytest.mark.parametrize("wrong", ["file", "invoice"])
def test_a_file_with_a_wrong_hash_is_an_alarm_and_is_never_shown(world, a, tytan, wrong, caplog):
    a.get(PDF + INVOICE)
    if wrong == "file":
        tytan("UPDATE ebok_invoice_files SET content = CAST(content || 'x' AS BLOB) WHERE invoice_number = ?", INVOICE)
    else:
        change(world, INVOICE, xml_sha256="0" * 64)
    with caplog.at_level(logging.ERROR):
        work(world)
    (row,) = all_of(world, InvoiceFile)
    assert (row.state, row.problem) == ("wrong", f"hash_of_{wrong}")
    with pytest.raises(stored.Missing):
        stored.read(stored.folder_of(world.settings), row.sha256)
    with world.database.snapshot() as session:
        assert session.scalars(sa.select(AuditEvent.object_id).where(AuditEvent.action == "faktura.file.wrong")).all()
        assert [found.document_number for found in files.wrong_files(session)] == [INVOICE]
    assert a.get(XML + INVOICE).location == DOCUMENT
    answer = a.get(PDF + INVOICE)
    assert answer.status_code == 200
    assert "Ten wydruk powstał z danych rozliczeniowych" in " ".join(pdfs.read(answer.data).text.split())


def test_a_file_that_was_changed_on_our_disk_is_fetched_again(world, a):
    a.get(PDF + INVOICE)
    work(world)
    (row,) = all_of(world, InvoiceFile)
    path = stored.folder_of(world.settings) / row.sha256[:2] / row.sha256
    path.write_bytes(path.read_bytes().replace(b"P_15", b"P_51"))
    assert a.get(XML + INVOICE).location == DOCUMENT
    assert a.get(XML + INVOICE).location == WAIT + INVOICE.replace(" ", "%20") + "?plik=xml"
    work(world)
    assert a.get(XML + INVOICE).status_code == 200


def test_a_file_that_is_no_invoice_falls_back_to_the_rows(world, a, tytan):
    content = b"<Faktura/>"
    sha256 = hashlib.sha256(content).hexdigest()
    tytan("UPDATE ebok_invoice_files SET content = ?, sha256 = ? WHERE invoice_number = ?", content, sha256, INVOICE)
    change(world, INVOICE, xml_sha256=sha256)
    a.get(PDF + INVOICE)
    work(world)
    answer = a.get(PDF + INVOICE)
    assert answer.status_code == 200
    assert INVOICE in pdfs.read(answer.data).text


def test_the_xml_is_given_byte_for_byte_and_runs_nowhere(world, a, tytan_template):
    a.get(XML + INVOICE)
    work(world)
    answer = a.get(XML + INVOICE)
    with world.database.snapshot() as session:
        expected = session.execute(sa.select(_i.xml_sha256).where(_i.number == INVOICE)).scalar()
    assert hashlib.sha256(answer.data).hexdigest() == expected
    assert reading.read_document(answer.data).number == INVOICE
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="R._2026_000412.xml"'


def test_the_original_pdf_and_the_upo_are_given_where_tytan_has_them(world, a, tytan):
    for kind, content in (("pdf", b"%PDF-1.4 original"), ("upo", b"<UPO/>")):
        tytan(
            "INSERT INTO ebok_invoice_files (invoice_number, kind, content, sha256, change_no, removed)"
            " VALUES (?, ?, ?, ?, 1, 0)",
            *(INVOICE, kind, content, hashlib.sha256(content).hexdigest()),
        )
    assert a.get("/faktury/plik/upo/" + INVOICE).status_code == 303
    work(world)
    upo = a.get("/faktury/plik/upo/" + INVOICE)
    assert (upo.data, upo.headers["Content-Disposition"]) == (
        b"<UPO/>",
        'attachment; filename="UPO_R._2026_000412.xml"',
    )
    assert a.get("/faktury/plik/oryginal/" + INVOICE).data == b"%PDF-1.4 original"
    assert a.get("/faktury/plik/exe/" + INVOICE).status_code == 404


def test_a_missing_file_leads_back_with_a_sentence_and_is_asked_for_again_later(world, a, clock, signed_in, text_of):
    upo = "/faktury/plik/upo/" + INVOICE
    a.get(upo)
    work(world)
    assert a.get(upo).location == DOCUMENT
    assert "nie ma takiego pliku" in text_of(a.get(DOCUMENT))
    clock.advance(files.ASK_AGAIN)
    assert signed_in("A").get(upo).location == WAIT + INVOICE.replace(" ", "%20") + "?plik=upo"


def test_files_of_documents_that_are_gone_are_forgotten(world, a):
    a.get(PDF + INVOICE)
    work(world)
    (row,) = all_of(world, InvoiceFile)
    assert jobs.forget_files(world) is None
    with world.database.refresher.begin() as connection:
        connection.execute(sa.delete(copy.invoices).where(_i.number == INVOICE))
    assert jobs.forget_files(world) == "Usunięto 1 plik"
    assert (all_of(world, InvoiceFile), all_of(world, Fetch), all_of(world, StoredFile)) == ([], [], [])


def test_an_empty_copy_forgets_nothing(world, a):
    a.get(PDF + INVOICE)
    work(world)
    with world.database.refresher.begin() as connection:
        connection.execute(sa.delete(copy.invoices))
    assert jobs.forget_files(world) is None
    assert len(all_of(world, InvoiceFile)) == 1


@pytest.mark.parametrize("number", ["%00", "x" * 41, "..%2F..%2Fetc", "%E2%80%AE"])
def test_strange_numbers_find_nothing(world, a, number):
    assert a.get(PDF + number).status_code in (400, 404)


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("R. 2026/000412", "R._2026_000412.pdf"),
        ("%_2026_000006", "2026_000006.pdf"),
        ("../../x", "x.pdf"),
        ('a"b\r\nc', "a_b_c.pdf"),
        ("żółć", "dokument.pdf"),
    ],
)
def test_file_names_hold_nothing_but_plain_letters(number, name):
    assert printing.file_name(number, "pdf") == name


@pytest.mark.feature("P38")
@pytest.mark.parametrize(
    ("mode", "number", "captions"),
    [
        ("online", "7777777777-20260904-0A1B2C3D4E5F-13", ["7777777777-20260904-0A1B2C3D4E5F-13"]),
        ("online", None, ["OFFLINE"]),
        ("offline24", None, ["OFFLINE", "CERTYFIKAT"]),
        ("failure_total", None, []),
        (None, None, []),
    ],
)
def test_the_codes_of_ksef_follow_the_mode(world, viewer_a, mode, number, captions):
    signed = f"{'o' * 43}/{'A' * 86}"
    link = f"https://qr-test.ksef.mf.gov.pl/certificate/Nip/7777777777/7777777777/01F20A5D352AE590/{signed}"
    change(world, INVOICE, ksef_mode=mode, ksef_number=number, certificate_url=link)
    with world.database.snapshot() as session:
        document = printing.document_of(world, printing.facts_of(session, viewer_a, INVOICE))
    codes = [code for code in (document.ksef.verification, document.ksef.certificate) if code]
    assert [code.caption for code in codes] == captions
    if captions:
        assert codes[0].payload.startswith("https://qr-test.ksef.mf.gov.pl/invoice/7777777777/")


def test_an_amount_that_the_transfer_code_does_not_hold_has_none(world, viewer_a):
    change(world, INVOICE, to_pay=10_000)
    with world.database.snapshot() as session:
        document = printing.document_of(world, printing.facts_of(session, viewer_a, INVOICE))
    assert document.transfer is None
    assert document.payment.title.startswith(f"{INVOICE} klient 1-01001")


def test_lines_that_do_not_add_up_are_printed_as_they_are(world, viewer_a):
    change(world, INVOICE, gross=999, has_xml=False)
    with world.database.snapshot() as session:
        document = printing.document_of(world, printing.facts_of(session, viewer_a, INVOICE))
    assert (document.total, document.vat_rows) == (999, ())


def test_every_file_of_the_invented_utility_is_what_the_schema_wants(tytan_template):
    connection = sqlite3.connect(f"file:{tytan_template}?mode=ro", uri=True)
    rows = connection.execute("SELECT invoice_number, content FROM ebok_invoice_files WHERE kind = 'fa3'").fetchall()
    connection.close()
    assert len(rows) > 100
    assert [number for number, content in rows if reading.read_document(content).number != number] == []


def test_an_invoice_that_the_office_makes_has_a_file_too(tytan_url):
    engine = database.open_engine(tytan_url)
    with database.work(engine) as at_work:
        meters = at_work.tables["ebok_meters"]
        meter = at_work.first(sa.select(meters).where(meters.c.role == "main", meters.c.active == 1).limit(1))
        points = at_work.tables["ebok_service_points"]
        point = at_work.first(sa.select(points).where(points.c.code == meter["point_code"]))
        at_work.insert(
            "ebok_readings",
            id="T1",
            meter_id=meter["id"],
            point_code=meter["point_code"],
            customer_code=point["customer_code"],
            read_on=date(2026, 11, 20),
            reading_value=meter["last_value"] + 7,
            reading_method="customer",
            status="accepted",
        )
    (number,) = settle_readings(engine, date(2026, 11, 24))
    with engine.connect() as connection:
        tables = database.tables()
        kept, told = tables["ebok_invoice_files"].c, tables["ebok_invoices"].c
        both = sa.select(kept.content, told.xml_sha256).where(told.number == kept.invoice_number)
        statement = both.where(told.number == number)
        content, expected = connection.execute(statement).one()
    engine.dispose()
    assert hashlib.sha256(content).hexdigest() == expected
    assert reading.read_document(content).number == number
