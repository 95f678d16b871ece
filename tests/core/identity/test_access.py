"""Who acts for whom: roles towards a customer, narrowed points, delegations, groups, one more customer by a bill."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from ebok_core import clock as clocks
from ebok_core.audit.models import AuditEvent
from ebok_core.contracts.identity import Permission
from ebok_core.contracts.tytan import Result
from ebok_core.errors import NotAllowed, NotFound, Refused
from ebok_core.identity import passwords
from ebok_core.identity import service as identity
from ebok_core.identity.access import delegations, groups, invitations, jobs, joining, mails, people, reach, rules
from ebok_core.identity.access.models import Delegation
from ebok_core.identity.models import Account, CustomerAccess, Registration
from ebok_core.identity.passwords import Cost, Hasher
from ebok_core.identity.registration import finish, service, tytan
from ebok_core.identity.rules import ACCESS_ROLES, CUSTOMER_ROLES, permissions_of
from ebok_core.outbox import deliver
from ebok_core.outbox.models import Message
from ebok_core.testing import people as testers
from ebok_core.tytan import copy, reads

_M, _C = Message.__table__, CustomerAccess.__table__
A, B = testers.LOGINS["A"], testers.LOGINS["B"]
POINTS = sa.select(copy.service_points.c.code)
METERS = sa.select(copy.meters.c.id, copy.meters.c.point_code)
READINGS = sa.select(copy.readings.c.id, copy.readings.c.point_code)
INVOICES = sa.select(copy.invoices.c.number)


class One(tuple):
    @classmethod
    def _make(cls, row):
        return row[0]


class Pair(tuple):
    @classmethod
    def _make(cls, row):
        return tuple(row)


@pytest.fixture
def portal(filled_copy):
    filled_copy.database.info.update(passwords.with_hasher(Hasher(Cost(1, 8, 1))))
    return filled_copy


@pytest.fixture
def dora(portal):
    """A customer's account without a customer, to be given things."""
    return act(
        portal,
        identity.add_account,
        kind="customer",
        login="dora",
        display_name="Dora Testowa",
        email="dora@example.pl",
    )


def act(runtime, what, *args, **kwargs):
    with runtime.database.unit_of_work() as session:
        return what(session, *args, **kwargs)


def read(runtime, what, *args, **kwargs):
    with runtime.database.snapshot() as session:
        return what(session, *args, **kwargs)


def viewer(runtime, account_id, acting=None):
    """Somebody's viewer as the next request sees it."""
    token, session_id = act(runtime, identity.open_session, account_id)
    found = read(runtime, identity.viewer_of, runtime, token)
    if acting:
        act(runtime, identity.switch_customer, found, acting)
        found = read(runtime, identity.viewer_of, runtime, token)
    return found


def seen(runtime, person, statement, *, every=False):
    return set(read(runtime, reads.rows, person, statement, as_=One, every=every))


def letters_to(runtime, address):
    """Key and text of each mail to an address, oldest first."""
    with runtime.database.snapshot() as session:
        rows = session.execute(
            sa.select(_M.c.subject_type, _M.c.payload).where(_M.c.target == "mail").order_by(_M.c.seq)
        )
        found = [(row.subject_type, json.loads(row.payload)) for row in rows]
    return [(key, payload["subject"] + "\n" + payload["text"]) for key, payload in found if payload["to"] == address]


def token_of(text):
    return re.search(r"/zaproszenie/([\w-]+)", text).group(1)


def offered(runtime, viewer_a, email="dora@example.pl", role="manager", points=None, days=90):
    """An invitation by A; its id and token."""
    until = clocks.today() + timedelta(days=days)
    new = act(runtime, delegations.offer, viewer_a, email=email, role=role, points=points, valid_to=until)
    return new, token_of(letters_to(runtime, email)[-1][1])


# Roles and permissions (§8.4)


