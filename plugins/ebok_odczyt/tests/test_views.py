"""The customer's pages: a happy and a refused way for each, what was typed stays, what is others' is not there."""

from __future__ import annotations

import html
import re
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ebok_core.db import uuid7
from ebok_core.testing import pdfs
from ebok_core.tytan import copy
from ebok_odczyt.models import Reading

M1, M2, M3 = "L-1001-M1", "L-1001-M2", "L-1001-M3"
TODAY = "2026-11-24"
_HASH = sa.select(sa.func.count(), sa.func.max(Reading.status_at))


@pytest.fixture(params=["sqlite"])
def backend(request):
    """The pages run on one database; what they call is tested on both."""
    return request.param


@pytest.fixture
def world(filled_copy):
    """The invented utility of the test kit, with A, B, C and D signed up."""
    return filled_copy


@pytest.fixture
def a(world, signed_in):
    return signed_in("A")


def text_of(answer) -> str:
    """The visible text of a page, spaces joined."""
    page = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", answer.get_data(as_text=True), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def error_at(answer, name: str) -> str:
    """The error beside a field, without the hidden word before it."""
    found = re.search(rf'id="f-{re.escape(name)}-e">(.*?)</p>', answer.get_data(as_text=True), re.DOTALL)
    if found is None:
        return ""
    return html.unescape(re.sub(r"<[^>]+>", "", found[1])).replace("Błąd:", "").strip()


def value_of(answer, name: str) -> str | None:
    found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', answer.get_data(as_text=True))
    return html.unescape(found[1]) if found else None


def give(client, fields: dict[str, str] | None = None, **states: str):
    """Fill in *Podaj stan* and send it: `give(client, **{M1: "430"})`."""
    return client.submit("/odczyty/", {"data": TODAY, **{f"stan-{k}": v for k, v in states.items()}, **(fields or {})})


def stored(runtime) -> list[tuple[str, Decimal, str]]:
    with runtime.database.snapshot() as session:
        rows = session.execute(sa.select(Reading.meter_id, Reading.reading_value, Reading.status))
        return sorted(tuple(row) for row in rows)


def meter_of(runtime, code: str) -> str:
    """Some meter of a customer."""
    with runtime.database.snapshot() as session:
        m = copy.meters.c
        return session.execute(sa.select(m.id).where(m.customer_code == code).order_by(m.id)).scalars().first()


# Podaj stan


@pytest.mark.feature("L69", "P17", "P18")
def test_the_form_shows_meters_under_their_points(a):
    answer = a.get("/odczyty/")
    page, text = answer.get_data(as_text=True), text_of(answer)
    assert answer.status_code == 200
    assert "Punkt 403-1001-0" in text and "Punkt 403-1001-1" in text
    assert page.index(f"stan-{M1}") < page.index(f"stan-{M2}") < page.index("19IZ118820")
    assert "Ostatnio: 421 m³, 31 sierpnia. Zwykle zużycie to około 9 m³ na kwartał." in text
    assert f"stan-{M3}" not in page and "Ten wodomierz odczytujemy sami, przez radio. Nic nie wpisuj." in text
    assert "Tę wodę odejmujemy od ścieków, dopóki wodomierz ma ważną legalizację" in text
    assert value_of(answer, "data") == TODAY
    assert "opcjonalnie" not in text


@pytest.mark.feature("P16")
def test_the_form_shows_which_digits_count_on_both_kinds_of_dial(a):
    answer = a.get("/odczyty/")
    page = answer.get_data(as_text=True)
    assert page.count('<i class="red">') == 3
    assert "Cyfry po przecinku, na czerwonym polu, to litry. Pomiń je." in text_of(answer)
    assert "Jeśli wszystkie cyfry są w jednym kolorze i nie ma przecinka, wpisz wszystkie." in text_of(answer)
    assert 'aria-hidden="true">pomiń</span>' in page and 'inputmode="numeric"' in page


@pytest.mark.feature("P15")
@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 11, 24), "Odczyty przyjmujemy do 30 listopada."),
        (date(2026, 12, 3), "Odczyty do następnego rachunku przyjmujemy od 20 grudnia do 31 grudnia."),
    ],
)
def test_the_form_says_until_when(world, signed_in, clock, day, words):
    clock.set_local(day)
    assert words in text_of(signed_in("A").get("/odczyty/"))


