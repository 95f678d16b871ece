"""The tables of people and of the audit trail: forth, back, and exactly what the models say."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ebok_core.audit import models as audit_models
from ebok_core.db import Base, Database
from ebok_core.db.migrate import config_for
from ebok_core.identity import models
from ebok_core.identity.recovery import models as recovery_models
from ebok_core.portal import assemble

OWN = {
    t.__tablename__
    for room in (models, recovery_models, audit_models)
    for t in vars(room).values()
    if isinstance(t, type) and issubclass(t, Base) and t is not Base
}


@pytest.fixture
def bare(empty_database_url):
    database = Database(empty_database_url)
    yield database
    database.dispose()


def test_there_and_back(bare):
    source = assemble([], strict=True).migrations[0]
    with bare.refresher.begin() if not bare.is_sqlite else bare.writer.begin() as connection:
        command.upgrade(config_for(source, connection=connection), "heads")
        assert set(sa.inspect(connection).get_table_names()) >= OWN
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, parents: kind != "table" or name in OWN, "compare_type": True},
        )
        wanted = sa.MetaData(naming_convention=Base.metadata.naming_convention)
        for name in OWN:
            Base.metadata.tables[name].to_metadata(wanted)
        assert compare_metadata(context, wanted) == []
        command.downgrade(config_for(source, connection=connection), "base")
        assert not set(sa.inspect(connection).get_table_names()) & OWN
