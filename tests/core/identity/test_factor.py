"""The second factor's services: codes of an app, recovery codes, passkeys, the step of a sign-in, lost factors."""

from __future__ import annotations

import doctest
import threading
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa

from ebok_core import runtime_settings
from ebok_core.audit.models import AuditEvent
from ebok_core.errors import NotAllowed, NotFound, Refused
from ebok_core.identity import history, jobs, proving
from ebok_core.identity import service as identity
from ebok_core.identity.factor import office, passkeys, recovery_codes, rules, service, totp
from ebok_core.identity.factor.models import FactorRemoval, Passkey, RecoveryCode, SignInStep, Totp
from ebok_core.identity.factor.passkeys import Challenge
from ebok_core.identity.factor.schemas import SecondFactorPolicy, SecondFactorPolicySchema
from ebok_core.identity.models import LoginEvent, SignInSession
from ebok_core.outbox.models import Message
from ebok_core.testing.softkey import SoftKey

PASSWORD = "cztery zielone rowery w rzece"
NEW = "trzy senne borsuki pod mostem"
PARTY = rules.party_of("https://ebok.example.pl")
STEP = timedelta(seconds=30)


@pytest.fixture
def viewer_of_account(runtime, people, clock):
    def viewer(account_id):
        with runtime.database.unit_of_work() as session:
            token, _id = identity.open_session(session, account_id)
        with runtime.database.snapshot() as session:
            return identity.viewer_of(session, runtime, token)

    return viewer


@pytest.fixture
def anna(viewer_of_account, people):
    return viewer_of_account(people.anna)


@pytest.fixture
def app_of_anna(runtime, anna, clock):
    """Anna's app with codes; the code of now was used when it was added."""
    secret = totp.new_secret()
    made = pyotp.TOTP(secret)
    made.codes = service.add_app(runtime, anna, secret, made.at(clock.now_utc()))
    clock.advance(STEP)
    return made


@pytest.fixture
def code(app_of_anna, clock):
    """The code of now, or of some steps away."""
    return lambda steps=0: app_of_anna.at(clock.now_utc(), counter_offset=steps)


def first_step(runtime, login="anna", password=PASSWORD, kind="customer"):
    found = identity.sign_in(runtime, login, password, kind=kind)
    assert isinstance(found, identity.HalfWay)
    return found.token


def mails(runtime, *keys):
    with runtime.database.snapshot() as session:
        sent = session.scalars(sa.select(Message.subject_type).order_by(Message.id)).all()
    return [key for key in sent if key in keys or not keys]


def rows(runtime, model, *columns):
    with runtime.database.snapshot() as session:
        return session.execute(sa.select(*(columns or [sa.func.count()])).select_from(model)).all()


# Rules


def test_the_examples_in_the_rules():
    assert doctest.testmod(rules).failed == 0


@pytest.mark.parametrize(
    ("url", "party"),
    [
        ("https://ebok.example.pl", ("ebok.example.pl", "https://ebok.example.pl")),
        ("https://ebok.example.pl:8443/", ("ebok.example.pl", "https://ebok.example.pl:8443")),
        ("http://localhost:8080", ("localhost", "http://localhost:8080")),
        ("http://127.0.0.1:8080", ("localhost", "http://localhost:8080")),
        ("http://ebok.example.pl", None),
        ("https://10.0.0.5", None),
    ],
)
def test_a_passkey_is_bound_to_the_host_without_its_port(url, party):
    assert rules.party_of(url) == party


# The app


def test_a_secret_of_20_bytes_whose_picture_says_what_the_key_says():
    import base64

    secret = totp.new_secret()
    assert len(base64.b32decode(secret)) == 20
    address = totp.address(secret, login="1-00096", utility="Wodociągi Miasto")
    assert pyotp.parse_uri(address).secret == secret
    picture = totp.picture(address)
    assert picture.path.count("M") > 100
    assert picture.size > 30


