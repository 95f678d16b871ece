"""The panel's own pages: welcome, modules, and configuration pages that validate, store, audit and keep secrets."""

from __future__ import annotations

import json
import re

import pytest
import sqlalchemy as sa

from ebok_core import runtime_settings
from ebok_core.admin import service
from ebok_core.audit.models import AuditEvent
from ebok_core.contact.settings import ContactConfigSchema
from ebok_core.contracts.admin import Level, StatusRow
from ebok_core.testing.pageforms import as_sent
from ebok_core.tytan.settings import TytanConfigSchema

TYTAN, CONTACT = "/panel/konfiguracja/core.tytan", "/panel/konfiguracja/core.contact"


@pytest.fixture
def admin(signed_in):
    return signed_in("admin")


def filled(browser, page):
    """The form of a page as a browser would send it back, with its hidden fields."""
    return as_sent(browser.get(page).get_data(as_text=True))


def send(browser, page, **changes):
    answers = {**filled(browser, page), **changes}
    return browser.post(page, data={name: value for name, value in answers.items() if value is not None})


def saved(runtime, schema):
    with runtime.database.snapshot() as session:
        return runtime_settings.get(session, schema, runtime.settings.encryption_keys)


def events(runtime):
    with runtime.database.snapshot() as session:
        columns = sa.select(AuditEvent.object_id, AuditEvent.before, AuditEvent.after)
        return session.execute(columns.where(AuditEvent.action == "core.settings.changed")).all()


@pytest.mark.feature("L151", "L164", "L166")
def test_the_panel_welcomes_and_says_what_is_configured(admin):
    page = admin.get("/panel/").get_data(as_text=True)
    assert "Witamy w panelu administracyjnym" in page
    assert "Wybierz pozycję z menu." in page and "Sprawdź poniżej, co jeszcze trzeba skonfigurować." in page
    assert "Typ konfiguracji" in page and "Status konfiguracji" in page
    assert re.search(r"Dostęp do bazy danych</a>.*?Skonfigurowany", page, re.DOTALL)
    assert re.search(r"Dane kontaktowe</a>.*?Skonfigurowane", page, re.DOTALL)


@pytest.mark.feature("L175")
def test_contact_data_are_saved_audited_and_shown_everywhere(admin, signed_in, runtime):
    changes = {"name": "Wodociągi Źródło sp. z o.o.", "short_name": "Źródło", "phone": "61 111 22 33"}
    answer = send(admin, CONTACT, **changes, software_line=None)
    assert answer.status_code == 303
    assert "Ustawienia są zapisane." in admin.get(CONTACT).get_data(as_text=True)
    config = saved(runtime, ContactConfigSchema)
    assert (config.short_name, config.software_line) == ("Źródło", False)
    page = signed_in("A").get("/kontakt").get_data(as_text=True)
    assert "Źródło" in page and "61 111 22 33" in page.replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " ")
    assert "Pracujemy na oprogramowaniu" not in page
    (event,) = events(runtime)
    after = json.loads(event.after)
    assert event.object_id == "core.contact"
    assert (after["short_name"], after["software_line"]) == ("Źródło", False)


@pytest.mark.feature("L172")
def test_a_secret_is_kept_encrypted_never_shown_and_kept_when_left_empty(admin, runtime):
    address = saved(runtime, TytanConfigSchema).address
    assert send(admin, TYTAN, password="bardzo-tajne").status_code == 303
    assert "bardzo-tajne" not in admin.get(TYTAN).get_data(as_text=True)
    assert send(admin, TYTAN, refresh_seconds="60").status_code == 303
    config = saved(runtime, TytanConfigSchema)
    assert (config.password, config.refresh_seconds, config.address) == ("bardzo-tajne", 60, address)
    assert "bardzo-tajne" not in "".join(f"{e.before}{e.after}" for e in events(runtime))


@pytest.mark.feature("L172")
def test_the_test_button_says_what_it_found(admin, tytan_url):
    found = admin.post(f"{TYTAN}/test", data={"csrf_token": filled(admin, TYTAN)["csrf_token"]})
    assert "Test się udał" in found.get_data(as_text=True)
    send(admin, TYTAN, address="sqlite:////nie/ma/takiego.db")
    found = admin.post(f"{TYTAN}/test", data={"csrf_token": filled(admin, TYTAN)["csrf_token"]})
    assert "Test się nie udał" in found.get_data(as_text=True)


@pytest.mark.feature("L172")
def test_trying_out_saves_nothing_and_says_what_is_wrong_beside_the_field(admin, runtime):
    before = saved(runtime, TytanConfigSchema)
    answer = send(admin, TYTAN, address="sqlite:////nie/ma/takiego.db", proba="1")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and 'value="sqlite:////nie/ma/takiego.db"' in page
    assert re.search(r'id="f-address-e">.*?nie ma pliku o tej nazwie', page, re.DOTALL)
    assert saved(runtime, TytanConfigSchema) == before and events(runtime) == []
    page = send(admin, TYTAN, proba="1").get_data(as_text=True)
    assert "Test się udał" in page


