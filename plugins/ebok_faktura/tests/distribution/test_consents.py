"""P34, P35: giving, changing and withdrawing the consent, TYTAN's answer, the page with its history."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ebok_core.errors import Refused
from ebok_core.outbox import feedback
from ebok_core.standin import office as standin
from ebok_core.tytan import refresh
from ebok_faktura import privacy
from ebok_faktura.models import Consent
from ebok_faktura.rules.consents import Event, standing
from ebok_faktura.service import consents

A, D = "1-01001", "1-01004"
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


# The rule


def event(kind="given", on=date(2026, 11, 1), applied_at=None, **more):
    return Event(kind=kind, on=on, applied_at=applied_at, email="a@example.pl", **more)


@pytest.mark.parametrize(
    ("own", "since", "as_of", "active", "source"),
    [
        (None, None, NOW, False, ""),
        (None, date(2024, 1, 1), NOW, True, "office"),
        (event(), None, NOW, True, "portal"),
        (event(applied_at=NOW - timedelta(hours=23)), None, NOW, True, "portal"),
        (event(applied_at=NOW - timedelta(hours=25)), None, NOW, False, "office"),
        (event(applied_at=NOW - timedelta(hours=25)), date(2026, 11, 1), NOW, True, "portal"),
        (event(applied_at=NOW - timedelta(hours=25)), None, None, True, "portal"),
        (event("withdrawn"), date(2024, 1, 1), NOW, False, "portal"),
        (event("withdrawn"), date(2026, 11, 1), NOW, False, "portal"),
        (event("withdrawn"), date(2026, 11, 2), NOW, True, "office"),
        (event("withdrawn"), None, NOW, False, "portal"),
    ],
)
def test_the_newest_decision_stands_unless_the_office_knows_of_a_later_paper(own, since, as_of, active, source):
    found = standing(own, given_on=None, einvoice_since=since, as_of=as_of)
    assert (found.active, found.source) == (active, source)


# The service


def situation(office, viewer):
    with office.database.snapshot() as session:
        return consents.situation(session, viewer)


@pytest.mark.feature("P34")
def test_P34_given_changed_withdrawn_with_the_whole_history(office, agree, viewer_d, clock):
    assert not situation(office, viewer_d).standing.active
    agree("D")
    clock.advance(hours=1)
    agree("D", channel="email_sms", email="inny@example.pl", phone="+48501000123")
    found = situation(office, viewer_d)
    assert (found.standing.active, found.standing.channel, found.address) == (True, "email_sms", "inny@example.pl")
    assert found.standing.since == date(2026, 11, 24)
    clock.advance(hours=1)
    with office.database.unit_of_work() as session:
        assert consents.withdraw(session, viewer_d)
    found = situation(office, viewer_d)
    assert not found.standing.active
    assert [row.kind for row in found.history] == ["withdrawn", "changed", "given"]
    assert {row.display_name for row in found.history} == {"Halina Dąb"}
    assert list(found.texts) == [1] and "106n" in found.texts[1]
    sent = [json.loads(row.payload) for row in office.messages("consent.changed")]
    assert [(m["granted"], m["channel"], m["email"]) for m in sent] == [
        (True, "email", "faktury@example.pl"),
        (True, "email_sms", "inny@example.pl"),
        (False, None, None),
    ]


def test_later_messages_wait_for_the_open_one_before(office, agree):
    agree("D")
    agree("D", email="inny@example.pl")
    first, second = office.messages("consent.changed")
    assert (first.depends_on, second.depends_on) == (None, first.id)


def test_the_same_wishes_again_and_a_second_withdrawal_are_no_decision(office, agree, viewer_d):
    assert [agree("D"), agree("D")] == ["given", "given"]
    for expected in (True, False):
        with office.database.unit_of_work() as session:
            assert consents.withdraw(session, viewer_d) is expected
    assert len(office.messages("consent.changed")) == 2


def test_text_messages_need_a_number(office, agree):
    with pytest.raises(Refused) as refused:
        agree("D", channel="sms")
    assert refused.value.code == "phone"


def test_a_new_wording_gets_a_new_number_and_the_old_one_stays(office, agree, viewer_d):
    agree("D")
    office.configure(consent_text="Zgadzam się na faktury elektroniczne w nowym brzmieniu.")
    agree("D", email="inny@example.pl")
    found = situation(office, viewer_d)
    assert [row.text_version for row in found.history] == [2, 1]
    assert "nowym brzmieniu" in found.texts[2] and "106n" in found.texts[1]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_P34_tytan_hears_and_its_answer_is_honoured(filled_copy, office, agree, viewer_d, tytan_url):
    """Through the stand-in's own inbox and back: D, who had paper, is an e-invoice customer there too."""
    office.save(*_tytan(tytan_url))
    agree("D")
    office.quiet()
    engine = sa.create_engine(tytan_url)
    standin.process_inbox(engine)
    with engine.connect() as connection:
        since = connection.execute(sa.text("SELECT einvoice_since FROM ebok_customers WHERE code='1-01004'")).scalar()
    assert str(since) == "2026-11-24"
    feedback.read_results(filled_copy)
    refresh.refresh(filled_copy)
    found = situation(office, viewer_d)
    assert (found.newest.status, found.standing.active) == ("applied", True)
    assert found.newest.reference.startswith("ZG/")
    engine.dispose()


