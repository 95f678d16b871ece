"""The public zone on both databases: written, published by whom, scheduled, arranged, seen by strangers."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Blueprint

from ebok_core import Module, Mount, PublicEntry, Zone, hookimpl
from ebok_core.audit.models import AuditEvent
from ebok_core.identity import service as identity
from ebok_core.outbox.models import Message
from ebok_core.public.blocks.models import BlockVersion
from ebok_core.testing import people

NEW, LIST, PAGE = "/panel/informacje/nowa", "/panel/informacje", "/informacje"
NRB = "51 9990 0009 4127 0000 0010 0100"


def words(answer) -> str:
    page = answer.get_data(as_text=True)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.partition("<main")[2].partition("</main>")[0])).split())


def tokens(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="(csrf_token|form_token|seen)" value="([^"]*)"', page.partition("<main")[2]))


def post(browser, address, page="", **fields):
    opened = browser.get(page or address).get_data(as_text=True)
    return browser.post(address, data={**tokens(opened), **fields})


def write(browser, title, body="Treść **ważna**.", action="publikuj", kind="news", **days):
    """Write a new block; its address in the panel."""
    answer = post(browser, NEW, kind=kind, title=title, body=body, action=action, **days)
    assert answer.status_code == 303, words(answer)
    return answer.location


def titles(client) -> list[str]:
    page = client.get(PAGE).get_data(as_text=True)
    return [html.unescape(x) for x in re.findall(r'<h2 class="mb-2" id="t-[^"]*">([^<]*)</h2>', page)]


@pytest.fixture
def admin(signed_in):
    return signed_in("admin")


@pytest.fixture
def stranger(app, filled_copy):
    return app.test_client()


@pytest.mark.feature("L28")
def test_what_is_published_is_seen_by_strangers_and_a_draft_by_nobody(admin, stranger):
    write(admin, "Nowe godziny biura")
    write(admin, "Szkic cennika", action="szkic", kind="prices")
    assert titles(stranger) == ["Nowe godziny biura"]
    assert "<strong>ważna</strong>" in stranger.get(PAGE).get_data(as_text=True)
    assert "Nowe godziny biura" in words(stranger.get("/logowanie"))
    assert "Szkic cennika" not in words(stranger.get("/logowanie"))


def test_with_nothing_to_say_the_page_leads_on(stranger):
    assert "Na razie nic tu nie ma" in words(stranger.get(PAGE))
    assert "Informacje Wszystkie" not in words(stranger.get("/logowanie"))


@pytest.mark.feature("P77")
def test_a_tariff_changes_at_midnight_in_warsaw(admin, stranger, clock):
    address = write(admin, "Ceny 2026", kind="prices")
    tomorrow = clock.now_utc().date() + timedelta(days=1)
    answer = post(admin, address, title="Ceny 2027", body="Nowe", starts_on=tomorrow.isoformat(), action="publikuj")
    assert answer.status_code == 303
    assert titles(stranger) == ["Ceny 2026"]
    assert f"następna treść od {tomorrow.isoformat()}" in words(admin.get(LIST))
    clock.advance(days=1)
    assert titles(stranger) == ["Ceny 2027"]


@pytest.mark.feature("P77")
def test_a_notice_disappears_after_its_last_day(admin, stranger, clock):
    today = clock.now_utc().date().isoformat()
    write(admin, "Przerwa w dostawie", kind="shutoffs", starts_on=today, ends_on=today)
    assert titles(stranger) == ["Przerwa w dostawie"]
    clock.advance(days=1)
    assert titles(stranger) == []


def test_what_was_published_stays_in_the_history(admin, filled_copy):
    address = write(admin, "Pierwszy")
    post(admin, address, title="Drugi", body="Inna treść", action="publikuj")
    text = words(admin.get(address))
    assert "Wersja 1: Pierwszy" in text and "Wersja 2: Drugi" in text
    with filled_copy.database.snapshot() as session:
        assert session.scalars(sa.select(BlockVersion.title).order_by(BlockVersion.number)).all() == [
            "Pierwszy",
            "Drugi",
        ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": ""}, "Wpisz tytuł"),
        ({"body": ""}, "Wpisz treść"),
        ({"starts_on": "wczoraj"}, "Wpisz datę"),
        ({"starts_on": "2026-12-02", "ends_on": "2026-12-01"}, "Ostatni dzień jest przed pierwszym"),
    ],
)
def test_bad_input_is_said_beside_the_field_and_keeps_the_text(admin, fields, said):
    given = {"kind": "news", "title": "Tytuł", "body": "Długi tekst", "action": "publikuj", **fields}
    answer = post(admin, NEW, **given)
    assert said in words(answer)
    if given["body"]:
        assert "Długi tekst" in answer.get_data(as_text=True)


def test_a_preview_saves_nothing(admin, stranger):
    answer = post(admin, NEW, kind="news", title="Próba", body="Tekst **mocny**", action="podglad")
    assert "Podgląd: nic jeszcze nie jest zapisane" in words(answer)
    assert "<strong>mocny</strong>" in answer.get_data(as_text=True)
    assert titles(stranger) == [] and "Próba" not in words(admin.get(LIST))


@pytest.mark.parametrize(
    "evil", ["<script>alert(1)</script>", "[x](javascript:alert(1))", "<img src=x onerror=alert(1)>"]
)
def test_S22_script_in_a_text_is_text(admin, stranger, evil):
    write(admin, evil[:60], body=evil)
    page = stranger.get(PAGE).get_data(as_text=True).partition("<main")[2]
    assert "<script" not in page.partition("</main>")[0] and "<img" not in page and 'href="javascript' not in page


def test_two_people_who_write_at_once_do_not_overwrite_each_other(admin, signed_in, filled_copy):
    address = write(admin, "Wspólny")
    stale = tokens(admin.get(address).get_data(as_text=True))
    post(admin, address, title="Pierwsza osoba", body="a", action="szkic")
    again = tokens(admin.get(address).get_data(as_text=True))
    answer = admin.post(
        address, data={**again, "seen": stale["seen"], "title": "Druga osoba", "body": "b", "action": "szkic"}
    )
    assert "Ktoś inny zapisał tu w międzyczasie" in words(answer)
    assert "Druga osoba" in answer.get_data(as_text=True)


@pytest.fixture
def second(app, filled_copy):
    """Another person with the right to publish."""
    with filled_copy.database.unit_of_work() as session:
        identity.add_account(session, kind="staff", login="redaktorka", display_name="Redaktorka", roles=["editor"])
    return people.sign_in(app, "redaktorka")


def test_S78_a_bank_account_is_published_by_a_second_person(admin, second, stranger, filled_copy):
    address = write(admin, "Nowy rachunek", body=f"Wpłaty: {NRB}")
    assert titles(stranger) == []
    assert "publikuje go druga osoba" in words(admin.get(address))
    number = tokens(admin.get(address).get_data(as_text=True))["seen"]
    answer = post(admin, f"{address}/publikuj", page=address, numer=number)
    assert "druga osoba" in words(answer) and titles(stranger) == []
    assert post(second, f"{address}/publikuj", page=address, numer=number).status_code == 303
    assert titles(stranger) == ["Nowy rachunek"]
    with filled_copy.database.snapshot() as session:
        mails = session.scalars(sa.select(Message.payload).where(Message.subject_type == "core.public_account")).all()
    assert len(mails) == 1 and "Nowy rachunek" in str(mails[0])


def test_S78_whoever_is_alone_publishes_after_a_day(app, admin, stranger, clock):
    address = write(admin, "Nowy rachunek", body=f"Wpłaty: {NRB}")
    number = tokens(admin.get(address).get_data(as_text=True))["seen"]
    assert titles(stranger) == []
    clock.advance(hours=25)
    fresh = people.sign_in(app, "admin")
    assert post(fresh, f"{address}/publikuj", page=address, numer=number).status_code == 303
    assert titles(stranger) == ["Nowy rachunek"]


@pytest.mark.feature("L28")
def test_the_utility_arranges_and_takes_off(admin, stranger):
    first, second = write(admin, "Pierwszy"), write(admin, "Drugi")
    before = titles(stranger)
    key = first.rpartition("/")[2]
    step = "-1" if before.index("Pierwszy") else "1"
    assert post(admin, f"{LIST}/kolejnosc", page=LIST, klucz=key, krok=step).status_code == 303
    assert titles(stranger) == before[::-1]
    post(admin, f"{second}/zdejmij", page=second)
    assert titles(stranger) == ["Pierwszy"]
    post(admin, f"{second}/przywroc", page=second)
    assert sorted(titles(stranger)) == ["Drugi", "Pierwszy"]


class Basen:
    """A module with a block of its own."""

    @hookimpl
    def ebok_module(self):
        return Module(title="Basen")

    @hookimpl
    def ebok_blueprints(self):
        from pathlib import Path

        blueprint = Blueprint("basen", __name__, template_folder=str(Path(__file__).parent / "templates"))
        blueprint.add_url_rule("/basen/", "index", lambda: "basen")
        return [Mount(zone=Zone.CUSTOMER, blueprint=blueprint)]

    @hookimpl
    def ebok_public_entries(self):
        return [PublicEntry(key="basen.hours", template="ebok_basen_zone/hours.html", load=lambda session: {"n": 3})]


@pytest.mark.feature("L28")
@pytest.mark.parametrize("modules", [[("ebok_basen", Basen())]])
def test_a_module_s_block_is_placed_and_hidden_like_ours(admin, stranger):
    write(admin, "Nasza aktualność")
    assert "Basen: 3 tory" in words(stranger.get(PAGE))
    text = words(stranger.get(PAGE))
    assert text.index("Nasza aktualność") < text.index("Basen: 3 tory")
    post(admin, f"{LIST}/kolejnosc", page=LIST, klucz="basen.hours", krok="-1")
    text = words(stranger.get(PAGE))
    assert text.index("Basen: 3 tory") < text.index("Nasza aktualność")
    post(admin, f"{LIST}/ukryj", page=LIST, klucz="basen.hours")
    assert "Basen" not in words(stranger.get(PAGE)) and "Ukryty" in words(admin.get(LIST))


def test_every_act_leaves_its_trace(admin, filled_copy):
    address = write(admin, "Ślad")
    post(admin, f"{address}/zdejmij", page=address)
    post(admin, f"{address}/przywroc", page=address)
    with filled_copy.database.snapshot() as session:
        statement = sa.select(AuditEvent.action).where(AuditEvent.object_type == "core.public_block")
        found = session.scalars(statement.order_by(AuditEvent.seq)).all()
    assert found == [f"core.public.{what}" for what in ("written", "published", "withdrawn", "restored")]


def test_clerks_do_not_write_the_zone(signed_in):
    assert signed_in("clerk").get(LIST).status_code == 403
