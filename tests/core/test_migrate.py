"""Migrations: a history and a version table per module; a module comes, fails, and goes without touching the others."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ebok_core import plugins
from ebok_core.contracts.module import MigrationSource
from ebok_core.db import Database, migrate
from ebok_core.errors import ConfigurationError, EbokError
from ebok_core.portal import assemble
from ebok_core.testing.conformance import up_down_up

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "{short}_{number:04}"
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade():
    {upgrade}


def downgrade():
    {downgrade}
"""
TABLE = "op.create_table('{0}', sa.Column('id', sa.Integer(), primary_key=True))"


@pytest.fixture
def database(empty_database_url):
    database = Database(empty_database_url)
    yield database
    database.dispose()


@pytest.fixture
def history(tmp_path):
    """Write a module's history: `history("basen", "basen_lane")` makes one revision with one table."""

    def write(short, *tables, broken=False):
        folder = tmp_path / short
        folder.mkdir(exist_ok=True)
        down = None
        for number, table in enumerate(tables, start=1):
            text = REVISION.format(
                short=short,
                number=number,
                down=down,
                upgrade=TABLE.format(table),
                downgrade=f"op.drop_table('{table}')",
            )
            (folder / f"{short}_{number:04}_x.py").write_text(text)
            down = f"{short}_{number:04}"
        if broken:
            text = REVISION.format(
                short=short,
                number=len(tables) + 1,
                down=down,
                upgrade=f"{TABLE.format(f'{short}_half')}; op.execute('SELECT no_such_thing')",
                downgrade="pass",
            )
            (folder / f"{short}_{len(tables) + 1:04}_x.py").write_text(text)
        return MigrationSource(module=f"ebok_{short}", short=short, versions=folder)

    return write


def core():
    return assemble([], strict=True).migrations[0]


def tables(database):
    with database.reader.connect() as connection:
        return set(sa.inspect(connection).get_table_names())


def test_the_core_s_history_goes_up_and_down_and_matches_the_models(make_runtime, core_settings, empty_database_url):
    runtime = make_runtime(database_url=empty_database_url)
    up_down_up(runtime, runtime.portal.migrations[0])


def test_the_core_comes_first_then_modules_by_name(history):
    portal = assemble(plugins.given([]), strict=True)
    assert [source.short for source in portal.migrations] == ["core"]


def test_a_module_comes_later(database, history):
    migrate.upgrade(database, [core()])
    basen = history("basen", "basen_lane")
    assert migrate.status_of(database, basen).is_behind
    with pytest.raises(ConfigurationError, match="ebok_basen.*ebok db upgrade"):
        migrate.check_current(database, [core(), basen])
    migrate.upgrade(database, [core(), basen])
    migrate.check_current(database, [core(), basen])
    assert {"basen_lane", "basen_alembic_version"} <= tables(database)


def test_one_module_is_upgraded_alone(database, history):
    sources = [core(), history("aqua", "aqua_slide"), history("basen", "basen_lane")]
    migrate.upgrade(database, sources, only="ebok_basen")
    assert "basen_lane" in tables(database)
    assert not {"aqua_slide", "core_alembic_version"} & tables(database)


def test_a_broken_migration_rolls_back_its_module_and_no_other(database, history):
    aqua, basen = history("aqua", "aqua_slide"), history("basen", "basen_lane", broken=True)
    with pytest.raises(EbokError, match="The migration of ebok_basen failed and was rolled back"):
        migrate.upgrade(database, [core(), aqua, basen])
    assert "aqua_slide" in tables(database)
    assert not {"basen_lane", "basen_half"} & tables(database)
    assert migrate.status_of(database, aqua).current == "aqua_0001"
    assert migrate.status_of(database, basen).current is None


def test_a_module_that_goes_and_comes_back_goes_on_where_it_was(database, history):
    migrate.upgrade(database, [core(), history("basen", "basen_lane")])
    migrate.upgrade(database, [core()])
    assert migrate.orphans(database, [core()]) == ["basen"]
    basen = history("basen", "basen_lane", "basen_swimmer")
    assert migrate.status_of(database, basen).current == "basen_0001"
    migrate.upgrade(database, [core(), basen])
    assert "basen_swimmer" in tables(database)


def test_purge_takes_a_module_s_tables_and_nothing_else(database, history):
    aqua, basen = history("aqua", "aqua_slide"), history("basen", "basen_lane")
    migrate.upgrade(database, [core(), aqua, basen])
    before = tables(database)
    assert migrate.purge(database, basen) == ["basen_alembic_version", "basen_lane"]
    assert before - tables(database) == {"basen_alembic_version", "basen_lane"}
    with pytest.raises(EbokError):
        migrate.purge(database, core())


def test_upgrading_twice_changes_nothing(database, history):
    sources = [core(), history("basen", "basen_lane")]
    assert migrate.upgrade(database, sources) == migrate.upgrade(database, sources)


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_the_administrator_gets_sql(history, dialect):
    script = migrate.sql([core(), history("basen", "basen_lane")], dialect)
    assert "-- ebok_core" in script
    assert "CREATE TABLE basen_lane" in script
    assert "CREATE TABLE basen_alembic_version" in script
    only = migrate.sql([core(), history("basen", "basen_lane")], dialect, only="ebok_basen")
    assert "core_alembic_version" not in only
