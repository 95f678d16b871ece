"""The access matrix (security.md §7): every rule of the URL map × who asks for it, generated from the map itself."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote, unquote

import pytest
import sqlalchemy as sa

from ebok_core.contracts.web import Zone
from ebok_core.testing.conformance import address_of
from ebok_core.testing.statements import counted

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
    portal, viewer, site = app.extensions["ebok"].portal, viewer_of(person), explored("admin")
    browser = signed_in(person)
    needed = {m.blueprint.name: m.permission for m in portal.of("ebok_blueprints") if m.zone is Zone.ADMIN}
    opened = refused = 0
    for rule in rules(app, "admin."):
        if "GET" not in rule.methods:
            continue
        may = viewer.may(needed[rule.endpoint.split(".")[1]])
        answer = browser.get(own_address(app, rule, site))
        assert may or answer.status_code == 403, f"{person} may not: {rule}: {answer.status}"
        assert answer.status_code < 500, f"{rule}: {answer.status}"
        opened, refused = opened + (answer.status_code < 400), refused + (answer.status_code == 403)
    assert opened
    assert refused or person == "admin"


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
