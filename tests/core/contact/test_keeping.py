"""How long cases are kept, and the personal data in them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ebok_core import files, runtime_settings
from ebok_core.contact import cases, drafts, jobs, privacy, rules
from ebok_core.contact.models import Case, CaseFile, CaseMessage
from ebok_core.contact.settings import CasesConfig, CasesConfigSchema
from ebok_core.db import uuid7
from ebok_core.files import uploads
from ebok_core.files.models import StoredFile


@pytest.fixture
def counts(runtime):
    """How many cases, messages, files and kept contents there are."""

    def read():
        with runtime.database.snapshot() as session:
            tables = (Case, CaseMessage, CaseFile, StoredFile)
            return tuple(session.scalar(sa.select(sa.func.count()).select_from(table)) for table in tables)

    return read


def close(runtime, viewer, case):
    with runtime.database.unit_of_work() as session:
        cases.set_state(session, viewer, case, rules.CLOSED)


def with_file(runtime, receive, content=b"tekst", **changes):
    token = uuid7()
    drafts.keep(runtime, token, None, [uploads.examine("a.txt", content)])
    return receive(token=token, **changes)


def test_a_stranger_is_forgotten_90_days_after_the_end_and_the_case_after_a_year(
    runtime, receive, viewer_of, clock, counts, rows
):
    case, open_one = with_file(runtime, receive), with_file(runtime, receive)
    clerk = viewer_of("clerk")
    signed = str(rules.Signature(case.number, case.code))
    close(runtime, clerk, case)
    clock.advance(days=90)
    assert jobs.tidy(runtime) is None
    clock.advance(seconds=1)
    assert "usunięto dane kontaktowe: 1" in jobs.tidy(runtime)
    assert jobs.tidy(runtime) is None
    gone, kept = rows()
    assert (gone.sender_name, gone.sender_email, gone.sender_phone, gone.code) == (None,) * 4
    assert gone.forgotten_at and gone.search_text == gone.number.replace("-", "").lower()
    assert kept.sender_name == "Zofia Nowicka" and kept.number == open_one.number
    with runtime.database.snapshot() as session:
        assert cases.by_signature(session, signed) is None
        assert [one.author for one in cases.thread(session, gone, for_office=True)] == [None]
    clock.advance(days=300)
    assert "usunięto sprawy: 1" in jobs.tidy(runtime)
    assert [row.number for row in rows()] == [open_one.number]
    assert counts() == (1, 1, 1, 1)  # the other case's file has the same content
    with runtime.database.snapshot() as session:
        file = session.scalars(sa.select(CaseFile.id)).one()
        assert drafts.content(session, runtime, open_one.id, file, for_office=True).content == b"tekst"


def test_a_customer_s_case_is_kept_five_years(runtime, receive, viewer_of, clock, counts, rows):
    case = receive(viewer_of("A"))
    close(runtime, viewer_of("clerk"), case)
    clock.advance(days=400)
    jobs.tidy(runtime)
    assert rows()[0].sender_name == "Maria Zielińska" and rows()[0].code
    clock.advance(days=5 * 366)
    jobs.tidy(runtime)
    assert counts() == (0, 0, 0, 0)


def test_the_utility_keeps_shorter(runtime, receive, viewer_of, clock, rows):
    close(runtime, viewer_of("clerk"), receive())
    with runtime.database.unit_of_work() as session:
        runtime_settings.save(session, CasesConfigSchema, CasesConfig(contact_days=5), keys=[])
    clock.advance(days=6)
    jobs.tidy(runtime)
    assert rows()[0].sender_name is None


def test_an_answered_case_is_closed_after_a_month_of_silence(runtime, receive, viewer_of, clock, rows):
    case = receive()
    with runtime.database.unit_of_work() as session:
        cases.answer(session, viewer_of("clerk"), case, "Tak.", uuid7())
    clock.advance(days=30)
    jobs.tidy(runtime)
    assert rows()[0].state == rules.ANSWERED
    clock.advance(seconds=1)
    assert "Zamknięto: 1" in jobs.tidy(runtime)
    assert rows()[0].state == rules.CLOSED and rows()[0].closed_at


def test_S44_a_file_whose_form_never_came_whole_goes_after_a_day(runtime, clock, counts, filled_copy):
    drafts.keep(runtime, uuid7(), None, [uploads.examine("a.txt", b"sam")])
    assert counts() == (0, 0, 1, 1)
    clock.advance(timedelta(days=1, seconds=1))
    assert "niewysłane pliki: 1" in jobs.tidy(runtime)
    assert counts() == (0, 0, 0, 0)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_another_owner_s_same_content_is_never_lost(runtime, clock, filled_copy):
    """A bill from the portal, sent with a complaint, is the portal's still when the complaint is deleted."""
    folder, bill = files.folder_of(runtime.settings), b"rachunek"
    kept = files.store(folder, bill)
    with runtime.database.unit_of_work() as session:
        files.record(session, kept, "application/pdf")
    drafts.keep(runtime, uuid7(), None, [uploads.examine("a.txt", bill)])
    clock.advance(days=2)
    jobs.tidy(runtime)
    with runtime.database.snapshot() as session:
        assert session.scalars(sa.select(StoredFile.sha256)).all() == [kept.sha256]
    assert files.read(folder, kept.sha256) == bill


def test_one_s_own_cases_are_given_out_and_forgotten(runtime, receive, viewer_of, rows):
    a, b, clerk = viewer_of("A"), viewer_of("B"), viewer_of("clerk")
    case = receive(a)
    receive(b)
    with runtime.database.unit_of_work() as session:
        cases.answer(session, clerk, case, "Odpowiedź.", uuid7())
        cases.note(session, clerk, case, "Nikomu nie mówić.", uuid7())
    source, _directory = privacy.ALL
    with runtime.database.unit_of_work() as session:
        given = list(source.export(session, a.account_id, ("1-01001",)))
        assert [row["kind"] for row in given] == ["person", "office"] and "Nikomu" not in json.dumps(given)
        assert given[0]["sender_email"] == a.email and given[0]["files"] == []
        assert source.erase(session, a.account_id) == 1
        assert source.erase(session, a.account_id) == 0
    mine, other = rows()
    assert (mine.account_id, mine.sender_name, mine.sender_email, mine.customer_code) == (None, None, None, "1-01001")
    assert other.sender_name == "Jan Brzozowski"
    with runtime.database.snapshot() as session:
        found = repr(session.execute(sa.select(Case.__table__).where(Case.number == case.number)).all())
        found += repr(session.execute(sa.select(CaseMessage.__table__).where(CaseMessage.case_id == case.id)).all())
    assert a.email not in found and "Maria" not in found and "zielinska" not in found and a.account_id not in found
