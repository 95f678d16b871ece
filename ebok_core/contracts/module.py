"""Contracts of a module itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Module:
    """How a module introduces itself. The core shows the balance only while a module with `deals_in_money` is on."""

    title: str
    description: str = ""
    order: int = 100
    deals_in_money: bool = False


@dataclass(frozen=True, kw_only=True)
class MigrationSource:
    """An Alembic history: tables and revision ids begin with `short`, and so does the version table."""

    module: str
    short: str
    versions: Path
