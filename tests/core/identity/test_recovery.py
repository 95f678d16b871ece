"""Another e-mail address, a reset by the office, a letter with a code, "that was not me": what functions do."""

from __future__ import annotations

import json
import re
import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from ebok_core import clock as wall
from ebok_core import pdf
from ebok_core.audit.models import AuditEvent
from ebok_core.contracts.identity import Viewer
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import dotted
from ebok_core.identity import jobs, passwords
from ebok_core.identity import service as identity
from ebok_core.identity.models import Account, CustomerAccess, OneTimeLink
from ebok_core.identity.passwords import Cost, Hasher
from ebok_core.identity.recovery import alarm, codes, drawing, emails, mails, office, rules
from ebok_core.identity.recovery.models import Alarm, EmailChange, LetterCode
from ebok_core.identity.registration import recovery as forgotten
from ebok_core.identity.registration import rules as registration
from ebok_core.identity.registration import tytan
from ebok_core.outbox import deliver
from ebok_core.outbox.models import Message
from ebok_core.testing import pdfs
from ebok_core.tytan import copy

PASSWORD = "cztery zielone rowery w rzece"
NEW = "trzy senne borsuki pod mostem"
ANNA, OTHER = "anna.testowa@example.pl", "nowa.skrzynka@example.pl"
REASON = "prośba telefoniczna"
ONCE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def begin(runtime, account_id):
    with runtime.database.unit_of_work() as session:
        return identity.open_session(session, account_id)[0]


def seen(runtime, token) -> Viewer | None:
    with runtime.database.snapshot() as session:
        return identity.viewer_of(session, runtime, token)


def viewer_of(runtime, account_id) -> Viewer:
    return seen(runtime, begin(runtime, account_id))


def act(runtime, function, *args, **options):
    with runtime.database.unit_of_work() as session:
        return function(session, *args, **options)


def read(runtime, function, *args):
    with runtime.database.snapshot() as session:
        return function(session, *args)


def mails_to(runtime, address):
    """Key and text of each mail to an address, the oldest first."""
    with runtime.database.snapshot() as session:
        rows = session.execute(
            sa.select(Message.subject_type, Message.payload).where(Message.target == "mail").order_by(Message.seq)
        ).all()
    found = [(row.subject_type, json.loads(row.payload)) for row in rows]
    return [(key, mail["text"]) for key, mail in found if mail["to"].casefold() == address.casefold()]


def audited(runtime):
    with runtime.database.snapshot() as session:
        return list(session.scalars(sa.select(AuditEvent.action).order_by(AuditEvent.seq)))


def account(runtime, account_id):
    with runtime.database.snapshot() as session:
        return session.execute(sa.select(Account.__table__).where(Account.id == account_id)).one()


def token_in(text):
    return re.search(r"/(?:adres-email|haslo)/([\w-]{20,})", text).group(1)


def ask(runtime, viewer, email):
    with runtime.database.unit_of_work() as session:
        emails.ask(runtime, session, viewer, email)


# Another address


def test_the_old_address_stays_until_the_new_one_says_yes(runtime, people, clock):
    viewer = viewer_of(runtime, people.anna)
    ask(runtime, viewer, OTHER)
    assert account(runtime, people.anna).email_key == ANNA
    (link_key, link), (notice_key, notice) = mails_to(runtime, OTHER)[0], mails_to(runtime, ANNA)[0]
    assert (link_key, notice_key) == (mails.EMAIL_LINK, "core.email_asked")
    assert "To nie Ty?" in notice and "/adres-email/" not in notice and OTHER not in notice, "masked, without the link"
    token = token_in(link)
    for _ in range(2):
        assert read(runtime, emails.asked, token).email == OTHER, "looking changes nothing"
    act(runtime, emails.confirm, token)
    assert account(runtime, people.anna).email == OTHER
    assert account(runtime, people.anna).login == "anna", "a login that is no address stays"
    for address in (ANNA, OTHER):
        key, text = mails_to(runtime, address)[-1]
        assert key == "core.email_changed" and "zadzwoń do nas" in text.lower(), address
        assert "/adres-email/" not in text and "/haslo" not in text
    with pytest.raises(NotFound):
        act(runtime, emails.confirm, token)
    assert {"core.email.asked", "core.email.changed"} <= set(audited(runtime))
    assert identity.sign_in(runtime, OTHER, PASSWORD, kind="customer").token
    with pytest.raises(Refused):
        identity.sign_in(runtime, ANNA, PASSWORD, kind="customer")