@pytest.mark.parametrize("role", ACCESS_ROLES)
def test_a_role_has_exactly_what_names_it(role):
    declared = {
        "see": Permission(key="see", title="", roles=frozenset(CUSTOMER_ROLES.values())),
        "own": Permission(key="own", title="", roles=frozenset({"customer"})),
        "staff": Permission(key="staff", title="", roles=frozenset({"observer", "admin"})),
    }
    held = permissions_of("customer", [role], declared, granted=["staff", "own"])
    assert held == ({"see", "own"} if role == "owner" else {"see"})


def test_staff_get_granted_rights_but_never_a_customer_s():
    declared = {
        "own": Permission(key="own", title="", roles=frozenset({"customer"})),
        "free": Permission(key="free", title=""),
        "staff": Permission(key="staff", title="", roles=frozenset({"admin"})),
    }
    assert permissions_of("staff", ["clerk"], declared, granted=["own", "free", "staff", "gone"]) == {"free", "staff"}


def test_of_two_ways_to_a_customer_the_stronger_counts_with_its_own_points():
    found = reach.reach_of("observer:all:1,manager:points:2,payer:all:4", "manager:all:1,observer:all:2", "2\tP1")
    assert found.roles == {"1": "manager", "2": "manager", "4": "payer"}
    assert found.narrowed == (("2", ("P1",)),)
    assert reach.reach_of(None, None, None) == ({}, ())
    assert reach.reach_of("tenant:all:1", None, None).roles == {}


def test_a_delegate_s_permissions_follow_the_acting_customer(portal, dora):
    act(portal, identity.grant_access, dora, A, role="observer")
    act(portal, identity.grant_access, dora, B, role="owner")
    watching, owning = viewer(portal, dora, A), viewer(portal, dora, B)
    assert (watching.role, owning.role) == ("observer", "owner")
    assert "core.delegate" in owning.permissions
    assert "core.delegate" not in watching.permissions


# Points in scope bind reads


@pytest.mark.feature("P07")
def test_points_in_scope_bind_every_read_of_points(portal, dora, viewer_a):
    every = sorted(seen(portal, viewer_a, POINTS))
    assert len(every) > 1, "A has two premises"
    act(portal, identity.grant_access, dora, A, role="manager", points=[every[0]])
    person = viewer(portal, dora)
    assert person.points == (every[0],)
    for reach_every in (False, True):
        assert seen(portal, person, POINTS, every=reach_every) == {every[0]}
    for statement in (METERS, READINGS):
        whole = read(portal, reads.rows, viewer_a, statement, as_=Pair)
        mine = read(portal, reads.rows, person, statement, as_=Pair)
        assert set(mine) == {row for row in whole if row[1] == every[0]}
        assert len(mine) < len(whole)
    # Bills belong to the customer as a whole, and to roles.
    assert seen(portal, person, INVOICES) == seen(portal, viewer_a, INVOICES) != set()


def test_a_narrow_access_beside_a_whole_one(portal, dora, viewer_a, viewer_b):
    one = min(seen(portal, viewer_a, POINTS))
    act(portal, identity.grant_access, dora, A, role="observer", points=[one])
    act(portal, identity.grant_access, dora, B)
    whole = viewer(portal, dora, B)
    assert whole.points is None
    assert seen(portal, whole, POINTS) == seen(portal, viewer_b, POINTS)
    assert seen(portal, whole, POINTS, every=True) == {one} | seen(portal, viewer_b, POINTS)


def test_a_narrow_access_without_points_reaches_none(portal, dora):
    act(portal, identity.grant_access, dora, A, role="manager", points=[])
    person = viewer(portal, dora)
    assert person.customer_code == A
    assert seen(portal, person, POINTS) == set()


# Delegations


