"""The page "Sprawdzenie procesów w tle" (L157): one sentence first, then processes, workers, what waits."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ebok_core.audit.models import AuditEvent
from ebok_core.db import uuid7
from ebok_core.identity.models import SignInSession
from ebok_core.jobs import heartbeats, rules, worker
from ebok_core.jobs.models import JobRun
from ebok_core.outbox.models import Breaker

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

PAGE = "/panel/procesy"


@pytest.fixture
def admin(signed_in):
    return signed_in("admin")


def beat(runtime, clock, name="worker-1"):
    with runtime.database.unit_of_work() as session:
        heartbeats.beat(session, name, clock.now_utc())


def text_of(browser, address=PAGE):
    answer = browser.get(address)
    assert answer.status_code == 200, answer.status
    page = re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True).partition("<main")[2].partition("</main>")[0])
    return " ".join(page.replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.fixture
def well(runtime, clock):
    """Every process has run at its time, a moment ago, and a worker lives."""
    now = clock.now_utc()
    with runtime.database.unit_of_work() as session:
        for job in runtime.portal.of("ebok_jobs"):
            ran = {"state": "done", "tries": 1, "started_at": now, "finished_at": now, "result": f"{job.key}: gotowe"}
            at = rules.latest_due(job.schedule, now)
            session.add(JobRun(id=uuid7(), job_key=job.key, planned_for=at, **ran))
    beat(runtime, clock)
    return runtime


def perform_due(runtime, work):
    """Run what is due of the module's own jobs."""
    process = worker.Worker(runtime)
    process.jobs = tuple(work.jobs)
    return sum(process.run_job(run_id) for run_id in process.due_runs())


@pytest.mark.feature("L157")
def test_the_page_lists_processes_with_last_run_result_and_next_run_and_what_waits(well, admin):
    page = text_of(admin)
    assert "Wszystko działa" in page
    row = page[page.index("Often ") :][:120]
    assert "2026-11-24 09:00" in row and "wykonany" in row and "work.often: gotowe" in row and "2026-11-24 09:05" in row
    for name in ("Odświeżanie kopii danych TYTAN", "Pilnowanie dziennika zdarzeń", "Szukanie komunikatów"):
        assert name in page
    assert "Zadania wysyłki w kolejce" in page and "TYTAN" in page and "E-mail" in page and "SMS" in page


def test_a_stopped_worker_is_seen_within_a_minute(well, admin, clock):
    clock.advance(seconds=40)
    assert "Nie działa żaden proces roboczy" not in text_of(admin)
    clock.advance(seconds=20)
    page = text_of(admin)
    assert "Nie działa żaden proces roboczy" in page and "Od 2026-11-24 09:00." in page
    assert "zatrzymany" in page


def test_of_two_workers_the_silent_one_is_named_and_the_other_goes_on(well, admin, clock):
    clock.advance(minutes=1)
    beat(well, clock, "worker-2")
    page = text_of(admin)
    assert "się zatrzymał, inne wykonują jego pracę" in page and "Nie działa żaden" not in page


def test_a_process_that_fails_is_told_first_with_when_it_last_went_well(well, admin, work, clock, failing):
    clock.advance(minutes=5)
    work.during = lambda key: failing
    perform_due(well, work)
    beat(well, clock)
    page = text_of(admin)
    assert "Proces „Often” kończy się błędem. Od 2026-11-24 09:00." in page
    assert page.index("kończy się błędem") < page.index("TYTAN nie odpowiada")
    assert page.index("sprawa wymaga uwagi") < page.index("kończy się błędem")


def test_a_process_that_nobody_begins_is_late(well, signed_in, clock):
    clock.advance(minutes=16)
    beat(well, clock)
    page = text_of(signed_in("admin"))
    assert "Proces „Often” się spóźnia. Od 2026-11-24 09:00." in page
    assert "spóźniony" in page


def test_a_running_process_shows_how_long_and_how_long_it_took_last(well, admin, work, clock):
    seen = []
    clock.advance(minutes=5)

    def look(key):
        clock.advance(seconds=42)
        beat(well, clock)
        seen.append(text_of(admin))

    work.during = look
    perform_due(well, work)
    assert "trwa od 42 s, ostatnio zajął poniżej 1 s" in seen[0]


def test_a_far_side_that_does_not_answer_is_told_with_its_time(well, admin, clock):
    with well.database.unit_of_work() as session:
        now = clock.now_utc()
        session.add(Breaker(target="tytan", failures=7, opened_at=now - timedelta(hours=1), probe_at=now))
    page = text_of(admin)
    assert "TYTAN: brak odpowiedzi. Komunikaty czekają i zostaną wysłane same. Od 2026-11-24 08:00." in page
    assert "nie odpowiada" in page


