"""A module that fails in a card, a slot, a row or a live hook takes nothing down with it (R35, rule 3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from ebok_core import hookimpl
from ebok_core.app import create_app_of
from ebok_core.contracts.identity import Viewer
from ebok_core.db import Database
from ebok_core.errors import DatabaseUnavailable
from ebok_core.web import Failed, guard, live
from ebok_core.web.guard import FAILURES, breaker

NOTICE = "Tej części strony nie możemy teraz pokazać: ebok_probe."
Load = Callable[..., Any]


def raises(session: Any, viewer: Any, **subject: Any) -> Any:
    raise ValueError("boom")


def exits(session: Any, viewer: Any, **subject: Any) -> Any:
    raise SystemExit(3)


def base_exception(session: Any, viewer: Any, **subject: Any) -> Any:
    raise BaseException("worse")


def generator_exit(session: Any, viewer: Any, **subject: Any) -> Any:
    raise GeneratorExit


def recursion(session: Any, viewer: Any, **subject: Any) -> Any:
    return recursion(session, viewer, **subject)


def junk_text(session: Any, viewer: Any, **subject: Any) -> Any:
    return "text"


def junk_list(session: Any, viewer: Any, **subject: Any) -> Any:
    return [1, 2]


def junk_keys(session: Any, viewer: Any, **subject: Any) -> Any:
    return {1: 2}


def missing_name(session: Any, viewer: Any, **subject: Any) -> Any:
    return {}


def bad_sql(session: Any, viewer: Any, **subject: Any) -> Any:
    session.execute(sa.text("SELECT nothing FROM nowhere"))


def closes(session: Any, viewer: Any, **subject: Any) -> Any:
    session.execute(sa.text("SELECT 1"))
    session.close()
    raise ValueError("closed")


def rolls_back(session: Any, viewer: Any, **subject: Any) -> Any:
    session.execute(sa.text("SELECT 1"))
    session.rollback()
    raise ValueError("rolled back")


def commits(session: Any, viewer: Any, **subject: Any) -> Any:
    session.execute(sa.text("SELECT 1"))
    session.commit()
    raise ValueError("committed")


def breaks_then_returns(session: Any, viewer: Any, **subject: Any) -> Any:
    try:
        session.execute(sa.text("SELECT nothing FROM nowhere"))
    except sa.exc.DBAPIError:
        pass
    return 5


MISBEHAVIOURS: list[Load] = [
    *(raises, exits, base_exception, generator_exit, recursion, junk_text, junk_list, junk_keys, missing_name),
    *(bad_sql, closes, rolls_back, commits, breaks_then_returns),
]


def works(session: Any, viewer: Any, **subject: Any) -> Any:
    return {"text": session.execute(sa.text("SELECT 7")).scalar()}


@pytest.fixture
def portal(make_runtime: Any, probe: Any, signed_in: Any, filled: Database) -> Callable[..., tuple[Flask, FlaskClient]]:
    """Build the portal with further hooks of the made-up module."""

    def build(**hooks: Any) -> tuple[Flask, FlaskClient]:
        app = create_app_of(make_runtime(modules=[probe.probe(**hooks)]))
        app.config["WTF_CSRF_ENABLED"] = False
        return app, app.test_client()

    return build


@pytest.mark.promise
@pytest.mark.parametrize("load", MISBEHAVIOURS, ids=lambda f: f.__name__)
def test_R35_a_failing_card_leaves_a_notice_and_the_page(portal: Any, probe: Any, load: Load) -> None:
    cards = [probe.card(load, key="probe.bad"), probe.card(works, key="probe.good")]
    app, client = portal(ebok_dashboard_cards=cards)
    answer = client.get("/proba/karty")
    assert answer.status_code == 200
    assert NOTICE in answer.text
    assert "<p>karta: 7</p>" in answer.text, "the next card reads on in the same snapshot"
    assert "Maria Zielińska" in answer.text, "and so does the frame"
    assert list(app.extensions["ebok_breaker"].failures) == ["ebok_probe"]


@pytest.mark.promise
@pytest.mark.parametrize("load", [raises, exits, junk_text, bad_sql, missing_name], ids=lambda f: f.__name__)
def test_R35_a_failing_slot_leaves_a_notice_and_the_list(portal: Any, probe: Any, load: Load) -> None:
    _app, client = portal(ebok_slot_fragments=[probe.fragment(load, slot="probe.below")])
    answer = client.get("/proba/")
    assert answer.status_code == 200 and NOTICE in answer.text and "45 dokumentów" in answer.text


@pytest.mark.promise
@pytest.mark.parametrize("load", [raises, exits, junk_text, bad_sql], ids=lambda f: f.__name__)
def test_R35_failing_row_actions_leave_the_rows(portal: Any, probe: Any, load: Load) -> None:
    part = probe.fragment(load, slot="probe.row_actions", template="ebok_probe/_row.html")
    _app, client = portal(ebok_slot_fragments=[part])
    answer = client.get("/proba/")
    assert answer.status_code == 200 and "Zapłać" in answer.text and "45 dokumentów" in answer.text


def test_row_actions_are_loaded_once_a_page(portal: Any, probe: Any, statements: Any) -> None:
    seen: list[int] = []

    def load(session: Any, viewer: Viewer, rows: Iterable[Any]) -> Any:
        seen.append(len(list(rows)))
        return {"texts": {row.number: f"Dodaj {row.number}" for row in rows}}

    part = probe.fragment(load, slot="probe.row_actions", template="ebok_probe/_row.html")
    _app, client = portal(ebok_slot_fragments=[part])
    page = client.get("/proba/").text
    assert seen == [20]
    assert len(re.findall(r">Dodaj R\. 2026/\d+</a>", page)) == 20


def test_a_part_without_anything_to_say_is_left_out(portal: Any, probe: Any) -> None:
    def silent(session: Any, viewer: Any, **subject: Any) -> None:
        return None

    _app, client = portal(
        ebok_dashboard_cards=[probe.card(silent)],
        ebok_slot_fragments=[probe.fragment(silent, slot="probe.below")],
    )
    page = client.get("/proba/karty").text
    assert "eb-notice" not in page and "karta" not in page
    assert "eb-notice" not in client.get("/proba/").text


def test_a_part_gets_what_the_page_passes(portal: Any, probe: Any) -> None:
    def load(session: Any, viewer: Viewer, number: str) -> Any:
        return {"text": f"{viewer.display_name} i {number}"}

    _app, client = portal(ebok_slot_fragments=[probe.fragment(load, slot="probe.below")])
    assert "karta: Maria Zielińska i R. 2026/000001" in client.get("/proba/").text


def test_a_part_is_only_for_who_may(portal: Any, probe: Any) -> None:
    from dataclasses import replace

    part = replace(probe.fragment(works, slot="probe.below"), permission=probe.EXTRA)
    card = replace(probe.card(works), permission=probe.EXTRA)
    _app, client = portal(ebok_slot_fragments=[part], ebok_dashboard_cards=[card])
    assert "karta: 7" not in client.get("/proba/").text
    assert "karta: 7" not in client.get("/proba/karty").text


@pytest.mark.promise
def test_R35_the_fifth_failure_switches_the_module_off(portal: Any, probe: Any, clock: Any) -> None:
    calls: list[int] = []

    def load(session: Any, viewer: Any) -> Any:
        calls.append(1)
        raise ValueError("boom")

    app, client = portal(ebok_dashboard_cards=[probe.card(load)])
    for _ in range(FAILURES):
        assert NOTICE in client.get("/proba/karty").text
    page = client.get("/proba/karty")
    assert page.status_code == 200 and NOTICE not in page.text
    assert len(calls) == FAILURES
    assert app.extensions["ebok_breaker"].off == {"ebok_probe": "probe.card"}
    assert client.get("/proba/").status_code == 200, "its pages stay: only what hangs in other pages is off"


@pytest.mark.promise
def test_R35_failures_far_apart_are_forgiven(portal: Any, probe: Any, clock: Any) -> None:
    from datetime import timedelta

    app, client = portal(ebok_dashboard_cards=[probe.card(raises)])
    for _ in range(FAILURES * 2):
        client.get("/proba/karty")
        clock.advance(timedelta(minutes=3))
    assert app.extensions["ebok_breaker"].off == {}


@pytest.mark.promise
def test_R35_a_slow_call_is_shown_and_counted(portal: Any, probe: Any, clock: Any) -> None:
    from datetime import timedelta

    def slow(session: Any, viewer: Any) -> Any:
        clock.advance(timedelta(seconds=3))
        return {"text": "powoli"}

    app, client = portal(ebok_dashboard_cards=[probe.card(slow)])
    for _ in range(FAILURES):
        assert "karta: powoli" in client.get("/proba/karty").text
    assert "ebok_probe" in app.extensions["ebok_breaker"].off


def test_the_core_is_never_switched_off(app: Flask) -> None:
    with app.app_context():
        for _ in range(FAILURES * 2):
            breaker().failed("ebok_core", "core.card")
        assert not breaker().is_off("ebok_core")


def test_a_database_that_is_away_is_no_module_s_failure(portal: Any, probe: Any) -> None:
    def away(session: Any, viewer: Any) -> Any:
        raise DatabaseUnavailable("away")

    app, client = portal(ebok_dashboard_cards=[probe.card(away)])
    assert client.get("/proba/karty").status_code == 503
    assert not app.extensions["ebok_breaker"].failures


def test_the_interpreter_s_stop_signal_passes(app: Flask, signed_in: Any) -> None:
    with app.test_request_context(), pytest.raises(KeyboardInterrupt):

        def stop(session: Any) -> Any:
            raise KeyboardInterrupt

        guard.guarded("ebok_probe", "x", stop)


@pytest.mark.promise
@pytest.mark.parametrize(
    ("answer", "expected"),
    [([1, 2], [1, 2]), ((1,), [1]), (None, []), ("text", Failed), ({"a": 1}, Failed), (5, Failed)],
    ids=repr,
)
def test_R35_a_live_hook_gives_lists_or_a_failure(portal: Any, answer: Any, expected: Any) -> None:
    def ebok_pending_entries(viewer: Any, session: Any) -> Any:
        assert session.execute(sa.text("SELECT 1")).scalar() == 1
        return answer

    app, _client = portal(ebok_pending_entries=ebok_pending_entries)
    with app.test_request_context():
        found = dict(live("ebok_pending_entries", viewer=None))
    if expected is Failed:
        assert isinstance(found["ebok_probe"], Failed)
    else:
        assert found["ebok_probe"] == expected


def test_live_hooks_may_take_fewer_arguments(portal: Any) -> None:
    def ebok_work_items(viewer: Any) -> Any:
        return [viewer]

    app, _client = portal(ebok_work_items=hookimpl(ebok_work_items))
    with app.test_request_context():
        assert dict(live("ebok_work_items", viewer="Ewa"))["ebok_probe"] == ["Ewa"]