def test_the_audit_keeps_no_address(runtime, people, clock):
    ask(runtime, viewer_of(runtime, people.anna), OTHER)
    act(runtime, emails.confirm, token_in(mails_to(runtime, OTHER)[0][1]))
    with runtime.database.snapshot() as session:
        kept = session.execute(sa.select(AuditEvent.before, AuditEvent.after)).all()
    assert not any("example.pl" in str(row) for row in kept)


def test_a_login_that_is_the_address_follows_it(runtime, people, hasher, clock):
    hashed = hasher.hash(PASSWORD)
    own = act(
        runtime,
        identity.add_account,
        kind="customer",
        login="Jan@example.pl",
        email="jan@example.pl",
        display_name="Jan Testowy",
        password_hash=hashed,
    )
    ask(runtime, viewer_of(runtime, own), OTHER)
    act(runtime, emails.confirm, token_in(mails_to(runtime, OTHER)[0][1]))
    assert (account(runtime, own).login, account(runtime, own).login_key) == (OTHER, OTHER)
    # The address that was left is free again.
    address = "jan@example.pl"
    act(runtime, identity.add_account, kind="customer", login=address, email=address, display_name="J")


def test_staff_and_who_has_no_address_yet_do_the_same(runtime, people, clock):
    ask(runtime, viewer_of(runtime, people.clerk), OTHER)
    assert [key for key, _ in mails_to(runtime, OTHER)] == [mails.EMAIL_LINK]
    act(runtime, emails.confirm, token_in(mails_to(runtime, OTHER)[0][1]))
    assert account(runtime, people.clerk).email == OTHER


def test_a_second_question_voids_the_first_and_so_does_giving_it_up(runtime, people, clock):
    viewer = viewer_of(runtime, people.anna)
    ask(runtime, viewer, OTHER)
    clock.advance(minutes=1)
    ask(runtime, viewer, "druga@example.pl")
    with pytest.raises(NotFound):
        act(runtime, emails.confirm, token_in(mails_to(runtime, OTHER)[0][1]))
    assert read(runtime, emails.waiting, viewer).email == "druga@example.pl"
    act(runtime, emails.withdraw, viewer)
    assert read(runtime, emails.asked, token_in(mails_to(runtime, "druga@example.pl")[0][1])) is None
    with pytest.raises(NotFound):
        act(runtime, emails.withdraw, viewer)
    assert account(runtime, people.anna).email_key == ANNA


def test_the_link_works_for_a_day(runtime, people, clock):
    viewer = viewer_of(runtime, people.anna)
    ask(runtime, viewer, OTHER)
    token = token_in(mails_to(runtime, OTHER)[0][1])
    clock.advance(rules.EMAIL_LINK_LIVES - timedelta(seconds=1))
    assert read(runtime, emails.asked, token)
    clock.advance(seconds=1)
    assert read(runtime, emails.asked, token) is None and read(runtime, emails.waiting, viewer) is None
    with pytest.raises(NotFound):
        act(runtime, emails.confirm, token)


@ONCE
def test_S11_a_foreign_address_is_told_to_its_mailbox_alone(runtime, people, hasher, clock, statements):
    act(runtime, identity.add_account, kind="customer", login="jan", email=OTHER, display_name="Jan")
    viewer, seen_sql = viewer_of(runtime, people.anna), {}
    for address in (OTHER, "wolny@example.pl"):
        clock.advance(minutes=1)
        with statements() as sql:
            ask(runtime, viewer, address)
        seen_sql[address] = [str(s) for s in sql]
        assert read(runtime, emails.waiting, viewer).email == address, "the same on the screen"
    assert seen_sql[OTHER] == seen_sql["wolny@example.pl"], "the same work"
    ((key, text),) = mails_to(runtime, OTHER)
    assert key == mails.EMAIL_TAKEN and "/adres-email/" not in text and "anna" not in text.lower()


