"""After an account is erased no table holds the person, whatever the modules keep; every table has a source (§10.6)."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest
import sqlalchemy as sa

from ebok_core.db import Base
from ebok_core.identity import service as identity
from ebok_core.identity.access import delegations, grants
from ebok_core.outbox.models import Message
from ebok_core.privacy import jobs
from ebok_core.privacy.consents import service as consents
from ebok_core.privacy.deletion import rules, service
from ebok_core.privacy.documents import service as documents
from ebok_core.testing import people
from ebok_core.testing.conformance import PERSONAL_COLUMNS
from ebok_core.tytan import copy

# Tables with an account or a customer in them that no source names, with the reason.
NOBODY_S: dict[str, str] = {}


def stored(runtime):
    """Every table of the portal as text, without the copy of TYTAN: `(table, row as one lower-case text)`."""
    with runtime.database.reader.connect() as connection:
        for name in sorted(sa.inspect(connection).get_table_names()):
            for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"'):
                yield name, repr(tuple(row)).lower()


def where(runtime, *needles):
    """In which tables some text still stands."""
    wanted = [needle.lower() for needle in needles if needle]
    # A name is also looked for as JSON escapes it.
    wanted += [json.dumps(needle)[1:-1].lower() for needle in needles if needle]
    return sorted({name for name, text in stored(runtime) for needle in wanted if needle in text})


def busy_life(runtime, app, person):
    """What a customer does in a portal, as far as the test can: each room and module keeps something of it."""
    viewer, browser = people.viewer(runtime, person), people.sign_in(app, person)
    other, third = people.viewer(runtime, "C"), people.viewer(runtime, "B")
    app.test_client().submit("/logowanie", {"login": viewer.email, "password": "nie to hasło"})
    app.test_client().submit("/logowanie", {"login": viewer.email, "password": people.PASSWORD})
    app.test_client().submit("/haslo/nowe", {"login": viewer.email})
    with runtime.database.unit_of_work() as session:
        documents.accept(session, viewer.account_id, {"terms": 1, "privacy": 1}, way="registration")
        consents.give(session, viewer, "email", 1)
        # Rights given and received, with addresses in them.
        for giver, taker in ((viewer, other), (other, viewer)):
            if taker.email:
                delegations.offer(
                    session, giver, email=taker.email, role="observer", points=None, valid_to=date(2027, 5, 1)
                )
        grants.grant_access(
            session,
            third.account_id,
            viewer.customer_code,
            source="delegation",
            granted_by=viewer.account_id,
        )
    page = browser.get("/odczyty/").get_data(as_text=True)
    name = re.search(r'name="(stan-[^"]+)"', page).group(1)
    last = re.search(r"Ostatnio: ([\d\N{NO-BREAK SPACE}]+)", page).group(1)
    given = browser.submit("/odczyty/", {name: int(re.sub(r"\D", "", last)) + 9, "data": "2026-11-24"})
    assert given.status_code == 303
    browser.submit("/konto/moje-dane", {})
    jobs.build_files(runtime)
    return viewer, browser


def all_heard(runtime):
    """The mail server and TYTAN have taken everything."""
    with runtime.database.unit_of_work() as session:
        session.execute(
            sa.update(Message).where(Message.open).values(state="applied", open=False, blocking=False),
            execution_options={"synchronize_session": False},
        )


def erase(runtime, viewer):
    admin = people.viewer(runtime, "admin")
    with runtime.database.unit_of_work() as session:
        service.order(session, admin, viewer.account_id, rules.DEATH)
    all_heard(runtime)
    jobs.erase_accounts(runtime)


def test_after_the_job_no_table_holds_the_person(filled_copy, app, clock):
    viewer, _browser = busy_life(filled_copy, app, "A")
    with filled_copy.database.snapshot() as session:
        pesel = session.scalar(
            sa.select(copy.customers.c.pesel_hmac).where(copy.customers.c.code == viewer.customer_code)
        )
    needles = (viewer.email, viewer.display_name, pesel)
    standing = set(where(filled_copy, *needles))
    assert standing >= {"core_account", "core_outbox_message", "core_delegation"}, standing
    erase(filled_copy, viewer)
    assert where(filled_copy, *needles) == []


def test_the_person_may_have_an_account_again_and_the_delegate_has_none(filled_copy, app, clock):
    viewer, _browser = busy_life(filled_copy, app, "A")
    erase(filled_copy, viewer)
    assert viewer.customer_code not in people.viewer(filled_copy, "B").customer_codes
    with filled_copy.database.unit_of_work() as session:
        identity.add_account(
            session,
            kind="customer",
            login=viewer.email,
            email=viewer.email,
            display_name=viewer.display_name,
            customer_codes=[viewer.customer_code],
        )


def give_consent(browser, email):
    page = browser.get("/faktury/e-faktura").get_data(as_text=True)
    fields = {"channel": "email", "email": email, "agreed": "1"}
    return browser.submit("/faktury/e-faktura", fields), page


@pytest.mark.parametrize("stands", [True, False])
def test_an_address_for_e_invoices_goes_with_the_consent(filled_copy, app, clock, stands):
    viewer, browser = busy_life(filled_copy, app, "D")
    answer, page = give_consent(browser, "faktury.d@example.pl")
    assert answer.status_code == 303, page[-3000:]
    if not stands:
        all_heard(filled_copy)
        assert browser.submit("/faktury/e-faktura/wycofaj", page="/faktury/e-faktura").status_code == 303
    erase(filled_copy, viewer)
    left = where(filled_copy, "faktury.d@example.pl")
    assert left == (["faktura_consent"] if stands else [])
    assert where(filled_copy, viewer.display_name) == []


def test_every_table_with_a_person_has_a_source(filled_copy):
    claimed = {name for source in filled_copy.portal.of("ebok_personal_data") for name in source.tables}
    unclaimed = []
    # Other tests may have loaded modules that are not installed here.
    owners = tuple(f"{d.name.removeprefix('ebok_')}_" for d in filled_copy.portal.declarations)
    for table in (t for t in Base.metadata.sorted_tables if t.name.startswith(owners)):
        personal = any(PERSONAL_COLUMNS.match(column.name) for column in table.columns)
        personal = personal or any(key.target_fullname.startswith("core_account.") for key in table.foreign_keys)
        if personal and table.name not in claimed and table.name not in NOBODY_S:
            unclaimed.append(table.name)
    assert unclaimed == [], "nobody exports and erases these tables"
    for source in filled_copy.portal.of("ebok_personal_data"):
        assert str(source.title) and str(source.retention), source.key