def _tytan(url):
    from ebok_core.tytan.settings import TytanConfig, TytanConfigSchema

    return TytanConfigSchema, TytanConfig(address=url)


def test_a_rejected_consent_never_was(office, agree, viewer_d):
    agree("D")
    with office.database.unit_of_work() as session:
        row = session.scalars(sa.select(Consent)).one()
        consents.apply_answer(session, _result(row, "rejected", reason_code="not_allowed", reason="Brak umowy"))
    found = situation(office, viewer_d)
    assert (found.standing.active, found.newest.status, found.newest.reason) == (False, "rejected", "Brak umowy")


def _result(row, status, **more):
    from ebok_core import Result

    given = {"reason_code": None, "reason": None, "reference": None, "status_at": NOW, **more}
    return Result(
        message_id=row.message_id,
        kind="consent.changed",
        subject_type="faktura.consent",
        subject_id=row.id,
        status=status,
        **given,
    )


def test_what_tytan_knows_counts_as_consent_given_outside(office, viewer_a):
    found = situation(office, viewer_a)
    assert (found.standing.active, found.standing.source) == (True, "office")
    assert found.address == "maria.zielinska@wodociagi-struga.example"


# The page


@pytest.fixture
def d(signed_in, office):
    return signed_in("D")


FORM = {"channel": "email", "email": "halina@example.pl", "agreed": "1"}


