"""From a bill to an account: what fits and what does not, who is told what, and what TYTAN's answer changes."""

from __future__ import annotations

import json
import re
import statistics
import threading
import time
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ebok_core import runtime_settings
from ebok_core.app import create_app_of
from ebok_core.contracts.identity import ProofField, RegistrationVerifier
from ebok_core.contracts.tytan import Result
from ebok_core.errors import ConfigurationError, NotFound, Refused
from ebok_core.identity import jobs, passwords
from ebok_core.identity import service as identity
from ebok_core.identity.models import Account, CustomerAccess, Registration
from ebok_core.identity.passwords import Cost, Hasher
from ebok_core.identity.registration import carry, finish, letters, recovery, rules, service, tytan, verifier
from ebok_core.identity.registration.schemas import RegistrationConfig, RegistrationConfigSchema
from ebok_core.outbox import deliver
from ebok_core.outbox.models import Message
from ebok_core.testing.planted import planted
from ebok_core.tytan import copy

PASSWORD = "cztery zielone rowery w rzece"
ADDRESS = "nowa.klientka@example.pl"
ONCE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
_M, _G = Message.__table__, Registration.__table__


@pytest.fixture
def portal(filled_copy):
    """The filled portal with cheap hashes."""
    filled_copy.database.info.update(passwords.with_hasher(Hasher(Cost(1, 8, 1))))
    return filled_copy


@pytest.fixture
def bill(portal):
    """The newest bill of a customer without an account: `customer_code`, `bill_number`, `bill_amount`."""
    with portal.database.snapshot() as session:
        taken = set(session.scalars(sa.select(CustomerAccess.customer_code)))
        codes = session.scalars(sa.select(copy.customers.c.code).order_by(copy.customers.c.code)).all()
        for code in codes:
            bills = tytan.newest_bills(session, code)
            if code not in taken and len(bills) == 3:
                return {"customer_code": code, "bill_number": bills[0].number, "bill_amount": str(bills[0].gross)}
    raise AssertionError("everybody has an account")


def ask(portal, typed, email=ADDRESS):
    """What the pages do; returns the registration's id."""
    with portal.database.unit_of_work() as session:
        found = service.start(session, service.verifier_of(portal.portal), typed)
    with portal.database.unit_of_work() as session:
        service.ask(session, found, email)
    return found


def work(portal):
    return deliver.drain(portal, tytan.WORKER)


def mails(portal, address=ADDRESS):
    """Key and text of each mail to an address, in their order."""
    m = _M.c
    with portal.database.snapshot() as session:
        rows = session.execute(sa.select(m.subject_type, m.payload).where(m.target == "mail").order_by(m.seq))
        found = [(row.subject_type, json.loads(row.payload)) for row in rows]
    return [(key, payload["text"]) for key, payload in found if payload["to"] == address]


def token_in(text):
    return re.search(r"/(?:rejestracja/link|haslo)/([\w-]{20,})", text).group(1)


def state_of(portal, registration_id):
    with portal.database.snapshot() as session:
        return session.scalar(sa.select(_G.c.state).where(_G.c.id == registration_id))


def registered(portal, bill, email=ADDRESS):
    """A finished registration: its id and the signed-in session."""
    found = ask(portal, bill, email)
    work(portal)
    return found, finish.confirm(portal, token_in(mails(portal, email)[-1][1]), PASSWORD)


# Comparing (P01, P03)


@pytest.mark.feature("P03")
def test_P03_the_comparison_bears_how_people_write(portal, bill):
    number, amount = bill["bill_number"], bill["bill_amount"]
    code = bill["customer_code"]
    with portal.database.snapshot() as session:
        for typed_code in (code, f" {code} ", code.replace("-", ""), code.replace("-", " - ")):
            for typed in (number, number.lower(), number.replace("/", " "), number.replace(" ", ""), f"  {number}"):
                proof = {"bill_number": typed, "bill_amount": amount}
                assert verifier.verify(session, typed_code, proof) == code, (typed_code, typed)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("123,45", "123.45"),
        ("123.45 zł", "123.45"),
        ("1 234,50", "1234.50"),
        ("1.234,50 PLN", "1234.50"),
        ("1\N{NO-BREAK SPACE}234,5", "1234.50"),
        ("80", "80.00"),
        ("", None),
        ("12,345", None),
        ("-5,00", None),
        ("sto", None),
    ],
)
def test_P03_amounts_as_people_write_them(typed, meant):
    assert rules.amount(typed) == (Decimal(meant) if meant else None)


