"""Sign-in: one answer for every failure, the same work for nobody, delays that no burst passes (identity.md §6.2)."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ebok_core import Module, audit, hookimpl
from ebok_core.errors import NotAllowed, Refused
from ebok_core.identity import passwords, rules
from ebok_core.identity import service as identity
from ebok_core.identity.models import Account, DelayCounter, LoginEvent, SignInSession
from ebok_core.identity.passwords import Cost, Hasher

PASSWORD = "cztery zielone rowery w rzece"


def enter(runtime, login="anna", password=PASSWORD, kind="customer", ip="192.0.2.10", device=None):
    with audit.use_request(audit.RequestMeta(ip=ip, user_agent="Firefox/140 Windows", request_id="r-1")):
        return identity.sign_in(runtime, login, password, kind=kind, device=device)


def refusal(runtime, *args, **options) -> str:
    with pytest.raises(Refused) as refused:
        enter(runtime, *args, **options)
    return refused.value.code


def rows(runtime, statement):
    with runtime.database.snapshot() as session:
        return session.execute(statement).all()


@pytest.mark.parametrize("login", ["anna", "  ANNA ", "anna.testowa@example.pl", "Anna.Testowa@EXAMPLE.pl"])
def test_login_or_address_in_any_case(runtime, people, clock, login):
    signed = enter(runtime, login)
    with runtime.database.snapshot() as session:
        viewer = identity.viewer_of(session, runtime, signed.token)
    assert (viewer.account_id, viewer.kind, viewer.login) == (people.anna, "customer", "anna")
    assert viewer.customer_codes == ("1-00007", "1-00096")
    assert viewer.customer_code == "1-00007"
    assert viewer.session_id == signed.session_id


@pytest.mark.parametrize("password", [PASSWORD + " ", PASSWORD.upper(), PASSWORD[:-1], "", "\0", "x" * 10_000])
def test_password_is_compared_exactly(runtime, people, clock, password):
    assert refusal(runtime, "anna", password) == "wrong"


def test_letters_are_not_normalised(runtime, hasher, clock):
    composed, decomposed = "w\u00f3dka i \u015bled\u017a nad rzek\u0105", "wo\u0301dka i \u015bled\u017a nad rzek\u0105"
    hashed = hasher.hash(composed)
    with runtime.database.unit_of_work() as session:
        identity.add_account(session, kind="customer", login="zosia", display_name="Z", password_hash=hashed)
    assert enter(runtime, "zosia", composed).token
    assert refusal(runtime, "zosia", decomposed) == "wrong"


@pytest.mark.feature("L150")
def test_entries_are_separate(runtime, people, clock):
    assert refusal(runtime, "anna", kind="staff") == "wrong"
    assert refusal(runtime, "biuro", kind="customer") == "wrong"
    assert enter(runtime, "biuro", kind="staff").account_id == people.clerk


def test_S11_every_failure_costs_and_says_the_same(runtime, people, hasher, clock, statements):
    """Unknown login, wrong password, blocked account, other entry, no password yet: one text, one hash, as much SQL."""
    with runtime.database.unit_of_work() as session:
        identity.add_account(session, kind="customer", login="nowy", display_name="N")
        identity.set_status(session, people.clerk, "blocked", reason="test")
    seen = set()
    for login, password, kind in (
        ("anna", "wrong", "customer"),
        ("nobody", "wrong", "customer"),
        ("nowy", "wrong", "customer"),
        ("biuro", PASSWORD, "customer"),
        ("biuro", PASSWORD, "staff"),
        ("x" * 10_000, "wrong", "customer"),
        ("nu\0l", "wrong", "customer"),
    ):
        before = hasher.verified
        with statements() as sql, pytest.raises(Refused) as refused:
            enter(runtime, login, password, kind)
        seen.add((str(refused.value), refused.value.code, hasher.verified - before, len(sql)))
    assert len(seen) == 1
    assert next(iter(seen))[2] == 1


def test_at_most_one_hash_at_a_time(monkeypatch):
    hasher = Hasher(Cost(1, 8, 1), at_once=1)
    encoded = hasher.hash("x")
    hasher.dummy()
    inside, most = 0, 0
    real = hasher._argon2.verify
    entered = threading.Event()

    def verify(*args):
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        entered.wait(0.01)
        inside -= 1
        return real(*args)

    monkeypatch.setattr(type(hasher._argon2), "verify", lambda self, *args: verify(*args))
    threads = [threading.Thread(target=hasher.verify, args=(encoded, "x")) for _ in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert most == 1


def test_no_hash_inside_a_unit_of_work(runtime, hasher):
    with runtime.database.unit_of_work(), pytest.raises(RuntimeError, match="inside an open unit of work"):
        hasher.hash("x")


def test_hash_grows_with_the_parameters(runtime, people, clock):
    stronger = Hasher(Cost(2, 16, 1))
    runtime.database.info.update(passwords.with_hasher(stronger))
    enter(runtime)
    [(encoded,)] = rows(runtime, sa.select(Account.password_hash).where(Account.id == people.anna))
    assert "m=16,t=2,p=1" in encoded
    assert enter(runtime).token


# Delays


@pytest.mark.parametrize("login", ["anna", "nobody"])
def test_S14_delays_from_the_fifth_failure(runtime, people, hasher, clock, login):
    """30 s, 1, 2, 5, then 15 min; the right password waits too, and nothing is hashed meanwhile."""
    for _ in range(4):
        assert refusal(runtime, login, "wrong") == "wrong"
    for seconds in (30, 60, 120, 300, 900, 900):
        assert refusal(runtime, login, "wrong") == "wrong"
        clock.advance(timedelta(seconds=seconds) - timedelta(milliseconds=1))
        hashed = hasher.verified
        assert refusal(runtime, login, PASSWORD) == "delayed"
        assert hasher.verified == hashed
        clock.advance(timedelta(milliseconds=1))
    if login == "anna":
        assert enter(runtime).token
        assert refusal(runtime, login, "wrong") == "wrong"
        assert refusal(runtime, login, "wrong") == "wrong"


def test_delay_says_when_in_whole_minutes(runtime, people, clock):
    for _ in range(5):
        refusal(runtime, "anna", "wrong")
    with pytest.raises(identity.Delayed) as delayed:
        enter(runtime)
    assert "9:01" in str(delayed.value)


def test_consecutive_failures_are_forgotten_after_a_day(runtime, people, clock):
    for _ in range(4):
        refusal(runtime, "anna", "wrong")
    clock.advance(timedelta(hours=24))
    for _ in range(4):
        refusal(runtime, "anna", "wrong")
    assert enter(runtime).token


def test_S14_one_address_tries_many_logins(runtime, people, clock):
    for n in range(20):
        assert refusal(runtime, f"nobody{n}", "wrong") == "wrong"
    assert refusal(runtime, "anna") == "delayed"
    assert enter(runtime, ip="192.0.2.77").token, "another address is free"
    clock.advance(timedelta(minutes=15))
    assert enter(runtime).token


def test_S14_one_network_tries_from_many_addresses(runtime, people, clock):
    for n in range(200):
        assert refusal(runtime, f"nobody{n}", "wrong", ip=f"2001:db8:0:{n:02x}::1") == "wrong"
        clock.advance(timedelta(seconds=1))
    assert refusal(runtime, "anna", ip="2001:db8:0:ff::9") == "delayed"
    assert enter(runtime, ip="2001:db8:1::9").token


def test_right_passwords_count_against_nobody(runtime, people, clock):
    for _ in range(25):
        enter(runtime)
    counts = rows(runtime, sa.select(DelayCounter.key, DelayCounter.failures, DelayCounter.next_allowed_at))
    assert {(failures, until) for _, failures, until in counts} == {(0, None)}


def test_known_device_has_its_own_counter(runtime, people, clock):
    """A stranger who delays the login can't keep its owner out of her own browser."""
    for _ in range(6):
        refusal(runtime, "anna", "wrong", ip="198.51.100.1")
    assert refusal(runtime, "anna") == "delayed"
    assert enter(runtime, device="d1").token
    for _ in range(5):
        refusal(runtime, "anna", "wrong", device="d1")
    assert refusal(runtime, "anna", device="d1") == "delayed"


