"""The shell: the leaflet's menu word by word, the work list, modules and their health, help."""

from __future__ import annotations

import re
from datetime import timedelta
from types import ModuleType

import pytest

from ebok_core import HealthCheck, Level, Module, SearchHit, WorkItem, clock, hookimpl
from ebok_core.app import create_app_of
from ebok_core.contracts.panel import LEAFLET
from ebok_core.contracts.web import Zone
from ebok_core.testing import people

# L151–L163 and the leaflet's picture of the panel, in its words and order; what is not built yet may be missing.
MENU = {
    "Serwis": [
        "Reset hasła użytkownika",
        "Zmień hasło administratora",
        "Usuń konto użytkownika",
        "Odśwież kopię danych użytkownika",
    ],
    "Start": [
        "Strona główna",
        "Dodaj użytkownika",
        "Dodaj grupę użytkowników",
        "Podgląd danych użytkownika",
        "Logi administratora",
        "Aktywności administratora",
        "Sprawdzenie procesów w tle",
    ],
    "Konfiguracja": [
        "Dostęp do bazy danych",
        "Dostęp do płatności online",
        "Logowania przez ePUAP",
        "Dane kontaktowe",
        "Polityka prywatności",
    ],
}
WITH_MODULES = {"Dostęp do płatności online"}
GROUP = re.compile(r'<h2 id="g\d+">([^<]+)</h2>\s*<ul[^>]*>(.*?)</ul>', re.DOTALL)
ENTRY = re.compile(r"<a [^>]*>([^<]+)")


def menu_of(browser):
    page = browser.get("/panel/").get_data(as_text=True)
    side = page[page.index('<nav class="eb-side"') :]
    return {group: [entry.strip() for entry in ENTRY.findall(entries)] for group, entries in GROUP.findall(side)}


@pytest.mark.feature("L162")
def test_the_menu_is_the_leaflet_s_in_words_and_order(signed_in):
    found = menu_of(signed_in("admin"))
    assert list(found) == ["Serwis", "Start", "Konfiguracja", "Pomoc"]
    for group, words in MENU.items():
        there = [word for word in words if word in found[group]]
        assert found[group][: len(there)] == there, f"{group}: the leaflet's entries come first, in its order"
        assert set(words) - set(there) - WITH_MODULES == set(), f"{group}: missing"


def test_the_leaflet_s_entries_take_their_order_from_its_table(runtime):
    entries = {e.key: e.order for e in runtime.portal.of("ebok_menu_entries") if e.zone is Zone.ADMIN}
    entries |= {page.key: page.order for page in runtime.portal.of("ebok_config_pages")}
    assert {key: order for key, order in entries.items() if key in LEAFLET} == {
        key: order for key, order in LEAFLET.items() if key in entries
    }


# A module that has something waiting, something to be found and something to say of its health.


def pool(broken=None):
    """A module of the tests; `broken` is the junk that its live hooks answer with."""

    class Basen:
        __name__ = "ebok_basen"

        @staticmethod
        @hookimpl
        def ebok_module():
            return Module(title="Basen", description="Karnety na pływalnię")

        @staticmethod
        @hookimpl
        def ebok_work_items(viewer, session):
            if broken:
                return broken
            if viewer.kind != "staff":
                return []
            now = clock.now_utc()
            return [
                WorkItem(
                    key=f"basen.{n}",
                    kind="Reklamacja karnetu",
                    title=f"Karnet {n}",
                    since=now - timedelta(hours=n),
                    endpoint="admin.core.modules",
                )
                for n in (1, 3, 2)
            ] + [
                WorkItem(
                    key="basen.m", kind="Kasa", title="Kasa", since=now, endpoint="admin.core.home", with_money=True
                ),
                WorkItem(key="basen.z", kind="Zgubione", title="Ręcznik", since=now, endpoint="admin.nie.ma"),
            ]

        @staticmethod
        @hookimpl
        def ebok_search(viewer, session, text):
            if broken:
                return broken
            return [SearchHit(title=f"Karnet {text}", note="ważny", kind="Karnety", endpoint="admin.core.modules")]

        @staticmethod
        @hookimpl
        def ebok_health_checks():
            def fails(session):
                raise RuntimeError("broken")

            def fine(session):
                return Level.OK, "Woda ma 27 stopni."

            return [
                HealthCheck(key="basen.water", title="Woda", check=fine),
                HealthCheck(key="basen.gate", title="Bramka", check=fails),
            ]

    return Basen


@pytest.fixture
def modules():
    return [("ebok_basen", pool())]


@pytest.fixture
def staff(runtime, filled_copy, app):
    return people.sign_in(app, "admin")


def rows(page):
    return re.findall(r'<th role="rowheader" scope="row"[^>]*>(?:<span>)?(?:<a [^>]*>)?([^<]+)', page)