@ONCE
def test_P01_three_newest_bills_and_no_other(portal, bill):
    code = bill["customer_code"]
    with portal.database.snapshot() as session:
        newest = tytan.newest_bills(session, code)
        i = copy.invoices.c
        every = session.execute(
            sa.select(i.number, i.gross, i.kind).where(i.customer_code == code).order_by(i.issued_on.desc())
        ).all()
        fits = {
            row.number
            for row in every
            if verifier.verify(session, code, {"bill_number": row.number, "bill_amount": str(row.gross)})
        }
    assert fits == {row.number for row in newest}
    assert len(every) > 3


# The whole way


@pytest.mark.feature("L26", "P01", "P04", "P05")
def test_a_bill_becomes_an_account_that_works_at_once(portal, bill):
    found = ask(portal, bill)
    assert mails(portal) == [], "pages write no mail"
    work(portal)
    ((key, text),) = mails(portal)
    assert key == letters.LINK
    with portal.database.snapshot() as session:
        before = session.scalar(sa.select(sa.func.count()).where(Account.email == ADDRESS))
    assert before == 0, "nothing before the link"
    signed = finish.confirm(portal, token_in(text), PASSWORD)
    with portal.database.snapshot() as session:
        viewer = identity.viewer_of(session, portal, signed.token)
        row = session.execute(sa.select(_G).where(_G.c.id == found)).one()
        message = session.execute(sa.select(_M).where(_M.c.kind == "registration.requested")).one()
    assert viewer.customer_codes == (bill["customer_code"],)
    assert (row.state, row.account_id, row.proof, row.token_hash) == (rules.ACTIVE, viewer.account_id, None, None)
    assert (message.customer_code, message.target) == (bill["customer_code"], "tytan")
    assert ADDRESS in message.payload and PASSWORD not in message.payload
    assert identity.sign_in(portal, ADDRESS, PASSWORD, kind="customer").account_id == viewer.account_id


@pytest.mark.feature("L26")
@pytest.mark.parametrize(
    "change",
    [{"customer_code": "9-99999"}, {"bill_number": "R. 1999/000001"}, {"bill_amount": "0.01"}],
    ids=["code", "number", "amount"],
)
def test_L26_wrong_data_bind_nothing_and_the_mail_tells(portal, bill, change):
    found = ask(portal, bill | change)
    work(portal)
    assert [key for key, _ in mails(portal)] == [letters.NO_MATCH]
    assert state_of(portal, found) == rules.REFUSED
    with portal.database.snapshot() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Account.email == ADDRESS)) == 0


@ONCE
def test_a_wrong_code_and_a_wrong_amount_get_one_and_the_same_mail(portal, bill):
    texts = []
    for address, change in (("a@example.pl", {"customer_code": "9-99999"}), ("b@example.pl", {"bill_amount": "0.01"})):
        ask(portal, bill | change, address)
        work(portal)
        ((key, text),) = mails(portal, address)
        texts.append((key, re.sub(r"[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}", "", text)))
    assert texts[0] == texts[1]


def test_who_has_an_account_already_is_told_by_mail(portal, bill):
    registered(portal, bill)
    found = ask(portal, bill, "drugi@example.pl")
    work(portal)
    assert [key for key, _ in mails(portal, "drugi@example.pl")] == [letters.KNOWN]
    assert state_of(portal, found) == rules.KNOWN


@ONCE
def test_a_second_owner_where_the_utility_allows_it(portal, bill):
    registered(portal, bill)
    with portal.database.unit_of_work() as session:
        wanted = RegistrationConfig(allow_second_owner=True)
        runtime_settings.save(session, RegistrationConfigSchema, wanted, keys=portal.settings.encryption_keys)
    _, signed = registered(portal, bill, "drugi@example.pl")
    assert signed.token
    assert letters.DONE in [key for key, _ in mails(portal)], "the first owner hears of it (S16)"


@ONCE
def test_an_address_in_use_is_told_by_mail(portal, bill):
    with portal.database.unit_of_work() as session:
        identity.add_account(session, kind="customer", login="inna", display_name="I", email=ADDRESS)
    found = ask(portal, bill)
    work(portal)
    assert [key for key, _ in mails(portal)] == [letters.EMAIL_TAKEN]
    assert state_of(portal, found) == rules.EMAIL_TAKEN


