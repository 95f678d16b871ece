"""The access matrix (security.md §7): every rule of the URL map × who asks for it, generated from the map itself."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from urllib.parse import quote, unquote

import pytest
import sqlalchemy as sa

from ebok_core import clock as clocks
from ebok_core.contracts.web import Zone
from ebok_core.identity import service as identity
from ebok_core.identity.rules import STAFF_ROLES
from ebok_core.testing import pages, people
from ebok_core.testing.conformance import address_of
from ebok_core.testing.statements import counted
from ebok_core.tytan import copy

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

ZONES = tuple(f"{zone.value}." for zone in Zone)
# Rules with arguments that no page links to, with the reason.
UNREACHED = {
    "public.identity.set_password": "the link comes by mail",
    "customer.faktura.file": "linked while TYTAN holds such a file; foreign ones are refused in e-Faktura's tests",
    "admin.faktura.notice": "linked from the list of e-invoices, which is empty until a notice was queued",
    "admin.faktura.customer": "the same list",
}
# Rules whose arguments are days and formats: they name no object, everybody sees their own account by them.
OWN_PERIODS = {"customer.balance.on_day", "customer.balance.statement_of"}
# Views that decide more finely than their mount, with the reason: they may refuse who passes the guard.
FINER = dict.fromkeys(
    ("admin.core.config", "admin.core.mapping"), "each configuration page may ask for a right of its own"
)
# Things of one person, whoever else acts for the customer.
PERSONAL = ("customer.contact.",)
# The only changes that who looks on may make: a message of one's own.
OBSERVER_WRITES = {"core.cases_write"}
# Tables that a refused request may write: what it tried is recorded.
RECORDS = ("core_audit", "core_login_event", "core_delay_counter", "core_session")
_CHANGING = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|nonce-[\w+/=-]+|csrf_token\" value=\"[^\"]*|X-CSRFToken\":\"[^\"]*")


def rules(app, *zones):
    return [r for r in app.url_map.iter_rules() if r.endpoint.startswith(zones or ZONES)]


def methods(rule):
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def own_address(app, rule, site):
    """An address of the rule that its owner reached, or one that is made up."""
    return site.pages.get(rule.endpoint) or site.files.get(rule.endpoint) or address_of(app, rule)


def fingerprint(database):
    """A hash of everything that is stored, but for records of attempts."""
    digest = hashlib.sha256()
    with database.reader.connect() as connection:
        for name in sorted(sa.inspect(connection).get_table_names()):
            if not name.startswith(RECORDS):
                rows = sorted(map(repr, connection.exec_driver_sql(f'SELECT * FROM "{name}"')))
                digest.update(repr((name, rows)).encode())
    return digest.hexdigest()


def neighbour(app, address):
    """The address of the same shape that leads to nothing: the last sign of each argument is another one."""
    adapter = app.url_map.bind("localhost")
    endpoint, arguments = adapter.match(unquote(address))
    other = {n: v if not isinstance(v, str) else v[:-1] + ("1" if v[-1] == "0" else "0") for n, v in arguments.items()}
    return adapter.build(endpoint, other)


def bare(answer, address):
    """A page without what differs between any two requests: the request's id, tokens, its own address."""
    text = _CHANGING.sub("", answer.get_data(as_text=True))
    for own in (address, unquote(address), quote(unquote(address), safe="")):
        text = text.replace(own, "")
    return text


def test_S01_every_rule_lies_in_a_zone(app):
    strays = {r.endpoint for r in app.url_map.iter_rules() if not r.endpoint.startswith(ZONES)}
    assert strays <= {"static"}


def test_S01_every_admin_mount_of_every_module_asks_for_a_permission(runtime):
    mounts = [m for m in runtime.portal.of("ebok_blueprints") if m.zone is Zone.ADMIN]
    assert [m.blueprint.name for m in mounts if m.permission is None] == []


def test_S01_strangers_see_public_pages_alone(app, filled_copy):
    app.config["WTF_CSRF_ENABLED"] = False
    visited = 0
    for rule in rules(app, "customer.", "admin."):
        for method in methods(rule):
            answer = app.test_client().open(address_of(app, rule), method=method)
            assert answer.status_code in (302, 303, 401, 403), f"{method} {rule}: {answer.status}"
            if answer.status_code in (302, 303):
                assert "logowanie" in answer.headers["Location"], f"{method} {rule}: {answer.headers['Location']}"
            visited += 1
    assert visited >= len(rules(app, "customer.", "admin."))