@pytest.mark.feature("P07")
def test_the_way_of_a_delegation(portal, dora, viewer_a):
    new, token = offered(portal, viewer_a)
    assert viewer(portal, dora).customer_codes == ()
    person = viewer(portal, dora)
    assert act(portal, invitations.accept, person, token) == A
    person = viewer(portal, dora)
    assert (person.customer_code, person.role) == (A, "manager")
    (row,) = read(portal, delegations.given, viewer_a)
    assert (row.state, row.person, row.account_email) == (rules.ACCEPTED, "Dora Testowa", "dora@example.pl")
    assert [key for key, _text in letters_to(portal, viewer_a.email)] == [mails.ANSWERED]
    assert "Dora Testowa (dora@example.pl)" in letters_to(portal, viewer_a.email)[0][1]
    # The second one with the same link is late.
    with pytest.raises(NotFound):
        act(portal, invitations.accept, person, token)
    act(portal, delegations.revoke, viewer_a, new)
    assert viewer(portal, dora).customer_codes == ()
    assert letters_to(portal, "dora@example.pl")[-1][0] == mails.ENDED
    actions = read(portal, lambda s: list(s.scalars(sa.select(AuditEvent.action))))
    assert {"core.delegation.offered", "core.delegation.accepted", "core.delegation.revoked"} <= set(actions)


def test_what_a_delegate_does_is_written_in_the_customer_s_name(portal, dora, viewer_a):
    """X w imieniu Y: the account that acts, the customer it acts for."""
    act(portal, identity.grant_access, dora, A, role="manager")
    person = viewer(portal, dora)
    act(portal, identity.sign_out, person)
    event = read(portal, lambda s: s.scalars(sa.select(AuditEvent).order_by(AuditEvent.seq.desc())).first())
    assert (event.actor, event.on_behalf_of) == (dora, A)


def test_an_invitation_makes_an_account_on_the_spot(portal, viewer_a):
    _new, token = offered(portal, viewer_a, email="nowy@example.pl", role="payer")
    found = read(portal, invitations.invitation, token)
    assert (found.customer_code, found.role, found.email) == (A, "payer", "nowy@example.pl")
    with pytest.raises(Refused):
        invitations.accept_with_new_account(portal, token, "Nowy", "haslo")
    signed = invitations.accept_with_new_account(portal, token, "Nowy Testowy", "cztery zielone rowery w rzece")
    person = viewer(portal, signed.account_id)
    assert (person.customer_codes, person.role, person.email) == ((A,), "payer", "nowy@example.pl")
    with pytest.raises(NotFound):
        invitations.accept_with_new_account(portal, token, "Inny", "cztery zielone rowery w rzece")


def test_who_may_not_offer(portal, dora, viewer_a):
    until = clocks.today() + timedelta(days=30)
    act(portal, identity.grant_access, dora, A, role="manager")
    manager = viewer(portal, dora)
    with pytest.raises(NotAllowed):
        act(portal, delegations.offer, manager, email="x@example.pl", role="observer", points=None, valid_to=until)
    # An owner by a group alone passes nothing on.
    boss = viewer(portal, testers.account_id(portal, "admin"))
    group = act(portal, groups.add, boss, kind="access", name="Dom", role="owner")
    act(portal, groups.add_customers, boss, group, [B])
    act(portal, groups.add_people, boss, group, ["dora"])
    owner = viewer(portal, dora, B)
    assert owner.role == "owner"
    with pytest.raises(NotAllowed):
        act(portal, delegations.offer, owner, email="x@example.pl", role="observer", points=None, valid_to=until)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"valid_to": timedelta(days=-1)}, "until"),
        ({"valid_to": timedelta(days=732)}, "until"),
        ({"points": []}, "points"),
        ({"points": ["NIE-MA"]}, "points"),
        ({"email": "own"}, "own_address"),
    ],
)
def test_what_can_not_be_offered(portal, viewer_a, change, code):
    wanted = {"email": "x@example.pl", "role": "observer", "points": None, "valid_to": timedelta(days=30), **change}
    wanted["valid_to"] = clocks.today() + wanted["valid_to"]
    wanted["email"] = viewer_a.email.upper() if wanted["email"] == "own" else wanted["email"]
    with pytest.raises(Refused) as refused:
        act(portal, delegations.offer, viewer_a, **wanted)
    assert refused.value.code == code


def test_another_s_point_can_not_be_offered(portal, viewer_a, viewer_b):
    foreign = min(seen(portal, viewer_b, POINTS))
    with pytest.raises(Refused):
        offered(portal, viewer_a, points=[foreign])


