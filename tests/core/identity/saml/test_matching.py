"""Whose account a verified person gets: the cases A to K of identity.md §5, through the hub and back."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from ebok_core.identity.models import Account, CustomerAccess
from ebok_core.identity.saml import jobs, matching, rules, tasks
from ebok_core.identity.saml.models import ExternalIdentity, ExternalTask, SamlFlow
from ebok_core.outbox.models import Message
from ebok_core.standin import identifiers
from ebok_core.testing.people import LOGINS, PASSWORD
from ebok_core.tytan import copy

from .conftest import JAN, MARIA, configure, text_of

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

# A person whom nobody knows yet, and customers of TYTAN that have no account.
EWA = identifiers.pesel(999_001, female=True)
NEW = {"identifier": EWA, "given": "Ewa Anna", "family": "Krupa"}


def rows(runtime, table, *where):
    with runtime.database.snapshot() as session:
        return session.execute(sa.select(table.__table__).where(*where)).all()


def accesses(runtime, account_id):
    c = CustomerAccess.__table__.c
    return {
        r.customer_code: (r.role, r.source)
        for r in rows(runtime, CustomerAccess, c.account_id == account_id, c.revoked_at.is_(None))
    }


@pytest.fixture
def free(configured):
    """Codes of natural persons without an account in the portal."""
    with configured.database.snapshot() as session:
        taken = set(session.scalars(sa.select(CustomerAccess.customer_code)))
        c = copy.customers.c
        statement = sa.select(c.code).where(c.nip.is_(None)).order_by(c.code)
        return [code for code in session.scalars(statement) if code not in taken][:4]


def identity(runtime):
    (found,) = rows(runtime, ExternalIdentity)
    return found


def test_B_one_customer_gets_an_account_at_once(traveller, billing, free):
    billing.change(free[0], pesel=EWA, name="Krupa Ewa")
    answer = traveller.go(**NEW)
    assert (answer.status_code, answer.location) == (303, "/konto/login-gov/witamy")
    person = identity(billing.runtime)
    assert accesses(billing.runtime, person.account_id) == {free[0]: ("owner", "wk")}
    (account,) = rows(billing.runtime, Account, Account.__table__.c.id == person.account_id)
    assert (account.display_name, account.password_hash, account.email) == ("Ewa Anna Krupa", None, None)
    page = traveller.client.get(answer.location)
    assert page.status_code == 200 and "Twoje konto działa" in text_of(page)
    asked = traveller.client.submit("/konto/login-gov/witamy", {"email": "ewa.krupa@example.pl"})
    assert asked.status_code == 303 and "ewa.krupa@example.pl" in text_of(traveller.client.get("/"))
    m = Message.__table__.c
    with billing.runtime.database.snapshot() as session:
        mails = session.scalars(sa.select(m.payload).where(m.target == "mail")).all()
    assert any("/adres-email/" in mail for mail in mails)


def test_A_the_second_time_the_same_account_is_entered(traveller, billing, free):
    billing.change(free[0], pesel=EWA, name="Krupa Ewa")
    traveller.go(**NEW)
    again = traveller.anew()
    answer = again.go(**NEW)
    assert (answer.status_code, answer.location) == (303, "/")
    assert len(rows(billing.runtime, ExternalIdentity)) == 1
    assert "login.gov.pl (pz.gov.pl)" in text_of(again.client.get("/konto/logowania"))


def test_A_customers_that_came_later_open_at_the_next_sign_in(traveller, billing, free):
    billing.change(free[0], pesel=EWA, name="Krupa Ewa")
    traveller.go(**NEW)
    billing.change(free[1], pesel=EWA, name="EWA KRUPA")
    traveller.anew().go(**NEW)
    assert set(accesses(billing.runtime, identity(billing.runtime).account_id)) == set(free[:2])


def test_C_several_customers_one_account(traveller, billing, free):
    billing.change(free[0], pesel=EWA, name="Krupa Ewa")
    billing.change(free[1], pesel=EWA, name="Krupa Anna")
    assert traveller.go(**NEW).status_code == 303
    assert set(accesses(billing.runtime, identity(billing.runtime).account_id)) == set(free[:2])


def test_D_a_name_that_disagrees_goes_to_the_office(traveller, billing, free, signed_in):
    billing.change(free[0], pesel=EWA, name="Krupa Ewa")
    billing.change(free[1], pesel=EWA, name="Zupełnie Inny")
    traveller.go(**NEW)
    assert set(accesses(billing.runtime, identity(billing.runtime).account_id)) == {free[0]}
    (task,) = rows(billing.runtime, ExternalTask)
    assert (task.kind, task.customer_code, task.person) == (tasks.NAMES, free[1], "Ewa Anna Krupa")
    assert "Zupełnie Inny" not in text_of(traveller.client.get("/"))
    clerk = signed_in("clerk")
    page = clerk.get("/panel/logowania-login-gov")
    assert free[1] in text_of(page)
    done = clerk.submit(f"/panel/logowania-login-gov/{task.id}/zalatwione", page="/panel/logowania-login-gov")
    assert done.status_code == 303
    assert rows(billing.runtime, ExternalTask)[0].handled_at is not None


def test_E_names_that_agree_nowhere_open_nothing(traveller, billing, free):
    billing.change(free[0], pesel=EWA, name="Zupełnie Inny")
    answer = traveller.go(**NEW)
    assert answer.location == "/logowanie/login-gov/wynik"
    page = text_of(traveller.client.get(answer.location))
    assert "Dane się nie zgadzają" in page and "Inny" not in page and free[0] not in page
    assert rows(billing.runtime, ExternalIdentity) == []
    assert [t.kind for t in rows(billing.runtime, ExternalTask)] == [tasks.NAMES]
    traveller.go(**NEW)
    assert len(rows(billing.runtime, ExternalTask)) == 1, "the same task is put down once"


def test_F_nobody_known_is_told_what_to_do(traveller, billing):
    answer = traveller.go(**NEW)
    page = traveller.client.get(answer.location)
    assert "Nie znaleźliśmy Twojej umowy" in text_of(page) and "/rejestracja" in page.get_data(as_text=True)
    assert rows(billing.runtime, ExternalIdentity) == []
    sent = traveller.client.submit(
        "/logowanie/login-gov/biuro", {"contact": "600 100 200"}, page="/logowanie/login-gov/wynik"
    )
    assert sent.status_code == 303
    (task,) = rows(billing.runtime, ExternalTask)
    assert (task.kind, task.person, task.contact) == (tasks.HELP, "Ewa Anna Krupa", "600 100 200")


def test_F_an_account_without_a_customer_where_the_utility_wants_it(traveller, billing):
    configure(billing.runtime, traveller.hub, create_without_customer=True)
    assert traveller.go(**NEW).location == "/konto/login-gov/witamy"
    assert accesses(billing.runtime, identity(billing.runtime).account_id) == {}
    assert traveller.client.get("/").status_code == 200


def test_a_foreign_identifier_matches_nobody(traveller, billing, free):
    billing.change(free[0], pesel=EWA, name="Krupa Ewa")
    answer = traveller.go("foreign_identifier", **NEW)
    assert answer.location == "/logowanie/login-gov/wynik"


def test_G_the_owner_of_an_account_proves_it_by_the_password(traveller, configured):
    """A's customer has an account with a password: nothing is merged until its owner signs in."""
    answer = traveller.go(identifier=MARIA, given="Maria", family="Zielińska")
    page = traveller.client.get(answer.location)
    assert "Masz już konto" in text_of(page)
    assert rows(configured, ExternalIdentity) == []
    entered = traveller.client.submit("/logowanie", {"login": LOGINS["A"], "password": PASSWORD})
    assert entered.status_code == 303
    own = traveller.client.get("/konto/login-gov")
    assert "Przed chwilą" in text_of(own)
    linked = traveller.client.submit("/konto/login-gov/polacz", page="/konto/login-gov")
    assert (linked.status_code, linked.location) == (303, "/konto/login-gov")
    assert "Twoje konto jest połączone z login.gov.pl" in text_of(traveller.client.get("/konto/login-gov"))
    other = traveller.anew()
    assert other.go(identifier=MARIA, given="Maria", family="Zielińska").location == "/"
    assert "1-01001" in text_of(other.client.get("/"))


