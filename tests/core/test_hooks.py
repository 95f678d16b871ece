"""Every hook of the core by name: what a module declares or answers there arrives where it should.

`tests/architecture/test_hooks.py` holds that no hook is missing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import click
import ebok_basen
import pytest
from flask import Blueprint

from ebok_core import (
    AuditAction,
    Column,
    ConfigPage,
    ContactTopic,
    CopyTable,
    CspSource,
    DashboardCard,
    Event,
    Every,
    HealthCheck,
    HelpPage,
    Job,
    Kind,
    Level,
    MenuEntry,
    MigrationSource,
    Module,
    Mount,
    NotificationTemplate,
    OutboxMessage,
    PendingEntry,
    Permission,
    PublicEntry,
    RegistrationVerifier,
    SlotFragment,
    Statistic,
    StatusRow,
    WorkItem,
    Zone,
    i18n,
    plugins,
)
from ebok_core.app import create_app_of
from ebok_core.errors import ModuleError
from ebok_core.portal import assemble
from ebok_core.runtime_settings import ConfigSchema
from ebok_core.testing.planted import planted

SWIM = Permission(key="basen.swim", title="Swim", roles=frozenset({"customer"}))
sqlite_alone = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def basen(**hooks):
    return planted("ebok_basen", **hooks)


def portal_with(**hooks):
    return assemble(plugins.given([basen(**hooks)]), strict=True)


def own(portal, hook):
    """What the planted module declared, as the portal gives it to the core's rooms."""
    results = portal.of(hook)
    return [r for r in results if portal.owner_of(hook, r).name == "ebok_basen"]


def refused(match, **hooks):
    with pytest.raises(ModuleError, match=match):
        portal_with(**hooks)


def answers(portal, hook, **arguments):
    return {module: call() for module, call in portal.live(hook, **arguments)}


# Bootstrap


class PoolSpecs:
    """A hook that the planted module itself calls."""

    from ebok_core.hookspecs import hookspec

    @hookspec
    def basen_lanes(self, viewer):
        """Name further lanes."""


@pytest.mark.parametrize("others", [["ebok_aqua"], ["ebok_zdroj"]], ids=["before", "after"])
def test_ebok_add_hookspecs__lets_a_module_be_asked_by_another_in_any_order(others):
    from ebok_core import hookimpl

    def ebok_add_hookspecs(pm):
        pm.add_hookspecs(PoolSpecs)

    (name,) = others
    _, implementer = planted(name)

    def basen_lanes(viewer):
        return ["7"]

    implementer.basen_lanes = hookimpl(optionalhook=True)(basen_lanes)
    portal = assemble(plugins.given([basen(ebok_add_hookspecs=ebok_add_hookspecs), (name, implementer)]), strict=True)
    assert answers(portal, "basen_lanes", viewer=None) == {name: ["7"]}


def test_ebok_module__introduces_the_module():
    portal = portal_with(ebok_module=Module(title="Basen", order=3, deals_in_money=True))
    declared = next(d for d in portal.declarations if d.name == "ebok_basen")
    assert (str(declared.module.title), declared.module.order, portal.deals_in_money) == ("Basen", 3, True)
    refused("ebok_module must return one Module", ebok_module=None)


@sqlite_alone
def test_ebok_settings__are_read_from_the_module_s_own_variables(make_runtime):
    @dataclass(frozen=True, kw_only=True)
    class BasenSettings:
        lanes: int = 6

    module = basen(ebok_settings=BasenSettings)
    runtime = make_runtime([module], environ={"EBOK_BASEN__LANES": "8"})
    assert runtime.module_settings["ebok_basen"] == BasenSettings(lanes=8)


@sqlite_alone
def test_ebok_app_created__touches_the_finished_application(make_runtime):
    def ebok_app_created(app, portal):
        app.config["BASEN"] = [d.name for d in portal.declarations]
        assert app.view_functions

    app = create_app_of(make_runtime([basen(ebok_app_created=ebok_app_created)]))
    assert app.config["BASEN"] == ["ebok_core", "ebok_basen"]


# Pages


def lanes(name="basen"):
    blueprint = Blueprint(name, __name__, url_prefix="/basen")
    blueprint.add_url_rule("/tory", "lanes", lambda: "lane 1")
    return blueprint