def test_another_s_delegation_is_not_found(portal, viewer_a, viewer_b):
    new, _token = offered(portal, viewer_a)
    for what in (delegations.one, delegations.revoke, delegations.offer_again):
        with pytest.raises(NotFound):
            act(portal, what, viewer_b, new)
    with pytest.raises(NotFound):
        act(portal, delegations.renew, viewer_b, new, clocks.today())


def test_one_s_own_invitation_is_for_the_other(portal, viewer_a):
    _new, token = offered(portal, viewer_a)
    with pytest.raises(Refused) as refused:
        act(portal, invitations.accept, viewer_a, token)
    assert refused.value.code == "own"


def test_who_acts_already_keeps_what_there_is(portal, dora, viewer_a):
    act(portal, identity.grant_access, dora, A, role="observer")
    _new, token = offered(portal, viewer_a)
    with pytest.raises(Refused) as refused:
        act(portal, invitations.accept, viewer(portal, dora), token)
    assert refused.value.code == "access_exists"
    assert read(portal, invitations.invitation, token) is not None, "nothing was used up"
    assert viewer(portal, dora).role == "observer"


def test_a_link_lapses_and_a_new_one_voids_it(portal, dora, viewer_a, clock):
    new, token = offered(portal, viewer_a)
    act(portal, delegations.offer_again, viewer_a, new)
    assert read(portal, invitations.invitation, token) is None
    fresh = token_of(letters_to(portal, "dora@example.pl")[-1][1])
    clock.advance(hours=73)
    assert read(portal, invitations.invitation, fresh) is None
    jobs.remind(portal)
    assert read(portal, delegations.one, viewer_a, new).state == rules.LAPSED


def test_an_invitation_may_be_declined_without_an_account(portal, viewer_a):
    new, token = offered(portal, viewer_a)
    act(portal, invitations.decline, token)
    assert read(portal, delegations.one, viewer_a, new).state == rules.DECLINED
    assert letters_to(portal, viewer_a.email)[-1][0] == mails.ANSWERED


def test_what_is_gone_is_not_passed_on(portal, dora, viewer_a):
    """The owner loses the customer, or is blocked: the delegate loses it at the same moment."""
    _new, token = offered(portal, viewer_a)
    act(portal, invitations.accept, viewer(portal, dora), token)
    _other, waiting = offered(portal, viewer_a, email="inna@example.pl")
    act(portal, people_status, viewer_a.account_id, "blocked")
    assert viewer(portal, dora).customer_codes == ()
    act(portal, people_status, viewer_a.account_id, "normal")
    assert viewer(portal, dora).customer_codes == (A,)
    act(portal, identity.revoke_access, viewer_a.account_id, A, reason="sprzedany dom")
    assert viewer(portal, dora).customer_codes == ()
    assert read(portal, invitations.invitation, waiting) is None


def people_status(session, account_id, status):
    identity.set_status(session, account_id, status, reason="próba")


@pytest.mark.feature("P07")
def test_a_delegation_ends_by_itself_and_both_sides_hear_of_it_before(portal, dora, viewer_a, clock):
    new, token = offered(portal, viewer_a, days=40)
    act(portal, invitations.accept, viewer(portal, dora), token)
    both = ("dora@example.pl", viewer_a.email)
    told = lambda: [sum(key == mails.ENDS for key, _t in letters_to(portal, address)) for address in both]  # noqa: E731
    jobs.remind(portal)
    assert told() == [0, 0]
    clock.advance(days=10)
    jobs.remind(portal)
    jobs.remind(portal)
    assert told() == [1, 1]
    clock.advance(days=23)
    jobs.remind(portal)
    assert told() == [2, 2]
    # Prolonged: the count begins anew.
    clock.advance(hours=1)
    act(portal, delegations.renew, viewer(portal, viewer_a.account_id), new, clocks.today() + timedelta(days=20))
    jobs.remind(portal)
    assert told() == [3, 3]
    clock.advance(days=20)
    assert viewer(portal, dora).customer_codes == (A,), "the last day counts"
    clock.advance(days=1)
    assert viewer(portal, dora).customer_codes == ()
    jobs.remind(portal)
    assert read(portal, delegations.one, viewer(portal, viewer_a.account_id), new).state == rules.LAPSED


