"""The frame of every page: header, menu by viewer, breadcrumb, title, age of the data, look and language."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ebok_core import runtime_settings
from ebok_core.contact.settings import ContactConfig, ContactConfigSchema, LookConfig, LookConfigSchema, contact_status
from ebok_core.contracts.admin import Level
from ebok_core.contracts.identity import Viewer
from ebok_core.web import brand


def between(page: str, start: str, end: str) -> str:
    return page[page.index(start) :].partition(end)[0]


def words(markup: str) -> str:
    return " ".join(html.unescape(re.sub("<.*?>", " ", markup, flags=re.S)).split())


def save(app: Flask, schema: Any, settings: Any) -> None:
    runtime = app.extensions["ebok"]
    with runtime.database.unit_of_work() as session:
        runtime_settings.save(session, schema, settings, keys=runtime.settings.encryption_keys)
    app.extensions["ebok_office"]["office"] = None


def crumbs(page: str) -> list[str]:
    return [words(item) for item in re.findall(r"<li>(.*?)</li>", between(page, 'class="eb-crumbs"', "</nav>"), re.S)]


@pytest.mark.feature("L04")
def test_the_utility_s_name_is_everywhere_it_belongs(app: Flask, maria: FlaskClient) -> None:
    save(app, ContactConfigSchema, ContactConfig(name="Wodociągi Źródło sp. z o.o.", short_name="Wodociągi Źródło"))
    for address in ("/proba/", "/kontakt", "/nic"):
        page = maria.get(address).text
        assert "Elektroniczne Biuro Obsługi Klienta" in page
        assert "Wodociągi Źródło</span></a>" in page and "<h2>Wodociągi Źródło sp. z o.o.</h2>" in page
        assert " – e-BOK – Wodociągi Źródło</title>" in page


@pytest.mark.feature("L05")
def test_who_is_signed_in_and_the_status(maria: FlaskClient, signed_in: Any, filled: Any) -> None:
    from ebok_core.tytan import copy

    assert "Zalogowany jako (1-01001) Maria Zielińska · Status: Normalny" in words(maria.get("/proba/").text)
    with filled.refresher.begin() as connection:
        connection.execute(copy.customers.update().values(status="Zawieszony"))
    assert "Status: Zawieszony" in words(maria.get("/kontakt").text)
    signed_in(None)
    stranger = words(maria.get("/kontakt").text)
    assert "Zalogowany" not in stranger and "1-01001" not in stranger and "Status" not in stranger


def test_change_customer_is_offered_to_who_has_several(
    maria: FlaskClient, signed_in: Any, maria_viewer: Viewer
) -> None:
    assert "Zmień klienta" not in maria.get("/proba/").text
    signed_in(replace(maria_viewer, customer_codes=("1-01001", "1-01002")))
    assert "Zmień klienta" in maria.get("/proba/").text


@pytest.mark.feature("L07")
def test_the_software_line_can_be_reworded_and_switched_off(app: Flask, maria: FlaskClient) -> None:
    assert "Pracujemy na oprogramowaniu e-BOK" in maria.get("/kontakt").text
    save(app, ContactConfigSchema, ContactConfig(software_text="Nasz program"))
    assert "Nasz program" in maria.get("/kontakt").text
    save(app, ContactConfigSchema, ContactConfig(software_line=False))
    assert "eb-foot__soft" not in maria.get("/kontakt").text


@pytest.mark.feature("L08")
def test_contact_data_stand_in_the_footer_also_before_signing_in(
    app: Flask, maria: FlaskClient, signed_in: Any
) -> None:
    signed_in(None)
    contact = ContactConfig(
        address="ul. Źródlana 5\n62-999 Struga", phone="61 000 00 12", website="https://www.struga.example/"
    )
    save(app, ContactConfigSchema, contact)
    footer = between(maria.get("/kontakt").text, "<footer", "</footer>")
    assert "ul. Źródlana 5<br>62-999 Struga" in footer
    assert 'href="tel:+48610000012">61 000 00 12' in footer
    assert 'href="https://www.struga.example/" rel="noopener noreferrer">www.struga.example</a>' in footer


@pytest.mark.feature("L170")
def test_contact_status_is_configured_once_the_required_fields_are_filled(app: Flask) -> None:
    def status() -> Any:
        with app.extensions["ebok"].database.snapshot() as session:
            return contact_status(session)

    assert status().level is Level.MISSING
    save(app, ContactConfigSchema, ContactConfig(name="Wodociągi", address="ul. Lipowa 1", phone="61 000 00 12"))
    assert status().level is Level.MISSING and status().hint
    save(
        app,
        ContactConfigSchema,
        ContactConfig(name="Wodociągi", address="ul. Lipowa 1", phone="61 000 00 12", email="a@b.example"),
    )
    assert status().level is Level.OK


@pytest.mark.feature("L09")
def test_breadcrumb_is_the_menu_then_the_page_s_own_parts(maria: FlaskClient) -> None:
    assert crumbs(maria.get("/proba/").text) == ["Strona główna", "Płatności", "Wszystkie faktury"]
    page = maria.get("/proba/faktura/R. 2026/000001").text
    assert crumbs(page) == ["Strona główna", "Płatności", "Dokumenty", "R. 2026/000001"]
    assert crumbs(maria.get("/proba/formularz").text) == ["Strona główna", "Płatności", "Odczyt", "Podaj stan"]
    trail = between(page, 'class="eb-crumbs"', "</nav>")
    assert trail.count("<a href=") == 3 and trail.count('aria-current="page"') == 1
    for address in re.findall(r'href="([^"]+)"', trail):
        assert maria.get(address).status_code == 200
    assert crumbs(maria.get("/kontakt").text) == ["Strona główna", "Kontakt"]
    assert crumbs(maria.get("/pliki-cookie").text) == ["Strona główna", "Dokumenty", "Pliki cookie"]


def test_menu_shows_what_the_viewer_may_open(
    maria: FlaskClient, signed_in: Any, maria_viewer: Viewer, ewa: Viewer
) -> None:
    def entries(page: str) -> list[str]:
        return [
            words(item) for item in re.findall(r"<li><a [^>]*>(.*?)</a>", between(page, 'id="menu"', "</nav>"), re.S)
        ]

    menu = entries(maria.get("/proba/").text)
    assert "Płatności" in menu and "Sierota" in menu and "Ukryte" not in menu
    assert menu.index("Płatności") < menu.index("Sierota") < menu.index("Kontakt")
    signed_in(replace(maria_viewer, permissions=frozenset({"probe.read", "probe.extra"})))
    assert "Ukryte" in entries(maria.get("/proba/").text)
    signed_in(ewa)
    assert "Klienci" in entries(maria.get("/panel/proba/").text)
    signed_in(None)
    assert entries(maria.get("/kontakt").text)[-2:] == ["Kontakt", "Pomoc"]


def test_the_active_entry_is_marked(maria: FlaskClient) -> None:
    current = re.compile(r'<a href="[^"]*" aria-current="(\w+)">([^<]+)')
    assert current.findall(between(maria.get("/proba/").text, 'id="menu"', "</nav>")) == [("page", "Płatności")]
    assert current.findall(between(maria.get("/proba/formularz").text, 'id="menu"', "</nav>")) == [
        ("true", "Płatności")
    ]
    assert current.findall(between(maria.get("/kontakt").text, 'id="menu"', "</nav>")) == [("page", "Kontakt")]


def test_menus_are_built_once_for_the_same_rights(app: Flask, maria: FlaskClient) -> None:
    """M1: one menu per zone, rights and language."""
    maria.get("/proba/")
    maria.get("/proba/formularz")
    assert len(app.extensions["ebok_menus"]) == 1
    maria.post("/wyglad", data={"jezyk": "en"})
    maria.get("/proba/")
    assert len(app.extensions["ebok_menus"]) == 2


@pytest.mark.parametrize(
    ("hours", "answers", "bar"),
    [(1, True, None), (26, True, None), (27, True, "eb-banner"), (73, True, "eb-banner--bad"), (3, False, "eb-banner")],
)
def test_R27_the_age_of_the_data_is_said_and_old_ones_get_a_bar(
    maria: FlaskClient, filled: Any, clock: Any, hours: int, answers: bool, bar: str | None
) -> None:
    from ebok_core.tytan import state

    with filled.refresher.begin() as connection:
        moment = clock.now_utc() - timedelta(hours=hours)
        connection.execute(state.state.update().values(as_of=moment, reachable=answers))
    page = maria.get("/proba/").text
    assert "Dane z 2" in page, "the age in words beside the figures"
    assert ("eb-banner" in page) is (bar is not None)
    if bar:
        assert bar in page and f"Dane mają {hours} godzin" in page
        assert ("System TYTAN chwilowo nie odpowiada" in page) is (not answers)
        assert ("Kwoty mogły się zmienić" in page) is (hours > 72)


def test_without_a_copy_the_frame_stands(maria: FlaskClient, filled: Any) -> None:
    from ebok_core.tytan import copy, state

    with filled.refresher.begin() as connection:
        for table in (copy.customers, copy.invoices, state.state):
            connection.execute(table.delete())
    page = maria.get("/proba/").text
    assert "Nie ma jeszcze danych z TYTAN SQL" in page
    assert "Zalogowany jako (1-01001) Maria Zielińska" in words(page)


def test_look_is_kept_in_a_cookie_and_comes_back_where_one_was(maria: FlaskClient) -> None:
    answer = maria.post("/wyglad", data={"kontrast": "wysoki", "dalej": "/proba/?typ=invoice"})
    assert answer.status_code == 303 and answer.location == "/proba/?typ=invoice"
    cookie = answer.headers["Set-Cookie"]
    for part in ("__Host-ui=contrast.1.", "Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=31536000"):
        assert part in cookie
    maria.post("/wyglad", data={"tekst": "3"})
    page = maria.get("/kontakt").text
    assert '<html lang="pl" data-theme="contrast" data-text="3">' in page
    assert 'value="wysoki" aria-pressed="true"' in page and 'value="3" aria-pressed="true"' in page
    maria.post("/wyglad", data={"kontrast": "zwykly"})
    assert 'data-theme="normal"' in maria.get("/kontakt").text


def test_language_changes_the_words_and_the_page_s_language(maria: FlaskClient) -> None:
    maria.post("/wyglad", data={"jezyk": "en"})
    page = maria.get("/kontakt").text
    assert '<html lang="en">' in page and "Skip to content" in page
    maria.post("/wyglad", data={"jezyk": "pl"})
    assert "Przejdź do treści" in maria.get("/kontakt").text


def test_account_s_language_is_spoken_until_another_is_chosen(
    maria: FlaskClient, signed_in: Any, maria_viewer: Viewer
) -> None:
    signed_in(replace(maria_viewer, locale="en"))
    assert '<html lang="en">' in maria.get("/kontakt").text
    maria.post("/wyglad", data={"jezyk": "pl"})
    assert '<html lang="pl">' in maria.get("/kontakt").text


@pytest.mark.parametrize(
    "value", ["contrast.9.pl", "..", "x" * 3000, "dark.1.pl; DROP", "zły.1.", '"><script>.1.pl', "dark.1.xx"]
)
def test_a_forged_look_is_ignored(maria: FlaskClient, value: str) -> None:
    maria.set_cookie("__Host-ui", value)
    page = maria.get("/kontakt")
    assert page.status_code == 200 and '<html lang="pl"' in page.text and "script>." not in page.text


@pytest.mark.parametrize(
    "target",
    [
        *("https://evil.example/", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil", "http:/kontakt"),
        *("javascript:alert(1)", "/nie-ma", "/kontakt\nX: y", "/kontakt\tx", " /kontakt", "/%0d%0aX", "/csp"),
        "/" + "x" * 700,
    ],
)
def test_S31_only_our_own_pages_are_come_back_to(maria: FlaskClient, target: str) -> None:
    answer = maria.post("/wyglad", data={"tekst": "2", "dalej": target})
    assert answer.status_code == 303 and answer.location == "/wyglad"


def test_title_says_error_while_a_form_has_one(maria: FlaskClient) -> None:
    assert "<title>Podaj stan – e-BOK – " in maria.get("/proba/formularz").text
    answer = maria.post("/proba/formularz", data={"reading": "abc"})
    assert answer.status_code == 422 and "<title>Błąd: Podaj stan – e-BOK – " in answer.text


def test_a_form_with_errors_ties_words_to_fields(maria: FlaskClient) -> None:
    page = maria.post("/proba/formularz", data={"reading": "abc", "note": "x" * 30, "password": "tajne"}).text
    assert '<a href="#f-reading">Stan wodomierza: Wpisz same cyfry, bez liter i znaków</a>' in page
    field = between(page, 'id="f-reading"', ">")
    assert 'aria-describedby="f-reading-h f-reading-e" aria-invalid="true"' in field
    assert 'value="abc"' in field and 'inputmode="numeric"' in field
    assert "tajne" not in page
    assert page.index('class="eb-errsum"') < page.index("<h1>")


def test_a_warning_asks_and_the_tick_confirms(maria: FlaskClient) -> None:
    sent = {"reading": "5000", "read_on": "2026-11-20"}
    page = maria.post("/proba/formularz", data=sent)
    assert page.status_code == 422 and "Dużo więcej niż zwykle" in page.text
    assert '<input type="checkbox" id="f-reading-ok" name="reading-ok" value="5000">' in page.text
    assert maria.post("/proba/formularz", data={**sent, "reading-ok": "5000"}).status_code == 303


def test_what_happened_is_said_once_on_the_next_page(maria: FlaskClient) -> None:
    maria.post("/proba/formularz", data={"reading": "430", "read_on": "2026-11-20"})
    page = maria.get("/proba/").text
    assert 'role="alert"' in page and "Gotowe" in page and "Przyjęliśmy stan 430 m³." in page
    assert page.index("Przyjęliśmy stan 430") < page.index("<h1>")
    assert "Przyjęliśmy" not in maria.get("/proba/").text


def test_brand_sheet_is_a_second_file_for_another_colour_only(app: Flask, maria: FlaskClient) -> None:
    assert "/wyglad/" not in maria.get("/kontakt").text
    save(app, LookConfigSchema, LookConfig(colour="#C8102E"))
    address = re.search(r'href="(/wyglad/[^"]+\.css)"', maria.get("/kontakt").text)
    assert address
    answer = maria.get(address[1])
    assert answer.text == brand.sheet("#C8102E") and "immutable" in answer.headers["Cache-Control"]
    assert maria.get("/wyglad/ffffff-0000000000.css").status_code == 404


def test_files_have_their_content_in_the_address(maria: FlaskClient, statements: Any) -> None:
    page = maria.get("/kontakt").text
    addresses = set(re.findall(r'"(/zasoby/[^"]+)"', page))
    assert {a.rpartition("/")[2] for a in addresses} >= {
        "theme.css",
        "bootstrap.min.css",
        "ebok.js",
        "icon.svg",
        "ebok-sans-pl.woff2",
    }
    for address in addresses:
        with statements() as seen:
            answer = maria.get(address)
        assert answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"], address
        assert len(seen) == 0, "a file asks no database"
    old = re.sub("/zasoby/[0-9a-f]+/", "/zasoby/000000000000/", sorted(addresses)[0])
    assert maria.get(old).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "name", ["../render.py", "..%2f..%2fsettings.py", "%2e%2e/app.py", "nie-ma.css", "fonts", "", "x" * 3000]
)
def test_S76_nothing_but_static_files_is_served(maria: FlaskClient, name: str) -> None:
    assert maria.get(f"/zasoby/x/ebok_core/{name}").status_code in (404, 308)
    assert maria.get(f"/zasoby/x/{name or 'os'}/theme.css").status_code == 404


def test_page_uses_only_its_own_icons(maria: FlaskClient) -> None:
    page = maria.get("/kontakt").text
    used = set(re.findall(r'<use href="#i-([\w-]+)"', page))
    assert used == set(re.findall(r'<symbol id="i-([\w-]+)"', page)) and 0 < len(used) < 12


def test_every_page_has_one_h1_one_main_and_unique_ids(maria: FlaskClient, signed_in: Any) -> None:
    pages = [
        "/proba/",
        "/proba/formularz",
        "/kontakt",
        "/pomoc",
        "/mapa-strony",
        "/deklaracja-dostepnosci",
        "/polityka-prywatnosci",
        "/pliki-cookie",
        "/wyglad",
        "/koniec-sesji",
        "/nic",
    ]
    for address in pages:
        page = maria.get(address).text
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids)), (address, [i for i in ids if ids.count(i) > 1])
        assert page.count("<h1") == 1 and page.count("<main") == 1, address
        for target in re.findall(r'(?:aria-labelledby|aria-describedby|for)="([^"]+)"', page):
            assert set(target.split()) <= set(ids), (address, target)
        for place in re.findall(r'href="#([^"]+)"', page):
            assert place in ids or place.startswith("i-"), (address, place)
        assert 'lang="pl"' in page and '<a class="eb-skip" href="#tresc">' in page


def test_links_of_the_frame_are_alive(maria: FlaskClient, signed_in: Any) -> None:
    for person in ("maria", None):
        if person is None:
            signed_in(None)
        for address in set(re.findall(r'href="(/[^"#]*)', maria.get("/mapa-strony").text)):
            assert maria.get(address).status_code == 200, address


def test_session_warning_is_there_for_the_signed_in_only(maria: FlaskClient, signed_in: Any) -> None:
    page = maria.get("/proba/").text
    assert 'data-minutes="20"' in page and 'data-extend="/sesja"' in page
    assert maria.post("/sesja").status_code == 204
    signed_in(None)
    assert "<dialog" not in maria.get("/kontakt").text
    assert maria.post("/sesja").status_code == 401
    assert "Wylogowaliśmy Cię" in maria.get("/koniec-sesji?dalej=/proba/").text


def test_health_says_nothing_but_ok(maria: FlaskClient) -> None:
    assert maria.get("/zdrowie").text == "ok\n"


@pytest.mark.feature("L165")
def test_pages_of_somebody_are_never_kept_by_the_browser(maria: FlaskClient, signed_in: Any, ewa: Viewer) -> None:
    """So "back" after signing out asks the portal again, which sends to sign in."""
    signed_in(ewa)
    assert maria.get("/panel/proba/").headers["Cache-Control"] == "no-store"
    signed_in(None)
    answer = maria.get("/panel/proba/")
    assert answer.status_code == 302 and "dalej=/panel/proba/" in answer.location
