"""Documents in versions: what is shipped, publishing, the history, asking customers again (L171, L176, P11)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from ebok_core.errors import NotFound, Refused
from ebok_core.privacy import duties
from ebok_core.privacy.documents import rules, service
from ebok_core.privacy.models import DocumentAcceptance, LegalDocument
from ebok_core.testing import people

NEW = "## Nowe zasady\n\nOdpowiadamy w ciągu 7 dni."


def test_shipped_texts_are_filled_in_with_the_utility_s_data(filled_copy):
    with filled_copy.database.snapshot() as session:
        documents = service.every_current(session)
    for kind, document in documents.items():
        assert document.is_default and document.version == 1 and document.id is None, kind
        assert "{{" not in document.body and len(document.body) > 100, kind
    assert "Wodociągi Brzozowa Struga" in documents["privacy"].body
    assert "61 000 00 12" in documents["privacy"].body


def test_a_published_version_has_its_number_and_day_and_stays_as_it_was(filled_copy, publish):
    assert publish("privacy", NEW) == 1
    assert publish("privacy", NEW + " Zawsze.") == 2
    with filled_copy.database.snapshot() as session:
        assert service.current(session, "privacy").version == 2
        assert [d.version for d in service.history(session, "privacy")] == [2, 1]
        first = service.version_of(session, "privacy", 1)
        assert first.body == NEW and first.valid_from == date(2026, 11, 24)
        with pytest.raises(NotFound):
            service.version_of(session, "privacy", 7)
        with pytest.raises(NotFound):
            service.version_of(session, "recipes", 1)


@pytest.mark.parametrize("change", ["UPDATE core_legal_document SET body = 'x'", "DELETE FROM core_legal_document"])
def test_nobody_edits_or_removes_what_was_published(filled_copy, publish, change):
    publish("terms", NEW)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), filled_copy.database.unit_of_work() as session:
        session.execute(sa.text(change))


def test_a_version_of_the_future_waits_for_its_day(filled_copy, publish, clock):
    publish("terms", NEW, valid_from=date(2026, 12, 8))
    with filled_copy.database.snapshot() as session:
        assert service.current(session, "terms").is_default
    clock.advance(days=14)
    with filled_copy.database.snapshot() as session:
        assert service.current(session, "terms").body == NEW


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"asks": True, "summary": ""}, "summary"),
        ({"valid_from": date(2026, 11, 23)}, "past"),
        ({"seen_version": 7}, "meanwhile"),
    ],
)
def test_publishing_says_what_is_wrong(publish, options, code):
    with pytest.raises(Refused) as refused:
        publish("terms", NEW, **options)
    assert refused.value.code == code


def test_the_same_text_is_no_new_version(publish):
    publish("terms", NEW)
    with pytest.raises(Refused) as refused:
        publish("terms", NEW)
    assert refused.value.code == "same"


# Who is asked


def duty(runtime, person):
    with runtime.database.snapshot() as session:
        return duties.duty_of(session, people.account_id(runtime, person))


@pytest.mark.parametrize(
    ("kind", "asks", "asked"),
    [("terms", True, True), ("privacy", True, True), ("terms", False, False), ("sms", True, False)],
)
def test_only_a_material_change_asks_customers(filled_copy, publish, kind, asks, asked):
    publish(kind, NEW, asks=asks)
    assert duty(filled_copy, "A") == (duties.DOCUMENTS if asked else None)
    assert duty(filled_copy, "clerk") is None, "staff are not asked"


def test_an_acceptance_is_written_once_with_what_proves_it(filled_copy, publish, viewer_a):
    publish("terms", NEW, asks=True)
    for _again in range(2):
        with filled_copy.database.unit_of_work() as session:
            service.accept(session, viewer_a.account_id, {"terms": 1}, way=rules.WAY_SIGN_IN)
    assert duty(filled_copy, "A") is None
    with filled_copy.database.snapshot() as session:
        row = session.execute(sa.select(DocumentAcceptance.__table__)).one()
        document = session.execute(sa.select(LegalDocument.__table__)).one()
        assert (row.subject_id, row.document_id, row.way) == (viewer_a.account_id, document.id, "sign_in")
        assert document.sha256 == rules.fingerprint(document.title, NEW)
        [shown] = service.acceptances(session, viewer_a.account_id)
    assert (shown.kind, shown.version) == ("terms", 1)


def test_the_shipped_text_is_frozen_by_its_first_acceptance(filled_copy, viewer_a):
    with filled_copy.database.unit_of_work() as session:
        service.accept(session, viewer_a.account_id, {"terms": 1, "privacy": 1}, way=rules.WAY_REGISTRATION)
    with filled_copy.database.snapshot() as session:
        current = service.current(session, "terms")
        assert current.is_default and current.id is not None and current.version == 1


def test_who_saw_an_older_version_is_told(filled_copy, publish, viewer_a):
    publish("terms", NEW)
    publish("terms", NEW + "!")
    with pytest.raises(Refused) as refused, filled_copy.database.unit_of_work() as session:
        service.accept(session, viewer_a.account_id, {"terms": 1}, way=rules.WAY_SIGN_IN)
    assert refused.value.code == "meanwhile"


def test_a_small_change_later_does_not_hide_the_material_one(filled_copy, publish, viewer_a):
    publish("terms", NEW, asks=True, summary="Odpowiadamy szybciej.")
    publish("terms", NEW + " Poprawka literówki.")
    with filled_copy.database.snapshot() as session:
        [pending] = service.pending(session, viewer_a.account_id)
    assert pending.document.version == 2 and pending.summaries == ("Odpowiadamy szybciej.",)


# Pages


SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@SQLITE
@pytest.mark.parametrize("kind", [kind for kind in rules.PUBLIC], ids=lambda kind: kind.key)
def test_each_document_has_a_public_page(client, filled_copy, read, kind):
    page = client.get(f"/{kind.slug}")
    assert page.status_code == 200
    assert kind.polish in read(page) and "Wersja 1" in read(page)


@SQLITE
def test_the_index_leads_to_all_of_them(client, filled_copy):
    page = client.get("/dokumenty").get_data(as_text=True)
    assert all(f'href="/{kind.slug}"' in page for kind in rules.PUBLIC)
    assert client.get("/dokumenty/recipes/1").status_code == 404
    assert client.get("/dokumenty/terms/9").status_code == 404


@SQLITE
@pytest.mark.feature("L171")
def test_L171_the_status_row_says_default_until_the_utility_publishes(signed_in, publish, read):
    admin = signed_in("admin")
    before = read(admin.get("/panel/"))
    assert "Polityka prywatności Domyślna" in before, before[-1500:]
    publish("privacy", NEW)
    assert "Polityka prywatności Własna, wersja 1" in read(admin.get("/panel/"))


@SQLITE
@pytest.mark.feature("L176", "P11")
def test_L176_a_new_text_gets_a_version_and_customers_are_asked(app, signed_in, read, filled_copy):
    admin = signed_in("admin")
    listed = read(admin.get("/panel/dokumenty"))
    assert "Regulamin portalu" in listed and "Polityka prywatności" in listed
    typed = {
        "title": "Regulamin portalu",
        "body": "## Zasady\n\nOdpowiadamy w ciągu **7 dni**. [x](javascript:alert(1))",
        "summary": "Skróciliśmy czas odpowiedzi.",
        "asks": "1",
        "seen": "0",
    }
    preview = admin.submit("/panel/dokumenty/terms", {**typed, "action": "podglad"})
    assert "<strong>7 dni</strong>" in preview.text and 'href="javascript' not in preview.text
    assert "jeszcze niczego nie opublikowano" in read(preview)
    assert admin.get("/dokumenty/terms/1").text.count("7 dni") == 0
    done = admin.submit("/panel/dokumenty/terms", {**typed, "action": "publikuj"})
    assert done.status_code == 303, read(done)
    assert "Wersja 1 jest opublikowana" in read(admin.get(done.location))
    assert "Wersja 1, obowiązuje od 2026-11-24" in read(admin.get("/regulamin"))

    customer = people.sign_in(app, "A")
    asked = customer.get("/konto/sesje")
    assert asked.status_code == 302 and asked.location.startswith("/konto/nowe-dokumenty")
    page = customer.get(asked.location)
    assert "Skróciliśmy czas odpowiedzi." in read(page) and "Akceptuję" in read(page) and "Wyloguj" in read(page)
    for open_page in ("/konto/moje-dane", "/konto/usuniecie", "/regulamin", "/kontakt"):
        assert customer.get(open_page).status_code == 200, open_page
    for closed in ("/", "/konto", "/konto/zgody", "/konto/sesje"):
        assert customer.get(closed).status_code == 302, closed
    accepted = customer.submit(asked.location, {"terms": "1"})
    assert accepted.status_code == 303
    assert customer.get("/konto").status_code == 200
    shown = read(customer.get("/konto/dokumenty"))
    assert "Regulamin portalu , wersja 1" in shown and "24 listopada 2026" in shown


@SQLITE
def test_an_open_session_is_not_disturbed_but_the_next_one_is(app, signed_in, publish):
    before = signed_in("A")
    publish("terms", NEW, asks=True)
    assert before.get("/konto").status_code == 200
    assert people.sign_in(app, "A").get("/konto").status_code == 302


@SQLITE
def test_a_privacy_notice_is_for_information(app, publish, read):
    publish("privacy", NEW, asks=True)
    customer = people.sign_in(app, "A")
    page = read(customer.get("/konto/nowe-dokumenty"))
    assert "To informacja" in page and "Przeczytałem, dalej" in page and "Akceptuję" not in page


@SQLITE
def test_the_answer_leads_where_the_person_wanted_to_go(app, publish):
    publish("terms", NEW, asks=True)
    customer = people.sign_in(app, "A")
    asked = customer.get("/konto/sesje")
    answer = customer.submit(asked.location, {"terms": "1"})
    assert answer.location == "/konto/sesje"
    for evil in ("https://example.com/", "//example.com", "/\\example.com"):
        assert customer.get("/konto/nowe-dokumenty", query_string={"dalej": evil}).location == "/"


@SQLITE
def test_the_editor_keeps_what_was_typed(signed_in, read):
    admin = signed_in("admin")
    answer = admin.submit("/panel/dokumenty/terms", {"title": "", "body": "mój tekst", "action": "publikuj"})
    assert answer.status_code == 422 and "mój tekst" in answer.text and "Wpisz tytuł" in read(answer)
    answer = admin.submit(
        "/panel/dokumenty/terms", {"title": "R", "body": "mój tekst", "asks": "1", "action": "publikuj"}
    )
    assert answer.status_code == 422 and "co się zmieniło" in read(answer)


@SQLITE
def test_staff_without_the_right_publish_nothing(signed_in):
    assert signed_in("clerk").get("/panel/dokumenty").status_code == 403


@SQLITE
def test_the_years_of_evidence_pass(filled_copy, viewer_a, clock):
    from ebok_core.privacy import jobs

    with filled_copy.database.unit_of_work() as session:
        service.accept(session, viewer_a.account_id, {"terms": 1}, way=rules.WAY_SIGN_IN)
        session.execute(
            sa.update(DocumentAcceptance).values(subject_ended_at=service.clock.now_utc() - timedelta(days=366 * 6 + 1))
        )
    assert jobs.forget(filled_copy)
    with filled_copy.database.snapshot() as session:
        assert session.execute(sa.select(DocumentAcceptance.__table__)).all() == []