def test_the_longest_delegation_has_24_months():
    assert rules.latest_end(date(2026, 11, 24)) == date(2028, 11, 24)
    assert rules.latest_end(date(2028, 2, 29)) == date(2030, 2, 28)


# One more customer, one less


@pytest.fixture
def bill(portal):
    """The newest bill of a customer without an account, as it is typed."""
    with portal.database.snapshot() as session:
        taken = set(session.scalars(sa.select(_C.c.customer_code)))
        for code in session.scalars(sa.select(copy.customers.c.code).order_by(copy.customers.c.code)):
            bills = tytan.newest_bills(session, code)
            if code not in taken and bills:
                number, gross = bills[0].number, str(bills[0].gross)
                return {"customer_code": code, "bill_number": number, "bill_amount": gross}
    raise AssertionError("everybody has an account")


def ask(portal, person, typed):
    new = act(portal, joining.ask, person, service.verifier_of(portal.portal), typed)
    deliver.drain(portal, tytan.WORKER)
    return new


@pytest.mark.feature("P06")
def test_one_more_customer_by_the_proof_of_a_registration(portal, viewer_a, bill):
    ask(portal, viewer_a, bill)
    code = bill["customer_code"]
    person = viewer(portal, viewer_a.account_id)
    assert set(person.customer_codes) == {*viewer_a.customer_codes, code}
    assert letters_to(portal, viewer_a.email)[-1][0] == mails.JOINED
    kinds = read(portal, lambda s: list(s.scalars(sa.select(_M.c.kind))))
    assert "registration.requested" in kinds, "TYTAN hears of it"
    assert {row.code: row.role for row in read(portal, joining.mine, person)}[code] == "owner"
    act(portal, joining.leave, person, code)
    assert viewer(portal, viewer_a.account_id).customer_codes == viewer_a.customer_codes


def test_tytan_may_reject_a_customer_that_was_added(portal, viewer_a, bill):
    new = ask(portal, viewer_a, bill)
    result = Result(
        message_id="x", kind="registration.requested", subject_type=tytan.SUBJECT, subject_id=new, subject_rev=1,
        status="rejected", reason_code="not_allowed", reason="", reference=None, status_at=clocks.now_utc(),
    )  # fmt: skip
    act(portal, finish.apply_result, result)
    assert viewer(portal, viewer_a.account_id).customer_codes == viewer_a.customer_codes


def test_data_that_do_not_fit_add_nothing_and_say_so(portal, viewer_a, bill):
    ask(portal, viewer_a, {**bill, "bill_amount": "0.01"})
    assert viewer(portal, viewer_a.account_id).customer_codes == viewer_a.customer_codes
    (row,) = read(portal, joining.waiting, viewer_a)
    assert (row.typed_code, row.state) == (bill["customer_code"], "refused")
    assert letters_to(portal, viewer_a.email)[-1][0] == mails.NOT_JOINED


def test_a_customer_with_an_owner_is_not_added(portal, viewer_a):
    with portal.database.snapshot() as session:
        bills = tytan.newest_bills(session, B)
    ask(portal, viewer_a, {"customer_code": B, "bill_number": bills[0].number, "bill_amount": str(bills[0].gross)})
    assert viewer(portal, viewer_a.account_id).customer_codes == viewer_a.customer_codes
    assert read(portal, joining.waiting, viewer_a)[0].state == "known"


def test_guessing_is_counted_with_the_registrations(portal, viewer_a, bill):
    for _ in range(5):
        ask(portal, viewer_a, {**bill, "bill_amount": "0.01"})
    ask(portal, viewer_a, bill)
    assert viewer(portal, viewer_a.account_id).customer_codes == viewer_a.customer_codes
    assert read(portal, lambda s: set(s.scalars(sa.select(Registration.state)))) == {"refused", "blocked"}


