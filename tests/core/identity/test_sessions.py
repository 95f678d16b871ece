"""Sessions: rows that the clock, their owner and the office end; roles and customers act at the next request."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from ebok_core.errors import NotFound, Refused
from ebok_core.identity import jobs, rules
from ebok_core.identity import service as identity
from ebok_core.identity.models import LoginEvent, SignInSession


def begin(runtime, account_id, **options) -> str:
    with runtime.database.unit_of_work() as session:
        return identity.open_session(session, account_id, **options)[0]


def seen(runtime, token):
    with runtime.database.snapshot() as session:
        return identity.viewer_of(session, runtime, token)


def act(runtime, function, *args, **options):
    with runtime.database.unit_of_work() as session:
        return function(session, *args, **options)


def use(runtime, token):
    """A request: the activity is noted as the web does it."""
    with runtime.database.snapshot() as session:
        live = identity.session_of(session, runtime, token)
    if live and identity.needs_touch(live):
        act(runtime, identity.touch, live.viewer.session_id)
    return live is not None


# By the clock (ASVS 7.3.1, 7.3.2)


@pytest.mark.parametrize(("who", "idle", "absolute"), [("anna", 20, 12), ("clerk", 10, 8)])
def test_idle_and_absolute_limits(runtime, people, clock, who, idle, absolute):
    token = begin(runtime, getattr(people, who))
    clock.advance(minutes=idle - 1)
    assert use(runtime, token)
    clock.advance(minutes=idle)
    assert not use(runtime, token)
    with runtime.database.snapshot() as session:
        assert identity.why_ended(session, runtime, token) == ("idle", idle)
    token, started = begin(runtime, getattr(people, who)), clock.now_utc()
    while clock.advance(minutes=idle - 1) - started < timedelta(hours=absolute):
        assert use(runtime, token)
    assert not use(runtime, token)
    with runtime.database.snapshot() as session:
        assert identity.why_ended(session, runtime, token).reason == "absolute"


def test_idle_limit_is_a_setting(make_runtime, people, clock):
    runtime = make_runtime(idle_minutes_customer=5)
    token = begin(runtime, people.anna)
    clock.advance(minutes=5)
    assert seen(runtime, token) is None


def test_activity_is_written_at_most_once_a_minute(runtime, people, clock, statements):
    token = begin(runtime, people.anna)
    clock.advance(seconds=59)
    with statements() as sql:
        use(runtime, token)
    assert len(sql) == 1
    clock.advance(seconds=1)
    with statements() as sql:
        use(runtime, token)
    assert len(sql) == 2
    with runtime.database.snapshot() as session:
        assert session.scalar(sa.select(SignInSession.last_activity_at)) == clock.now_utc()


def test_viewer_in_one_query(runtime, people, clock, statements):
    token = begin(runtime, people.admin)
    with statements() as sql:
        assert seen(runtime, token).kind == "staff"
    assert len(sql) == 1


# Tokens (S09)


def test_S09_token_is_256_bit_and_stored_hashed(runtime, people, clock):
    tokens = {begin(runtime, people.anna) for _ in range(5)}
    assert len(tokens) == 5
    assert all(len(token) == 43 for token in tokens)
    with runtime.database.snapshot() as session:
        stored = set(session.scalars(sa.select(SignInSession.token_hash)))
    assert stored == {identity.token_hash(token) for token in tokens}


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "\0", "'; DROP TABLE core_session; --", "ą" * 5000])
def test_unknown_tokens_are_nobody_s(runtime, people, clock, token):
    assert seen(runtime, token) is None


def test_S09_sign_out_kills_the_token(runtime, people, clock):
    token = begin(runtime, people.anna)
    act(runtime, identity.sign_out, seen(runtime, token))
    assert seen(runtime, token) is None


def test_of_eleven_sessions_the_oldest_ends(runtime, people, clock):
    tokens = []
    for _ in range(rules.MOST_SESSIONS + 2):
        tokens.append(begin(runtime, people.anna))
        clock.advance(seconds=1)
    assert [seen(runtime, token) is not None for token in tokens] == [False, False] + [True] * 10
    with runtime.database.snapshot() as session:
        assert identity.why_ended(session, runtime, tokens[0]).reason == "too_many"


# The owner's own list (ASVS 7.5.2)


def test_owner_sees_and_ends_sessions(runtime, people, clock):
    first, other, third = (begin(runtime, people.anna) for _ in range(3))
    stranger = begin(runtime, people.clerk)
    viewer = seen(runtime, first)
    with runtime.database.snapshot() as session:
        found = identity.open_sessions(session, runtime, viewer)
    assert len(found) == 3
    assert [item.id for item in found if item.is_current] == [viewer.session_id]
    act(runtime, identity.end_session, viewer, seen(runtime, other).session_id)
    assert seen(runtime, other) is None
    assert act(runtime, identity.end_other_sessions, viewer) == 1
    assert seen(runtime, third) is None
    assert seen(runtime, first) is not None
    assert seen(runtime, stranger) is not None


def test_S05_foreign_and_missing_sessions_are_the_same(runtime, people, clock):
    viewer, foreign = seen(runtime, begin(runtime, people.anna)), seen(runtime, begin(runtime, people.clerk))
    texts = set()
    for session_id in (foreign.session_id, "no-such-id"):
        with pytest.raises(NotFound) as error:
            act(runtime, identity.end_session, viewer, session_id)
        texts.add(str(error.value))
    assert len(texts) == 1
    with runtime.database.snapshot() as session:
        assert identity.session_of(session, runtime, "x") is None


# Changes act at the next request (S07)


def test_S07_blocked_account(runtime, people, clock):
    token = begin(runtime, people.anna)
    act(runtime, identity.set_status, people.anna, "blocked", reason="test")
    assert seen(runtime, token) is None
    act(runtime, identity.set_status, people.anna, "normal", reason="test")
    assert seen(runtime, token) is None, "a session that was ended stays so"


def test_status_of_the_account(runtime, people, clock):
    token = begin(runtime, people.anna)
    assert seen(runtime, token).status == "normal"
    act(runtime, identity.set_status, people.anna, "suspended", reason="test")
    assert seen(runtime, token).status == "suspended"


def test_S07_roles(runtime, people, clock):
    token = begin(runtime, people.clerk)
    assert not seen(runtime, token).may(runtime.portal.permissions["core.configure"])
    act(runtime, identity.set_roles, people.clerk, ["clerk", "admin"])
    assert seen(runtime, token).may(runtime.portal.permissions["core.configure"])
    act(runtime, identity.set_roles, people.clerk, ["observer"])
    assert not seen(runtime, token).may(runtime.portal.permissions["core.configure"])


def test_S07_revoked_customer(runtime, people, clock):
    token = begin(runtime, people.anna)
    act(runtime, identity.switch_customer, seen(runtime, token), "1-00096")
    act(runtime, identity.revoke_access, people.anna, "1-00096", reason="moved out")
    viewer = seen(runtime, token)
    assert (viewer.customer_codes, viewer.customer_code) == (("1-00007",), "1-00007")
    act(runtime, identity.revoke_access, people.anna, "1-00007", reason="moved out")
    assert seen(runtime, token).customer_code is None


def test_access_has_a_period(runtime, people, clock):
    token = begin(runtime, people.anna)
    act(
        runtime,
        identity.grant_access,
        people.anna,
        "1-00500",
        valid_from=date(2026, 11, 25),
        valid_to=date(2026, 11, 26),
    )
    found = []
    for _ in range(4):
        found.append("1-00500" in seen(runtime, token).customer_codes)
        clock.advance(hours=24)
        token = begin(runtime, people.anna)
    assert found == [False, True, True, False]


def test_an_unknown_role_gives_nothing(runtime, people, clock):
    token = begin(runtime, people.anna)
    act(runtime, lambda s: s.execute(sa.text("UPDATE core_customer_access SET role = 'tenant'")))
    assert seen(runtime, token).customer_codes == ()


def test_switching_to_a_foreign_customer_finds_nothing(runtime, people, clock):
    token = begin(runtime, people.anna)
    with pytest.raises(NotFound):
        act(runtime, identity.switch_customer, seen(runtime, token), "1-00001")
    assert seen(runtime, token).customer_code == "1-00007"


# Accounts


@pytest.mark.feature("P75")
@pytest.mark.parametrize("role", rules.STAFF_ROLES)
def test_every_role_has_what_is_declared_for_it(runtime, hasher, clock, role):
    account_id = act(runtime, identity.add_account, kind="staff", login=f"x-{role}", display_name="X", roles=[role])
    viewer = seen(runtime, begin(runtime, account_id))
    assert viewer.permissions == {k for k, p in runtime.portal.permissions.items() if role in p.roles}
    assert viewer.may(runtime.portal.permissions["core.panel"])
    assert viewer.customer_codes == ()


def test_a_customer_has_no_right_of_staff(runtime, people, clock):
    act(runtime, lambda s: s.execute(sa.text(f"INSERT INTO core_account_role VALUES ('{people.anna}', 'admin')")))
    viewer = seen(runtime, begin(runtime, people.anna))
    assert viewer.permissions == {k for k, p in runtime.portal.permissions.items() if "customer" in p.roles}


@pytest.mark.parametrize(
    ("account", "code"),
    [
        ({"kind": "customer", "login": "ANNA"}, "login_taken"),
        ({"kind": "customer", "login": "other", "email": "anna.testowa@EXAMPLE.pl"}, "login_taken"),
        ({"kind": "customer", "login": "anna.testowa@example.pl"}, "login_shape"),
        ({"kind": "customer", "login": "ab"}, "login_shape"),
        ({"kind": "customer", "login": "a\nb c"}, "login_shape"),
        ({"kind": "staff", "login": "other"}, "roles"),
        ({"kind": "staff", "login": "other", "roles": ["king"]}, "roles"),
        ({"kind": "customer", "login": "other", "roles": ["admin"]}, "roles"),
    ],
)
def test_accounts_that_can_t_be(runtime, people, account, code):
    with pytest.raises(Refused) as refused:
        act(runtime, identity.add_account, display_name="X", **account)
    assert refused.value.code == code


def test_staff_and_customer_may_share_an_address(runtime, people):
    assert act(runtime, identity.add_account, kind="customer", login="celina", display_name="C", email="c@example.pl")


@pytest.mark.parametrize("way", ["roles", "status"])
def test_last_administrator_stays(runtime, people, way):
    ways = {
        "roles": lambda account_id: act(runtime, identity.set_roles, account_id, ["clerk"]),
        "status": lambda account_id: act(runtime, identity.set_status, account_id, "blocked", reason="x"),
    }
    with pytest.raises(Refused) as refused:
        ways[way](people.admin)
    assert refused.value.code == "last_admin"
    act(runtime, identity.set_roles, people.clerk, ["admin"])
    ways[way](people.admin)


def test_one_access_to_a_customer_is_enough(runtime, people):
    with pytest.raises(Refused) as refused:
        act(runtime, identity.grant_access, people.anna, "1-00096")
    assert refused.value.code == "access_exists"
    act(runtime, identity.revoke_access, people.anna, "1-00096", reason="x")
    act(runtime, identity.grant_access, people.anna, "1-00096")


# Care


def test_care_closes_and_forgets(runtime, people, clock):
    ended, kept = begin(runtime, people.anna), begin(runtime, people.clerk)
    clock.advance(minutes=20)
    kept = begin(runtime, people.anna)
    assert jobs.close_and_forget(runtime) == "Zamknięte sesje: 2, usunięte stare wpisy: 0"
    assert seen(runtime, kept) is not None
    with runtime.database.snapshot() as session:
        assert identity.why_ended(session, runtime, ended).reason == "idle"
        assert sorted(session.scalars(sa.select(LoginEvent.result))) == ["expired", "expired"]
    assert jobs.close_and_forget(runtime) is None
    clock.advance(days=31)
    jobs.close_and_forget(runtime)
    clock.advance(days=366)
    jobs.close_and_forget(runtime)
    with runtime.database.snapshot() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(SignInSession)) == 0
        assert session.scalar(sa.select(sa.func.count()).select_from(LoginEvent)) == 0
