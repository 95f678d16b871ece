"""The panel's "Logi administratora" and "Aktywności administratora" (L155, L156, P76)."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from ebok_core import audit
from ebok_core.audit import jobs, page_errors, watch, words
from ebok_core.audit.models import AuditEvent
from ebok_core.contact.settings import ContactConfigSchema
from ebok_core.testing.pageforms import as_sent
from ebok_core.testing.people import PASSWORD

LOGS, ACTIVITIES, CONTACT = "/panel/logi", "/panel/aktywnosci", "/panel/konfiguracja/core.contact"


def text_of(browser, address):
    answer = browser.get(address)
    assert answer.status_code == 200, answer.status
    page = re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True).partition("<main")[2].partition("</main>")[0])
    return " ".join(page.replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.fixture
def admin(signed_in):
    return signed_in("admin")


def sign_in(client, login, password):
    return client.submit("/panel/logowanie", {"login": login, "password": password})


# Logs


@pytest.mark.feature("L155")
def test_sign_ins_and_failed_tries_with_time_address_and_result(filled_copy, app, client, admin, clock):
    assert sign_in(client, "admin", "zgaduje").status_code == 422
    assert sign_in(app.test_client(), "nie-ma-takiego", "zgaduje").status_code == 422
    clock.advance(minutes=1)
    assert sign_in(app.test_client(), "bok", PASSWORD).status_code in (302, 303)
    page = text_of(admin, LOGS)
    assert "2026-11-24 09:01 Zalogowano" in page and "127.0.0.1" in page
    assert page.count("Nieudana próba") == 2 and "nieznany login" in page
    assert "Nieudana próba" not in text_of(admin, f"{LOGS}?rodzaj=logowania").partition("posortowane")[2]
    assert "2 wpisy" in text_of(admin, f"{LOGS}?rodzaj=nieudane")
    assert "nieznany login" not in text_of(admin, f"{LOGS}?szukaj=adam")
    assert "Nic nie pasuje do filtrów" in text_of(admin, f"{LOGS}?okres_do=2026-11-23")


def test_what_customers_do_at_their_own_door_is_not_in_the_staff_s_log(filled_copy, app, admin):
    client = app.test_client()
    assert client.submit("/logowanie", {"login": "1-01001", "password": "zgaduje"}).status_code == 422
    assert client.submit("/logowanie", {"login": "nie-ma", "password": "zgaduje"}).status_code == 422
    assert client.submit("/logowanie", {"login": "1-01001", "password": PASSWORD}).status_code in (302, 303)
    assert "Nieudana próba" not in text_of(admin, LOGS)


@pytest.mark.feature("L155")
def test_errors_stand_in_the_log_with_number_time_and_page(runtime, admin, clock):
    with runtime.database.unit_of_work() as session:
        shown = {"zone": "customer", "method": "GET", "address": "/faktury/<number>", "status": 500}
        page_errors.store(session, number="B7K2-C9D6", error_class="KeyError", **shown)
    page = text_of(admin, f"{LOGS}?szukaj=b7k2")
    assert "2026-11-24 09:00" in page and "B7K2-C9D6" in page and "/faktury/&lt;number&gt;" in page
    assert "1 wpis" in text_of(admin, f"{LOGS}?rodzaj=bledy")
    csv = admin.get(f"{LOGS}?rodzaj=bledy&format=csv").get_data(as_text=True)
    assert "B7K2-C9D6" in csv and csv.splitlines()[0].endswith("Urządzenie lub rodzaj błędu")
    assert admin.get(f"{LOGS}?format=xlsx").data[:2] == b"PK"


def test_old_errors_are_forgotten(runtime, clock):
    def store(number):
        with runtime.database.unit_of_work() as session:
            one = {"zone": None, "method": "GET", "address": "/", "status": 500, "error_class": "KeyError"}
            page_errors.store(session, number=number, **one)

    store("OLD")
    clock.advance(days=91)
    store("NEW")
    with runtime.database.unit_of_work() as session:
        assert page_errors.forget(session) == 1


# Activities


def save_contact(browser, **changes):
    answers = {**as_sent(browser.get(CONTACT).get_data(as_text=True)), **changes}
    return browser.post(CONTACT, data={name: value for name, value in answers.items() if value is not None})


@pytest.mark.feature("L156")
def test_a_changed_setting_shows_who_when_and_what_it_was_and_is_in_words(admin, clock):
    assert save_contact(admin, phone="61 111 22 33").status_code == 303
    page = text_of(admin, ACTIVITIES)
    assert "2026-11-24 09:00 Adam Wilk Zmieniono stronę konfiguracji Dane kontaktowe" in page
    assert re.search(r"Telefon[^:]*: [^→]+ → 61 111 22 33", page)
    link = re.search(r'href="(/panel/aktywnosci/\d+)"', admin.get(ACTIVITIES).get_data(as_text=True))
    entry = text_of(admin, link[1])
    assert "Adam Wilk" in entry and "61 111 22 33" in entry and "Skrót tego zapisu" in entry and "127.0.0.1" in entry
    assert f'href="{CONTACT}"' in admin.get(link[1]).get_data(as_text=True), "the entry leads to what it is about"


@pytest.mark.feature("P76")
def test_activities_are_filtered_searched_and_exported_and_the_export_is_one_itself(admin, viewer_of, runtime, clock):
    admin_id = viewer_of("admin").account_id
    save_contact(admin, phone="61 111 22 33")
    with runtime.database.unit_of_work() as session:
        audit.record(
            session, "core.outbox.cancelled", actor=viewer_of("clerk"), object_type="outbox_message", object_id="m-1",
            before={"state": "dead"}, after={"state": "cancelled"}, reason="adres był zmyślony",
        )  # fmt: skip
    assert "2 aktywności" in text_of(admin, ACTIVITIES)
    only = text_of(admin, f"{ACTIVITIES}?czynnosc=core.outbox.cancelled")
    assert "Stan: niedostarczony → anulowany" in only and "adres był zmyślony" in only and "1 aktywność" in only
    assert "1 aktywność" in text_of(admin, f"{ACTIVITIES}?osoba={admin_id}")
    assert "1 aktywność" in text_of(admin, f"{ACTIVITIES}?obiekt=settings")
    assert "1 aktywność" in text_of(admin, f"{ACTIVITIES}?szukaj=ZMYŚLONY")
    csv = admin.get(f"{ACTIVITIES}?format=csv").get_data(as_text=True)
    assert "61 111 22 33" in csv and csv.splitlines()[0].endswith("Czego dotyczy;Było → jest")
    assert admin.get(f"{ACTIVITIES}?format=xlsx&osoba={admin_id}").data[:2] == b"PK"
    said = text_of(admin, ACTIVITIES)
    assert (
        said.count("Adam Wilk Pobrano dziennik jako plik") == 2
        and "Filtry: osoba" in said
        and "Rodzaj pliku: xlsx" in said
    )


def test_the_staff_s_activities_come_first_customers_and_the_portal_are_a_click_away(admin, runtime, viewer_of):
    with runtime.database.unit_of_work() as session:
        audit.record(session, "core.x", actor=viewer_of("A"), object_type="x", object_id="r-77")
        audit.record(session, "core.x", actor=audit.SYSTEM, object_type="x", object_id="r-88")
    staff, every = text_of(admin, ACTIVITIES), text_of(admin, f"{ACTIVITIES}?kto=wszystkie")
    assert "r-77" not in staff and "r-88" not in staff
    assert "r-77" in every and "r-88" in every
    assert "r-77" in text_of(admin, f"{ACTIVITIES}?kto=klienci")
    assert "portal (sam)" in text_of(admin, f"{ACTIVITIES}?kto=portal&szukaj=r-88")


def test_personal_values_stay_hidden_and_secrets_too(runtime, admin, viewer_of):
    with runtime.database.unit_of_work() as session:
        mail = {"email": audit.personal(session, "anna@example.pl")}
        audit.record(
            session, "core.x", actor=viewer_of("admin"), object_type="x", object_id="1", before=mail, after=mail
        )
    page = text_of(admin, ACTIVITIES)
    assert "Adres e-mail: (dane osobowe, nie zapisujemy) → (dane osobowe, nie zapisujemy)" in page
    assert "hmac:" not in page


@pytest.mark.parametrize("address", [LOGS, ACTIVITIES, f"{ACTIVITIES}/1"])
def test_only_administrators_read_the_trail(filled_copy, signed_in, address):
    assert signed_in("clerk").get(address).status_code == 403
    assert "Logi administratora" not in signed_in("clerk").get("/panel/").get_data(as_text=True)
    assert signed_in("A").get(address).status_code == 404


def test_nobody_can_change_the_trail_through_the_panel(app):
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("admin.audit.")]
    assert rules and all(rule.methods <= {"GET", "HEAD", "OPTIONS"} for rule in rules)


# The chain on the page


@pytest.mark.feature("N03")
def test_an_altered_row_is_on_the_page_within_a_minute(runtime, admin, clock):
    assert "Dziennika jeszcze nie sprawdzono" in text_of(admin, ACTIVITIES)
    assert watch.look(runtime) is None
    assert "Dziennik jest cały Sprawdzono 2026-11-24 09:00" in text_of(admin, ACTIVITIES)
    with runtime.database.unit_of_work() as session:
        if runtime.database.is_sqlite:
            session.execute(sa.text("DROP TRIGGER core_audit_event_no_update"))
        else:
            session.execute(sa.text("ALTER TABLE core_audit_event DISABLE TRIGGER ALL"))
        session.execute(sa.text("UPDATE core_audit_event SET actor = 'b-2' WHERE seq = 1"))
    clock.advance(seconds=30)
    watch.look(runtime)
    page = text_of(admin, ACTIVITIES)
    assert "Dziennik jest naruszony na zapisie nr 1" in page and "Zauważono 2026-11-24 09:00" in page
    assert "Naruszony na zapisie nr 1" in text_of(admin, "/panel/"), "the panel's home page says so too"
    assert "Dziennik zdarzeń jest naruszony na zapisie nr 1" in text_of(admin, "/panel/procesy")


def test_a_chain_that_nobody_watches_says_since_when(runtime, signed_in, clock):
    jobs.seal_day(runtime)
    watch.look(runtime)
    assert "zapieczętowany do dnia 2026-11-23" in text_of(signed_in("admin"), ACTIVITIES)
    clock.advance(minutes=6)
    assert "Dziennika nie sprawdzano od 2026-11-24 09:00" in text_of(signed_in("admin"), ACTIVITIES)


# Words


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (None, '{"roles": ["admin", "clerk"]}', ["Role: administrator, pracownik biura"]),
        ('{"software_line": true}', '{"software_line": false}', ["software_line: tak → nie"]),
        ('{"until": "2026-11-24T09:00:00.000+00:00"}', None, ["Ważne do: 2026-11-24 10:00 → brak"]),
        ('{"reason": ""}', '{"reason": null}', []),
        ("no json", "[1]", []),
    ],
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_changes_in_words(runtime, before, after, lines):
    assert [change.line() for change in words.changes(before, after, {})] == lines


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_fields_of_a_configuration_page_have_its_labels(runtime):
    actions = words.actions_of(runtime.portal)
    labels = words.labels_of(runtime.portal, actions, words.SETTINGS, ContactConfigSchema.key)
    assert str(labels["short_name"]) == ContactConfigSchema().fields["short_name"].metadata["label"] != "short_name"
    assert words.labels_of(runtime.portal, actions, "gone.thing.done", "1") == {}
    assert words.title_of(actions, "gone.thing.done") == "gone.thing.done"


def test_an_entry_that_is_not_there_is_not_found(runtime, admin):
    with runtime.database.snapshot() as session:
        last = session.scalar(sa.select(sa.func.max(AuditEvent.seq)))
    assert admin.get(f"{ACTIVITIES}/{last + 100}").status_code == 404