def test_the_secret_is_kept_encrypted(runtime, app_of_anna):
    [(kept,)] = rows(runtime, Totp, Totp.secret)
    assert app_of_anna.secret not in kept
    assert totp.unseal(runtime.settings.encryption_keys, kept) == app_of_anna.secret
    assert totp.unseal(["A" * 43 + "="], kept) is None


def test_an_app_is_there_only_after_its_first_code(runtime, anna, clock):
    secret = totp.new_secret()
    for wrong in (
        "000000",
        pyotp.TOTP(secret).at(clock.now_utc(), counter_offset=-2),
        pyotp.TOTP(secret).at(clock.now_utc(), counter_offset=1),
        "x",
        "",
    ):
        with pytest.raises(Refused) as refused:
            service.add_app(runtime, anna, secret, wrong)
        assert refused.value.code == "wrong"
    assert rows(runtime, Totp) == [(0,)]
    codes = service.add_app(runtime, anna, secret, pyotp.TOTP(secret).at(clock.now_utc()))
    assert len(codes) == 10
    with pytest.raises(Refused) as refused:
        service.add_app(runtime, anna, secret, pyotp.TOTP(secret).at(clock.now_utc()))
    assert refused.value.code == "there"


@pytest.mark.parametrize(("steps", "is_right"), [(0, True), (-1, True), (-2, False), (1, False)])
def test_the_code_of_now_and_the_one_before_work(runtime, app_of_anna, code, clock, steps, is_right):
    clock.advance(4 * STEP)
    token = first_step(runtime)
    if is_right:
        assert service.finish_by_code(runtime, token, code(steps)).account_id
    else:
        with pytest.raises(Refused, match="Ten kod się nie zgadza"):
            service.finish_by_code(runtime, token, code(steps))


def test_strict_takes_the_code_of_now_alone(runtime, app_of_anna, code, clock):
    with runtime.database.unit_of_work() as session:
        runtime_settings.save(session, SecondFactorPolicySchema, SecondFactorPolicy(earlier_code=False), keys=())
    clock.advance(4 * STEP)
    token = first_step(runtime)
    with pytest.raises(Refused):
        service.finish_by_code(runtime, token, code(-1))
    assert service.finish_by_code(runtime, token, code())


def test_a_code_works_once_and_none_before_it(runtime, app_of_anna, code, clock):
    clock.advance(4 * STEP)
    used = code()
    service.finish_by_code(runtime, first_step(runtime), used)
    for again in (used, code(-1)):
        with pytest.raises(Refused, match="był już użyty"):
            service.finish_by_code(runtime, first_step(runtime), again)
    clock.advance(STEP)
    assert service.finish_by_code(runtime, first_step(runtime), code())


def test_of_two_with_one_code_at_once_one_gets_in(runtime, app_of_anna, code, clock):
    clock.advance(4 * STEP)
    tokens, got, ready = [first_step(runtime), first_step(runtime)], [], threading.Barrier(2)

    def finish(token, typed):
        ready.wait()
        try:
            got.append(service.finish_by_code(runtime, token, typed).session_id)
        except Refused:
            got.append(None)

    threads = [threading.Thread(target=finish, args=(token, code())) for token in tokens]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sum(found is not None for found in got) == 1


# The step of a sign-in


def test_before_the_second_step_there_is_no_session(runtime, people, app_of_anna):
    before = rows(runtime, SignInSession)
    token = first_step(runtime)
    assert rows(runtime, SignInSession) == before
    with runtime.database.snapshot() as session:
        assert identity.session_of(session, runtime, token) is None
    assert [kept for (kept,) in rows(runtime, SignInStep, SignInStep.token_hash)] != [token]


