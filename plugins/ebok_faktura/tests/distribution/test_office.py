"""L106, L107, L185: the office's list with its filters, one customer, the record for debt collection."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pikepdf
import pytest

from ebok_core import audit
from ebok_core.errors import NotFound
from ebok_core.identity import service as identity
from ebok_faktura.admin import config_status
from ebok_faktura.admin.state import WAITS_TOO_LONG, notices_get_through
from ebok_faktura.service import bounces, proof, records

A, B, D = "1-01001", "1-01002", "1-01004"


@pytest.fixture
def documents(office, clock, viewer_a):
    """One of each: accepted, opened and confirmed, returned, paper, queued."""
    found = {"accepted": office.issue(A), "received": office.issue(A), "bounced": office.issue(A)}
    found["paper"] = office.issue(D)
    office.go()
    clock.advance(minutes=1)
    proof.record_opened(office.runtime, viewer_a, found["received"])
    with office.database.unit_of_work() as session:
        proof.confirm(session, viewer_a, found["received"])
        notice = session.get(type(office.notice(found["bounced"])), office.notice(found["bounced"]).id)
        bounces.returned(session, notice, "5.1.1", clock.now_utc())
    found["queued"] = office.issue(A, issued_on=date(2026, 11, 24) + timedelta(days=1))
    office.customer(A, email="inny@example.pl")
    office.configure(after_bounce="mail")
    office.notify()
    return found


@pytest.mark.feature("L107")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_L107_the_list_filters_by_every_state(office, documents, signed_in):
    clerk = signed_in("clerk")
    expected = {
        "oczekuje": {"queued"},
        "wyslane": {"accepted", "received", "bounced"},
        "przyjete": {"accepted", "received"},
        "zwrocone": {"bounced"},
        "odebrane": {"received"},
        "papier": {"paper"},
        "": set(documents),
    }
    for view, names in expected.items():
        page = clerk.get(f"/panel/faktury/e-faktury?stan={view}").get_data(as_text=True).replace("\xa0", " ")
        shown = {name for name, number in documents.items() if f">{number}<" in page}
        assert shown == names, view
    assert documents["paper"] in clerk.get("/panel/faktury/e-faktury?szukaj=1-01004").get_data(as_text=True).replace(
        "\xa0", " "
    )
    exported = clerk.get("/panel/faktury/e-faktury?format=csv").get_data(as_text=True)
    assert all(number in exported for number in documents.values())


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_returned_notice_is_ticked_off_by_a_clerk_and_by_no_accountant(office, documents, app, signed_in, text_of):
    address = f"/panel/faktury/e-faktury/{office.notice(documents['bounced']).id}"
    with office.database.unit_of_work() as session:
        identity.add_account(
            session, kind="staff", login="ksiegowa", display_name="Iga Sowa", password_hash="x", roles=("accountant",)
        )
    from ebok_core.testing import people

    people.LOGINS["accountant"] = "ksiegowa"
    try:
        accountant = _staff(app, office.runtime, "ksiegowa")
        assert "Załatwione" not in text_of(accountant.get(address))
        assert accountant.submit(address + "/zalatwione", page="/panel/faktury/e-faktury").status_code == 403
        assert accountant.get(f"/panel/faktury/klient/{A}").status_code == 200
    finally:
        del people.LOGINS["accountant"]
    clerk = signed_in("clerk")
    assert clerk.submit(address + "/zalatwione", page=address).status_code == 303
    assert "Ewa Lis" in text_of(clerk.get(address))


def _staff(app, runtime, login):
    """A browser of a member of staff whom the kit does not know."""
    import sqlalchemy as sa

    from ebok_core.testing.people import Visitor

    with runtime.database.unit_of_work() as session:
        account = session.execute(sa.text("SELECT id FROM core_account WHERE login=:l"), {"l": login}).scalar_one()
        token, _id = identity.open_session(session, account)
    visitor = Visitor(app, app.response_class)
    with visitor.session_transaction() as cookie:
        cookie["_user_id"], cookie["_fresh"] = token, True
    return visitor


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_one_customer_with_consent_history_and_documents(office, documents, agree, signed_in, text_of):
    agree("D", email="halina@example.pl")
    clerk = signed_in("clerk")
    page = text_of(clerk.get(f"/panel/faktury/klient/{D}"))
    for part in ("halina@example.pl", "Wyrażenie zgody", "Halina Dąb", "Eksport dowodu (PDF)", "papier"):
        assert part in page
    assert clerk.get("/panel/faktury/klient/9-99999").status_code == 404
    assert signed_in("A").get(f"/panel/faktury/klient/{D}").status_code == 404


# The record


@pytest.mark.feature("L185")
def test_L185_the_record_says_when_sent_delivered_received_confirmed_by_whom(office, documents, viewer_of):
    with office.database.unit_of_work() as session:
        found = records.make(session, viewer_of("clerk"), A, None, None)
    lines = {line.number: line for line in found.lines}
    assert set(lines) == {documents[name] for name in ("accepted", "received", "bounced", "queued")}
    received = lines[documents["received"]]
    assert received.queued_at <= received.sent_at <= received.delivered_at
    assert (received.received_how, received.received_by) == ("opened", "Maria Zielińska")
    assert received.confirmed_by == "Maria Zielińska" and received.confirmed_at is not None
    assert received.audit_seq is not None
    assert lines[documents["accepted"]].received_at is None
    assert lines[documents["bounced"]].bounced_at is not None
    assert found.customer_name == "Maria Zielińska"
    with office.database.snapshot() as session:
        assert audit.verify(session, anchors=[(found.audit_seq, found.audit_hash)]).fault is None


def test_the_record_of_a_period_and_of_earlier_documents(office, documents, viewer_of, viewer_a):
    import sqlalchemy as sa

    from ebok_core.tytan import copy

    with office.database.snapshot() as session:
        invoices = copy.invoices.c
        found = sa.select(invoices.number).where(invoices.customer_code == A, invoices.kind == "invoice")
        old = session.scalars(found)
        old = sorted(set(old) - set(documents.values()))[0]
    proof.record_opened(office.runtime, viewer_a, old)
    clerk = viewer_of("clerk")
    with office.database.unit_of_work() as session:
        assert old in {line.number for line in records.make(session, clerk, A, None, None).lines}
        some = records.make(session, clerk, A, date(2026, 11, 25), date(2026, 11, 30)).lines
        assert {line.number for line in some} == {documents["queued"]}
        with pytest.raises(NotFound):
            records.make(session, clerk, "9-99999", None, None)


@pytest.mark.feature("L185")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_L185_a_clerk_exports_it_as_pdf_and_csv(office, documents, signed_in):
    clerk = signed_in("clerk")
    page = f"/panel/faktury/klient/{A}"
    answer = clerk.submit(f"{page}/dowod.pdf", page=page)
    assert answer.mimetype == "application/pdf"
    assert f"dowod-odbioru-{A}-2026-11-24.pdf" in answer.headers["Content-Disposition"]
    with pikepdf.open(io.BytesIO(answer.data)) as made:
        assert made.Root.MarkInfo.Marked and made.Root.StructTreeRoot is not None
    answer = clerk.submit(f"{page}/dowod.csv", page=page)
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff")), delimiter=";"))
    row = next(row for row in rows if row["Nr dokumentu"] == documents["received"])
    assert row["Potwierdził(a)"] == "Maria Zielińska" and row["Odebrane"].startswith("2026-11-24")
    assert {row["Kod klienta"] for row in rows} == {A}
    narrowed = clerk.submit(f"{page}/dowod.csv", {"okres_od": "2026-11-25", "okres_do": ""}, page=page)
    assert documents["received"] not in narrowed.get_data(as_text=True)
    assert signed_in("A").submit(f"{page}/dowod.pdf", page="/faktury/e-faktura").status_code == 404


# How it stands


def test_status_and_health(office, clock):
    with office.database.snapshot() as session:
        assert config_status(session)[0].level.value == "default"
        assert notices_get_through(session)[0].value == "ok"
    office.configure(keep_years=7)
    office.issue(A)
    office.notify()
    clock.advance(WAITS_TOO_LONG + timedelta(seconds=1))
    with office.database.snapshot() as session:
        assert config_status(session)[0].level.value == "ok"
        level, text = notices_get_through(session)
    assert level.value == "error" and text.startswith("1 powiadomienie o e-fakturze czeka dłużej")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_settings_page_refuses_an_e_invoice_dearer_than_paper(office, signed_in):
    admin = signed_in("admin")
    values = {
        "consent_text": "Zgadzam się na faktury elektroniczne w e-BOK.",
        **{"paper_price": "1,00", "einvoice_price": "2,00", "after_bounce": "paper"},
        **{"sms_patience_minutes": "60", "keep_years": "6"},
    }
    refused = admin.submit("/panel/konfiguracja/faktura.distribution", values)
    assert refused.status_code == 422 and "Nie może być więcej" in refused.get_data(as_text=True)
    assert (
        admin.submit("/panel/konfiguracja/faktura.distribution", {**values, "einvoice_price": "0,50"}).status_code
        == 303
    )
