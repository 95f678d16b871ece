"""Who looked at my data (N19): employees' views, delegates' acts, the newest first."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ebok_core import audit
from ebok_core.identity.access import grants
from ebok_core.privacy import jobs
from ebok_core.privacy.diary import rules, service
from ebok_core.privacy.models import Sight
from ebok_core.testing import people

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def seen(runtime, viewer, code, what=rules.CUSTOMER):
    with runtime.database.unit_of_work() as session:
        return service.seen(session, viewer, code, what)


def lines(runtime, viewer):
    with runtime.database.snapshot() as session:
        values = {"codes": list(viewer.customer_codes), "account_id": viewer.account_id}
        return session.execute(sa.select(service.LINES).order_by(service.LINES.c.at.desc()), values).all()


def test_a_clerk_s_view_is_one_line_for_half_an_hour(filled_copy, viewer_of, viewer_a, viewer_b, clock):
    clerk = viewer_of("clerk")
    assert seen(filled_copy, clerk, viewer_a.customer_code)
    assert not seen(filled_copy, clerk, viewer_a.customer_code)
    assert seen(filled_copy, clerk, viewer_a.customer_code, rules.PREVIEW)
    assert seen(filled_copy, viewer_of("admin"), viewer_a.customer_code)
    clock.advance(minutes=31)
    assert seen(filled_copy, clerk, viewer_a.customer_code)
    assert [line.viewer_kind for line in lines(filled_copy, viewer_a)] == ["staff"] * 4
    assert lines(filled_copy, viewer_b) == []


def test_what_a_delegate_does_is_there_and_one_s_own_acts_are_not(filled_copy, viewer_a, viewer_b):
    with filled_copy.database.unit_of_work() as session:
        grants.grant_access(
            session, viewer_b.account_id, viewer_a.customer_code, source="delegation", granted_by=viewer_a.account_id
        )
        for viewer in (viewer_a, viewer_b):
            audit.record(
                session,
                "core.consent.given",
                actor=viewer,
                on_behalf_of=viewer_a.customer_code,
                object_type="x",
                object_id="1",
            )
    [line] = lines(filled_copy, viewer_a)
    assert (line.viewer_kind, line.viewer_id, line.name) == ("delegate", viewer_b.account_id, viewer_b.display_name)


def test_old_lines_are_forgotten(filled_copy, viewer_of, viewer_a, clock):
    seen(filled_copy, viewer_of("clerk"), viewer_a.customer_code)
    clock.advance(days=729)
    assert jobs.forget(filled_copy) is None
    clock.advance(days=3)
    assert jobs.forget(filled_copy)
    with filled_copy.database.snapshot() as session:
        assert session.execute(sa.select(Sight.__table__)).all() == []


@SQLITE
@pytest.mark.feature("N19")
def test_N19_a_clerk_s_preview_appears_in_the_diary(signed_in, read, filled_copy, viewer_of, viewer_a, clock):
    browser, clerk = signed_in("A"), signed_in("clerk")
    assert "Nikt poza Tobą nie oglądał Twoich danych" in read(browser.get("/konto/kto-ogladal"))
    address = f"/panel/klienci/{viewer_a.customer_code}"
    assert clerk.get(address).status_code == 200
    assert clerk.submit(f"{address}/podglad", {"reason": "rozmowa o rachunku"}).status_code == 303
    page = read(browser.get("/konto/kto-ogladal"))
    assert page.count("Pracownik zakładu") == 2
    assert "oglądał portal tak, jak Ty go widzisz" in page and "oglądał dane klienta w panelu" in page
    assert viewer_of("clerk").display_name not in page, "which employee it was, the utility knows"
    assert "Pracownik zakładu" not in read(signed_in("B").get("/konto/kto-ogladal"))


@SQLITE
def test_the_newest_stands_first_and_the_rest_on_further_pages(signed_in, filled_copy, viewer_of, viewer_a, clock):
    clerk = viewer_of("clerk")
    for _look in range(25):
        clock.advance(minutes=31)
        seen(filled_copy, clerk, viewer_a.customer_code)
    seen(filled_copy, clerk, viewer_a.customer_code, rules.PREVIEW)
    browser = people.sign_in(signed_in("A").application, "A")
    page = browser.get("/konto/kto-ogladal")
    assert page.text.count("Pracownik zakładu") == 20 and "26 wpisów" in page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert page.text.count("oglądał portal") == 1, "the newest is on the first page"