@pytest.mark.parametrize(("person", "zone"), [("A", "admin."), ("clerk", "customer."), ("admin", "customer.")])
def test_S02_no_one_enters_the_other_zone(app, signed_in, person, zone):
    app.config["WTF_CSRF_ENABLED"] = False
    browser = signed_in(person)
    for rule in rules(app, zone):
        for method in methods(rule):
            answer = browser.open(address_of(app, rule), method=method)
            assert answer.status_code == 404, f"{person}: {method} {rule}: {answer.status}"


@pytest.mark.parametrize("person", ["clerk", "admin"])
def test_S03_staff_enter_what_their_permissions_open(app, signed_in, viewer_of, explored, person):
    viewer, site = viewer_of(person), explored("admin")
    browser = signed_in(person)
    opened = refused = 0
    for rule in rules(app, "admin."):
        if "GET" not in rule.methods:
            continue
        may = all(map(viewer.may, asked(app, rule, Zone.ADMIN)))
        answer = browser.get(own_address(app, rule, site))
        assert may or answer.status_code == 403, f"{person} may not: {rule}: {answer.status}"
        assert answer.status_code < 500, f"{rule}: {answer.status}"
        opened, refused = opened + (answer.status_code < 400), refused + (answer.status_code == 403)
    assert opened
    assert refused or person == "admin"


def asked(app, rule, zone, method="GET"):
    """What mount and view of a rule ask for, read from what is declared."""
    portal = app.extensions["ebok"].portal
    mounts = {m.blueprint.name: m.permission for m in portal.of("ebok_blueprints") if m.zone is zone}
    own = getattr(app.view_functions[rule.endpoint], "ebok_needs", None)
    found = [mounts[rule.endpoint.split(".")[1]], own[0] if own and (not own[1] or method in own[1]) else None]
    return [permission for permission in found if permission]


def is_own_act(app, rule):
    """Whether a rule changes only what is one's own: account, devices, the customer that one looks at."""
    portal = app.extensions["ebok"].portal
    own = {m.blueprint.name for m in portal.of("ebok_blueprints") if m.zone is Zone.CUSTOMER and m.own_account}
    return rule.endpoint.split(".")[1] in own or hasattr(app.view_functions[rule.endpoint], "ebok_own_act")


@pytest.mark.feature("P75")
def test_S03_every_role_of_staff_opens_exactly_what_it_may(app, someone, explored):
    site = explored("admin")
    for role in STAFF_ROLES:
        browser, viewer = someone(staff=(role,))
        opened = 0
        for rule in rules(app, "admin."):
            if "GET" not in rule.methods:
                continue
            may = all(map(viewer.may, asked(app, rule, Zone.ADMIN)))
            answer = browser.get(own_address(app, rule, site))
            assert may or answer.status_code == 403, f"{role} may not: {rule}: {answer.status}"
            assert not may or answer.status_code != 403 or rule.endpoint in FINER, f"{role} may: {rule}"
            assert answer.status_code < 500, f"{role}: {rule}: {answer.status}"
            opened += answer.status_code < 400
        assert opened, f"{role} opens nothing"


@pytest.mark.feature("P75")
def test_S03_every_role_of_staff_changes_only_what_it_may(app, someone, explored, database):
    app.config["WTF_CSRF_ENABLED"] = False
    site = explored("admin")
    browsers = {role: someone(staff=(role,)) for role in STAFF_ROLES}
    before = fingerprint(database)
    refused = 0
    for role, (browser, viewer) in browsers.items():
        for rule in rules(app, "admin."):
            for method in (m for m in methods(rule) if m != "GET"):
                if all(map(viewer.may, asked(app, rule, Zone.ADMIN, method))):
                    continue
                answer = browser.open(own_address(app, rule, site), method=method, data={"value": "1"})
                assert answer.status_code == 403, f"{role}: {method} {rule}: {answer.status}"
                refused += 1
    assert refused > len(STAFF_ROLES)
    assert fingerprint(database) == before


