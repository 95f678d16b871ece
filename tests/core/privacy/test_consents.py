"""Consents: given and withdrawn with one click, the history with the text as it was (identity.md §10.3)."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ebok_core import runtime_settings
from ebok_core.errors import NotFound, Refused
from ebok_core.privacy.consents import service
from ebok_core.privacy.models import ConsentEvent
from ebok_core.privacy.settings import ConsentsConfig, ConsentsConfigSchema

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def give(runtime, viewer, code="email", version=1):
    with runtime.database.unit_of_work() as session:
        service.give(session, viewer, code, version)


def withdraw(runtime, viewer, code="email"):
    with runtime.database.unit_of_work() as session:
        service.withdraw(session, viewer, code)


def stands(runtime, viewer, code="email"):
    with runtime.database.snapshot() as session:
        return service.stands(session, viewer.account_id, code)


def test_nothing_is_given_at_first(filled_copy, viewer_a):
    with filled_copy.database.snapshot() as session:
        standings = service.standings(session, service.history(session, viewer_a.account_id))
    assert [(s.type.code, s.is_given) for s in standings] == [("email", False), ("sms", False)]


def test_the_last_event_says_how_it_stands(filled_copy, viewer_a, viewer_b):
    for act, expected in ((give, True), (give, True), (withdraw, False), (withdraw, False), (give, True)):
        act(filled_copy, viewer_a)
        assert stands(filled_copy, viewer_a) is expected
    assert not stands(filled_copy, viewer_b) and not stands(filled_copy, viewer_a, "sms")
    with filled_copy.database.snapshot() as session:
        events = service.history(session, viewer_a.account_id)
    assert [event.kind for event in events] == ["given", "withdrawn", "given"], "what changes nothing leaves no event"


def test_the_history_keeps_the_text_as_it_was(filled_copy, viewer_a, publish):
    give(filled_copy, viewer_a)
    publish("consent_email", "Zgadzam się na listy raz w roku.")
    with filled_copy.database.snapshot() as session:
        events = service.history(session, viewer_a.account_id)
        [email, _sms] = service.standings(session, events)
    assert "oszczędzaniu wody" in events[0].text and events[0].version == 1
    assert email.text == events[0].text, "what was agreed to is shown, not what is asked for now"
    publish("consent_email", "Zgadzam się na listy dwa razy w roku.")
    withdraw(filled_copy, viewer_a)
    with pytest.raises(Refused) as refused:
        give(filled_copy, viewer_a, version=1)
    assert refused.value.code == "meanwhile"


def test_what_is_not_offered_is_not_given_but_can_be_withdrawn(filled_copy, viewer_a):
    give(filled_copy, viewer_a)
    with filled_copy.database.unit_of_work() as session:
        runtime_settings.save(session, ConsentsConfigSchema, ConsentsConfig(email=False, sms=False), keys=())
    with pytest.raises(NotFound):
        give(filled_copy, viewer_a, "sms")
    with pytest.raises(NotFound):
        give(filled_copy, viewer_a, "fax")
    with filled_copy.database.snapshot() as session:
        [email] = service.standings(session, service.history(session, viewer_a.account_id))
    assert email.is_given and not email.is_offered
    withdraw(filled_copy, viewer_a)
    with filled_copy.database.snapshot() as session:
        assert service.standings(session, service.history(session, viewer_a.account_id)) == []


@SQLITE
def test_withdrawing_is_as_easy_as_giving(signed_in, read, filled_copy):
    browser = signed_in("A")
    page = browser.get("/konto/zgody")
    assert page.text.count("Udziel zgody") == 2 and "checked" not in page.text
    given = browser.submit("/konto/zgody", {"consent": "email", "decision": "given", "version": "1"})
    assert given.status_code == 303
    page = browser.get("/konto/zgody")
    assert "Zgoda jest udzielona." in read(page) and page.text.count("Wycofaj zgodę") == 1
    browser.submit("/konto/zgody", {"consent": "email", "decision": "withdrawn"})
    page = read(browser.get("/konto/zgody"))
    assert "Zgoda jest wycofana." in page and page.count("Informacje e-mailem, ") == 2
    with filled_copy.database.snapshot() as session:
        assert session.scalars(sa.select(ConsentEvent.kind).order_by(ConsentEvent.id)).all() == ["given", "withdrawn"]


@SQLITE
def test_a_text_that_changed_meanwhile_is_read_again(signed_in, read, publish):
    browser = signed_in("A")
    browser.get("/konto/zgody")
    publish("consent_email", "Nowa treść zgody.")
    publish("consent_email", "Jeszcze nowsza treść zgody.")
    browser.submit("/konto/zgody", {"consent": "email", "decision": "given", "version": "1"})
    page = read(browser.get("/konto/zgody"))
    assert "Treść zgody właśnie się zmieniła" in page and "Zgoda jest udzielona." not in page


@SQLITE
@pytest.mark.parametrize(
    "fields", [{"consent": "fax", "decision": "given"}, {"consent": "fax", "decision": "withdrawn"}]
)
def test_an_unknown_consent_is_not_found(signed_in, fields):
    assert signed_in("A").submit("/konto/zgody", fields).status_code == 404
