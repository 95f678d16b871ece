"""Contracts of the panel: configuration pages, status rows, statistics, audit actions, health, work items."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from .identity import Permission

if TYPE_CHECKING:
    from marshmallow import Schema
    from sqlalchemy.orm import Session

    from ebok_core.runtime import Runtime


class Level(Enum):
    """How a status row or a health check stands."""

    OK = "ok"
    DEFAULT = "default"
    MISSING = "missing"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class ConfigPage:
    """A page of runtime settings under Konfiguracja; the core renders, validates, stores and audits it.

    `schema` is a marshmallow schema that builds a frozen dataclass and knows its defaults. `check(session, runtime)`
    is run by the page's test button and returns a status row. `with_money`: there only while a module deals in money.
    """

    key: str
    title: str
    schema: type[Schema]
    permission: Permission | None = None
    check: Callable[[Session, Runtime], StatusRow] | None = None
    intro: str = ""
    order: int = 100
    with_money: bool = False


@dataclass(frozen=True, kw_only=True)
class StatusRow:
    """One row of the table "Typ konfiguracji | Status konfiguracji", computed live, never stored (L166)."""

    key: str
    title: str
    level: Level
    text: str
    hint: str = ""
    endpoint: str | None = None
    order: int = 100
    with_money: bool = False


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """A figure of the statistics page: `compute(session, since, until)` gives rows `(label, value)`."""

    key: str
    title: str
    unit: str
    compute: Callable[..., list[tuple[str, Any]]]
    permission: Permission | None = None


@dataclass(frozen=True, kw_only=True)
class AuditAction:
    """An action that the module records, `odczyt.reading.submitted`, and how a person reads it."""

    key: str
    title: str


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """A check of the health page; `check(session)` returns the level and a sentence."""

    key: str
    title: str
    check: Callable[[Session], tuple[Level, str]]


@dataclass(frozen=True, kw_only=True)
class WorkItem:
    """Something that waits for the staff (L03), oldest first."""

    key: str
    kind: str
    title: str
    since: datetime
    endpoint: str
    arguments: tuple[tuple[str, str], ...] = ()
    with_money: bool = False
