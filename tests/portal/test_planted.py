"""Bad modules, each caught by its distribution's name; the portal stays, and with EBOK_STRICT the start stops."""

from __future__ import annotations

import pytest
from flask import Blueprint

from ebok_core import DashboardCard, MenuEntry, Mount, Permission, Zone, plugins
from ebok_core.app import create_app_of
from ebok_core.errors import ModuleError
from ebok_core.testing.planted import installed, planted

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

SWIM = Permission(key="basen.swim", title="Swim")


def pages(name="basen", *, prefix="/basen"):
    blueprint = Blueprint(name, __name__, url_prefix=prefix)
    blueprint.add_url_rule("/", "index", lambda: "lane")
    return blueprint


def customer(blueprint, permission=None):
    return [Mount(zone=Zone.CUSTOMER, blueprint=blueprint, permission=permission)]


def card(template):
    return [DashboardCard(key="basen.card", template=template, load=lambda session, viewer: {})]


def entry(endpoint):
    return [MenuEntry(key="basen.index", zone=Zone.CUSTOMER, label="x", endpoint=endpoint)]


def two_rules():
    blueprint = pages()
    blueprint.add_url_rule("/", "again", lambda: "lane")
    return blueprint


BAD = {
    "wrong type": ({"ebok_jobs": ["clean"]}, "ebok_jobs must return Job, not str"),
    "foreign prefix": ({"ebok_menu_entries": [MenuEntry(key="core.x", zone=Zone.CUSTOMER, label="x")]}, "'core.x'"),
    "the core's address": ({"ebok_blueprints": lambda: customer(pages(prefix="/kontakt"))}, "already taken"),
    "an address twice": ({"ebok_blueprints": lambda: customer(two_rules())}, "already taken"),
    "the core's blueprint": (
        {"ebok_blueprints": lambda: [Mount(zone=Zone.PUBLIC, blueprint=pages("public"))]},
        "already mounted by ebok_core",
    ),
    "an admin mount without permission": (
        {"ebok_blueprints": lambda: [Mount(zone=Zone.ADMIN, blueprint=pages())]},
        "mounted without a permission",
    ),
    "an undeclared permission": (
        {"ebok_blueprints": lambda: customer(pages(), SWIM)},
        "the permission 'basen.swim' is not declared",
    ),
    "an unknown endpoint": ({"ebok_menu_entries": entry("customer.basen.index")}, "which does not exist"),
    "a missing template": ({"ebok_dashboard_cards": card("ebok_basen/_card.html")}, "template 'ebok_basen/_card.html'"),
    "a table of somebody else": ({"ebok_copy_tables": ["ebok_meters"]}, "must return CopyTable"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_the_module_is_off_and_its_reason_is_told(make_runtime, case):
    hooks, reason = BAD[case]
    app = create_app_of(make_runtime([planted("ebok_basen", **hooks), planted("ebok_zdrowy")], strict=False))
    portal = app.extensions["ebok"].portal
    assert [fault.name for fault in portal.faults] == ["ebok_basen"]
    assert reason in portal.faults[0].fault
    assert portal.faults[0].distribution == "ebok-basen"
    assert [declaration.name for declaration in portal.declarations] == ["ebok_core", "ebok_zdrowy"]
    assert not [rule for rule in app.url_map.iter_rules() if ".basen." in rule.endpoint]


@pytest.mark.parametrize("case", BAD)
def test_strict_stops_the_start_and_names_the_distribution(make_runtime, case):
    hooks, reason = BAD[case]
    with pytest.raises(ModuleError) as raised:
        create_app_of(make_runtime([planted("ebok_basen", **hooks)], strict=True))
    assert reason in str(raised.value)
    assert raised.value.distribution == "ebok-basen"


def test_of_two_modules_on_one_address_the_later_by_name_is_off(make_runtime):
    first = planted("ebok_aqua", ebok_blueprints=lambda: customer(pages("aqua", prefix="/woda")))
    second = planted("ebok_basen", ebok_blueprints=lambda: customer(pages("basen", prefix="/woda")))
    app = create_app_of(make_runtime([second, first], strict=False))
    assert [fault.name for fault in app.extensions["ebok"].portal.faults] == ["ebok_basen"]
    assert "customer.aqua.index" in app.view_functions


def test_a_good_module_is_mounted(make_runtime):
    hooks = {
        "ebok_permissions": [SWIM],
        "ebok_blueprints": lambda: customer(pages(), SWIM),
        "ebok_menu_entries": entry("customer.basen.index"),
    }
    app = create_app_of(make_runtime([planted("ebok_basen", **hooks)], strict=True))
    assert app.extensions["ebok"].portal.faults == ()
    assert "customer.basen.index" in app.view_functions


GOOD = "from ebok_core import Module, hookimpl\n\n@hookimpl\ndef ebok_module():\n    return Module(title='Basen')\n"
DISTRIBUTIONS = {
    "an import error": ([("ebok-planted", "ebok_planted", "import no_such_thing")], "ebok-planted: import failed"),
    "a syntax error": ([("ebok-planted", "ebok_planted", "def (:")], "ebok-planted: import failed: SyntaxError"),
    "one name twice": (
        [("ebok-planted", "ebok_planted", GOOD), ("another", "ebok_planted", GOOD)],
        "claimed by several distributions: another, ebok-planted",
    ),
}


@pytest.mark.parametrize("case", DISTRIBUTIONS)
def test_a_distribution_that_can_t_be_used_is_off_or_stops_the_start(make_runtime, tmp_path, case):
    distributions, reason = DISTRIBUTIONS[case]
    with installed(tmp_path, *distributions):
        found = [module for module in plugins.installed() if module.name == "ebok_planted"]
    assert len(found) == 1
    assert reason in found[0].fault
    from ebok_core.portal import assemble

    assert [module.name for module in assemble(found, strict=False).faults] == ["ebok_planted"]
    with pytest.raises(ModuleError, match="planted"):
        assemble(found, strict=True)


def test_a_module_may_be_switched_off_even_where_faults_stop_the_start(make_runtime):
    runtime = make_runtime([planted("ebok_basen")], strict=True, modules_disabled=["ebok_basen"])
    assert [module.name for module in runtime.portal.faults] == ["ebok_basen"]