def test_G_or_by_a_link_to_the_account_s_mailbox(traveller, configured, app):
    traveller.go(identifier=MARIA, given="Maria", family="Zielińska")
    page = text_of(traveller.client.get("/logowanie/login-gov/wynik"))
    assert "m…a@" in page and "maria.zielinska" not in page
    sent = traveller.client.submit("/logowanie/login-gov/link", page="/logowanie/login-gov/wynik")
    assert sent.status_code == 303
    m = Message.__table__.c
    with configured.database.snapshot() as session:
        mail = session.scalars(sa.select(m.payload).where(m.target == "mail").order_by(m.id.desc())).first()
    link = re.search(r"(/logowanie/login-gov/zgoda/[\w-]+)", mail)[1]
    elsewhere = app.test_client()
    moved = elsewhere.get(link)
    assert (moved.status_code, moved.location) == (303, "/logowanie/login-gov/zgoda")
    assert "Maria Zielińska" in text_of(elsewhere.get("/logowanie/login-gov/zgoda"))
    assert rows(configured, ExternalIdentity) == [], "a GET changes nothing"
    assert elsewhere.submit("/logowanie/login-gov/zgoda").status_code == 303
    assert identity(configured).account_id
    assert elsewhere.get(link, follow_redirects=True).status_code == 410
    assert traveller.go(identifier=MARIA, given="Maria", family="Zielińska").location == "/"