@pytest.mark.feature("L68", "L180", "L179")
def test_a_reading_is_given_and_confirmed_with_its_number(a, world):
    answer = give(a, **{M1: "430"})
    assert answer.status_code == 303
    confirmed = a.get(answer.headers["Location"])
    text = text_of(confirmed)
    assert confirmed.status_code == 200
    assert "Przyjęliśmy stan 430 m³. Numer odczytu: OD-2026-11-0001." in text
    assert "Potwierdzenie wysłaliśmy na adres" in text and "Co dalej" in text
    assert stored(world) == [(M1, Decimal(430), "pending")]
    history = text_of(a.get("/odczyty/historia"))
    assert "Oczekujące (1)" in history and "nr OD-2026-11-0001" in history
    assert "faktur" not in history.lower().replace("nr faktury", "") and "zapłać" not in history.lower()


def test_without_an_e_mail_the_page_is_the_confirmation(world, signed_in):
    d = signed_in("D")
    page = d.get("/odczyty/").get_data(as_text=True)
    key = re.search(r'name="stan-([^"]+)"', page)[1]
    last = int(re.search(r"Ostatnio: (\d+) m³", text_of(d.get("/odczyty/")))[1])
    answer = give(d, **{key: str(last + 5)})
    if answer.status_code == 422:  # an unusual use is asked about: the customer confirms it
        digest = re.search(r'-ok" value="([0-9a-f]{32})"', answer.get_data(as_text=True))[1]
        answer = give(d, {f"stan-{key}-ok": digest, f"powod-{key}": "other"}, **{key: str(last + 5)})
    text = text_of(d.get(answer.headers["Location"]))
    assert "Nie mamy Twojego adresu e-mail. Pobierz potwierdzenie albo wydrukuj tę stronę." in text


BAD = [
    ("abc", "Wpisz same cyfry, bez liter i znaków"),
    ("1e5", "Wpisz same cyfry, bez liter i znaków"),
    ("-5", "Na wodomierzu nie ma minusa. Wpisz same czarne cyfry"),
    ("1250,7", "Wpisz tylko czarne cyfry, bez czerwonych"),
    ("9" * 40, "Ten wodomierz ma 5 czarnych cyfr. Wpisz tylko je"),
    ("100000", "Ten wodomierz ma 5 czarnych cyfr. Wpisz tylko je"),
    ("14", "Stan 14 jest niższy niż ostatni, czyli 421. Przepisz stan jeszcze raz"),
]


@pytest.mark.feature("L76", "P19")
@pytest.mark.parametrize(("typed", "sentence"), BAD)
def test_bad_input_has_its_own_sentence_beside_the_field(a, world, typed, sentence):
    answer = give(a, **{M1: typed, M2: "41"})
    assert answer.status_code == 422
    assert error_at(answer, f"stan-{M1}") == sentence
    assert value_of(answer, f"stan-{M1}") == typed and value_of(answer, f"stan-{M2}") == "41"
    page = answer.get_data(as_text=True)
    assert "<title>Błąd: " in page and f'href="#f-stan-{M1}"' in page and "Popraw błędy" in page
    assert stored(world) == []


@pytest.mark.feature("L76")
def test_nothing_entered_is_said_once(a, world):
    answer = give(a, **{M1: " ", M2: ""})
    assert answer.status_code == 422
    assert error_at(answer, f"stan-{M1}") == "Wpisz stan choć jednego wodomierza"
    assert error_at(answer, f"stan-{M2}") == "" and stored(world) == []


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("2026-11-25", "Data odczytu nie może być późniejsza niż dziś"),
        ("nigdy", "Wpisz datę na przykład tak: 24.11.2026"),
    ],
)
def test_a_bad_date_is_told_and_the_states_stay(a, day, sentence):
    answer = give(a, {"data": day}, **{M1: "430"})
    assert answer.status_code == 422 and value_of(answer, f"stan-{M1}") == "430"
    assert error_at(answer, "data") == sentence or (day == "nigdy" and error_at(answer, "data"))