@pytest.mark.feature("P08")
def test_the_second_step_opens_a_session_that_knows_its_way(runtime, people, app_of_anna, code):
    token = first_step(runtime)
    signed = service.finish_by_code(runtime, token, code())
    assert signed.token != token
    with runtime.database.snapshot() as session:
        live = identity.session_of(session, runtime, signed.token)
        assert (live.auth_level, live.has_factor, live.factor_at is not None) == ("code", True, True)
    assert rows(runtime, LoginEvent, LoginEvent.result, LoginEvent.way)[-1] == ("ok", "code")
    with pytest.raises(NotFound):
        service.finish_by_code(runtime, token, code(1))


def test_a_step_lives_for_ten_minutes(runtime, app_of_anna, code, clock):
    token = first_step(runtime)
    clock.advance(timedelta(minutes=10))
    with pytest.raises(NotFound, match="Minęło za dużo czasu"):
        service.finish_by_code(runtime, token, code())
    clock.advance(timedelta(seconds=1))
    jobs.close_and_forget(runtime)
    assert rows(runtime, SignInStep) == [(0,)]


def test_a_new_password_ends_the_step_and_leaves_the_factor(runtime, people, app_of_anna, code, clock):
    """ASVS 6.4.3: after a reset by a link the second factor is asked for as ever."""
    half_way = first_step(runtime)
    with runtime.database.unit_of_work() as session:
        link, _until = identity.make_link(session, people.anna)
    identity.set_password_by_link(runtime, link, NEW)
    with pytest.raises(NotFound):
        service.finish_by_code(runtime, half_way, code())
    assert service.finish_by_code(runtime, first_step(runtime, password=NEW), code())


def test_a_blocked_account_does_not_get_further(runtime, people, app_of_anna, code):
    token = first_step(runtime)
    with runtime.database.unit_of_work() as session:
        identity.set_status(session, people.anna, "blocked", reason="test")
    with pytest.raises(NotFound):
        service.finish_by_code(runtime, token, code())


def test_wrong_codes_make_the_next_one_wait_the_right_one_too(runtime, app_of_anna, code, clock):
    token = first_step(runtime)
    for _try in range(5):
        with pytest.raises(Refused, match="nie zgadza"):
            service.finish_by_code(runtime, token, "000000")
    with pytest.raises(identity.Delayed):
        service.finish_by_code(runtime, token, code())
    clock.advance(timedelta(seconds=31))
    assert service.finish_by_code(runtime, token, code())


def test_a_burst_of_guesses_passes_no_limit(runtime, app_of_anna):
    token, seen = first_step(runtime), []

    def guess(number):
        try:
            service.finish_by_code(runtime, token, f"{number:06}")
        except Refused as refused:
            seen.append(refused.code)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(12)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert (seen.count("wrong"), seen.count("delayed")) == (5, 7)


def test_a_stranger_elsewhere_does_not_delay_the_owner_s_own_browser(runtime, app_of_anna, code):
    for _try in range(5):
        with pytest.raises(Refused):
            service.finish_by_code(runtime, first_step(runtime), "000000")
    assert service.finish_by_code(runtime, first_step(runtime), code(), device="d1")


def test_a_shape_that_no_code_has_counts_for_nothing(runtime, app_of_anna, code):
    token = first_step(runtime)
    for typed in ["12345", "1234567", "aaaa", "", "x" * 200] * 2:
        with pytest.raises(Refused, match="Kod z aplikacji ma 6 cyfr"):
            service.finish_by_code(runtime, token, typed)
    assert service.finish_by_code(runtime, token, f" {code()[:3]} {code()[3:]} ")


def test_five_wrong_codes_warn_the_owner_once(runtime, app_of_anna, clock):
    token = first_step(runtime)
    for _try in range(7):
        with pytest.raises(Refused):
            service.finish_by_code(runtime, token, "000000")
        clock.advance(timedelta(seconds=70))
    assert mails(runtime, "core.wrong_codes") == ["core.wrong_codes"]
    failed = [way for result, way in rows(runtime, LoginEvent, LoginEvent.result, LoginEvent.way) if result == "failed"]
    assert set(failed) == {"code"}