@pytest.mark.feature("P07")
@pytest.mark.parametrize("role", ["manager", "payer", "observer"])
def test_P07_a_delegate_opens_exactly_what_the_role_may(app, someone, explored, role):
    site, (browser, viewer) = explored("A"), someone(role=role)
    opened = refused = 0
    for rule in rules(app, "customer."):
        if "GET" not in rule.methods or rule.endpoint in UNREACHED:
            continue
        address = own_address(app, rule, site)
        may = all(map(viewer.may, asked(app, rule, Zone.CUSTOMER)))
        answer = browser.get(address)
        assert may == (answer.status_code != 403), f"{role}: {address}: {answer.status}"
        assert answer.status_code < 500, f"{role}: {address}: {answer.status}"
        if may and rule.endpoint in site.pages and not is_own_act(app, rule):
            seen = (404,) if rule.endpoint.startswith(PERSONAL) and rule.arguments else (200, 302)
            assert answer.status_code in seen, f"{role}: {address}: {answer.status}"
        opened, refused = opened + (answer.status_code == 200), refused + (answer.status_code == 403)
    assert opened > 5
    assert refused


@pytest.mark.feature("P07")
@pytest.mark.parametrize("role", ["manager", "payer", "observer"])
def test_P07_a_delegate_changes_only_what_a_permission_of_the_role_names(app, someone, explored, database, role):
    """Hiding a button is not enough: each change is sent, and refused before any view runs."""
    app.config["WTF_CSRF_ENABLED"] = False
    site, (browser, viewer) = explored("A"), someone(role=role)
    before = fingerprint(database)
    refused = 0
    for rule in rules(app, "customer."):
        for method in (m for m in methods(rule) if m != "GET"):
            needed = asked(app, rule, Zone.CUSTOMER, method)
            if is_own_act(app, rule) and not needed:
                continue
            if needed and all(map(viewer.may, needed)):
                named = [p for p in needed if f"customer_{role}" in p.roles]
                assert named == needed, f"{role}: {rule}"
                strange = {p.key for p in needed} - OBSERVER_WRITES if role == "observer" else set()
                assert not strange, f"an observer may change: {method} {rule}"
                continue
            answer = browser.open(own_address(app, rule, site), method=method, data={"value": "1"})
            assert answer.status_code == 403, f"{role}: {method} {rule}: {answer.status}"
            refused += 1
    assert refused
    assert fingerprint(database) == before


@pytest.mark.feature("P07")
def test_P07_points_out_of_scope_stand_on_no_page(app, someone, filled_copy, viewer_a):
    """A manager of one of A's points: pages of the others are not found, and nothing of them stands anywhere."""
    points = sa.select(copy.service_points.c.code).where(copy.service_points.c.customer_code == viewer_a.customer_code)
    meters = sa.select(copy.meters.c.id, copy.meters.c.meter_number, copy.meters.c.point_code)
    with filled_copy.database.snapshot() as session:
        mine, *others = sorted(session.scalars(points))
        foreign = [m for m in session.execute(meters) if m.point_code in others]
    assert others
    assert foreign
    browser, _viewer = someone(role="manager", points=[mine])
    site = pages.explore(pages.flask_get(browser), app.url_map, ("customer",), "/")
    assert site.broken == []
    names = [*others, *(m.meter_number for m in foreign)]
    for endpoint, address in site.pages.items():
        if endpoint.startswith(("customer.core.", "customer.odczyt.")):
            text = browser.get(address).get_data(as_text=True)
            assert [name for name in names if name in text] == [], f"{address} speaks of other points"
    for address in (*(f"/punkty/{code}" for code in others), *(f"/liczniki/{m.id}" for m in foreign)):
        assert browser.get(address).status_code == 404, address


@pytest.mark.feature("P07")
def test_P07_an_access_of_another_day_gives_nothing(app, someone, explored, clock):
    """One that ended yesterday and one that begins tomorrow see what a stranger to A sees."""
    site = explored("A")
    today = clocks.today()
    day = timedelta(days=1)
    for period in ({"valid_from": today - 9 * day, "valid_to": today - day}, {"valid_from": today + day}):
        browser, viewer = someone(role="manager", **period)
        assert viewer.customer_codes == ()
        for endpoint, address in site.pages.items():
            named = "<" in str(next(app.url_map.iter_rules(endpoint))) and endpoint not in OWN_PERIODS
            if endpoint.startswith("customer.") and named:
                assert browser.get(address).status_code in (403, 404), address