@sqlite_alone
@pytest.mark.parametrize(
    ("zone", "address", "status"),
    [(Zone.PUBLIC, "/basen/tory", 200), (Zone.CUSTOMER, "/basen/tory", 302), (Zone.ADMIN, "/panel/basen/tory", 302)],
)
def test_ebok_blueprints__are_mounted_behind_their_zone_s_guard(make_runtime, zone, address, status):
    hooks = {
        "ebok_permissions": [SWIM],
        "ebok_blueprints": lambda: [Mount(zone=zone, blueprint=lanes(), permission=SWIM)],
    }
    client = create_app_of(make_runtime([basen(**hooks)])).test_client()
    assert client.get(address).status_code == status


def test_ebok_permissions__are_known_to_the_portal():
    assert portal_with(ebok_permissions=[SWIM]).permissions["basen.swim"] is SWIM


def test_ebok_menu_entries__stand_in_the_menu():
    entry = MenuEntry(key="basen.index", zone=Zone.CUSTOMER, label="Basen")
    assert own(portal_with(ebok_menu_entries=[entry]), "ebok_menu_entries") == [entry]


@sqlite_alone
def test_ebok_dashboard_cards__need_a_template_that_exists(make_runtime):
    card = DashboardCard(key="basen.card", template="ebok_basen/none.html", load=lambda session, viewer: None)
    assert own(portal_with(ebok_dashboard_cards=[card]), "ebok_dashboard_cards") == [card]
    with pytest.raises(ModuleError, match="none.html"):
        create_app_of(make_runtime([basen(ebok_dashboard_cards=[card])]))


@sqlite_alone
def test_ebok_public_entries__need_a_template_that_exists(make_runtime):
    entry = PublicEntry(key="basen.hours", template="ebok_basen/none.html", load=lambda session: None)
    with pytest.raises(ModuleError, match="ebok_public_entries: the template 'ebok_basen/none.html'"):
        create_app_of(make_runtime([basen(ebok_public_entries=[entry])]))


@sqlite_alone
def test_ebok_slot_fragments__need_a_template_that_exists(make_runtime):
    fragment = SlotFragment(
        key="basen.more", slot="core.customer_actions", template="ebok_basen/none.html", load=lambda s, v: None
    )
    with pytest.raises(ModuleError, match="ebok_slot_fragments: the template 'ebok_basen/none.html'"):
        create_app_of(make_runtime([basen(ebok_slot_fragments=[fragment])]))


@sqlite_alone
def test_ebok_help_pages__need_a_template_that_exists(make_runtime):
    page = HelpPage(key="basen.help", zone=Zone.CUSTOMER, title="Basen", template="ebok_basen/none.html")
    with pytest.raises(ModuleError, match="ebok_help_pages: the template 'ebok_basen/none.html'"):
        create_app_of(make_runtime([basen(ebok_help_pages=[page])]))


@sqlite_alone
def test_ebok_contact_topics__lead_to_the_module_s_page(make_runtime):
    hooks = {
        "ebok_blueprints": lambda: [Mount(zone=Zone.PUBLIC, blueprint=lanes())],
        "ebok_contact_topics": [ContactTopic(key="basen.leaks", topic="failure", endpoint="public.basen.lanes")],
    }
    client = create_app_of(make_runtime([basen(**hooks)])).test_client()
    page = client.get("/kontakt").get_data(as_text=True)
    assert 'href="/basen/tory"' in page and "temat=awaria" not in page and "temat=reklamacja" in page
    assert client.get("/kontakt/napisz?temat=awaria").location == "/basen/tory"
    assert 'value="awaria"' not in client.get("/kontakt/napisz").get_data(as_text=True)


@sqlite_alone
def test_ebok_contact_topics__need_a_page_that_exists_and_a_topic_of_the_core_s(make_runtime):
    nowhere = ContactTopic(key="basen.leaks", topic="failure", endpoint="public.basen.lanes")
    with pytest.raises(ModuleError, match="leads to 'public.basen.lanes', which does not exist"):
        create_app_of(make_runtime([basen(ebok_contact_topics=[nowhere])]))
    stray = ContactTopic(key="x", topic="failure", endpoint="public.x")
    refused("must begin with 'basen.'", ebok_contact_topics=[stray])
    for wrong in ({"topic": "weather", "endpoint": "public.x"}, {"topic": "failure", "endpoint": "admin.x"}):
        with pytest.raises(ValueError, match=r"basen\.x: the"):
            ContactTopic(key="basen.x", **wrong)