def test_the_processes_as_files(well, admin):
    csv = admin.get(f"{PAGE}?format=csv")
    lines = csv.get_data(as_text=True).splitlines()
    assert csv.mimetype == "text/csv" and lines[0].endswith(
        "Proces;Ostatni przebieg;Wynik;Trwał;Teraz;Następny przebieg"
    )
    assert any(line.startswith("Often;2026-11-24 09:00;") and "work.often: gotowe" in line for line in lines)
    assert admin.get(f"{PAGE}?format=xlsx").data[:2] == b"PK"


def test_the_page_refreshes_itself_and_can_be_stopped(well, admin):
    page = admin.get(PAGE).get_data(as_text=True)
    assert 'hx-trigger="every 15s"' in page and 'hx-select="#procesy"' in page
    assert "http-equiv" not in page, "a page that reloads whole takes the focus away (WCAG 2.2.1)"
    assert "Odśwież teraz" in page
    assert "hx-trigger" not in admin.get(f"{PAGE}?odswiezanie=nie").get_data(as_text=True)


def test_a_refresh_by_the_page_itself_does_not_keep_the_session_alive(well, admin, clock):
    def touched():
        with well.database.snapshot() as session:
            return session.scalar(sa.select(sa.func.max(SignInSession.last_activity_at)))

    before = touched()
    clock.advance(minutes=2)
    assert admin.get(PAGE, headers={"HX-Request": "true"}).status_code == 200
    assert touched() == before
    admin.get(PAGE)
    assert touched() > before


# Uruchom teraz


def events(runtime, action):
    with runtime.database.snapshot() as session:
        return session.execute(sa.select(AuditEvent.object_id).where(AuditEvent.action == action)).scalars().all()


def test_run_now_plans_a_run_that_the_worker_takes_and_that_the_trail_names(well, admin, work, clock):
    clock.advance(minutes=1)
    before = work.ran.count("nightly")
    answer = admin.submit(f"{PAGE}/work.nightly/uruchom", page=f"{PAGE}/work.nightly")
    assert answer.status_code == 303
    assert "Proces ruszy w ciągu kilku sekund" in text_of(admin, f"{PAGE}/work.nightly")
    perform_due(well, work)
    assert work.ran.count("nightly") == before + 1
    page = text_of(admin, f"{PAGE}/work.nightly")
    assert "nightly: gotowe" in page and "2026-11-24 09:01" in page
    assert events(well, "core.job.started") == ["work.nightly"]


def test_a_second_run_is_not_planned_while_one_waits(well, admin, clock):
    clock.advance(minutes=1)
    for _ in range(2):
        admin.submit(f"{PAGE}/work.nightly/uruchom", page=f"{PAGE}/work.nightly")
    with well.database.snapshot() as session:
        waiting = sa.select(sa.func.count()).where(JobRun.job_key == "work.nightly", JobRun.state == "planned")
        assert session.scalar(waiting) == 1
    assert "Ten proces już trwa albo czeka" in text_of(admin, f"{PAGE}/work.nightly")
    assert events(well, "core.job.started") == ["work.nightly"]


def test_the_night_s_own_run_comes_although_somebody_started_one_by_hand(well, admin, work, clock):
    clock.advance(minutes=1)
    admin.submit(f"{PAGE}/work.nightly/uruchom", page=f"{PAGE}/work.nightly")
    perform_due(well, work)
    before = work.ran.count("nightly")
    clock.advance(hours=20)
    perform_due(well, work)
    assert work.ran.count("nightly") == before + 1


def test_a_clerk_sees_the_page_and_may_not_start_anything(well, signed_in):
    clerk = signed_in("clerk")
    assert "Wszystko działa" in text_of(clerk)
    assert "Uruchom teraz" not in text_of(clerk, f"{PAGE}/work.nightly")
    assert clerk.submit(f"{PAGE}/work.nightly/uruchom", page="/panel/konto/haslo").status_code == 403
    assert clerk.get(f"{PAGE}/nie.ma").status_code == 404


# Errors of pages


def test_an_error_is_found_by_the_number_that_the_person_was_shown(app, well, signed_in, clock):
    def fails(**_named):
        raise ZeroDivisionError("1-01001 Anna")

    app.view_functions["customer.core.point"] = fails
    shown = signed_in("A").get("/punkty/PP-1").get_data(as_text=True)
    number = re.search(r"[2-9B-Z]{4}-[2-9B-Z]{4}", shown.partition("Kod dla pomocy")[2])
    if number is None:
        pytest.fail(shown[-2000:])
    found = text_of(signed_in("clerk"), f"{PAGE}/bledy?szukaj={number[0]}")
    assert number[0] in found and "ZeroDivisionError" in found and "strony klientów" in found
    assert "PP-1" not in found and "Anna" not in found, "nothing of the person is kept"
    assert "1 błąd" in found
