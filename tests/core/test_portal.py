"""The portal: what modules may declare, whose fault a bad declaration is, and in which order things stand."""

from __future__ import annotations

import pytest

from ebok_core import (
    AuditAction,
    Column,
    CopyTable,
    Job,
    Kind,
    MenuEntry,
    Module,
    OutboxMessage,
    Permission,
    Zone,
    plugins,
)
from ebok_core.contracts.background import Daily
from ebok_core.errors import ModuleError
from ebok_core.portal import assemble
from ebok_core.testing.planted import planted

SWIM = Permission(key="basen.swim", title="Swim")


def entry(key="basen.index", **more):
    return MenuEntry(key=key, zone=Zone.CUSTOMER, label="Basen", **more)


def portal_of(*modules, strict=False):
    return assemble(plugins.given(modules), strict=strict)


def fault_of(*modules, name="ebok_basen"):
    """The reason why a module is off; with `strict` the same reason stops the start."""
    portal = portal_of(*modules)
    fault = next(module.fault for module in portal.faults if module.name == name)
    with pytest.raises(ModuleError) as raised:
        portal_of(*modules, strict=True)
    assert str(raised.value) == fault
    assert raised.value.module == name
    assert name not in {d.name for d in portal.declarations}
    assert not portal.manager.has_plugin(name)
    return fault


def message(message_kind):
    class Swum(OutboxMessage):
        kind = message_kind

    return Swum


def view(name, copy_name="swims"):
    columns = (Column(name="id", kind=Kind.INT), Column(name="customer_code", kind=Kind.TEXT, size=20))
    return CopyTable(view=name, name=copy_name, key=("id",), columns=columns)


def test_the_core_alone_is_a_portal():
    portal = portal_of()
    assert [declaration.name for declaration in portal.declarations] == ["ebok_core"]
    assert portal.faults == ()


def test_results_stand_by_order_and_key_never_by_registration():
    late, early = entry("basen.a", order=30), entry("basen.b", order=10)
    other = planted("ebok_aqua", ebok_menu_entries=[MenuEntry(key="aqua.x", zone=Zone.CUSTOMER, label="x", order=20)])
    portal = portal_of(planted("ebok_basen", ebok_menu_entries=[late, early]), other)
    keys = [item.key for item in portal.of("ebok_menu_entries") if not item.key.startswith("core.")]
    assert keys == ["basen.b", "aqua.x", "basen.a"]


def test_a_result_knows_its_owner():
    item = entry()
    portal = portal_of(planted("ebok_basen", ebok_menu_entries=[item]))
    assert portal.owner_of("ebok_menu_entries", item).name == "ebok_basen"


def test_money_is_dealt_in_while_a_module_says_so():
    assert not portal_of(planted("ebok_basen")).deals_in_money
    assert portal_of(planted("ebok_basen", ebok_module=Module(title="x", deals_in_money=True))).deals_in_money


def boom():
    raise ZeroDivisionError("no water")


BAD = {
    "raises": ({"ebok_menu_entries": boom}, "ebok-basen: ebok_menu_entries failed: ZeroDivisionError: no water"),
    "no list": ({"ebok_menu_entries": {"key": 1}}, "must return a list, not dict"),
    "wrong type": ({"ebok_menu_entries": ["basen"]}, "must return MenuEntry, not str"),
    "foreign prefix": ({"ebok_menu_entries": [entry("faktura.index")]}, "'faktura.index' must begin with 'basen.'"),
    "prefix without dot": ({"ebok_menu_entries": [entry("basenowy.index")]}, "must begin with 'basen.'"),
    "a key twice": ({"ebok_menu_entries": [entry(), entry()]}, "'basen.index' is already declared by itself"),
    "unknown permission": (
        {"ebok_menu_entries": [entry(permission=SWIM)]},
        "ebok_menu_entries: the permission 'basen.swim' is not declared",
    ),
    "no introduction": ({"ebok_module": None}, "ebok_module must return one Module"),
    "a view of the core": ({"ebok_copy_tables": [view("ebok_meters")]}, "is already declared by ebok-core"),
    "no class": ({"ebok_outbox_messages": ["reading.submitted"]}, "must return type, not str"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_declaration_switches_its_module_off_and_names_it(case):
    hooks, reason = BAD[case]
    assert reason in fault_of(planted("ebok_basen", **hooks), planted("ebok_zdrowy"))


def test_the_healthy_neighbour_stays():
    portal = portal_of(planted("ebok_basen", ebok_menu_entries=boom), planted("ebok_zdrowy"))
    assert [declaration.name for declaration in portal.declarations] == ["ebok_core", "ebok_zdrowy"]


def test_of_two_that_clash_the_later_by_name_is_off():
    first = planted("ebok_aqua", ebok_outbox_messages=[message("pool.swum")])
    second = planted("ebok_basen", ebok_outbox_messages=[message("pool.swum")])
    assert fault_of(second, first) == "ebok-basen: ebok_outbox_messages: 'pool.swum' is already declared by ebok-aqua"


def test_short_names_that_share_a_prefix_clash():
    assert "share a prefix" in fault_of(planted("ebok_basen_kryty"), planted("ebok_basen"), name="ebok_basen_kryty")


def test_a_declared_permission_may_be_asked_for():
    hooks = {"ebok_permissions": [SWIM], "ebok_menu_entries": [entry(permission=SWIM)]}
    portal = portal_of(planted("ebok_basen", **hooks), strict=True)
    assert portal.permissions["basen.swim"] is SWIM


def test_a_live_hook_is_asked_module_by_module_with_the_arguments_it_takes():
    def ebok_work_items(session):
        return [session]

    portal = portal_of(planted("ebok_basen", ebok_work_items=ebok_work_items), strict=True)
    calls = dict(portal.live("ebok_work_items", viewer=None, session="s"))
    assert calls["ebok_basen"]() == ["s"]


def test_a_module_that_is_taken_out_leaves_nothing_but_its_reason():
    hooks = {
        "ebok_jobs": [Job(key="basen.clean", title="x", run=lambda runtime: None, schedule=Daily(hour=4))],
        "ebok_audit_actions": [AuditAction(key="basen.swim.done", title="x")],
        "ebok_work_items": lambda session: [],
    }
    portal = portal_of(planted("ebok_basen", **hooks)).without("ebok_basen", "its pages clash")
    assert [job.key for job in portal.of("ebok_jobs") if job.key.startswith("basen.")] == []
    assert [name for name, _ in portal.live("ebok_work_items", session=None, viewer=None)].count("ebok_basen") == 0
    assert [(module.name, module.fault) for module in portal.faults] == [("ebok_basen", "its pages clash")]