@pytest.mark.feature("L06")
def test_L06_a_suspended_account_looks_and_changes_nothing(app, signed_in, explored, filled_copy, database):
    app.config["WTF_CSRF_ENABLED"] = False
    site, browser = explored("A"), signed_in("A")
    with filled_copy.database.unit_of_work() as session:
        identity.set_status(session, people.account_id(filled_copy, "A"), "suspended", reason="próba")
    before = fingerprint(database)
    assert browser.get("/").status_code == 200
    for rule in rules(app, "customer."):
        for method in (m for m in methods(rule) if m != "GET"):
            if is_own_act(app, rule) and not asked(app, rule, Zone.CUSTOMER, method):
                continue
            answer = browser.open(own_address(app, rule, site), method=method, data={"value": "1"})
            assert answer.status_code == 403, f"{method} {rule}: {answer.status}"
    assert fingerprint(database) == before


def test_S05_another_customer_s_things_are_not_found(app, signed_in, explored):
    """What is A's answers B exactly as what does not exist."""
    site, browser = explored("A"), signed_in("B")
    named = [r for r in rules(app, "customer.") if r.endpoint not in OWN_PERIODS]
    objects = [r for r in named if r.arguments and "GET" in r.methods]
    visited = 0
    for rule in objects:
        address = site.pages.get(rule.endpoint) or site.files.get(rule.endpoint)
        if address is None:
            continue
        assert signed_in("A").get(address).status_code == 200
        nowhere = neighbour(app, address)
        foreign, missing = browser.get(address), browser.get(nowhere)
        assert foreign.status_code == 404, f"B sees A's {address}: {foreign.status}"
        assert missing.status_code == 404, f"{nowhere}: {missing.status}"
        assert bare(foreign, address) == bare(missing, nowhere), f"{rule}: foreign and missing differ"
        visited += 1
    assert visited == len([r for r in objects if r.endpoint not in UNREACHED])


def test_S05_another_customer_s_things_are_not_changed(app, signed_in, explored, database):
    app.config["WTF_CSRF_ENABLED"] = False
    site, browser = explored("A"), signed_in("B")
    before = fingerprint(database)
    for rule in rules(app, "customer."):
        if not rule.arguments:
            continue
        address = own_address(app, rule, site)
        for method in (m for m in methods(rule) if m != "GET"):
            answer = browser.open(address, method=method, data={"value": "1"})
            assert answer.status_code in (400, 403, 404, 409), f"{method} {address}: {answer.status}"
    assert fingerprint(database) == before


def test_S05_every_object_page_was_reached(explored):
    for person in ("A", "admin"):
        unreached = [u for u in explored(person).unreached if u.split()[0] not in {*UNREACHED, *OWN_PERIODS}]
        assert unreached == [], f"no page of {person} leads there: nothing proves who may see it"


@pytest.mark.parametrize("person", ["A", "B", "C", "D", "clerk", "admin"])
def test_no_page_fails_and_no_link_is_dead(explored, person):
    site = explored(person)
    assert site.broken == ([] if person != "clerk" else [b for b in site.broken if b.endswith(": 403")])
    assert len(site.pages) >= 3


@pytest.mark.parametrize("person", ["A", "admin"])
def test_S06_a_get_writes_nothing(explored, signed_in, person):
    """But the session's last activity, at most once a minute."""
    site, browser = explored(person), signed_in(person)
    for address in site.pages.values():
        with counted() as statements:
            browser.get(address)
        writes = [sql for sql in statements.writes if "core_session" not in sql]
        assert writes == [], f"GET {address} writes: {writes}"


def test_S34_an_unsafe_request_without_its_token_is_refused(app, signed_in, explored, database):
    sites = {"customer.": ("A", explored("A")), "admin.": ("admin", explored("admin"))}
    before = fingerprint(database)
    visited = 0
    for zone, (person, site) in sites.items():
        browser = signed_in(person)
        for rule in rules(app, zone):
            for method in (m for m in methods(rule) if m != "GET"):
                answer = browser.open(own_address(app, rule, site), method=method, data={"value": "1"})
                assert answer.status_code in (302, 303, 400, 403, 404, 422), f"{method} {rule}: {answer.status}"
                visited += 1
    assert visited
    assert fingerprint(database) == before