def test_G_an_account_that_another_person_linked_stays_theirs(traveller, configured, billing, free):
    billing.change(free[0], pesel=EWA, name="Krupa Ewa")
    traveller.go(**NEW)
    billing.change(free[0], pesel=JAN, name="Krupa Jan")
    answer = traveller.anew().go(identifier=JAN, given="Jan", family="Krupa")
    first, second = rows(configured, ExternalIdentity)
    assert answer.location == "/konto/login-gov/witamy" and first.account_id != second.account_id


def test_H_a_company_is_never_opened_by_a_number(traveller, billing, free):
    billing.change(free[0], pesel=EWA, name="Krupa Ewa", nip="9990000015")
    answer = traveller.go(**NEW)
    assert "Firma potrzebuje upoważnienia" in text_of(traveller.client.get(answer.location))
    assert rows(billing.runtime, ExternalIdentity) == []


def test_I_a_closed_customer_is_hidden_or_opened_to_look_at(traveller, billing, free):
    billing.change(free[0], pesel=EWA, name="Krupa Ewa", status="ZAMKNIĘTY")
    assert traveller.go(**NEW).location == "/logowanie/login-gov/wynik"
    configure(billing.runtime, traveller.hub, closed_opens=True)
    assert traveller.go(**NEW).location == "/konto/login-gov/witamy"
    assert accesses(billing.runtime, identity(billing.runtime).account_id) == {free[0]: ("observer", "wk")}


def test_K_billing_s_new_number_takes_the_access_back(traveller, billing, free):
    billing.change(free[0], pesel=EWA, name="Krupa Ewa")
    billing.change(free[1], pesel=EWA, name="Krupa Ewa")
    traveller.go(**NEW)
    billing.change(free[1], pesel=None)
    assert "1" in jobs.revise(billing.runtime)
    assert set(accesses(billing.runtime, identity(billing.runtime).account_id)) == {free[0]}
    assert jobs.revise(billing.runtime) is None


def test_V36_the_same_number_of_another_provider_is_another_person(traveller, billing, free):
    billing.change(free[0], pesel=EWA, name="Krupa Ewa")
    traveller.go(**NEW)
    table = ExternalIdentity.__table__
    with billing.runtime.database.unit_of_work() as session:
        session.execute(sa.update(table).values(issuer="another.example"))
    traveller.anew().go(**NEW)
    assert len({r.account_id for r in rows(billing.runtime, ExternalIdentity)}) == 2


def test_a_new_key_finds_the_identity_and_keeps_it_anew(traveller, billing, free, make_runtime, core_settings):
    billing.change(free[0], pesel=EWA, name="Krupa Ewa")
    traveller.go(**NEW)
    before = identity(billing.runtime)
    former, now = billing.runtime.settings.audit_key, "b" * 40
    settings = core_settings(audit_key=now, audit_key_fallbacks=[former])
    marks = matching.marks_of(settings, EWA)
    assert (before.key_id, before.hmac) == marks[1] != marks[0]
    person = matching.Verified(
        issuer=before.issuer,
        marks=marks,
        is_pesel=True,
        given="Ewa",
        family="Krupa",
        level="substantial",
        authority="pz.gov.pl",
        name_id="x",
        session_index="y",
    )
    with billing.runtime.database.unit_of_work() as session:
        assert matching.identity_of(session, person).account_id == before.account_id
    after = identity(billing.runtime)
    assert (after.key_id, after.hmac) == marks[0]


def test_V76_the_number_is_stored_nowhere(traveller, billing, free):
    """Neither the number nor the artifact; of names only what the account shows."""
    billing.change(free[0], pesel=EWA, name="Krupa Ewa")
    traveller.go(**NEW)
    with billing.runtime.database.reader.connect() as connection:
        for name in sa.inspect(connection).get_table_names():
            assert EWA not in repr(connection.exec_driver_sql(f'SELECT * FROM "{name}"').all()), name
    (flow,) = rows(billing.runtime, SamlFlow)
    assert flow.answer is None and flow.state == rules.OVER