def test_a_date_that_is_billed_already_is_told_at_the_meter(a):
    answer = give(a, {"data": "2026-08-31"}, **{M1: "430"})
    assert error_at(answer, f"stan-{M1}") == "Odczyt z 31 sierpnia jest już rozliczony. Podaj późniejszą datę"


@pytest.mark.feature("L76", "P19")
def test_a_high_reading_is_asked_about_and_confirmed(a, world):
    answer = give(a, **{M1: "450"})
    text = text_of(answer)
    assert answer.status_code == 422
    assert "Wychodzi 29 m³ – ponad 3 razy więcej niż zwykle" in text
    assert "Tak, na wodomierzu jest 450" in text and "Reguła R16" in text and "Co się stało?" in text
    digest = re.search(rf'name="stan-{M1}-ok" value="([0-9a-f]+)"', answer.get_data(as_text=True))[1]
    changed = give(a, {f"stan-{M1}-ok": digest}, **{M1: "451"})
    assert changed.status_code == 422 and "Tak, na wodomierzu jest 451" in text_of(changed)
    sent = give(a, {f"stan-{M1}-ok": digest, f"powod-{M1}": "leak", f"uwagi-{M1}": "spłuczka"}, **{M1: "450"})
    assert sent.status_code == 303
    with world.database.snapshot() as session:
        row = session.execute(sa.select(Reading.confirmed_warnings, Reading.explanation, Reading.note)).one()
    assert tuple(row) == ("high", "leak", "spłuczka")


@pytest.mark.feature("P19")
def test_a_very_high_reading_needs_a_reason_too(a):
    answer = give(a, **{M1: "700"})
    digest = re.search(rf'name="stan-{M1}-ok" value="([0-9a-f]+)"', answer.get_data(as_text=True))[1]
    without = give(a, {f"stan-{M1}-ok": digest}, **{M1: "700"})
    assert without.status_code == 422 and error_at(without, f"powod-{M1}") == "Wybierz, co się stało"
    assert give(a, {f"stan-{M1}-ok": digest, f"powod-{M1}": "pool"}, **{M1: "700"}).status_code == 303


@pytest.mark.feature("L76")
def test_lower_than_last_has_a_way_out(a):
    text = text_of(give(a, **{M2: "14"}))
    assert "Stan 14 jest niższy niż ostatni, czyli 40. Przepisz stan jeszcze raz" in text
    assert "Wodomierz naprawdę pokazuje mniej? Zgłoś problem z wodomierzem" in text


@pytest.mark.promise
def test_R03_R04_the_same_form_twice_leads_to_the_same_page(a, world):
    page = a.get("/odczyty/").get_data(as_text=True)
    hidden = {n: re.search(rf'name="{n}" value="([^"]*)"', page)[1] for n in ("csrf_token", "form_token")}
    sent = {**hidden, "data": TODAY, f"stan-{M1}": "430"}
    first, again = a.post("/odczyty/", data=sent), a.post("/odczyty/", data=sent)
    assert first.status_code == again.status_code == 303
    assert first.headers["Location"] == again.headers["Location"]
    assert len(stored(world)) == 1


@pytest.mark.parametrize("extra", ["status", "account_id", "stan-L-1001-M1-x", "customer_code"])
def test_S06_undeclared_fields_are_refused(a, world, extra):
    assert give(a, {extra: "1"}, **{M1: "430"}).status_code in (400, 404)
    assert stored(world) == []


