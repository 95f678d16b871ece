"""A member of staff sees what a customer sees: with a reason, marked, read-only, and nothing counts as read."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from ebok_core.audit.models import AuditEvent
from ebok_core.identity.models import CustomerAccess, SignInSession
from ebok_core.privacy.models import Sight
from ebok_core.tytan import copy

CODE = "1-01001"
START = f"/panel/klienci/{CODE}/podglad"
BANNER = "Podgląd: tak widzi portal klient 1-01001."


def begin(browser, code=CODE, reason="Klient dzwoni w sprawie rachunku"):
    return browser.submit(f"/panel/klienci/{code}/podglad", {"reason": reason})


def audited(runtime, action):
    columns = sa.select(AuditEvent.object_id, AuditEvent.reason, AuditEvent.actor)
    with runtime.database.snapshot() as session:
        return session.execute(columns.where(AuditEvent.action == action)).all()


def looked_at(runtime):
    statement = sa.select(SignInSession.customer_code).where(SignInSession.customer_code.is_not(None))
    with runtime.database.snapshot() as session:
        return session.scalars(statement).all()


@pytest.mark.feature("L154", "P78")
def test_a_clerk_sees_what_the_customer_sees_on_pages_marked_as_a_preview(signed_in, runtime):
    clerk = signed_in("clerk")
    assert clerk.get("/").status_code == 404
    answer = begin(clerk)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    for address in ("/", "/dane", "/punkty", "/liczniki", "/pomoc", "/kontakt"):
        page = clerk.get(address).get_data(as_text=True)
        assert BANNER in page, address
    assert "(1-01001)" in clerk.get("/").get_data(as_text=True)
    assert [(e.object_id, e.reason) for e in audited(runtime, "core.preview.started")] == [
        (CODE, "Klient dzwoni w sprawie rachunku")
    ]
    with runtime.database.snapshot() as session:
        sights = session.execute(sa.select(Sight.customer_code, Sight.viewer_kind, Sight.what)).all()
    assert (CODE, "staff", "preview") in [tuple(sight) for sight in sights]


def test_the_preview_ends_by_its_button(signed_in, runtime):
    clerk = signed_in("clerk")
    begin(clerk)
    assert looked_at(runtime) == [CODE]
    answer = clerk.submit("/panel/podglad/koniec", page="/")
    assert answer.headers["Location"] == f"/panel/klienci/{CODE}"
    assert "Podgląd jest zakończony." in clerk.get(answer.headers["Location"]).get_data(as_text=True)
    assert clerk.get("/").status_code == 404
    assert looked_at(runtime) == [] and len(audited(runtime, "core.preview.ended")) == 1


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
def test_without_a_reason_nothing_is_seen(signed_in, runtime, reason):
    clerk = signed_in("clerk")
    assert begin(clerk, reason=reason).status_code == 422
    assert clerk.get("/").status_code == 404 and looked_at(runtime) == []


def test_it_is_a_state_of_this_session_alone(signed_in):
    first, second = signed_in("clerk"), signed_in("clerk")
    begin(first)
    assert first.get("/").status_code == 200
    assert second.get("/").status_code == 404


@pytest.mark.feature("P78")
def test_nothing_can_be_changed(signed_in, app):
    clerk = signed_in("clerk")
    begin(clerk)
    app.config["WTF_CSRF_ENABLED"] = False
    adapter = app.url_map.bind("localhost")
    tried = 0
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("customer.") or "POST" not in rule.methods:
            continue
        address = adapter.build(rule.endpoint, dict.fromkeys(rule.arguments, "1"), method="POST")
        answer = clerk.post(address)
        assert answer.status_code == 403, f"{rule}: {answer.status}"
        assert "niczego nie wysłano ani nie zmieniono" in answer.get_data(as_text=True)
        tried += 1
    assert tried >= 2


def test_forms_of_the_public_pages_are_refused_too_but_the_clerk_s_own_acts_work(signed_in):
    clerk = signed_in("clerk")
    begin(clerk)
    assert clerk.submit("/rejestracja", page="/kontakt").status_code == 403
    assert clerk.submit("/wyglad", {"tekst": "2"}, page="/wyglad").status_code == 303
    assert clerk.submit("/sesja", page="/").status_code == 204
    assert clerk.submit("/wyloguj", page="/").status_code == 303
    assert clerk.get("/").status_code in (302, 404)


def test_a_unit_of_work_behind_a_get_is_refused(app, signed_in):
    from flask import g

    from ebok_core.errors import NotAllowed
    from ebok_core.web import after_answer, unit_of_work

    noted = []
    with app.test_request_context("/"):
        g.ebok_preview = object()
        with pytest.raises(NotAllowed), unit_of_work():
            pass
        after_answer(lambda: noted.append(1))
    assert noted == []


def test_a_person_s_own_account_stays_closed(signed_in):
    clerk = signed_in("clerk")
    begin(clerk)
    for address in ("/konto", "/konto/haslo", "/konto/sesje"):
        answer = clerk.get(address)
        assert answer.status_code == 403, address
        assert "widzi tylko ich właściciel" in answer.get_data(as_text=True)


def test_a_customer_without_an_account_can_be_looked_at(signed_in, runtime):
    clerk = signed_in("clerk")
    with runtime.database.snapshot() as session:
        taken = sa.select(CustomerAccess.customer_code)
        lonely = session.scalars(sa.select(copy.customers.c.code).where(copy.customers.c.code.not_in(taken))).first()
    assert begin(clerk, code=lonely).status_code == 303
    assert clerk.get("/").status_code == 200 and clerk.get("/dane").status_code == 200


def test_nobody_looks_at_what_does_not_exist(signed_in):
    assert signed_in("clerk").get("/panel/klienci/9-99999/podglad").status_code == 404


def test_a_right_that_is_taken_ends_the_preview(signed_in, runtime, app):
    from ebok_core.identity import accounts
    from ebok_core.testing import people

    clerk = signed_in("clerk")
    begin(clerk)
    with runtime.database.unit_of_work() as session:
        accounts.set_roles(session, people.account_id(runtime, "clerk"), ["editor"])
    assert clerk.get("/").status_code == 404


def test_who_may_not_preview_is_not_offered_it(signed_in, runtime):
    from ebok_core.identity import accounts
    from ebok_core.testing import people

    with runtime.database.unit_of_work() as session:
        accounts.set_roles(session, people.account_id(runtime, "clerk"), ["accountant"])
    accountant = signed_in("clerk")
    page = accountant.get(f"/panel/klienci/{CODE}").get_data(as_text=True)
    assert "Podgląd jako klient" not in page and accountant.get(START).status_code == 403


def test_a_customer_s_session_is_never_a_preview(signed_in):
    page = signed_in("A").get("/").get_data(as_text=True)
    assert not re.search("eb-banner--preview", page)


def test_the_panel_says_that_a_preview_is_open(signed_in):
    clerk = signed_in("clerk")
    begin(clerk)
    page = clerk.get("/panel/").get_data(as_text=True)
    assert "Otwarty jest podgląd klienta 1-01001." in page and "Zakończ podgląd" in page
