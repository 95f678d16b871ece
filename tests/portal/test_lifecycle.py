"""A module's life on a running installation: it comes, it is upgraded, switched off, removed, comes back, is purged."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from ebok_basen import plugin as basen
from ebok_basen.models import Pass

from ebok_core import clock as clocks
from ebok_core.app import create_app, create_app_of
from ebok_core.db import migrate, uuid7
from ebok_core.errors import ConfigurationError

NAMES = "basen_pass", "basen_alembic_version"


@pytest.fixture
def modules():
    """The database begins with the core's tables alone."""
    return []


def tables(database):
    with database.reader.connect() as connection:
        return {name for name in sa.inspect(connection).get_table_names() if name.startswith("basen_")}


def add_pass(database):
    with database.unit_of_work() as session:
        session.add(
            Pass(
                id=uuid7(),
                customer_code="1-01001",
                account_id="a",
                entries_left=10,
                price=120,
                bought_at=clocks.now_utc(),
                valid_to=clocks.today(),
            )
        )


def passes(database):
    with database.snapshot() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Pass))


def test_a_module_comes_later(make_runtime, core_settings, database_url):
    without = make_runtime()
    assert tables(without.database) == set()
    with pytest.raises(ConfigurationError, match="ebok_basen are not up to date: run `ebok db upgrade`"):
        create_app(core_settings(database_url=database_url), modules=[basen])
    runtime = make_runtime(modules=[basen])
    migrate.upgrade(runtime.database, runtime.portal.migrations)
    assert tables(runtime.database) == set(NAMES)
    app = create_app_of(runtime)
    assert "customer.basen.index" in app.view_functions


def test_a_module_goes_and_its_data_wait_for_it(make_runtime):
    runtime = make_runtime(modules=[basen])
    migrate.upgrade(runtime.database, runtime.portal.migrations)
    add_pass(runtime.database)

    without = make_runtime()
    app = create_app_of(without)
    assert not any("basen" in endpoint for endpoint in app.view_functions)
    assert app.test_client().get("/basen/").status_code == 404
    assert migrate.orphans(without.database, without.portal.migrations) == ["basen"]

    again = make_runtime(modules=[basen])
    migrate.upgrade(again.database, again.portal.migrations)
    assert passes(again.database) == 1


def test_a_module_is_switched_off_and_the_portal_says_so(make_runtime):
    runtime = make_runtime(modules=[basen], modules_disabled=["ebok_basen"])
    app = create_app_of(runtime)
    fault = app.extensions["ebok"].portal.faults[0]
    assert (fault.name, fault.fault) == ("ebok_basen", "switched off by EBOK_MODULES_DISABLED")
    assert app.test_client().get("/basen/").status_code == 404


def test_purged_data_are_gone_and_the_core_s_stay(make_runtime):
    runtime = make_runtime(modules=[basen])
    migrate.upgrade(runtime.database, runtime.portal.migrations)
    add_pass(runtime.database)
    source = next(s for s in runtime.portal.migrations if s.short == "basen")
    migrate.purge(runtime.database, source)
    assert tables(runtime.database) == set()
    without = make_runtime()
    migrate.check_current(without.database, without.portal.migrations)
    migrate.upgrade(runtime.database, runtime.portal.migrations)
    assert passes(runtime.database) == 0


def test_the_balance_is_the_core_s_business_while_a_module_deals_in_money(make_runtime):
    assert not make_runtime().portal.deals_in_money
    assert make_runtime(modules=[basen]).portal.deals_in_money