def test_the_database_keeps_addresses_unique(runtime, people, clock):
    ask(runtime, viewer_of(runtime, people.anna), OTHER)
    token = token_in(mails_to(runtime, OTHER)[0][1])
    act(runtime, identity.add_account, kind="customer", login="jan", email=OTHER, display_name="Jan")
    with pytest.raises(Refused) as error:
        act(runtime, emails.confirm, token)
    assert error.value.code == "taken"
    assert account(runtime, people.anna).email_key == ANNA
    assert read(runtime, emails.asked, token) is not None, "nothing of it is left"


def test_of_two_uses_at_once_one_works(runtime, people, clock):
    ask(runtime, viewer_of(runtime, people.anna), OTHER)
    token, results = token_in(mails_to(runtime, OTHER)[0][1]), []
    barrier = threading.Barrier(2)

    def use():
        barrier.wait()
        try:
            act(runtime, emails.confirm, token)
            results.append("ok")
        except NotFound:
            results.append("no")

    threads = [threading.Thread(target=use) for _ in range(2)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(results) == ["no", "ok"]


def test_three_questions_an_hour(runtime, people, clock):
    viewer = viewer_of(runtime, people.anna)
    for n in range(3):
        ask(runtime, viewer, f"nr{n}@example.pl")
    with pytest.raises(identity.Delayed):
        ask(runtime, viewer, "nr4@example.pl")
    clock.advance(hours=1, seconds=1)
    ask(runtime, viewer_of(runtime, people.anna), "nr5@example.pl")


def test_the_own_address_is_no_new_one(runtime, people, clock):
    with pytest.raises(Refused) as error:
        ask(runtime, viewer_of(runtime, people.anna), ANNA.upper())
    assert error.value.code == "same"


def test_a_new_address_voids_links_and_letters(runtime, people, clock):
    reset = act(runtime, identity.make_link, people.anna)[0]
    ask(runtime, viewer_of(runtime, people.anna), OTHER)
    act(runtime, emails.confirm, token_in(mails_to(runtime, OTHER)[0][1]))
    assert read(runtime, identity.owner_of_link, reset) is None


def test_the_address_that_was_left_hears_of_the_password_for_a_week(runtime, people, clock):
    ask(runtime, viewer_of(runtime, people.anna), OTHER)
    act(runtime, emails.confirm, token_in(mails_to(runtime, OTHER)[0][1]))
    clock.advance(days=6)
    identity.change_password(runtime, viewer_of(runtime, people.anna), PASSWORD, NEW)
    assert [mails_to(runtime, a)[-1][0] for a in (ANNA, OTHER)] == ["core.password_changed"] * 2
    before = len(mails_to(runtime, ANNA))
    clock.advance(days=2)
    identity.change_password(runtime, viewer_of(runtime, people.anna), NEW, PASSWORD)
    assert len(mails_to(runtime, ANNA)) == before
    assert mails_to(runtime, OTHER)[-1][0] == "core.password_changed"


# A reset by the office (L158, rows 24 and 29)


@pytest.mark.feature("L158")
def test_the_office_sends_a_link_and_never_sees_a_password(runtime, people, clock):
    anna, admin = begin(runtime, people.anna), viewer_of(runtime, people.admin)
    act(runtime, office.reset_by_mail, admin, people.anna, reason=REASON)
    assert seen(runtime, anna) is None, "the person's sessions end"
    sent = dict(mails_to(runtime, ANNA))
    assert set(sent) == {mails.OFFICE_LINK, "core.office_reset"}
    assert "/haslo/" not in sent["core.office_reset"]
    assert identity.sign_in(runtime, "anna", PASSWORD, kind="customer").duty == identity.DUTY_PASSWORD
    token = token_in(sent[mails.OFFICE_LINK])
    identity.set_password_by_link(runtime, token, NEW)
    assert identity.sign_in(runtime, "anna", NEW, kind="customer").duty is None
    with pytest.raises(NotFound):
        identity.set_password_by_link(runtime, token, PASSWORD)
    with runtime.database.snapshot() as session:
        event = session.execute(sa.select(AuditEvent.__table__).where(AuditEvent.action == "core.account.reset")).one()
    assert (event.actor, event.object_id, event.reason) == (people.admin, people.anna, REASON)


def test_the_link_of_the_office_lapses(runtime, people, clock):
    act(runtime, office.reset_by_mail, viewer_of(runtime, people.admin), people.anna, reason=REASON)
    token = token_in(dict(mails_to(runtime, ANNA))[mails.OFFICE_LINK])
    clock.advance(minutes=30)
    with pytest.raises(NotFound):
        identity.set_password_by_link(runtime, token, NEW)


def test_who_may_be_reset_by_whom(runtime, people, clock):
    clerk, admin = viewer_of(runtime, people.clerk), viewer_of(runtime, people.admin)
    with pytest.raises(NotFound):
        act(runtime, office.reset_by_mail, clerk, people.admin, reason=REASON)
    for viewer, account_id, code in ((admin, people.admin, "own"), (admin, people.clerk, "no_mailbox")):
        with pytest.raises(Refused) as error:
            act(runtime, office.reset_by_mail, viewer, account_id, reason=REASON)
        assert error.value.code == code
    act(runtime, identity.set_status, people.anna, "blocked", reason="test")
    with pytest.raises(Refused) as error:
        act(runtime, office.reset_by_mail, clerk, people.anna, reason=REASON)
    assert error.value.code == "blocked"


# A letter with a code


@pytest.fixture
def portal(filled_copy):
    """The filled portal with cheap hashes."""
    filled_copy.database.info.update(passwords.with_hasher(Hasher(Cost(1, 8, 1))))
    return filled_copy


@pytest.fixture
def halina(portal):
    """D, who has no mailbox."""
    with portal.database.snapshot() as session:
        return session.scalar(sa.select(Account.id).where(Account.login == "1-01004"))


@pytest.fixture
def clerk(viewer_of):
    """A clerk of the office."""
    return viewer_of("clerk")


def make_letter(portal, clerk, account_id, code="1-01004"):
    act_with(portal, office.reset_by_letter, clerk, account_id, code, reason=REASON)


def act_with(portal, function, *args, **options):
    with portal.database.unit_of_work() as session:
        return function(portal, session, *args, **options)


def code_in(portal, clerk, account_id):
    return act_with(portal, codes.printed, clerk, account_id).code


def redeem(portal, typed, code):
    return act_with(portal, codes.redeem, typed, code)


@pytest.mark.feature("L158", "L24")
@pytest.mark.parametrize("typed", ["1-01004", "1 01004", "101004"])
def test_a_letter_leads_to_a_password_once(portal, clerk, halina, typed):
    make_letter(portal, clerk, halina)
    code = code_in(portal, clerk, halina)
    assert re.fullmatch(r"[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}", code)
    token = redeem(portal, typed, code.lower().replace("-", " "))
    assert token and redeem(portal, typed, code), "who breaks off may type it again"
    token = redeem(portal, typed, code)
    identity.set_password_by_link(portal, token, NEW)
    assert identity.sign_in(portal, "1-01004", NEW, kind="customer").duty is None
    assert redeem(portal, typed, code) is None, "it works once"
    assert {"core.recovery.letter_made", "core.recovery.letter_printed", "core.recovery.letter_typed"} <= set(
        audited(portal)
    )


def test_the_code_is_nowhere_in_clear(portal, clerk, halina):
    make_letter(portal, clerk, halina)
    code = rules.code_of(code_in(portal, clerk, halina))
    with portal.database.snapshot() as session:
        row = session.execute(sa.select(LetterCode.__table__)).one()
        trail = session.execute(sa.select(AuditEvent.__table__)).all()
    assert code not in str(row) and code not in str(trail)


@pytest.mark.parametrize(
    ("mailing", "lines"),
    [
        (("ul. Listowa", "7", "3", "62-998", "Olchowo"), ("ul. Listowa 7/3", "62-998 Olchowo")),
        ((None, "7", None, "62-998", "Olchowo"), ("Olchowo 7", "62-998 Olchowo")),
        ((None,) * 5, ("ul. Lipowa 4", "62-999 Brzozowa Struga")),
    ],
)
def test_the_letter_goes_to_the_correspondence_address(mailing, lines):
    names = ("street", "house_no", "flat_no", "postal_code", "city")
    own = dict(zip(names, ("ul. Lipowa", "4", None, "62-999", "Brzozowa Struga"), strict=True))
    row = SimpleNamespace(**own, **{f"mailing_{n}": v for n, v in zip(names, mailing, strict=True)})
    assert codes.lines_of(row) == lines


def test_the_address_is_the_copy_s(portal, halina):
    (place,) = read(portal, codes.addressees, halina)
    with portal.database.snapshot() as session:
        row = session.execute(sa.select(copy.customers).where(copy.customers.c.code == "1-01004")).one()
    assert place == (row.code, row.name, codes.lines_of(row))


def test_a_letter_of_another_customer_is_not_made(portal, clerk, halina):
    with pytest.raises(NotFound):
        make_letter(portal, clerk, halina, "1-01001")
    # Neither of one whom the account only looks at: the letter would go to another home.
    act(
        portal,
        lambda s: s.execute(sa.update(CustomerAccess).where(CustomerAccess.account_id == halina).values(role="payer")),
    )
    with pytest.raises(NotFound):
        make_letter(portal, clerk, halina)


def test_one_letter_in_seven_days(portal, clerk, halina, clock):
    make_letter(portal, clerk, halina)
    clock.advance(days=6, hours=23)
    with pytest.raises(Refused) as error:
        make_letter(portal, clerk, halina)
    assert error.value.code == "too_soon"
    code = code_of_now(portal, halina)
    clock.advance(hours=1)
    make_letter(portal, clerk, halina)
    states = [letter.state for letter in read(portal, codes.letters, halina)]
    assert states == ["waits", "void"], "the newer voids the older"
    assert redeem(portal, "1-01004", code) is None


def code_of_now(portal, halina):
    """Any code of the right shape: the letter's own can't be read any more."""
    return "A" * rules.CODE_LENGTH


def test_five_wrong_tries_end_a_letter(portal, clerk, halina):
    make_letter(portal, clerk, halina)
    code = code_in(portal, clerk, halina)
    for _ in range(4):
        assert redeem(portal, "1-01004", "22222-22222") is None
    assert redeem(portal, "1-01004", code)
    assert redeem(portal, "1-01004", "22222-22222") is None
    assert redeem(portal, "1-01004", code) is None
    assert read(portal, codes.letters, halina)[0].state == "void"
    assert "core.recovery.letter_spent" in audited(portal)


def test_a_letter_works_for_21_days(portal, clerk, halina, clock):
    make_letter(portal, clerk, halina)
    code = code_in(portal, clerk, halina)
    clock.advance(rules.LETTER_LIVES - timedelta(seconds=1))
    assert redeem(portal, "1-01004", code)
    clock.advance(seconds=1)
    assert redeem(portal, "1-01004", code) is None
    assert read(portal, codes.letters, halina)[0].state == "lapsed"


def test_a_letter_is_printed_within_a_day_only(portal, clerk, halina, clock):
    make_letter(portal, clerk, halina)
    assert code_in(portal, clerk, halina) == code_in(portal, clerk, halina)
    clock.advance(hours=24)
    with pytest.raises(NotFound):
        code_in(portal, clerk, halina)
    jobs.close_and_forget(portal)
    with portal.database.snapshot() as session:
        assert session.scalar(sa.select(LetterCode.sealed_code)) is None


def test_a_foreign_login_and_an_unknown_one_find_nothing(portal, clerk, halina):
    make_letter(portal, clerk, halina)
    code = code_in(portal, clerk, halina)
    for typed in ("1-01001", "nobody", "", "9-99999", "'; --", "\0"):
        assert redeem(portal, typed, code) is None
    with portal.database.snapshot() as session:
        assert session.scalar(sa.select(LetterCode.tries)) == 0


def test_a_letter_bears_a_change_of_the_portal_s_secret(portal, clerk, halina, make_runtime):
    make_letter(portal, clerk, halina)
    code = code_in(portal, clerk, halina)
    later = make_runtime(secret_key="n" * 40, secret_key_fallbacks=["t" * 40])
    assert redeem(later, "1-01004", code)


@ONCE
def test_the_letter_is_a_tagged_document(portal, clerk, halina):
    make_letter(portal, clerk, halina)
    found = act_with(portal, codes.printed, clerk, halina)
    address, today = "https://ebok.example/haslo/kod", wall.today()
    data = drawing.letter_pdf(found, address=address, letterhead=pdf.Letterhead(name="Wodociągi X"), on=today)
    assert pdfs.problems(data) == []
    text = pdfs.read(data).text
    for words in (found.code, address, "Halina", "1-01004", dotted(found.until.date()), *found.addressee.lines):
        assert words in text, words


# Sessions (row 49)


def test_the_office_ends_the_sessions_of_one(runtime, people, clock):
    tokens = [begin(runtime, people.anna) for _ in range(2)]
    admin = begin(runtime, people.admin)
    assert act(runtime, office.end_sessions, seen(runtime, admin), people.anna, reason=REASON) == 2
    assert [seen(runtime, token) for token in tokens] == [None, None] and seen(runtime, admin)
    assert [key for key, _ in mails_to(runtime, ANNA)] == ["core.office_ended"]
    assert identity.sign_in(runtime, "anna", PASSWORD, kind="customer").duty is None, "the password stays"
    assert read(runtime, identity.why_ended, runtime, tokens[0]).reason == "office"


@pytest.mark.parametrize(
    ("whose", "keep_own", "left"),
    [
        ("customer", True, {"clerk", "admin"}),
        ("staff", True, {"anna", "admin"}),
        ("all", True, {"admin"}),
        ("all", False, set()),
    ],
)
def test_the_office_ends_everybody_s_sessions(runtime, people, clock, whose, keep_own, left):
    tokens = {name: begin(runtime, getattr(people, name)) for name in ("anna", "clerk", "admin")}
    admin = seen(runtime, tokens["admin"])
    act(runtime, office.end_everybody, admin, whose, keep_own=keep_own, reason=REASON)
    assert {name for name, token in tokens.items() if seen(runtime, token)} == left
    assert audited(runtime)[-1] == "core.session.everybody_ended"


def test_signing_out_everywhere(runtime, people, clock):
    tokens = [begin(runtime, people.anna) for _ in range(3)]
    stranger = begin(runtime, people.clerk)
    assert act(runtime, alarm.sign_out_everywhere, seen(runtime, tokens[0])) == 3
    assert [seen(runtime, token) for token in tokens] == [None] * 3 and seen(runtime, stranger)


# "That was not me"


def test_that_was_not_me(runtime, people, clock):
    mine, thief = begin(runtime, people.anna), identity.sign_in(runtime, "anna", PASSWORD, kind="customer").token
    old_link = act(runtime, identity.make_link, people.anna)[0]
    viewer = seen(runtime, mine)
    with runtime.database.snapshot() as session:
        event_id = session.scalar(sa.text("SELECT id FROM core_login_event WHERE result = 'ok'"))
    act(runtime, alarm.raise_alarm, viewer, event_id)
    assert seen(runtime, thief) is None
    with runtime.database.snapshot() as session:
        assert identity.session_of(session, runtime, mine).duty == identity.DUTY_PASSWORD
    assert read(runtime, identity.owner_of_link, old_link) is None
    signed = identity.sign_in(runtime, "anna", PASSWORD, kind="customer")
    assert signed.duty == identity.DUTY_PASSWORD, "whoever knows the password can only change it"
    (item,) = read(runtime, lambda s: alarm.work_items(viewer_of(runtime, people.clerk), s))
    assert item.key.startswith("core.alarm.") and "Anna Testowa" in item.title
    (raised,) = read(runtime, alarm.raised, viewer_of(runtime, people.clerk))
    assert raised.signed_in_at is not None
    identity.change_password(runtime, seen(runtime, mine), PASSWORD, NEW)
    assert identity.sign_in(runtime, "anna", NEW, kind="customer").duty is None
    act(runtime, alarm.handle, viewer_of(runtime, people.clerk), people.anna)
    assert read(runtime, alarm.raised, viewer_of(runtime, people.clerk)) == []
    with pytest.raises(NotFound):
        act(runtime, alarm.handle, viewer_of(runtime, people.clerk), people.anna)


def test_another_s_sign_in_is_no_reason(runtime, people, clock):
    identity.sign_in(runtime, "biuro", PASSWORD, kind="staff")
    with runtime.database.snapshot() as session:
        event_id = session.scalar(sa.text("SELECT id FROM core_login_event WHERE result = 'ok'"))
    viewer = viewer_of(runtime, people.anna)
    assert read(runtime, alarm.sign_in_of, viewer, event_id) is None
    act(runtime, alarm.raise_alarm, viewer, event_id)
    with runtime.database.snapshot() as session:
        assert session.scalar(sa.select(Alarm.signed_in_at)) is None


def test_an_alarm_of_staff_is_seen_by_administrators(runtime, people, clock):
    act(runtime, alarm.raise_alarm, viewer_of(runtime, people.clerk))
    assert read(runtime, alarm.raised, viewer_of(runtime, people.clerk)) == []
    assert len(read(runtime, alarm.raised, viewer_of(runtime, people.admin))) == 1


def test_who_has_no_password_has_none_to_change(runtime, people, clock):
    act(runtime, lambda s: s.execute(sa.update(Account).where(Account.id == people.anna).values(password_hash=None)))
    token = begin(runtime, people.anna)
    other = begin(runtime, people.anna)
    assert act(runtime, alarm.raise_alarm, seen(runtime, token)) is False
    assert seen(runtime, other) is None
    with runtime.database.snapshot() as session:
        assert identity.session_of(session, runtime, token).duty is None


# A forgotten password (identity.md §6.3)


def test_three_forgotten_passwords_an_hour_and_the_newest_link_works(portal):
    address = "jan.brzozowski@wodociagi-struga.example"
    for _ in range(5):
        with portal.database.unit_of_work() as session:
            forgotten.ask(session, "1-01002")
        deliver.drain(portal, tytan.WORKER)
    sent = [token_in(text) for _, text in mails_to(portal, address)]
    assert len(sent) == 3
    assert [read(portal, identity.owner_of_link, token) is not None for token in sent].count(True) == 1


# What is forgotten


def test_what_ended_long_ago_is_deleted(runtime, people, clock):
    viewer = viewer_of(runtime, people.anna)
    ask(runtime, viewer, OTHER)
    act(runtime, emails.confirm, token_in(mails_to(runtime, OTHER)[0][1]))
    clock.advance(minutes=1)
    ask(runtime, viewer_of(runtime, people.anna), "druga@example.pl")
    clock.advance(days=7)
    jobs.close_and_forget(runtime)
    count = sa.select(sa.func.count()).select_from(EmailChange)
    with runtime.database.snapshot() as session:
        assert session.scalar(count) == 2, "its week is not over"
    clock.advance(days=1, minutes=1)
    jobs.close_and_forget(runtime)
    with runtime.database.snapshot() as session:
        assert session.scalar(count) == 0
        assert session.scalar(sa.select(sa.func.count()).select_from(OneTimeLink)) == 0


@pytest.mark.parametrize("typed", ["A", "a@b", "x.y@example.pl"])
def test_masked_addresses_tell_little(typed):
    assert rules.masked(typed).count("…") == 1


def test_mails_to_one_mailbox_are_limited(runtime, people, hasher, clock):
    """Three an hour, whoever asks (S69): the counter is registration's own."""
    for n in range(registration.PER_MAILBOX.start + 1):
        other = act(runtime, identity.add_account, kind="customer", login=f"nr{n}", display_name="X")
        ask(runtime, viewer_of(runtime, other), OTHER)
    assert len(mails_to(runtime, OTHER)) == registration.PER_MAILBOX.start