@pytest.mark.feature("P34")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_P34_the_page_gives_changes_and_withdraws(d, office, text_of, viewer_d):
    page = text_of(d.get("/faktury/e-faktura"))
    assert "na papierze" in page and "Wycofaj" not in page
    answer = d.submit("/faktury/e-faktura", FORM)
    assert answer.status_code == 303
    page = text_of(d.get("/faktury/e-faktura"))
    for part in ("e-faktury", "halina@example.pl", "oczekuje na system rozliczeń", "Historia zgody", "Halina Dąb"):
        assert part in page
    assert "127.0.0.1" in page
    changed = {**FORM, "channel": "email_sms", "phone": "501 000 123"}
    assert d.submit("/faktury/e-faktura", changed).status_code == 303
    assert situation(office, viewer_d).standing.phone == "+48501000123"
    assert "501 000 123" in text_of(d.get("/faktury/e-faktura"))
    assert d.submit("/faktury/e-faktura/wycofaj", page="/faktury/e-faktura").status_code == 303
    page = text_of(d.get("/faktury/e-faktura"))
    assert "na papierze" in page and "Wycofanie zgody" in page


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"email": "halina"}, "Wpisz cały adres e-mail"),
        ({"agreed": ""}, "Zaznacz to pole"),
        ({"channel": "sms"}, "Podaj numer komórkowy"),
        ({"channel": "sms", "phone": "61 000 00 12"}, "Wpisz polski numer komórkowy"),
        ({"channel": "email_sms", "phone": "+49 170 1234567"}, "Wpisz polski numer komórkowy"),
    ],
)
def test_a_wrong_answer_is_told_at_its_field_and_nothing_is_lost(d, office, text_of, changes, words):
    answer = d.submit("/faktury/e-faktura", {k: v for k, v in {**FORM, **changes}.items() if v})
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert words in page
    assert f'value="{changes.get("email", FORM["email"])}"' in page
    assert office.messages("consent.changed") == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_password_is_asked_for_after_five_minutes(d, office, clock, text_of):
    from ebok_core.testing.people import PASSWORD

    clock.advance(minutes=6)
    assert "Twoje hasło" in text_of(d.get("/faktury/e-faktura"))
    assert "Wpisz swoje hasło" in text_of(d.submit("/faktury/e-faktura", FORM))
    assert d.submit("/faktury/e-faktura", {**FORM, "password": "zle"}).status_code == 422
    assert office.messages("consent.changed") == []
    assert d.submit("/faktury/e-faktura", {**FORM, "password": PASSWORD}).status_code == 303
    assert "Twoje hasło" not in text_of(d.get("/faktury/e-faktura"))
    assert d.submit("/faktury/e-faktura/wycofaj", page="/faktury/e-faktura").status_code == 303
    clock.advance(minutes=6)
    d.submit("/faktury/e-faktura", {**FORM, "password": PASSWORD})
    clock.advance(minutes=6)
    refused = d.submit("/faktury/e-faktura/wycofaj", page="/faktury/e-faktura")
    assert refused.status_code == 422
    assert (
        d.submit("/faktury/e-faktura/wycofaj", {"own_password": PASSWORD}, page="/faktury/e-faktura").status_code == 303
    )


@pytest.mark.feature("P35")
def test_P35_the_page_says_what_the_e_invoice_saves(signed_in, office, text_of, viewer_a):
    a = signed_in("A")
    assert "oszczędzasz" not in text_of(a.get("/faktury/e-faktura"))
    office.configure(paper_price=Decimal("2.33"), einvoice_price=Decimal("1.00"))
    with office.database.snapshot() as session:
        found = consents.saving(session, viewer_a)
    assert found.one == Decimal("1.33") and found.bills > 0 and found.year == Decimal("1.33") * found.bills
    page = text_of(a.get("/faktury/e-faktura")).replace("\xa0", " ")
    assert "Faktura papierowa kosztuje 2,33 zł, e-faktura 1,00 zł." in page
    year = str(found.year).replace(".", ",")
    assert f"Na każdej fakturze oszczędzasz 1,33 zł , czyli {year} zł rocznie" in page.replace("zł,", "zł ,")


# Personal data


def test_erasing_a_person_leaves_the_decision(office, agree, viewer_d):
    agree("D")
    source = privacy.Consents()
    with office.database.unit_of_work() as session:
        (given,) = source.export(session, viewer_d.account_id, (D,))
        assert given["email"] == "faktury@example.pl"
        json.dumps(given)
        assert source.erase(session, viewer_d.account_id) == 1
        assert list(source.export(session, viewer_d.account_id, (D,))) == []
    assert situation(office, viewer_d).standing.active


def test_the_audit_trail_keeps_no_address(office, agree):
    agree("D")
    with office.database.snapshot() as session:
        row = session.execute(sa.text("SELECT after FROM core_audit_event WHERE action='faktura.consent.given'")).one()
    assert "faktury@example.pl" not in row.after and "hmac:" in row.after
    assert hashlib.sha256(b"").hexdigest() not in row.after