# Recovery codes


def test_ten_codes_of_80_bits_kept_as_argon2(runtime, app_of_anna):
    """ASVS 6.5.2."""
    codes = app_of_anna.codes
    assert len(set(codes)) == 10
    assert {len(typed) for typed in codes} == {16}
    kept = [value for (value,) in rows(runtime, RecoveryCode, RecoveryCode.code_hash)]
    assert len(kept) == 10
    assert all(value.startswith("$argon2id$") for value in kept)


def test_a_recovery_code_works_once_however_it_is_typed(runtime, people, app_of_anna):
    typed = rules.grouped(app_of_anna.codes[3]).lower()
    signed = service.finish_by_code(runtime, first_step(runtime), typed)
    with runtime.database.snapshot() as session:
        assert identity.session_of(session, runtime, signed.token).auth_level == "recovery"
        assert recovery_codes.left(session, people.anna) == 9
    assert mails(runtime, "core.recovery_code_used") == ["core.recovery_code_used"]
    with pytest.raises(Refused):
        service.finish_by_code(runtime, first_step(runtime), typed)
    assert service.finish_by_code(runtime, first_step(runtime), app_of_anna.codes[4])


def test_new_codes_are_a_new_set(runtime, anna, app_of_anna):
    made = service.new_codes(runtime, anna)
    assert not set(made) & set(app_of_anna.codes)
    assert mails(runtime, "core.recovery_codes_made") == ["core.recovery_codes_made"]
    with pytest.raises(Refused):
        service.finish_by_code(runtime, first_step(runtime), app_of_anna.codes[0])
    assert service.finish_by_code(runtime, first_step(runtime), made[0])


def test_codes_alone_are_no_factor(runtime, anna, clock):
    with pytest.raises(Refused) as refused:
        service.new_codes(runtime, anna)
    assert refused.value.code == "none"


# Passkeys


@pytest.fixture
def soft_key():
    return SoftKey(PARTY.origin)


@pytest.fixture
def key_of_anna(runtime, anna, soft_key, clock):
    """Anna's passkey "telefon", added a moment ago."""
    add_key(runtime, anna, soft_key, "telefon")
    clock.advance(timedelta(minutes=1))
    return soft_key


def add_key(runtime, viewer, key, name, **answer):
    challenge = Challenge.new("add")
    options = passkeys.creation_options(
        PARTY, challenge, utility="Wodociągi", account_id=viewer.account_id, login=viewer.login, keys=()
    )
    return service.add_passkey(runtime, viewer, PARTY, challenge, name=name, answer=key.create(options, **answer))


def asked(purpose="enter"):
    challenge = Challenge.new(purpose)
    return challenge, passkeys.request_options(PARTY, challenge)


def enter(runtime, key, kind="customer", **answer):
    challenge, options = asked()
    return service.sign_in_by_passkey(
        runtime, PARTY, challenge, key.get(options, **answer), kind=kind, device_of=lambda digest: None
    )[0]


def test_a_passkey_is_the_second_step(runtime, people, key_of_anna):
    challenge, options = asked()
    signed = service.finish_by_passkey(runtime, first_step(runtime), PARTY, challenge, key_of_anna.get(options))
    assert signed.account_id == people.anna
    assert rows(runtime, LoginEvent, LoginEvent.result, LoginEvent.way)[-1] == ("ok", "password_passkey")


def test_a_passkey_alone_signs_in(runtime, people, key_of_anna):
    signed = enter(runtime, key_of_anna)
    assert signed.account_id == people.anna
    with runtime.database.snapshot() as session:
        live = identity.session_of(session, runtime, signed.token)
        assert (live.auth_level, proving.is_fresh(live)) == ("passkey", True)


def test_a_customer_s_passkey_does_not_open_the_panel(runtime, key_of_anna):
    with pytest.raises(Refused, match="Klucz nie został przyjęty"):
        enter(runtime, key_of_anna, kind="staff")