def test_two_people_of_one_customer_at_once_make_one_account(portal, bill):
    tokens = []
    for address in ("pierwsza@example.pl", "drugi@example.pl"):
        ask(portal, bill, address)
        work(portal)
        tokens.append(token_in(mails(portal, address)[0][1]))
    ends, begin = [], threading.Barrier(2)

    def end(token):
        begin.wait()
        try:
            ends.append(finish.confirm(portal, token, PASSWORD).account_id)
        except Refused as refused:
            ends.append(refused.code)

    threads = [threading.Thread(target=end, args=(token,)) for token in tokens]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert ends.count("known") == 1 and len(ends) == 2
    with portal.database.snapshot() as session:
        assert len(service.owners(session, bill["customer_code"])) == 1


def test_one_link_twice_at_once_makes_one_account(portal, bill):
    ask(portal, bill)
    work(portal)
    token, ends, begin = token_in(mails(portal)[0][1]), [], threading.Barrier(2)

    def end():
        begin.wait()
        try:
            ends.append(finish.confirm(portal, token, PASSWORD).account_id)
        except NotFound:
            ends.append("dead")

    threads = [threading.Thread(target=end) for _ in range(2)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert ends.count("dead") == 1


def test_V24_a_link_is_used_once_lapses_and_bears_no_change(portal, bill, clock):
    ask(portal, bill)
    work(portal)
    token = token_in(mails(portal)[0][1])
    for other in (token[:-1], token + "x", token.swapcase(), "", "\0"):
        with pytest.raises(NotFound):
            finish.confirm(portal, other, PASSWORD)
    clock.advance(timedelta(hours=24))
    with portal.database.snapshot() as session:
        assert finish.invited(session, token) is None
    jobs.close_and_forget(portal)
    with portal.database.snapshot() as session:
        row = session.execute(sa.select(_G)).one()
    assert (row.state, row.proof, row.token_hash) == (rules.EXPIRED, None, None)
    clock.advance(timedelta(days=7))
    jobs.close_and_forget(portal)
    with portal.database.snapshot() as session:
        assert session.execute(sa.select(_G)).all() == []


@ONCE
def test_a_bill_that_fits_no_more_ends_at_the_link(portal, bill):
    ask(portal, bill)
    work(portal)
    token = token_in(mails(portal)[0][1])
    with portal.database.refresher.begin() as connection:
        connection.execute(sa.update(copy.invoices).values(gross=Decimal("1.00")))
    with pytest.raises(NotFound):
        finish.confirm(portal, token, PASSWORD)


@ONCE
@pytest.mark.parametrize("weak", ["krótkie", "hasło" * 30, "wodociagi2026", "qwertyuiop12"])
def test_V7_a_weak_first_password_is_refused_and_the_link_lives(portal, bill, weak):
    ask(portal, bill)
    work(portal)
    token = token_in(mails(portal)[0][1])
    with pytest.raises(Refused) as refused:
        finish.confirm(portal, token, weak)
    assert refused.value.code == "weak"
    assert finish.confirm(portal, token, PASSWORD).token


# Limits (S14, S16, P12)


def test_S16_five_wrong_matches_close_a_code_for_a_day_and_its_owner_hears(portal, bill, clock):
    for number in range(5):
        ask(portal, bill | {"bill_amount": "0.01"}, f"zgadula{number}@example.pl")
    work(portal)
    found = ask(portal, bill)
    work(portal)
    assert state_of(portal, found) == rules.BLOCKED
    assert [key for key, _ in mails(portal)] == [letters.NO_MATCH], "the guesser is not told that the code is closed"
    clock.advance(timedelta(hours=24))
    again = ask(portal, bill)
    work(portal)
    assert state_of(portal, again) == rules.MAIL_SENT


@ONCE
def test_S16_the_owner_of_a_guessed_code_gets_a_mail(portal):
    for number in range(5):
        ask(portal, {"customer_code": "1-01001", "bill_number": "x", "bill_amount": "1.00"}, f"z{number}@example.pl")
    work(portal)
    assert [key for key, _ in mails(portal, "maria.zielinska@wodociagi-struga.example")] == [letters.TRIES]


@ONCE
def test_P12_ten_questions_an_hour_from_one_address(portal, bill, clock):
    for number in range(10):
        ask(portal, bill | {"customer_code": f"9-{number:05d}"}, f"z{number}@example.pl")
    with pytest.raises(identity.Delayed):
        ask(portal, bill)
    clock.advance(timedelta(hours=1))
    assert ask(portal, bill)


@ONCE
def test_P12_three_mails_an_hour_to_one_mailbox(portal, bill):
    for number in range(5):
        ask(portal, bill | {"customer_code": f"9-{number:05d}"})
    work(portal)
    assert len(mails(portal)) == 3


# S11: a page can't tell what it never learns


def _cpu(call):
    begun = time.thread_time_ns()
    call()
    return time.thread_time_ns() - begun


@ONCE
@pytest.mark.feature("L26")
def test_S11_the_page_does_the_same_work_whatever_was_typed(portal, bill, statements, monkeypatch):
    """The same statements in the same order for a right bill, a wrong amount and an unknown code, and none of the copy;
    the medians of the processor's time over 200 interleaved tries differ by less than 10 %.
    """
    monkeypatch.setattr(rules, "PER_ADDRESS", rules.DelayPolicy(10**6, (timedelta(hours=1),), timedelta(hours=1)))
    classes = {
        "right": bill,
        "wrong amount": bill | {"bill_amount": "0.01"},
        "unknown code": bill | {"customer_code": "9-99999"},
    }
    seen, times = {}, {name: [] for name in classes}
    for name, typed in classes.items():
        ask(portal, typed)  # warm
        with statements() as sql:
            ask(portal, typed)
        seen[name] = list(sql)
    assert seen["right"] == seen["wrong amount"] == seen["unknown code"]
    assert not any("tytan." in statement for statement in map(str, seen["right"]))
    for turn in range(201):
        for name in sorted(classes, key=lambda n: (turn + len(n)) % 3):
            times[name].append(_cpu(lambda typed=classes[name]: ask(portal, typed)))
    medians = [statistics.median(values) for values in times.values()]
    assert max(medians) < 1.1 * min(medians), times.keys()


@ONCE
def test_S11_a_forgotten_password_costs_the_same_for_nobody(portal, statements, monkeypatch):
    monkeypatch.setattr(rules, "PER_ADDRESS", rules.DelayPolicy(10**6, (timedelta(hours=1),), timedelta(hours=1)))
    logins = {"known": "1-01001", "no address": "1-01004", "nobody": "nobody1"}

    def question(login):
        with portal.database.unit_of_work() as session:
            recovery.ask(session, login)

    seen, times = {}, {name: [] for name in logins}
    for name, login in logins.items():
        question(login)
        with statements() as sql:
            question(login)
        seen[name] = list(sql)
    assert len({tuple(map(str, statements)) for statements in seen.values()}) == 1
    for turn in range(201):
        for name in sorted(logins, key=lambda n: (turn + len(n)) % 3):
            times[name].append(_cpu(lambda login=logins[name]: question(login)))
    medians = [statistics.median(values) for values in times.values()]
    assert max(medians) < 1.1 * min(medians)


# TYTAN's answer, mails that come back


def answer(portal, registration_id, status, code=None):
    with portal.database.unit_of_work() as session:
        message_id = session.scalar(sa.select(_M.c.id).where(_M.c.kind == "registration.requested"))
        result = Result(
            message_id=message_id,
            kind="registration.requested",
            subject_type=tytan.SUBJECT,
            subject_id=registration_id,
            status=status,
            reason_code=code,
            reason="po naszej stronie",
            reference=None,
            status_at=service.clock.now_utc(),
        )
        finish.apply_result(session, result)


def test_a_rejection_withdraws_the_access_tells_the_person_and_gives_the_office_work(portal, bill, viewer_of):
    found, signed = registered(portal, bill)
    answer(portal, found, "rejected", "not_allowed")
    answer(portal, found, "rejected", "not_allowed")
    with portal.database.snapshot() as session:
        viewer = identity.viewer_of(session, portal, signed.token)
        reason = finish.withdrawn(session, viewer)
        (item,) = finish.work_items(session)
    assert viewer.customer_codes == ()
    assert reason.customer_code == bill["customer_code"] and "nie pozwala" in reason.reason
    assert bill["customer_code"] in item.title
    told = [text for key, text in mails(portal) if key == letters.WITHDRAWN]
    assert len(told) == 1 and "nie pozwala" in told[0]
    with portal.database.unit_of_work() as session:
        finish.handle(session, viewer_of("clerk"), found)
    with portal.database.snapshot() as session:
        assert finish.work_items(session) == []


@ONCE
def test_a_changed_verdict_gives_the_access_back(portal, bill):
    found, signed = registered(portal, bill)
    answer(portal, found, "rejected", "other")
    answer(portal, found, "applied")
    with portal.database.snapshot() as session:
        assert identity.viewer_of(session, portal, signed.token).customer_codes == (bill["customer_code"],)


@ONCE
def test_an_accepted_registration_stays_as_it_is(portal, bill):
    found, _ = registered(portal, bill)
    answer(portal, found, "applied")
    assert state_of(portal, found) == rules.ACTIVE


# A forgotten password


def test_a_forgotten_password_gets_a_link_that_sets_a_new_one(portal):
    for typed in ("1-01001", "MARIA.zielinska@wodociagi-struga.example", "nobody", "1-01004"):
        with portal.database.unit_of_work() as session:
            recovery.ask(session, typed)
    work(portal)
    sent = mails(portal, "maria.zielinska@wodociagi-struga.example")
    assert [key for key, _ in sent] == [letters.RECOVERY] * 2
    old, new = sorted((token_in(text) for _, text in sent), key=lambda t: bool(_owner(portal, t)))
    assert _owner(portal, old) is None, "the newer link voids the older"
    identity.set_password_by_link(portal, new, PASSWORD)
    assert identity.sign_in(portal, "1-01001", PASSWORD, kind="customer").token


def _owner(portal, token):
    with portal.database.snapshot() as session:
        return identity.owner_of_link(session, token)


# Replaceable and carried over (P02, P14)


@ONCE
@pytest.mark.feature("P02")
def test_P02_a_module_s_verifier_stands_in_place_of_the_core_s(make_runtime, filled_copy, monkeypatch):
    asked = []

    def by_tax_number(session, customer_code, proof):
        asked.append((customer_code, dict(proof)))
        return "1-02000" if proof == {"tax_number": "525-000-10-90"} else None

    own = RegistrationVerifier(
        key="basen.nip", title="NIP", fields=(ProofField(name="tax_number", label="NIP"),), verify=by_tax_number
    )
    portal = make_runtime([planted("ebok_basen", ebok_registration_verifiers=[own])])
    assert service.verifier_of(filled_copy.portal) is verifier.BILL
    assert service.verifier_of(portal.portal) is own
    page = create_app_of(portal).test_client().get("/rejestracja").get_data(as_text=True)
    assert 'name="tax_number"' in page and 'name="bill_amount"' not in page
    found = ask(portal, {"customer_code": "1-02000", "tax_number": "525-000-10-90"})
    work(portal)
    assert state_of(portal, found) == rules.MAIL_SENT
    assert asked == [("1-02000", {"tax_number": "525-000-10-90"})]


@ONCE
@pytest.mark.feature("P14")
def test_P14_accounts_of_an_older_system_get_a_link_to_a_first_password(portal, bill, tmp_path):
    file = tmp_path / "konta.csv"
    lines = [
        "login;name;email;customer_codes",
        f"stara.jola;Jolanta Testowa;jola@example.pl;{bill['customer_code']}",
        ";Bez Adresu;;1-02000",
        "obcy;Obcy;obcy@example.pl;9-99999",
        "pusty;Pusty;pusty@example.pl;",
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    first, second = carry.carry_over(portal, file), carry.carry_over(portal, file)
    assert (first.made, first.known, [number for number, _ in first.wrong]) == (1, 0, [3, 4, 5])
    assert (second.made, second.known) == (0, 1)
    ((key, text),) = mails(portal, "jola@example.pl")
    assert key == letters.CARRIED
    identity.set_password_by_link(portal, token_in(text), PASSWORD)
    signed = identity.sign_in(portal, "stara.jola", PASSWORD, kind="customer")
    with portal.database.snapshot() as session:
        assert identity.viewer_of(session, portal, signed.token).customer_codes == (bill["customer_code"],)


@ONCE
def test_P14_a_file_of_another_shape_is_said_in_a_sentence(portal, tmp_path):
    file = tmp_path / "konta.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="must be login;name;email;customer_codes"):
        carry.carry_over(portal, file)
