"""The ways that lean on the database, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from ebok_core.errors import NotFound, Refused
from ebok_core.identity.saml import flow, jobs, matching, rules, service, tasks
from ebok_core.identity.saml.models import ExternalIdentity, ExternalTask, SamlAssertion, SamlFlow
from ebok_core.standin import identifiers
from ebok_core.testing.people import account_id

EWA = identifiers.pesel(999_001, female=True)
NEW = {"identifier": EWA, "given": "Ewa Anna", "family": "Krupa"}
FREE = "1-02001"


def count(runtime, table):
    with runtime.database.snapshot() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table.__table__))


def test_a_new_person_and_the_same_one_again(traveller, billing):
    billing.change(FREE, pesel=EWA, name="Krupa Ewa")
    assert traveller.go(**NEW).location == "/konto/login-gov/witamy"
    assert traveller.anew().go(**NEW).location == "/"
    assert count(billing.runtime, ExternalIdentity) == 1
    billing.change(FREE, pesel=None)
    assert jobs.revise(billing.runtime)
    assert jobs.forget(billing.runtime) is None


def test_an_assertion_and_a_task_are_one(traveller, billing):
    billing.change(FREE, pesel=EWA, name="Zupełnie Inny")
    assert traveller.go("replayed_assertion", **NEW).location == "/logowanie/login-gov/wynik"
    assert traveller.anew().go("replayed_assertion", **NEW).status_code == 502
    traveller.anew().go(**NEW)
    with billing.runtime.database.snapshot() as session:
        kinds = sorted(session.scalars(sa.select(ExternalTask.__table__.c.kind)))
    assert kinds == [tasks.ALERT, tasks.NAMES]
    assert count(billing.runtime, SamlAssertion) == 2


def test_one_identity_has_one_account(configured):
    person = matching.Verified(
        issuer="int.example.pl",
        marks=matching.marks_of(configured.settings, EWA),
        is_pesel=True,
        given="Ewa",
        family="Krupa",
        level="substantial",
        authority="pz.gov.pl",
        name_id="x",
        session_index="y",
    )
    with configured.database.unit_of_work() as session:
        matching.link(session, person, account_id(configured, "A"), "test")
        matching.link(session, person, account_id(configured, "A"), "test")
    for other in ("B",):
        with configured.database.unit_of_work() as session, pytest.raises(Refused):
            matching.link(session, person, account_id(configured, other), "test")
    assert count(configured, ExternalIdentity) == 1


def test_of_two_who_take_one_answer_one_gets_it(traveller, billing):
    """S10: the handle works once, also at the same moment."""
    billing.change(FREE, pesel=EWA, name="Krupa Ewa")
    answer = traveller.come_back(traveller.sign_in_there(traveller.leave(), **NEW))
    handle, secret = answer.location.partition("k=")[2], traveller.client.get_cookie("__Host-wk").value
    ends, start = [], threading.Barrier(2)

    def take():
        start.wait()
        try:
            ends.append(service.finish(billing.runtime, handle, secret, None, lambda digest: True).kind)
        except NotFound:
            ends.append("nothing")

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(ends) == ["created", "nothing"]
    assert count(billing.runtime, ExternalIdentity) == 1


def test_of_two_answers_to_one_way_one_is_heard(traveller, billing):
    back = traveller.sign_in_there(traveller.leave(), **NEW)
    ends, start = [], threading.Barrier(2)

    def hear():
        start.wait()
        try:
            ends.append(flow.receive(billing.runtime, back["SAMLart"], back["RelayState"]).intent)
        except NotFound:
            ends.append("nothing")

    threads = [threading.Thread(target=hear) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(ends) == [rules.LOGIN, "nothing"]
    with billing.runtime.database.snapshot() as session:
        (row,) = session.execute(sa.select(SamlFlow.__table__)).all()
    assert row.state == rules.ANSWERED and row.failure is None