@pytest.mark.parametrize(
    "wrong",
    [
        {"verified": False},
        {"origin": "https://ebok.example.pl.evil.example"},
        {"origin": "http://ebok.example.pl"},
        {"user": "eA"},
    ],
)
def test_an_answer_without_the_person_or_for_another_page_is_refused(runtime, key_of_anna, wrong):
    with pytest.raises(Refused, match="Klucz nie został przyjęty"):
        enter(runtime, key_of_anna, **wrong)


def test_an_answer_works_once(runtime, key_of_anna):
    challenge, options = asked()
    answer = key_of_anna.get(options)
    given = {"kind": "customer", "device_of": lambda digest: None}
    assert service.sign_in_by_passkey(runtime, PARTY, challenge, answer, **given)
    with pytest.raises(Refused):
        service.sign_in_by_passkey(runtime, PARTY, challenge, answer, **given)


def test_another_s_key_is_no_second_step(runtime, people, viewer_of_account, key_of_anna, clock):
    other = SoftKey(PARTY.origin, b"o" * 32)
    add_key(runtime, viewer_of_account(people.clerk), other, "cudzy")
    clock.advance(timedelta(minutes=1))
    challenge, options = asked()
    with pytest.raises(Refused):
        service.finish_by_passkey(runtime, first_step(runtime), PARTY, challenge, other.get(options))


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"id": 1, "response": {}}', "x" * 30_000, '{"response": 7}'])
def test_what_no_browser_says_is_refused(runtime, key_of_anna, text):
    challenge, _options = asked()
    with pytest.raises(Refused):
        service.sign_in_by_passkey(runtime, PARTY, challenge, text, kind="customer", device_of=lambda digest: None)


def test_a_key_without_verification_is_not_added_nor_one_twice(runtime, anna, soft_key, clock):
    with pytest.raises(Refused):
        add_key(runtime, anna, soft_key, "bez PIN-u", verified=False)
    add_key(runtime, anna, soft_key, "telefon")
    with pytest.raises(Refused, match="już dodany"):
        add_key(runtime, anna, soft_key, "telefon jeszcze raz")


def test_a_counter_that_goes_back_is_a_warning(runtime, people, key_of_anna, clock):
    key_of_anna.count = 50
    assert enter(runtime, key_of_anna)
    clock.advance(timedelta(minutes=1))
    key_of_anna.count = 7
    assert enter(runtime, key_of_anna)
    assert mails(runtime, "core.passkey_warning") == ["core.passkey_warning"]
    assert "core.factor.passkey_went_back" in [a for (a,) in rows(runtime, AuditEvent, AuditEvent.action)]
    assert rows(runtime, Passkey, Passkey.sign_count) == [(51,)]


def test_a_challenge_is_for_one_act_and_five_minutes(clock):
    challenge = Challenge.new("add:1")
    assert challenge.fits("add:1")
    assert not challenge.fits("enter")
    clock.advance(timedelta(minutes=5))
    assert not challenge.fits("add:1")


def test_keys_are_renamed_and_removed_one_by_one(runtime, people, anna, key_of_anna, app_of_anna, clock):
    """ASVS 6.5.6: what is removed works no more, and its owner hears of it."""
    with runtime.database.unit_of_work() as session:
        [key] = passkeys.listed(session, people.anna)
        service.rename_passkey(session, anna, key.id, "stary telefon")
        assert [k.name for k in passkeys.listed(session, people.anna)] == ["stary telefon"]
        service.remove(session, anna, key.id, may_be_last=True)
    assert mails(runtime, "core.factor_removed") == ["core.factor_removed"]
    with pytest.raises(Refused):
        enter(runtime, key_of_anna)
    assert isinstance(identity.sign_in(runtime, "anna", PASSWORD, kind="customer"), identity.HalfWay)
    with runtime.database.unit_of_work() as session:
        service.remove(session, anna, service.APP, may_be_last=True)
        assert recovery_codes.left(session, people.anna) == 0
    assert identity.sign_in(runtime, "anna", PASSWORD, kind="customer").session_id