@pytest.mark.feature("L03")
def test_ebok_work_items__all_modules_work_stands_in_one_list_the_oldest_first(staff):
    page = staff.get("/panel/do-zrobienia").get_data(as_text=True)
    assert rows(page) == ["Karnet 3", "Karnet 2", "Karnet 1", "Ręcznik"]
    assert "Reklamacja karnetu (3)" in page and "Wszystkie sprawy (4)" in page and "Kasa" not in page
    assert 'href="/panel/moduly">Karnet 3' in page and not re.search(r"href=[^>]*>Ręcznik", page)


def test_the_list_is_narrowed_to_one_kind(staff):
    page = staff.get("/panel/do-zrobienia?rodzaj=zgubione").get_data(as_text=True)
    assert rows(page) == ["Ręcznik"]
    assert rows(staff.get("/panel/do-zrobienia?rodzaj=nie-ma").get_data(as_text=True))[0] == "Karnet 3"


def test_the_count_stands_in_the_menu_and_on_the_first_page(staff):
    page = staff.get("/panel/").get_data(as_text=True)
    assert re.search(r'Do zrobienia\s*<span class="eb-count" aria-hidden="true">4</span>', page)
    assert "(4 czekają)" in page and "<strong>3</strong><span>Reklamacja karnetu</span>" in page


def test_ebok_search__a_module_s_hits_stand_in_groups_of_their_own(staff):
    page = staff.get("/panel/szukaj?szukaj=777").get_data(as_text=True)
    assert "Karnety (1)" in page and "Karnet 777" in page and "ważny" in page


def test_ebok_health_checks__are_asked_on_the_module_s_page_and_one_that_fails_says_so(staff):
    page = staff.get("/panel/moduly/ebok_basen").get_data(as_text=True)
    assert "Karnety na pływalnię" in page and "Woda ma 27 stopni." in page
    assert "Samo sprawdzenie się nie udało." in page and "ebok_work_items" in page


JUNK = (
    7,
    ["text"],
    [WorkItem(key="basen.x", kind="x", title="x", since=None, endpoint="admin.core.home")],
    [WorkItem(key="basen.x", kind="x", title="x", since=clock.now_utc(), endpoint="admin.core.config")],
    [SearchHit(title="x", endpoint="admin.nie.ma")],
)


@pytest.mark.feature("P79")
@pytest.mark.parametrize("junk", JUNK, ids=("a number", "texts", "no time", "no arguments", "no such page"))
def test_a_module_whose_answers_are_junk_costs_its_own_part_alone(make_runtime, filled_copy, junk):
    runtime = make_runtime(modules=[("ebok_basen", pool(broken=junk))])
    staff = people.sign_in(create_app_of(runtime), "admin")
    page = staff.get("/panel/do-zrobienia").get_data(as_text=True)
    assert "Lista może nie być pełna" in page and "Basen" in page
    assert staff.get("/panel/szukaj?szukaj=777").status_code == 200


@pytest.mark.feature("P79")
def test_a_module_that_can_not_be_loaded_is_named_with_its_reason_and_the_rest_runs(make_runtime, filled_copy):
    runtime = make_runtime(modules=[("ebok_zly", ModuleType("ebok_zly"))], strict=False)
    staff = people.sign_in(create_app_of(runtime), "admin")
    page = staff.get("/panel/moduly").get_data(as_text=True)
    assert "Wyłączony" in page and "ebok_zly" in page and "ebok_module must return one Module" in page
    page = staff.get("/panel/moduly/ebok_zly").get_data(as_text=True)
    assert "ebok_module must return one Module" in page and "Nic z tego modułu nie jest pokazywane" in page
    assert staff.get("/panel/").status_code == 200 and staff.get("/panel/moduly/ebok_nic").status_code == 404


def test_the_core_s_own_page_lists_its_tables_and_settings_pages(staff):
    page = staff.get("/panel/moduly/ebok_core").get_data(as_text=True)
    assert "core_account" in page and "/panel/konfiguracja/core.tytan" in page


# Help (L163)


@pytest.mark.feature("L163")
def test_every_page_of_help_can_be_read_and_pages_lead_to_theirs(staff, runtime):
    start = staff.get("/panel/pomoc").get_data(as_text=True)
    pages = [p for p in runtime.portal.of("ebok_help_pages") if p.zone is Zone.ADMIN]
    assert len(pages) >= 7
    for page in pages:
        assert f'href="/panel/pomoc/{page.key}"' in start
        assert staff.get(f"/panel/pomoc/{page.key}").status_code == 200, page.key
    for address, key in (
        ("/panel/", "core.help_start"),
        ("/panel/konfiguracja/core.tytan", "core.help_database"),
        ("/panel/konfiguracja/core.contact", "core.help_configuration"),
        ("/panel/podglad", "core.help_customers"),
    ):
        assert f'href="/panel/pomoc/{key}"' in staff.get(address).get_data(as_text=True), address
    assert staff.get("/panel/pomoc/nie.ma").status_code == 404