def test_S05_another_s_meter_is_as_missing_as_one_that_does_not_exist(a, world):
    foreign = meter_of(world, "1-01002")
    answers = [give(a, **{M1: "430", key: "999"}) for key in (foreign, "L-0-NONE")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert stored(world) == []
    for query in (f"licznik={foreign}", "licznik=L-0-NONE", "punkt=403-1002-0", "punkt=x"):
        assert a.get(f"/odczyty/?{query}").status_code == 404


@pytest.mark.feature("L70")
def test_a_group_shows_its_meters_only(a):
    page = a.get("/odczyty/?grupa=Ogród").get_data(as_text=True)
    assert f"stan-{M2}" in page and f"stan-{M1}" not in page
    only = a.get(f"/odczyty/?licznik={M1}").get_data(as_text=True)
    assert f"stan-{M1}" in only and f"stan-{M2}" not in only


@pytest.mark.feature("L70")
def test_the_customer_names_groups(a, world):
    assert a.get("/odczyty/grupy").status_code == 200
    sent = a.submit("/odczyty/grupy", {f"grupa-{M1}": "Mieszkanie", f"grupa-{M2}": "", f"grupa-{M3}": ""})
    assert sent.status_code == 303
    text = text_of(a.get("/odczyty/"))
    assert "Mieszkanie" in text and "Ogród" in text
    assert f"stan-{M2}" not in a.get("/odczyty/?grupa=Mieszkanie").get_data(as_text=True)
    too_long = a.submit("/odczyty/grupy", {f"grupa-{M1}": "x" * 61})
    assert too_long.status_code == 422 and value_of(too_long, f"grupa-{M1}") == "x" * 61
    assert a.submit("/odczyty/grupy", {"grupa-L-0-NONE": "x"}).status_code == 400
    a.submit("/odczyty/grupy", {f"grupa-{M1}": ""})
    assert "Mieszkanie" not in text_of(a.get("/odczyty/"))


def test_a_cooperative_gives_states_page_by_page(world, signed_in, statements):
    c = signed_in("C")
    with statements() as seen:
        answer = c.get("/odczyty/")
    assert "Strona 1 z 15. Każdą stronę wysyłasz osobno." in text_of(answer)
    assert answer.get_data(as_text=True).count('class="eb-card__head"') == 20
    last = text_of(c.get("/odczyty/?strona=99"))
    assert "Strona 15 z 15" in last
    with statements() as for_a:
        signed_in("A").get("/odczyty/")
    assert abs(len(seen) - len(for_a)) <= 3, "the number of queries does not grow with the meters"


# Confirmation


def test_another_s_confirmation_does_not_exist(a, world, signed_in):
    path = give(a, **{M1: "430"}).headers["Location"]
    assert signed_in("B").get(path).status_code == 404
    assert a.get(f"/odczyty/przyjete/{uuid7()}").status_code == 404


@pytest.mark.feature("L181")
def test_the_confirmation_as_a_document(world, signed_in, a):
    """Who has no e-mail address keeps the confirmation on the screen and as PDF; from the history each its own."""
    with world.database.unit_of_work() as session:
        session.execute(sa.update(sa.table("core_account", sa.column("email"))).values(email=None))
    page = a.get(give(a, **{M1: "430", M2: "41"}).headers["Location"])
    assert "Nie mamy Twojego adresu e-mail. Pobierz potwierdzenie" in text_of(page)
    with world.database.snapshot() as session:
        of = Reading.__table__.c
        readings = session.execute(sa.select(of.id, of.reference, of.meter_number).order_by(of.reference)).all()
    path = re.search(r'href="([^"]+/potwierdzenie\.pdf)"', page.get_data(as_text=True))[1]
    answer = a.get(path)
    assert answer.mimetype == "application/pdf"
    assert f"potwierdzenie_{readings[0].reference}.pdf" in answer.headers["Content-Disposition"]
    assert pdfs.problems(answer.data) == []
    read = pdfs.read(answer.data)
    assert "Maria Zielińska" in read.text and "1-01001" in read.text
    rows = {row[0]: row for row in read.table()[1:]}
    for reading, state in zip(readings, ("430", "41"), strict=True):
        row = rows[reading.reference]
        assert reading.meter_number in row[1] and row[2] == "24.11.2026" and row[4] == state and row[6] == "Oczekujące"
    own = f"/odczyty/{readings[0].id}/potwierdzenie.pdf"
    assert f'href="{own}"' in a.get("/odczyty/historia").get_data(as_text=True)
    assert [row[0] for row in pdfs.read(a.get(own).data).table()[1:]] == [readings[0].reference]
    b = signed_in("B")
    assert b.get(path).status_code == b.get(own).status_code == 404
    assert a.get(f"/odczyty/{uuid7()}/potwierdzenie.pdf").status_code == 404


# Withdrawing


@pytest.mark.feature("P25")
def test_a_pending_reading_is_withdrawn_after_a_question(a, world):
    give(a, **{M1: "430"})
    history = a.get("/odczyty/historia?stan=oczekujace").get_data(as_text=True)
    address = html.unescape(re.search(r'href="(/odczyty/[^"]+/wycofaj)"', history)[1])
    asked = text_of(a.get(address))
    assert "Wycofaj odczyt OD-2026-11-0001" in asked and "Zostaw odczyt" in asked
    assert stored(world) == [(M1, Decimal(430), "pending")]
    sent = a.submit(address)
    assert sent.status_code == 303 and sent.headers["Location"].endswith(f"/odczyty/?licznik={M1}")
    text = text_of(a.get(sent.headers["Location"]))
    assert "Wycofaliśmy odczyt OD-2026-11-0001. Teraz możesz podać inny." in text
    assert f"stan-{M1}" in a.get(sent.headers["Location"]).get_data(as_text=True)
    assert stored(world) == [(M1, Decimal(430), "withdrawn")]
    assert "Wycofane" in text_of(a.get("/odczyty/historia"))


@pytest.mark.feature("P25")
def test_a_pending_reading_takes_the_place_of_the_field(a):
    give(a, **{M1: "430"})
    answer = a.get("/odczyty/")
    assert f"stan-{M1}" not in answer.get_data(as_text=True)
    assert "Twój odczyt 430 m³ z 24 listopada czeka na sprawdzenie. Popraw lub wycofaj" in text_of(answer)
    assert "Twój odczyt 430 m³ z 24 listopada czeka na sprawdzenie." in text_of(a.get(f"/liczniki/{M1}"))


def test_nobody_withdraws_another_s(a, world, signed_in):
    give(a, **{M1: "430"})
    with world.database.snapshot() as session:
        own = session.execute(sa.select(Reading.id)).scalar_one()
    b = signed_in("B")
    assert b.get(f"/odczyty/{own}/wycofaj").status_code == 404
    assert b.submit(f"/odczyty/{own}/wycofaj", page="/odczyty/").status_code == 404
    assert stored(world) == [(M1, Decimal(430), "pending")]


def test_what_was_taken_over_stays(a, world):
    give(a, **{M1: "430"})
    with world.database.unit_of_work() as session:
        own = session.execute(sa.select(Reading.id)).scalar_one()
        session.execute(sa.update(Reading).values(status="accepted"))
    assert "nie można już wycofać" in text_of(a.get(f"/odczyty/{own}/wycofaj"))
    sent = a.submit(f"/odczyty/{own}/wycofaj", page="/odczyty/")
    assert "Ten stan już przejęliśmy do rozliczenia" in text_of(a.get(sent.headers["Location"]))
    assert stored(world) == [(M1, Decimal(430), "accepted")]


# The core's pages


@pytest.mark.feature("L90")
def test_the_menu_has_readings(a):
    page = a.get("/odczyty/historia").get_data(as_text=True)
    menu = page[page.index('id="menu"') : page.index("</nav>", page.index('id="menu"'))]
    assert re.search(r'href="/odczyty/"[^>]*aria-current="true"[^>]*>Odczyty<', menu)
    crumbs = text_of(a.get("/odczyty/historia"))
    assert "Strona główna" in crumbs and "Odczyty" in crumbs


@pytest.mark.feature("P15")
def test_the_start_page_says_what_to_do_and_shows_the_meters(a, clock):
    text = text_of(a.get("/"))
    assert "Podaj stan 2 wodomierzy Termin: poniedziałek, 30 listopada." in text
    page = a.get("/").get_data(as_text=True)
    assert page.count('role="img" aria-label="') >= 3 and "/odczyty/?licznik=L-1001-M1" in page
    give(a, **{M1: "430", M2: "41"})
    assert "Podaj stan 2 wodomierzy" not in text_of(a.get("/"))
    clock.set_local(date(2026, 12, 3))
    assert "Termin:" not in text_of(a.get("/"))


def test_the_meter_s_page_leads_here(a):
    page = a.get(f"/liczniki/{M1}").get_data(as_text=True)
    assert f'href="/odczyty/?licznik={M1}"' in page and f'href="/odczyty/historia?licznik={M1}"' in page
    radio = a.get(f"/liczniki/{M3}").get_data(as_text=True)
    assert f'href="/odczyty/?licznik={M3}"' not in radio