def test_the_last_one_stays_where_it_is_demanded(runtime, anna, app_of_anna):
    with pytest.raises(Refused) as refused, runtime.database.unit_of_work() as session:
        service.remove(session, anna, service.APP, may_be_last=False)
    assert refused.value.code == "last"
    assert rows(runtime, Totp) == [(1,)]


def test_nobody_touches_another_s_factors(runtime, people, viewer_of_account, key_of_anna, app_of_anna):
    clerk = viewer_of_account(people.clerk)
    [(key_id,)] = rows(runtime, Passkey, Passkey.id)
    for act in (
        lambda session: service.remove(session, clerk, key_id, may_be_last=True),
        lambda session: service.remove(session, clerk, service.APP, may_be_last=True),
        lambda session: service.rename_passkey(session, clerk, key_id, "mój"),
    ):
        with pytest.raises(NotFound), runtime.database.unit_of_work() as session:
            act(session)


def test_adding_is_told_and_recorded(runtime, anna, app_of_anna, key_of_anna):
    assert mails(runtime, "core.factor_added") == ["core.factor_added"] * 2
    actions = [action for (action,) in rows(runtime, AuditEvent, AuditEvent.action)]
    assert actions.count("core.factor.added") == 2


# Proving oneself again


def live_of(runtime, token):
    with runtime.database.snapshot() as session:
        return identity.session_of(session, runtime, token)


@pytest.mark.parametrize("kind", ["customer", "staff"])
def test_staff_with_a_factor_prove_themselves_with_it(runtime, people, viewer_of_account, clock, kind):
    """identity.md §6.6: what staff do with others' data is very sensitive."""
    account = {"customer": people.anna, "staff": people.clerk}[kind]
    person, secret = viewer_of_account(account), totp.new_secret()
    service.add_app(runtime, person, secret, pyotp.TOTP(secret).at(clock.now_utc()))
    with runtime.database.unit_of_work() as session:
        token, _id = identity.open_session(session, account)
    live = live_of(runtime, token)
    assert (proving.asks_factor(live), proving.is_fresh(live)) == ((kind == "staff"), (kind == "customer"))
    clock.advance(timedelta(minutes=5))
    assert not proving.is_fresh(live_of(runtime, token))
    if kind == "staff":
        new = proving.prove_by_code(runtime, live.viewer, pyotp.TOTP(secret).at(clock.now_utc()))
    else:
        new = proving.prove(runtime, live.viewer, PASSWORD)
    assert live_of(runtime, token) is None, "the old token is dead (ASVS 7.2.4)"
    assert proving.is_fresh(live_of(runtime, new))


def test_wrong_codes_of_a_proof_wait_too(runtime, anna, app_of_anna):
    for _try in range(5):
        with pytest.raises(Refused):
            proving.prove_by_code(runtime, anna, "000000")
    with pytest.raises(identity.Delayed):
        proving.prove_by_code(runtime, anna, "000000")
    with runtime.database.snapshot() as session:
        assert history.failures_of(session, "whatever") == 0


# A lost factor: two of the staff


PROOF = "dowód osobisty okazany przy okienku"


@pytest.fixture
def clerks(viewer_of_account, people):
    return viewer_of_account(people.clerk), viewer_of_account(people.admin)


