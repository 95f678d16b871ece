"""Alembic's environment, shared by the core and every module: a history sees its own tables and nothing else."""

from __future__ import annotations

from alembic import context

from ebok_core.db.base import Base

attributes = context.config.attributes
prefix = f"{attributes['short']}_"
version_table = f"{prefix}alembic_version"


def owned(name: str | None, kind: str, parents: object) -> bool:
    """Tables by their owner's prefix; everything inside an owned table."""
    return kind != "table" or str(name).startswith(prefix)


def owned_object(item: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    """The same for tables that only the models know."""
    return owned(name, kind, None)


options = {
    "target_metadata": Base.metadata,
    "version_table": version_table,
    "include_name": owned,
    "include_object": owned_object,
    "render_as_batch": True,
    "compare_server_default": True,
}

if context.is_offline_mode():
    context.configure(dialect_name=attributes["dialect"], literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()
else:
    context.configure(connection=attributes["connection"], **options)
    context.run_migrations()