@pytest.mark.feature("L172")
def test_each_difference_is_a_row_of_a_table(admin, tytan_url):
    engine = sa.create_engine(tytan_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE ebok_meters RENAME COLUMN role TO rola")
        connection.exec_driver_sql("ALTER TABLE ebok_customers RENAME COLUMN phone TO telefon")
    engine.dispose()
    page = send(admin, TYTAN, address=tytan_url, proba="1").get_data(as_text=True)
    assert "Widoki TYTAN różnią się od kontraktu" in page and "2 różnice" in page
    rows = re.findall(r"<tr role=\"row\">.*?</tr>", page, re.DOTALL)
    assert any("ebok_meters" in row and "rola" in row for row in rows)
    assert any("ebok_customers" in row and "phone" in row for row in rows)


def test_the_names_can_be_downloaded_to_be_changed(admin, signed_in):
    answer = admin.get(f"{TYTAN}/nazwy.toml")
    assert answer.status_code == 200 and "[ebok_customers]" in answer.get_data(as_text=True)
    assert "attachment" in answer.headers["Content-Disposition"]
    assert signed_in("clerk").get(f"{TYTAN}/nazwy.toml").status_code == 403


def test_that_a_secret_is_stored_is_said(admin):
    assert "Jest zapisane i nigdy nie pokazywane" not in admin.get(TYTAN).get_data(as_text=True)
    send(admin, TYTAN, password="bardzo-tajne")
    assert "Jest zapisane i nigdy nie pokazywane" in admin.get(TYTAN).get_data(as_text=True)


def test_bad_input_gets_its_sentence_and_keeps_what_was_typed(admin, runtime):
    before = saved(runtime, TytanConfigSchema)
    answer = send(admin, TYTAN, address="nie adres", refresh_seconds="abc")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "<title>Błąd: Dostęp do bazy danych" in page
    assert "To nie jest adres bazy." in page and "Wpisz liczbę całkowitą" in page
    assert 'value="nie adres"' in page and 'value="abc"' in page
    assert saved(runtime, TytanConfigSchema) == before and events(runtime) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"unheard_of": "1"},
        {"version": "abc"},
        {"refresh_seconds": "60\0"},
        {"refresh_seconds": "1_0"},
        {"refresh_seconds": "６０"},
    ],
)
def test_what_no_browser_sends_is_refused(admin, runtime, changes):
    before = saved(runtime, TytanConfigSchema)
    assert send(admin, TYTAN, **changes).status_code in (400, 422)
    assert saved(runtime, TytanConfigSchema) == before


def test_of_two_who_edit_one_page_the_second_is_told(admin, runtime):
    first = filled(admin, CONTACT)
    assert send(admin, CONTACT, short_name="Pierwszy").status_code == 303
    answer = admin.post(CONTACT, data={**first, "short_name": "Drugi"})
    assert answer.status_code == 422 and "Ktoś zmienił te ustawienia" in answer.get_data(as_text=True)
    assert saved(runtime, ContactConfigSchema).short_name == "Pierwszy"


def test_saving_nothing_new_leaves_no_trace(admin, runtime):
    send(admin, TYTAN)
    assert events(runtime) == []


def test_a_clerk_may_not_configure(signed_in):
    clerk = signed_in("clerk")
    assert clerk.get("/panel/").status_code == 200
    assert clerk.get(TYTAN).status_code == 403 and clerk.get("/panel/konfiguracja/core.nic").status_code == 404
    assert "konfiguracja/core.tytan" not in clerk.get("/panel/").get_data(as_text=True)


def test_the_modules_page_speaks_polish(admin):
    page = admin.get("/panel/moduly").get_data(as_text=True)
    assert "Rdzeń" in page and "strony konfiguracji (" in page and "ebok_blueprints" not in page


def test_a_status_check_that_raises_leaves_the_others(runtime):
    class Broken:
        @staticmethod
        def applies(_row):
            return True

        @staticmethod
        def live(hook, **arguments):
            yield "ebok_zly", lambda: 1 / 0
            row = StatusRow(key="core.ok", title="Dobry", level=Level.OK, text="Dobrze", order=10)
            yield "ebok_core", lambda: [row]

    with runtime.database.snapshot() as session:
        rows = service.status_rows(Broken, session)
    assert [(row.title, row.level) for row in rows] == [("Dobry", Level.OK), ("ebok_zly", Level.ERROR)]


def test_the_doctor_names_tables_modules_and_settings(filled_copy):
    found = {what: (level, text) for level, what, text in service.doctor(filled_copy)}
    assert found["tables of ebok_core"][0] is Level.OK and found["ebok_core"][0] is Level.OK
    assert "Dostęp do bazy danych" in found and found["Dane kontaktowe"][0] is Level.OK