def test_one_of_the_staff_asks_and_another_confirms(runtime, people, clerks, app_of_anna, viewer_of_account):
    """ASVS 6.4.4."""
    first, second = clerks
    with runtime.database.unit_of_work() as session:
        removal = office.ask(session, first, login="anna", kind="customer", proof=PROOF)
        assert [w.login for w in office.waiting(session, second)] == ["anna"]
        assert (len(office.work_items(second, session)), len(office.work_items(first, session))) == (1, 0)
    with pytest.raises(Refused) as refused, runtime.database.unit_of_work() as session:
        office.confirm(session, first, removal)
    assert refused.value.code == "same"
    assert rows(runtime, Totp) == [(1,)]
    with runtime.database.unit_of_work() as session:
        office.confirm(session, second, removal)
    assert (rows(runtime, Totp), rows(runtime, RecoveryCode)) == ([(0,)], [(0,)])
    assert mails(runtime, "core.factor_reset") == ["core.factor_reset"]
    audited = dict(rows(runtime, AuditEvent, AuditEvent.action, AuditEvent.actor))
    assert audited["core.factor.reset_asked"] == first.account_id
    assert audited["core.factor.reset"] == second.account_id
    open_ones = [
        at
        for (at, who) in rows(runtime, SignInSession, SignInSession.ended_at, SignInSession.account_id)
        if who == people.anna
    ]
    assert None not in open_ones
    assert identity.sign_in(runtime, "anna", PASSWORD, kind="customer").session_id
    with pytest.raises(NotFound), runtime.database.unit_of_work() as session:
        office.confirm(session, second, removal)


def test_what_the_office_may_not_ask(runtime, people, clerks, app_of_anna, clock):
    clerk, admin = clerks
    secret = totp.new_secret()
    service.add_app(runtime, clerk, secret, pyotp.TOTP(secret).at(clock.now_utc()))
    for viewer, login, kind, code in (
        (clerk, "nikt", "customer", "unknown"),
        (admin, "szefowa", "staff", "own"),
        (admin, "anna", "staff", "unknown"),
    ):
        with pytest.raises(Refused) as refused, runtime.database.unit_of_work() as session:
            office.ask(session, viewer, login=login, kind=kind, proof=PROOF)
        assert refused.value.code == code
    with pytest.raises(NotAllowed), runtime.database.unit_of_work() as session:
        office.ask(session, clerk, login="szefowa", kind="staff", proof=PROOF)
    with runtime.database.unit_of_work() as session:
        removal = office.ask(session, admin, login="biuro", kind="staff", proof=PROOF)
        assert office.waiting(session, clerk) == [], "a clerk does not see requests about staff"
    with pytest.raises(NotFound), runtime.database.unit_of_work() as session:
        office.confirm(session, clerk, removal)


def test_a_request_lapses_or_is_withdrawn(runtime, clerks, app_of_anna, clock):
    first, second = clerks
    with runtime.database.unit_of_work() as session:
        removal = office.ask(session, first, login="anna", kind="customer", proof=PROOF)
        with pytest.raises(Refused):
            office.ask(session, second, login="anna", kind="customer", proof=PROOF)
        office.withdraw(session, second, removal)
        office.ask(session, first, login="anna", kind="customer", proof=PROOF)
    clock.advance(timedelta(hours=24))
    with runtime.database.snapshot() as session:
        assert office.waiting(session, second) == []
    clock.advance(rules.KEEP_REMOVALS + timedelta(days=1))
    jobs.close_and_forget(runtime)
    assert rows(runtime, FactorRemoval) == [(0,)]


def test_the_server_s_command_removes_a_lost_factor(runtime, people, app_of_anna, monkeypatch):
    """For the only administrator, whom nobody can confirm in the panel."""
    from click.testing import CliRunner

    from ebok_core.identity import commands

    monkeypatch.setattr(commands.runtimes, "build", lambda: runtime)
    result = CliRunner().invoke(commands.account, ["remove-factors", "anna", "--reason", PROOF])
    assert result.exit_code == 0
    assert rows(runtime, Totp) == [(0,)]
    assert mails(runtime, "core.factor_reset") == ["core.factor_reset"]
    assert "core.factor.reset" in [action for (action,) in rows(runtime, AuditEvent, AuditEvent.action)]