def test_a_delegate_is_no_owner_for_a_registration(portal, dora, viewer_a):
    act(portal, identity.grant_access, dora, "1-01005", role="manager")
    assert read(portal, service.owners, "1-01005") == []


def test_leaving_a_delegation_tells_its_giver(portal, dora, viewer_a):
    new, token = offered(portal, viewer_a)
    act(portal, invitations.accept, viewer(portal, dora), token)
    act(portal, joining.leave, viewer(portal, dora), A)
    assert viewer(portal, dora).customer_codes == ()
    assert read(portal, delegations.one, viewer_a, new).state == rules.LEFT
    assert letters_to(portal, viewer_a.email)[-1][0] == mails.ANSWERED


# The office: accounts and groups


@pytest.fixture
def boss(portal):
    return viewer(portal, testers.account_id(portal, "admin"))


@pytest.fixture
def clerk(portal):
    return viewer(portal, testers.account_id(portal, "clerk"))


@pytest.mark.feature("L152")
def test_a_user_of_customers_gets_an_invitation(portal, clerk):
    new = act(
        portal, people.add_customer, clerk, name="Ewa Testowa", login="", email="ewa@example.pl", codes=[A, B],
        role="observer",
    )  # fmt: skip
    person = viewer(portal, new)
    assert (set(person.customer_codes), person.role) == ({A, B}, "observer")
    ((key, text),) = letters_to(portal, "ewa@example.pl")
    assert key == mails.INVITED
    token = re.search(r"/haslo/([\w-]+)", text).group(1)
    identity.set_password_by_link(portal, token, "cztery zielone rowery w rzece")
    assert identity.sign_in(portal, "ewa@example.pl", "cztery zielone rowery w rzece", kind="customer")


def test_a_code_that_the_copy_lacks_makes_no_account(portal, clerk):
    with pytest.raises(Refused) as refused:
        act(portal, people.add_customer, clerk, name="X", login="x-y", email=None, codes=[A, "9-99999"], role="owner")
    assert "9-99999" in str(refused.value)
    assert read(portal, lambda s: s.scalar(sa.select(Account.id).where(Account.login == "x-y"))) is None


def test_a_clerk_makes_no_staff_and_changes_none(portal, clerk, boss):
    with pytest.raises(NotAllowed):
        act(portal, people.add_staff, clerk, name="X", login="xyz", email=None, roles=["admin"])
    for what in (
        lambda s: people.set_roles(s, clerk, boss.account_id, ["clerk"]),
        lambda s: people.set_status(s, clerk, boss.account_id, "blocked", reason="x", words=("", "")),
        lambda s: groups.add(s, clerk, kind="rights", name="x"),
    ):
        with pytest.raises(NotAllowed):
            act(portal, what)


@pytest.mark.feature("P75")
def test_nobody_changes_own_rights_and_one_administrator_stays(portal, boss):
    with pytest.raises(Refused) as refused:
        act(portal, people.set_roles, boss, boss.account_id, ["clerk"])
    assert refused.value.code == "own_rights"
    with pytest.raises(Refused):
        act(portal, people.set_status, boss, boss.account_id, "suspended", reason="x", words=("", ""))
    second = act(portal, people.add_staff, boss, name="Druga", login="druga", email=None, roles=["admin"])
    other = viewer(portal, second)
    act(portal, people.set_roles, other, boss.account_id, ["clerk"])
    with pytest.raises(Refused) as refused:
        act(portal, identity.set_roles, second, ["clerk"])
    assert refused.value.code == "last_admin"


@pytest.mark.feature("L153")
def test_a_group_of_access_shares_customers_at_once(portal, boss, dora):
    group = act(portal, groups.add, boss, kind="access", name="Wspólnoty", role="manager")
    assert act(portal, groups.add_customers, boss, group, [A, B, A]) == 2
    assert act(portal, groups.add_people, boss, group, ["DORA@example.pl"]) == 1
    person = viewer(portal, dora)
    assert (set(person.customer_codes), person.role) == ({A, B}, "manager")
    assert act(portal, groups.take_out, boss, group, [B, "nikt"]) == 1
    assert viewer(portal, dora).customer_codes == (A,)
    # Nobody leaves a group alone: the office made it.
    with pytest.raises(NotFound):
        act(portal, joining.leave, viewer(portal, dora), A)
    assert act(portal, groups.take_out, boss, group, ["dora"]) == 1
    assert viewer(portal, dora).customer_codes == ()


