"""Deleting an account: the wish, undoing it, the office's order, and what is left afterwards (identity.md §10.6)."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ebok_core import audit, outbox
from ebok_core import clock as clocks
from ebok_core.errors import NotFound, Refused
from ebok_core.identity import service as identity
from ebok_core.identity.access import grants
from ebok_core.identity.models import Account, CustomerAccess
from ebok_core.outbox.models import Message
from ebok_core.privacy import duties, jobs
from ebok_core.privacy.consents import service as consents
from ebok_core.privacy.deletion import rules, service
from ebok_core.privacy.documents import service as documents
from ebok_core.privacy.models import AccountDeletion, ConsentEvent, DocumentAcceptance
from ebok_core.testing import people

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def ask(runtime, viewer):
    with runtime.database.unit_of_work() as session:
        return service.ask(session, viewer)


def order(runtime, admin, viewer, reason=rules.WISH):
    with runtime.database.unit_of_work() as session:
        return service.order(session, admin, viewer.account_id, reason)


def close_mails(runtime):
    """What the mail server took is closed."""
    with runtime.database.unit_of_work() as session:
        session.execute(
            sa.update(Message)
            .where(Message.target == "mail", Message.open)
            .values(state="delivered", open=False, blocking=False),
            execution_options={"synchronize_session": False},
        )


def account(runtime, viewer):
    with runtime.database.snapshot() as session:
        return session.execute(sa.select(Account.__table__).where(Account.id == viewer.account_id)).first()


def waiting(runtime, viewer):
    with runtime.database.snapshot() as session:
        return service.waiting_of(session, viewer.account_id)


def link_in_mail(runtime):
    with runtime.database.snapshot() as session:
        payloads = session.scalars(sa.select(Message.payload).where(Message.target == "mail")).all()
    texts = [json.loads(p)["text"] for p in payloads if p]
    return next(m.group(1) for t in texts if (m := re.search(r"(/usuniecie-konta/[\w-]+)", t)))


# The wish


def test_the_wish_suspends_at_once_and_is_due_in_fourteen_days(filled_copy, viewer_a):
    due = ask(filled_copy, viewer_a)
    assert due == clocks.now_utc() + timedelta(days=14)
    assert account(filled_copy, viewer_a).status == "suspended"
    with filled_copy.database.snapshot() as session:
        open_sessions = sa.text("SELECT count(*) FROM core_session WHERE ended_at IS NULL AND account_id = :id")
        assert session.execute(open_sessions, {"id": viewer_a.account_id}).scalar() == 0
        assert duties.duty_of(session, viewer_a.account_id) == duties.DELETION
    with pytest.raises(Refused):
        ask(filled_copy, viewer_a)


def test_a_delegate_loses_the_access_at_once_and_gets_it_back_when_it_is_undone(filled_copy, viewer_a, viewer_b):
    with filled_copy.database.unit_of_work() as session:
        grants.grant_access(
            session, viewer_b.account_id, viewer_a.customer_code, source="delegation", granted_by=viewer_a.account_id
        )
    assert viewer_a.customer_code in people.viewer(filled_copy, "B").customer_codes
    ask(filled_copy, viewer_a)
    assert viewer_a.customer_code not in people.viewer(filled_copy, "B").customer_codes
    with filled_copy.database.unit_of_work() as session:
        service.undo(session, service.waiting_of(session, viewer_a.account_id), actor=viewer_a)
    assert viewer_a.customer_code in people.viewer(filled_copy, "B").customer_codes
    assert account(filled_copy, viewer_a).status == "normal"


def test_before_its_day_nothing_is_erased(filled_copy, viewer_a, clock):
    ask(filled_copy, viewer_a)
    close_mails(filled_copy)
    clock.advance(timedelta(days=14, seconds=-1))
    assert jobs.erase_accounts(filled_copy) is None
    assert account(filled_copy, viewer_a) is not None
    clock.advance(timedelta(seconds=1))
    jobs.erase_accounts(filled_copy)
    assert account(filled_copy, viewer_a) is None and waiting(filled_copy, viewer_a) is None


def test_what_is_undone_is_never_erased(filled_copy, viewer_a, clock):
    ask(filled_copy, viewer_a)
    with filled_copy.database.unit_of_work() as session:
        service.undo(session, service.waiting_of(session, viewer_a.account_id), actor=viewer_a)
    clock.advance(days=30)
    assert jobs.erase_accounts(filled_copy) is None
    assert account(filled_copy, viewer_a).status == "normal"
    ask(filled_copy, viewer_a)  # and it may be asked for again


# The office


@pytest.mark.parametrize(
    ("reason", "days"), [(rules.WISH, 14), (rules.CONTRACT, 14), (rules.DEATH, 0), (rules.ABUSE, 0)]
)
def test_some_reasons_know_no_grace(filled_copy, viewer_of, viewer_a, reason, days):
    due = order(filled_copy, viewer_of("admin"), viewer_a, reason)
    assert due == clocks.now_utc() + timedelta(days=days)
    assert account(filled_copy, viewer_a).status == "blocked"


def test_the_mail_about_it_leaves_before_the_address_goes(filled_copy, viewer_of, viewer_a, clock):
    order(filled_copy, viewer_of("admin"), viewer_a, rules.DEATH)
    assert jobs.erase_accounts(filled_copy), "it waits"
    assert account(filled_copy, viewer_a) is not None
    close_mails(filled_copy)
    jobs.erase_accounts(filled_copy)
    assert account(filled_copy, viewer_a) is None


def test_a_mail_that_nobody_takes_for_a_day_is_given_up(filled_copy, viewer_of, viewer_a, clock):
    order(filled_copy, viewer_of("admin"), viewer_a, rules.ABUSE)
    clock.advance(timedelta(hours=24))
    jobs.erase_accounts(filled_copy)
    assert account(filled_copy, viewer_a) is None
    with filled_copy.database.snapshot() as session:
        assert session.scalars(sa.select(Message.state).where(Message.target == "mail")).all() == ["cancelled"]


def test_what_tytan_has_not_heard_yet_is_finished_first(filled_copy, viewer_of, viewer_a, clock):
    from ebok_core.identity.registration.finish import RegistrationRequested

    with filled_copy.database.unit_of_work() as session:
        message = outbox.enqueue(
            session,
            RegistrationRequested(
                customer_code=viewer_a.customer_code,
                stream_key=f"c:{viewer_a.customer_code}",
                subject_type="registration",
                subject_id="1",
                actor_ref=viewer_a.account_id,
                payload={
                    "customer_code": viewer_a.customer_code,
                    "email": viewer_a.email,
                    "verifier": "core.bill",
                    "confirmed_at": "2026-11-24T08:00:00+00:00",
                },
            ),
        )
    order(filled_copy, viewer_of("admin"), viewer_a, rules.DEATH)
    clock.advance(timedelta(days=3))
    jobs.erase_accounts(filled_copy)
    assert account(filled_copy, viewer_a) is not None, "whatever waits, waits"
    with filled_copy.database.unit_of_work() as session:
        session.execute(
            sa.update(Message).where(Message.id == message).values(state="applied", open=False, blocking=False),
            execution_options={"synchronize_session": False},
        )
    jobs.erase_accounts(filled_copy)
    assert account(filled_copy, viewer_a) is None
    with filled_copy.database.snapshot() as session:
        assert session.scalar(sa.select(Message.payload).where(Message.id == message)) is None


def test_evidence_stays_under_a_random_id_and_the_trail_is_whole(filled_copy, viewer_of, viewer_a):
    with filled_copy.database.unit_of_work() as session:
        documents.accept(session, viewer_a.account_id, {"terms": 1}, way="registration")
        consents.give(session, viewer_a, "email", 1)
    order(filled_copy, viewer_of("admin"), viewer_a, rules.DEATH)
    close_mails(filled_copy)
    jobs.erase_accounts(filled_copy)
    with filled_copy.database.snapshot() as session:
        accepted = session.execute(sa.select(DocumentAcceptance.__table__)).one()
        events = session.execute(sa.select(ConsentEvent.__table__).order_by(ConsentEvent.id)).all()
        [deletion] = session.execute(sa.select(AccountDeletion.__table__)).all()
        assert audit.verify(session).fault is None
    assert accepted.subject_id == events[0].subject_id != viewer_a.account_id
    assert [event.kind for event in events] == ["given", "withdrawn"]
    assert (accepted.ip, accepted.user_agent) == (None, None) and accepted.subject_ended_at is not None
    assert (deletion.state, deletion.account_id, deletion.asked_by) == (rules.DONE, None, None)
    assert deletion.erased_rows > 0


def test_the_customer_in_billing_is_untouched_and_may_have_an_account_again(filled_copy, viewer_of, viewer_a):
    count = sa.text("SELECT count(*) FROM tytan.customers")
    with filled_copy.database.snapshot() as session:
        before = session.execute(count).scalar()
    order(filled_copy, viewer_of("admin"), viewer_a, rules.ABUSE)
    close_mails(filled_copy)
    jobs.erase_accounts(filled_copy)
    with filled_copy.database.unit_of_work() as session:
        assert session.execute(count).scalar() == before
        identity.add_account(
            session,
            kind="customer",
            login=viewer_a.login,
            email=viewer_a.email,
            display_name=viewer_a.display_name,
            customer_codes=list(viewer_a.customer_codes),
        )


def test_staff_are_not_deleted_here(filled_copy, viewer_of):
    with pytest.raises(NotFound):
        order(filled_copy, viewer_of("admin"), viewer_of("clerk"))


def test_rights_that_the_person_gave_go_with_the_person(filled_copy, viewer_of, viewer_a, viewer_b):
    with filled_copy.database.unit_of_work() as session:
        grants.grant_access(
            session, viewer_b.account_id, viewer_a.customer_code, source="delegation", granted_by=viewer_a.account_id
        )
    order(filled_copy, viewer_of("admin"), viewer_a, rules.DEATH)
    close_mails(filled_copy)
    jobs.erase_accounts(filled_copy)
    with filled_copy.database.snapshot() as session:
        rows = session.scalars(
            sa.select(CustomerAccess.customer_code).where(CustomerAccess.account_id == viewer_b.account_id)
        )
        assert set(rows) == set(viewer_b.customer_codes)


# Pages


@SQLITE
@pytest.mark.feature("P13")
def test_P13_a_customer_deletes_the_account_and_undoes_it(app, signed_in, client, read, filled_copy, viewer_a, clock):
    browser = signed_in("A")
    page = read(browser.get("/konto/usuniecie"))
    assert "Co usuwamy" in page and "Co zostaje i dlaczego" in page
    assert browser.submit("/konto/usuniecie", {}).status_code == 422, "the tick is needed"
    clock.advance(minutes=6)
    assert browser.submit("/konto/usuniecie", {"meant": "1"}).status_code == 422, "the password is needed"
    answer = browser.submit("/konto/usuniecie", {"meant": "1", "password": people.PASSWORD})
    assert (answer.status_code, answer.location) == (303, "/logowanie")
    assert "zostanie usunięte 8 grudnia 2026" in read(browser.get("/logowanie"))
    again = people.sign_in(app, "A")
    assert again.get("/konto").location.startswith("/konto/usuniecie/cofnij")
    assert again.get("/konto/moje-dane").status_code == 200, "one's own data can still be fetched"
    assert "8 grudnia 2026" in read(again.get("/konto/usuniecie/cofnij"))
    undone = again.submit("/konto/usuniecie/cofnij")
    assert (undone.status_code, undone.location) == (303, "/")
    assert again.get("/konto").status_code == 200
    assert account(filled_copy, viewer_a).status == "normal"


@SQLITE
def test_the_link_of_the_mail_undoes_it_but_only_by_a_click(client, filled_copy, viewer_a, read):
    ask(filled_copy, viewer_a)
    link = link_in_mail(filled_copy)
    moved = client.get(link)
    assert (moved.status_code, moved.location) == (303, "/usuniecie-konta")
    assert moved.headers["Referrer-Policy"] == "no-referrer"
    assert "Cofnij usunięcie" in read(client.get("/usuniecie-konta"))
    assert waiting(filled_copy, viewer_a), "a scanner of mails has undone nothing"
    assert client.submit("/usuniecie-konta").status_code == 303
    assert waiting(filled_copy, viewer_a) is None
    client.get(link)
    assert client.get("/usuniecie-konta").status_code == 410


@SQLITE
@pytest.mark.feature("L160")
def test_L160_the_administrator_deletes_an_account(app, signed_in, read, filled_copy, viewer_a, viewer_b, clock):
    admin, customer = signed_in("admin"), signed_in("A")
    assert "Usuń konto użytkownika" in read(admin.get("/panel/"))
    found = admin.get("/panel/usuniecie-konta", query_string={"szukaj": viewer_a.customer_code})
    address = f"/panel/usuniecie-konta/{viewer_a.account_id}"
    assert address in found.text and viewer_a.display_name in read(found)
    wrong = admin.submit(address, {"reason": "contract", "typed": viewer_b.customer_code})
    assert wrong.status_code == 422 and "Sprawdź, czyje konto usuwasz" in read(wrong)
    assert admin.submit(address, {"typed": viewer_a.customer_code}).status_code == 422, "a reason is needed"
    assert customer.get("/konto").status_code == 200
    done = admin.submit(address, {"reason": "contract", "typed": viewer_a.customer_code})
    assert done.status_code == 303
    assert "logowanie" in customer.get("/konto").location, "sign-in stops at once"
    entry = app.test_client().submit("/logowanie", {"login": viewer_a.login, "password": people.PASSWORD})
    assert entry.status_code == 422
    assert viewer_a.login in read(admin.get("/panel/usuniecie-konta"))
    undone = admin.submit(f"{address}/cofnij", page="/panel/usuniecie-konta")
    assert undone.status_code == 303
    assert account(filled_copy, viewer_a).status == "normal"


@SQLITE
def test_only_administrators_delete(signed_in, viewer_a):
    assert signed_in("clerk").get("/panel/usuniecie-konta").status_code == 403
    assert signed_in("clerk").get(f"/panel/usuniecie-konta/{viewer_a.account_id}").status_code == 403


@SQLITE
@pytest.mark.parametrize("typed", ["%%%", "___", "\\\\\\"])
def test_signs_of_patterns_find_nothing(signed_in, read, typed):
    page = read(signed_in("admin").get("/panel/usuniecie-konta", query_string={"szukaj": typed}))
    assert "Żadne konto klienta nie pasuje" in page
