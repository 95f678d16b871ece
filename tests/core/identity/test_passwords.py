"""Passwords: what is refused and in which words, changing one's own, setting one by a link."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ebok_core import audit, runtime_settings
from ebok_core.contact.settings import ContactConfig, ContactConfigSchema
from ebok_core.errors import ConfigurationError, NotFound, Refused
from ebok_core.identity import passwords, rules
from ebok_core.identity import service as identity
from ebok_core.identity.models import Account, LoginEvent, OneTimeLink
from ebok_core.identity.schemas import PasswordPolicy, PasswordPolicySchema
from ebok_core.outbox.models import Message

PASSWORD = "cztery zielone rowery w rzece"
NEW = "trzy senne borsuki pod mostem"
CONTEXT = ["Wodociągi Miasto", "Brzozowa Struga", "ebok", "woda", "anna.testowa", "1-00096"]


def complaint(password: str, least: int = 12) -> str | None:
    return passwords.complaint(password, least=least, context=CONTEXT)


# Strength (ASVS 6.2)


@pytest.mark.parametrize(
    "password",
    [
        "cztery zielone rowery w rzece",
        "7305918264190736",
        "żółw źdźbło gęś łąka",
        "🐸 i 🦔 jadą na wakacje",
        " spacje na brzegach też ",
        "zimna woda cieknie z kranu w kuchni",
        "q" + "Xz7!vK2@pL9#wR4$tY6%" * 3,
        "mgła nad jeziorem " * 7,
    ],
)
def test_accepted(password):
    assert complaint(password) is None


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Password!2026",
        "dragondragondragon",
        "qwertyuiop123",
        "monkey99999999999",
        "!!!!!football!!!!!",
        "WodociagiMiasto2026",
        "brzozowastruga",
        "Brzozowa-Struga-1999",
        "ebokebokebok",
        "anna.testowa.2026",
        "1-00096-1-00096",
        "aaaaaaaaaaaaaaaa",
        "abcdefghijklmnop",
        "123456789012345",
    ],
)
def test_refused(password):
    assert complaint(password)


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("krótkie", "Hasło ma 7 znaków. Potrzeba co najmniej 12"),
        ("xy", "Hasło ma 2 znaki. Potrzeba co najmniej 12"),
        ("x" * 129, "Hasło ma 129 znaków. Najwięcej może mieć 128"),
    ],
)
def test_refusals_say_what_to_do(password, words):
    assert complaint(password) == words


def test_length_limits():
    letters = "kgzwmtbhprdsljfnqvxc" * 7
    assert complaint(letters[:11]) and complaint(letters[:12]) is None
    assert complaint(letters[:64]) is None and complaint(letters[:128]) is None
    assert complaint(letters[:129])
    assert complaint(letters[:15], least=16) and complaint("kG7w!tb9hP", least=10) is None


def test_the_end_of_a_long_password_counts(runtime, hasher):
    long = "kgzwmtbhprdsljfnqvxc" * 6 + "abcdefgh"
    assert len(long) == 128
    assert not hasher.verify(hasher.hash(long), long[:-1] + "x")


def test_a_listed_password_with_digits_on_it(runtime):
    assert rules.core_of("2019Dragon2026!?") == "dragon"
    assert complaint("2019Dragon2026!?") == complaint("dragondragondragon")


def test_meter_takes_any_text():
    for text in ("\x00" * 20, "\ud83d" * 15, "\u202e" * 30, "ﷺ" * 128, "𝕒" * 100):
        complaint(text)


# Parameters (ASVS 11.4.2)


def test_real_parameters(runtime):
    encoded = passwords.hasher_in(runtime.database.info).hash("x")
    assert encoded.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_weaker_than_the_floor_stops_the_start(core_settings):
    with pytest.raises(ConfigurationError, match="EBOK_ARGON2_MEMORY_KIB"):
        core_settings(argon2_memory_kib=8192)


@pytest.mark.parametrize("encoded", [None, "", "x", "$argon2id$v=19$m=8,t=1,p=1$broken"])
def test_no_hash_fits_nothing(hasher, encoded):
    assert not hasher.verify(encoded, "")
    assert not hasher.verify(encoded, "x")


# Changing one's own (L24, L159)


def viewer_of(runtime, account_id):
    with runtime.database.unit_of_work() as session:
        token = identity.open_session(session, account_id)[0]
    with runtime.database.snapshot() as session:
        return token, identity.viewer_of(session, runtime, token)


def seen(runtime, token):
    with runtime.database.snapshot() as session:
        return identity.viewer_of(session, runtime, token)


def mails(runtime) -> list[str]:
    with runtime.database.snapshot() as session:
        return list(session.scalars(sa.select(Message.subject_type).where(Message.target == "mail")))


@pytest.mark.feature("L24")
@pytest.mark.parametrize("who", ["anna", "admin"])
def test_change(runtime, people, clock, who):
    account_id = getattr(people, who)
    token, viewer = viewer_of(runtime, account_id)
    others = [viewer_of(runtime, account_id)[0] for _ in range(2)]
    renewed = identity.change_password(runtime, viewer, PASSWORD, NEW)
    assert [seen(runtime, t) for t in (token, *others)] == [None, None, None], "the old token is dead too"
    assert seen(runtime, renewed).session_id == viewer.session_id
    login = viewer.login
    with pytest.raises(Refused):
        identity.sign_in(runtime, login, PASSWORD, kind=viewer.kind)
    assert identity.sign_in(runtime, login, NEW, kind=viewer.kind).token
    assert "core.password_changed" in mails(runtime)
    with runtime.database.snapshot() as session:
        actions = session.scalars(sa.select(audit.models.AuditEvent.action)).all()
    assert "core.password.changed" in actions and "core.session.others_ended" in actions


@pytest.mark.parametrize(
    ("current", "new", "code"),
    [
        ("wrong", NEW, "wrong"),
        (PASSWORD, PASSWORD, "same"),
        (PASSWORD, "short", "weak"),
        (PASSWORD, "password1234", "weak"),
        (PASSWORD, "anna.testowa.2026", "weak"),
        (PASSWORD, "1-00096-1-00096", "weak"),
        (PASSWORD, "kropelka-w-2026", "weak"),
        (PASSWORD, "osiedlowe-2026", "weak"),
        (PASSWORD, "x" * 129, "weak"),
    ],
)
def test_change_refused(runtime, people, clock, current, new, code):
    with runtime.database.unit_of_work() as session:
        runtime_settings.save(session, ContactConfigSchema, ContactConfig(name="Spółka Kropelka"), keys=[])
        runtime_settings.save(session, PasswordPolicySchema, PasswordPolicy(refused_words="osiedlowe"), keys=[])
    token, viewer = viewer_of(runtime, people.anna)
    with pytest.raises(Refused) as refused:
        identity.change_password(runtime, viewer, current, new)
    assert refused.value.code == code
    assert seen(runtime, token) is not None
    assert identity.sign_in(runtime, "anna", PASSWORD, kind="customer").token


def test_guessing_the_current_password_is_throttled(runtime, people, hasher, clock):
    _, viewer = viewer_of(runtime, people.anna)
    for _ in range(5):
        with pytest.raises(Refused):
            identity.change_password(runtime, viewer, "wrong", NEW)
    verified = hasher.verified
    with pytest.raises(identity.Delayed):
        identity.change_password(runtime, viewer, PASSWORD, NEW)
    assert hasher.verified == verified


def test_two_changes_at_once(runtime, people, hasher, clock):
    """The second finds another password than the one it verified: nothing of it is stored."""
    _, one = viewer_of(runtime, people.anna)
    _, two = viewer_of(runtime, people.anna)
    results: list[str] = []
    verified = threading.Barrier(2)
    real = hasher.hash

    def together(password):
        verified.wait(20)
        return real(password)

    hasher.hash = together

    def change(viewer, new):
        try:
            identity.change_password(runtime, viewer, PASSWORD, new)
            results.append("changed")
        except Refused as refused:
            results.append(refused.code)

    threads = [
        threading.Thread(target=change, args=(one, NEW)),
        threading.Thread(target=change, args=(two, "pięć starych dębów za młynem")),
    ]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(results) == ["changed", "meanwhile"]


@pytest.mark.feature("L24")
def test_expiry_policy_is_off_by_default(runtime, people, clock):
    clock.advance(days=5 * 365)
    assert identity.sign_in(runtime, "anna", PASSWORD, kind="customer").duty is None


@pytest.mark.feature("L24")
def test_a_lapsed_password_must_be_changed(clock, runtime, people):
    with runtime.database.unit_of_work() as session:
        runtime_settings.save(session, PasswordPolicySchema, PasswordPolicy(expires_after_days=90), keys=[])
    clock.advance(days=89)
    assert identity.sign_in(runtime, "anna", PASSWORD, kind="customer").duty is None
    clock.advance(days=1)
    signed = identity.sign_in(runtime, "anna", PASSWORD, kind="customer")
    assert signed.duty == identity.DUTY_PASSWORD
    token = identity.change_password(runtime, seen(runtime, signed.token), PASSWORD, NEW)
    with runtime.database.snapshot() as session:
        assert identity.session_of(session, runtime, token).duty is None
    assert identity.sign_in(runtime, "anna", NEW, kind="customer").duty is None


# By a link (S10)


def link(runtime, account_id) -> str:
    with runtime.database.unit_of_work() as session:
        return identity.make_link(session, account_id)[0]


@pytest.fixture
def invited(runtime, hasher):
    with runtime.database.unit_of_work() as session:
        return identity.add_account(session, kind="customer", login="nowa", display_name="N", email="n@example.pl")


def test_S10_link_works_once(runtime, invited, clock):
    token = link(runtime, invited)
    with runtime.database.snapshot() as session:
        assert identity.owner_of_link(session, token).login == "nowa"
        assert identity.owner_of_link(session, token).login == "nowa", "looking uses nothing up"
        assert token not in repr(session.execute(sa.select(OneTimeLink.__table__)).all())
    identity.set_password_by_link(runtime, token, PASSWORD)
    assert identity.sign_in(runtime, "nowa", PASSWORD, kind="customer").token
    with pytest.raises(NotFound):
        identity.set_password_by_link(runtime, token, NEW)


def test_S10_of_two_uses_at_once_one_works(runtime, invited, clock):
    token, results = link(runtime, invited), []

    def use(new):
        try:
            identity.set_password_by_link(runtime, token, new)
            results.append("set")
        except NotFound:
            results.append("dead")

    threads = [threading.Thread(target=use, args=(new,)) for new in (PASSWORD, NEW)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(results) == ["dead", "set"]


@pytest.mark.parametrize(("has_password", "lives"), [(False, timedelta(hours=72)), (True, timedelta(minutes=30))])
def test_S10_link_lapses(runtime, people, invited, clock, has_password, lives):
    token = link(runtime, people.anna if has_password else invited)
    clock.advance(lives - timedelta(seconds=1))
    with runtime.database.snapshot() as session:
        assert identity.owner_of_link(session, token)
    clock.advance(seconds=1)
    with runtime.database.snapshot() as session:
        assert identity.owner_of_link(session, token) is None
    with pytest.raises(NotFound):
        identity.set_password_by_link(runtime, token, NEW)


def test_S10_newer_link_and_password_change_void_it(runtime, people, clock):
    first, second = link(runtime, people.anna), link(runtime, people.anna)
    with runtime.database.snapshot() as session:
        assert identity.owner_of_link(session, first) is None
    _, viewer = viewer_of(runtime, people.anna)
    identity.change_password(runtime, viewer, PASSWORD, NEW)
    with runtime.database.snapshot() as session:
        assert identity.owner_of_link(session, second) is None


def test_a_weak_password_uses_no_link_up(runtime, invited, clock):
    token = link(runtime, invited)
    with pytest.raises(Refused):
        identity.set_password_by_link(runtime, token, "short")
    assert identity.set_password_by_link(runtime, token, PASSWORD).id == invited


def test_S09_a_link_ends_every_session(runtime, people, clock):
    token, _ = viewer_of(runtime, people.anna)
    identity.set_password_by_link(runtime, link(runtime, people.anna), NEW)
    assert seen(runtime, token) is None


# Mails to the owner (identity.md §6.7)


def test_new_device_is_told_but_not_the_first_sign_in(runtime, people, clock):
    identity.sign_in(runtime, "anna", PASSWORD, kind="customer")
    assert mails(runtime) == []
    clock.advance(seconds=1)
    identity.sign_in(runtime, "anna", PASSWORD, kind="customer", device="d1")
    assert mails(runtime) == []
    identity.sign_in(runtime, "anna", PASSWORD, kind="customer")
    assert mails(runtime) == ["core.new_device"]


def test_ten_failures_within_a_day_are_told_once(runtime, people, clock):
    for n in range(12):
        clock.advance(minutes=16)
        with pytest.raises(Refused):
            identity.sign_in(runtime, "anna", "wrong", kind="customer")
        assert mails(runtime) == (["core.many_failures"] if n >= 9 else [])
    with runtime.database.snapshot() as session:
        assert session.scalar(sa.select(sa.func.count()).where(LoginEvent.account_id == people.anna)) == 12


def test_the_mail_says_when_and_from_where(runtime, people, clock):
    meta = audit.RequestMeta(ip="192.0.2.8", user_agent="Mozilla/5.0 (Windows NT 10.0) Firefox/140.0")
    _, viewer = viewer_of(runtime, people.anna)
    with audit.use_request(meta):
        identity.change_password(runtime, viewer, PASSWORD, NEW)
    with runtime.database.snapshot() as session:
        payload = session.scalar(sa.select(Message.payload).where(Message.target == "mail"))
    for words in ("24 listopada 2026", "Firefox, komputer z Windows", "192.0.2.8", "To nie Ty?"):
        assert words in payload
    assert "/haslo" not in payload and NEW not in payload


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", ("Firefox", "windows")),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", ("Edge", "windows")),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19.0 Mobile/15E148 Safari/604.1", ("Safari", "iphone")),
        ("Mozilla/5.0 (Linux; Android 16; K) Chrome/140.0 Mobile Safari/537.36", ("Chrome", "android_phone")),
        ("Mozilla/5.0 (Linux; Android 16; SM-X) SamsungBrowser/29 Chrome/130", ("Samsung Internet", "android_tablet")),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/19 Safari/605", ("Safari", "mac")),
        ("Mozilla/5.0 (X11; CrOS x86_64) Chrome/140.0 Safari/537.36", ("Chrome", "chromebook")),
        ("curl/8.0", (None, None)),
        ("", (None, None)),
    ],
)
def test_devices(user_agent, device):
    assert rules.device_of(user_agent) == rules.Device(*device)


def test_no_hash_in_any_repr(runtime, people):
    with runtime.database.snapshot() as session:
        account = session.get(Account, people.anna)
        assert "$argon2" not in repr(account)