def test_customers_of_one_nip_join_together(portal, boss):
    nip, codes = read(
        portal,
        lambda s: next(
            (nip, set(s.scalars(sa.select(copy.customers.c.code).where(copy.customers.c.nip == nip))))
            for nip in s.scalars(sa.select(copy.customers.c.nip).where(copy.customers.c.nip.is_not(None)))
        ),
    )
    group = act(portal, groups.add, boss, kind="recipients", name="Firma")
    assert act(portal, groups.add_customers, boss, group, [], nip) == len(codes)
    assert set(read(portal, groups.recipients, group)) == codes
    with pytest.raises(Refused) as refused:
        act(portal, groups.add_customers, boss, group, [], "1111111111")
    assert refused.value.code == "nip"


@pytest.mark.feature("L153")
def test_a_group_of_rights_gives_staff_rights_at_once(portal, boss, clerk):
    declared = list(portal.portal.permissions.values())
    group = act(portal, groups.add, boss, kind="rights", name="Konfiguracja")
    act(portal, groups.add_people, boss, group, [testers.LOGINS["clerk"]])
    assert "core.configure" not in clerk.permissions
    act(portal, groups.set_rights, boss, group, ["core.configure"], declared)
    assert "core.configure" in viewer(portal, clerk.account_id).permissions
    with pytest.raises(Refused):
        act(portal, groups.set_rights, boss, group, ["core.delegate"], declared)
    with pytest.raises(Refused) as refused:
        act(portal, groups.add_people, boss, group, [testers.LOGINS["admin"]])
    assert refused.value.code == "own_rights"
    act(portal, groups.remove, boss, group)
    assert "core.configure" not in viewer(portal, clerk.account_id).permissions


def test_a_group_of_recipients_gives_nobody_access(portal, boss, dora):
    group = act(portal, groups.add, boss, kind="recipients", name="Ulica")
    act(portal, groups.add_customers, boss, group, [A])
    with pytest.raises(NotFound):
        act(portal, groups.add_people, boss, group, ["dora"])
    assert viewer(portal, dora).customer_codes == ()


def test_people_who_are_not_there_are_named(portal, boss):
    group = act(portal, groups.add, boss, kind="access", name="Dom", role="observer")
    with pytest.raises(Refused) as refused:
        act(portal, groups.add_people, boss, group, [A, "nie-ma-takiej"])
    assert "nie-ma-takiej" in str(refused.value)
    assert read(portal, groups.members, group) == []
    with pytest.raises(Refused) as refused:
        act(portal, groups.add, boss, kind="access", name="DOM", role="observer")
    assert refused.value.code == "name"


def test_an_access_by_the_office_has_a_role_points_and_an_end(portal, clerk, dora, viewer_a, clock):
    point = min(seen(portal, viewer_a, POINTS))
    until = clocks.today() + timedelta(days=1)
    act(portal, people.give, clerk, dora, A, role="payer", points=[point], valid_to=until)
    person = viewer(portal, dora)
    assert (person.role, person.points) == ("payer", (point,))
    assert letters_to(portal, "dora@example.pl")[-1][0] == mails.GIVEN
    with pytest.raises(Refused):
        act(portal, people.give, clerk, dora, B, role="payer", points=[point], valid_to=None)
    clock.advance(days=2)
    assert viewer(portal, dora).customer_codes == ()
    act(portal, people.take, clerk, dora, A, reason="koniec umowy")
    assert letters_to(portal, "dora@example.pl")[-1][0] == mails.TAKEN
    assert read(portal, lambda s: s.scalars(sa.select(Delegation)).all()) == []