def test_S14_burst_in_parallel_passes_no_limit(runtime, people, hasher, clock):
    """Thirty wrong tries at once: four are looked at freely, the fifth sets the delay, no sixth is looked at."""
    answers: list[str] = []
    start = threading.Barrier(30)

    def guess(n):
        start.wait()
        answers.append(refusal(runtime, "anna", f"guess {n}", ip=f"203.0.113.{n}"))

    before = hasher.verified
    threads = [threading.Thread(target=guess, args=(n,)) for n in range(30)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(answers) == ["delayed"] * 25 + ["wrong"] * 5
    assert hasher.verified - before == 5


def test_what_was_typed_is_kept_as_a_hash_only(runtime, people, clock):
    refusal(runtime, "MyPassw0rdTypedAsLogin", "wrong")
    kept = repr(rows(runtime, sa.select(DelayCounter.key))) + repr(rows(runtime, sa.select(LoginEvent.login_digest)))
    assert "passw0rd" not in kept.casefold()


# What is written down


@pytest.mark.feature("L145")
def test_tries_are_in_the_owner_s_history(runtime, people, clock):
    refusal(runtime, "anna.testowa@example.pl", "wrong")
    clock.advance(timedelta(seconds=5))
    signed = enter(runtime)
    found = rows(
        runtime,
        sa.select(LoginEvent.result, LoginEvent.ip, LoginEvent.user_agent, LoginEvent.session_id)
        .where(LoginEvent.account_id == people.anna)
        .order_by(LoginEvent.at),
    )
    assert found == [
        ("failed", "192.0.2.10", "Firefox/140 Windows", None),
        ("ok", "192.0.2.10", "Firefox/140 Windows", signed.session_id),
    ]


def test_a_sign_in_is_audited(runtime, people, clock):
    signed = enter(runtime)
    [event] = rows(
        runtime,
        sa.select(audit.models.AuditEvent.actor, audit.models.AuditEvent.object_id, audit.models.AuditEvent.ip).where(
            audit.models.AuditEvent.action == "core.session.started"
        ),
    )
    assert event == (people.anna, signed.session_id, "192.0.2.10")


def test_no_session_when_the_audit_fails(runtime, people, clock, monkeypatch):
    monkeypatch.setattr(audit, "record", lambda *a, **k: (_ for _ in ()).throw(OSError("no audit")))
    with pytest.raises(OSError, match="no audit"):
        enter(runtime)
    assert rows(runtime, sa.select(SignInSession.id)) == []


def test_password_changed_while_hashing_opens_nothing(runtime, people, hasher, clock, monkeypatch):
    other = hasher.hash("something else entirely")
    real = hasher.verify

    def slow(encoded, password):
        found = real(encoded, password)
        with runtime.database.unit_of_work() as session:
            session.execute(sa.update(Account).where(Account.id == people.anna).values(password_hash=other))
        return found

    monkeypatch.setattr(hasher, "verify", slow)
    assert refusal(runtime) == "wrong"
    assert rows(runtime, sa.select(SignInSession.id)) == []


# Modules that recognise people


def with_directory(make_runtime, hasher, answer):
    """The portal with a module that knows people from somewhere else."""

    class Directory:
        @hookimpl
        def ebok_module(self):
            return Module(title="Directory")

        @hookimpl
        def ebok_authenticate(self, identifier, secret, session, kind):
            return answer(identifier, secret, session, kind)

    found = make_runtime(modules=[("ebok_katalog", Directory())])
    found.database.info.update(passwords.with_hasher(hasher))
    return found


def test_a_module_may_recognise(make_runtime, people, hasher, clock):
    runtime = with_directory(make_runtime, hasher, lambda i, s, session, kind: people.clerk if s == "ldap" else None)
    assert enter(runtime, "whoever", "ldap", "staff").account_id == people.clerk
    assert refusal(runtime, "whoever", "ldap", "customer") == "wrong", "not at the other entry"
    assert enter(runtime, "biuro", PASSWORD, "staff").account_id == people.clerk, "the core answers last"


def test_a_module_may_refuse(make_runtime, people, hasher, clock):
    def answer(identifier, secret, session, kind):
        raise NotAllowed("no")

    assert refusal(with_directory(make_runtime, hasher, answer)) == "wrong"


def test_a_broken_module_keeps_nobody_out(make_runtime, people, hasher, clock):
    def answer(identifier, secret, session, kind):
        session.execute(sa.text("SELECT nothing FROM nowhere"))

    assert enter(with_directory(make_runtime, hasher, answer)).account_id == people.anna


# Warnings


@pytest.mark.parametrize(
    ("failures", "delay_table"), [(4, None), (5, 30), (6, 60), (7, 120), (8, 300), (9, 900), (10, 900), (99, 900)]
)
def test_delay_table(failures, delay_table):
    wait = rules.PER_LOGIN.wait_after(failures)
    assert wait == (timedelta(seconds=delay_table) if delay_table else None)