def test_ebok_api_resources__are_blueprints_of_the_portal():
    resource = lanes("api")
    assert own(portal_with(ebok_api_resources=[resource]), "ebok_api_resources") == [resource]


def test_ebok_csp_sources__are_origins_of_the_portal():
    source = CspSource(directive="img-src", origin="https://maps.example", endpoints=("customer.basen.lanes",))
    assert own(portal_with(ebok_csp_sources=[source]), "ebok_csp_sources") == [source]
    refused("must return CspSource, not str", ebok_csp_sources=["https://maps.example"])


# Admin shell


class PoolSchema(ConfigSchema):
    key = "basen.pool"


def test_ebok_config_pages__have_keys_of_their_module():
    page = ConfigPage(key="basen.pool", title="Basen", schema=PoolSchema)
    assert own(portal_with(ebok_config_pages=[page]), "ebok_config_pages") == [page]
    refused("'pool' must begin with 'basen.'", ebok_config_pages=[ConfigPage(key="pool", title="x", schema=PoolSchema)])


def test_ebok_config_status__is_asked_with_a_session():
    row = StatusRow(key="basen.pool", title="Basen", level=Level.MISSING, text="brak wody")
    portal = portal_with(ebok_config_status=lambda session: [row] if session == "s" else [])
    assert dict(portal.live("ebok_config_status", session="s"))["ebok_basen"]() == [row]


def test_ebok_work_items__are_asked_with_a_viewer_and_a_session(clock):
    item = WorkItem(key="basen.1", kind="x", title="x", since=clock.now_utc(), endpoint="admin.basen.index")
    portal = portal_with(ebok_work_items=lambda viewer, session: [item] if (viewer, session) == ("v", "s") else [])
    assert dict(portal.live("ebok_work_items", viewer="v", session="s"))["ebok_basen"]() == [item]


def test_ebok_statistics__are_figures_of_the_portal():
    figure = Statistic(key="basen.swum", title="Basen", unit="m", compute=lambda session, since, until: [("x", 1)])
    assert own(portal_with(ebok_statistics=[figure]), "ebok_statistics") == [figure]


def test_ebok_audit_actions__carry_the_module_s_name():
    action = AuditAction(key="basen.pass.bought", title="Kupiono karnet")
    assert own(portal_with(ebok_audit_actions=[action]), "ebok_audit_actions") == [action]
    refused("must begin with 'basen.'", ebok_audit_actions=[AuditAction(key="pass.bought", title="x")])


def test_ebok_health_checks__are_checks_of_the_portal():
    check = HealthCheck(key="basen.water", title="Woda", check=lambda session: (Level.OK, "ciepła"))
    assert own(portal_with(ebok_health_checks=[check]), "ebok_health_checks") == [check]


# TYTAN and background


def test_ebok_copy_tables__join_the_core_s_views():
    columns = (Column(name="id", kind=Kind.INT), Column(name="customer_code", kind=Kind.TEXT, size=20))
    view = CopyTable(view="ebok_swims", name="swims", key=("id",), columns=columns)
    portal = portal_with(ebok_copy_tables=[view])
    assert view in portal.copy_tables
    assert "ebok_meters" in {table.view for table in portal.copy_tables}


def test_ebok_outbox_messages__are_found_by_their_kind():
    class Swum(OutboxMessage):
        kind = "pool.swum"

    assert portal_with(ebok_outbox_messages=[Swum]).messages["pool.swum"] is Swum


@sqlite_alone
def test_ebok_outbox_targets__are_connected_when_the_runtime_is_built(make_runtime):
    class Gate:
        key = "gate"

    def ebok_outbox_targets(settings):
        assert settings.database is not None
        return [Gate()]

    assert isinstance(make_runtime([basen(ebok_outbox_targets=ebok_outbox_targets)]).targets["gate"], Gate)


@sqlite_alone
def test_ebok_tytan_source__of_a_module_comes_before_the_core_s(make_runtime):
    runtime = make_runtime([basen(ebok_tytan_source=lambda settings: "another billing system")])
    assert runtime.tytan_source() == "another billing system"


def test_ebok_pending_entries__are_asked_with_a_viewer_and_a_session(clock):
    entry = PendingEntry(
        message_id="m", customer_code="1", kind="payment", amount=-5, accepted_at=clock.now_utc(), title="x"
    )
    portal = portal_with(ebok_pending_entries=lambda viewer, session: [entry])
    assert answers(portal, "ebok_pending_entries", viewer="v", session="s")["ebok_basen"] == [entry]


def test_ebok_jobs__are_jobs_of_the_portal():
    job = Job(key="basen.clean", title="x", run=lambda runtime: None, schedule=Every(interval=timedelta(hours=1)))
    assert own(portal_with(ebok_jobs=[job]), "ebok_jobs") == [job]


def test_ebok_event__reaches_every_module_that_listens(clock):
    heard = []
    portal = portal_with(ebok_event=lambda event: heard.append(event.key))
    answers(portal, "ebok_event", event=Event(key="odczyt.reading.accepted", occurred_at=clock.now_utc()))
    assert heard == ["odczyt.reading.accepted"]


# Messages to people


def test_ebok_notification_templates__are_notifications_of_the_portal():
    template = NotificationTemplate(key="basen.bought", title="x", base="ebok_basen/mail/bought")
    found = own(portal_with(ebok_notification_templates=[template]), "ebok_notification_templates")
    assert found == [template]


@sqlite_alone
def test_ebok_notification_channels__are_asked_with_the_settings(make_runtime):
    runtime = make_runtime([basen(ebok_notification_channels=lambda settings: [("sms", settings.demo)])])
    assert [("sms", False)] in runtime.portal.manager.hook.ebok_notification_channels(settings=runtime.settings)


# Identity and privacy


class Method:
    key, title, endpoint = "basen.card", "Karta", "public.basen.card"


def test_ebok_login_methods__are_ways_in_of_the_portal():
    method = Method()
    assert own(portal_with(ebok_login_methods=[method]), "ebok_login_methods") == [method]


@sqlite_alone
def test_ebok_authenticate__lets_a_module_recognise_an_account(make_runtime):
    from ebok_core.identity import service as identity

    asked = []

    def ebok_authenticate(identifier, secret):
        asked.append((identifier, secret))

    runtime = make_runtime([basen(ebok_authenticate=ebok_authenticate)])
    with pytest.raises(Exception):  # noqa: B017 - whichever way the core says no
        identity.sign_in(runtime, "nobody", "hunter2", kind="customer")
    assert asked == [("nobody", "hunter2")]


def test_ebok_registration_verifiers__are_proofs_of_the_portal():
    verifier = RegistrationVerifier(key="basen.card", title="Card", fields=(), verify=lambda session, code, proof: None)
    assert own(portal_with(ebok_registration_verifiers=[verifier]), "ebok_registration_verifiers") == [verifier]


def test_ebok_personal_data__are_sources_of_the_portal():
    source = Method()
    assert own(portal_with(ebok_personal_data=[source]), "ebok_personal_data") == [source]


# Resources


@sqlite_alone
def test_ebok_translations__add_catalogues_to_the_module_s_own(make_runtime, tmp_path):
    folder = tmp_path / "plugins" / "x" / "x" / "translations" / "pl" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    (folder / "x.po").write_text(header + 'msgid "Lane 9"\nmsgstr "Tor 9"\n')
    i18n.compile_catalogues(tmp_path)
    make_runtime([basen(ebok_translations=[folder.parents[1]])])
    assert i18n.gettext("Lane 9") == "Tor 9"
    refused("must return", ebok_translations=["translations"])


def test_ebok_migrations__add_histories_to_the_module_s_own():
    source = MigrationSource(module="ebok_basen", short="basen", versions=Path("elsewhere"))
    assert source in portal_with(ebok_migrations=[source]).migrations


def test_a_module_s_folders_are_found_by_convention():
    from ebok_basen import plugin

    declared = next(d for d in assemble(plugins.given([plugin]), strict=True).declarations if d.name == "ebok_basen")
    folder = Path(ebok_basen.__file__).parent
    assert declared.results["ebok_translations"] == (folder / "translations",)
    assert [s.versions for s in declared.results["ebok_migrations"]] == [folder / "migrations" / "versions"]


def test_ebok_cli_commands__are_commands_of_the_portal():
    @click.command()
    def clean():
        """Clean the pool."""

    assert own(portal_with(ebok_cli_commands=[clean]), "ebok_cli_commands") == [clean]
