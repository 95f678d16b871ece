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
    is run by the page's test button and returns a status row; `try_out(settings, runtime)` does the same with what was
    typed and is not saved yet. `with_money`: there only while a module deals in money.
    """

    key: str
    title: str
    schema: type[Schema]
    permission: Permission | None = None
    check: Callable[[Session, Runtime], StatusRow] | None = None
    try_out: Callable[[Any, Runtime], StatusRow] | None = None
    intro: str = ""
    order: int = 100
    with_money: bool = False


@dataclass(frozen=True, kw_only=True)
class StatusRow:
    """One row of the table "Typ konfiguracji | Status konfiguracji", computed live, never stored (L166).

    A test says more: `field` is the field of the page that `hint` stands at, `details` the rows of a table below, the
    first of them its heads.
    """

    key: str
    title: str
    level: Level
    text: str
    hint: str = ""
    endpoint: str | None = None
    order: int = 100
    with_money: bool = False
    field: str = ""
    details: tuple[tuple[str, ...], ...] = ()


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
    """An action that the module records, `odczyt.reading.submitted`, and how a person reads it.

    `labels` are pairs of a name in `before` and `after` and its words. `endpoint` with `argument` is the panel's page
    of the object, called with the object's id; staff who may not open it see no link.
    """

    key: str
    title: str
    labels: tuple[tuple[str, str], ...] = ()
    endpoint: str = ""
    argument: str = ""


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """A check of the health page; `check(session)` returns the level and a sentence."""

    key: str
    title: str
    check: Callable[[Session], tuple[Level, str]]


@dataclass(frozen=True, kw_only=True)
class WorkItem:
    """Something that waits for the staff (L03), oldest first; `kind` is what it is, in words ("Zgłoszenie awarii")."""

    key: str
    kind: str
    title: str
    since: datetime
    endpoint: str
    arguments: tuple[tuple[str, str], ...] = ()
    with_money: bool = False


@dataclass(frozen=True, kw_only=True)
class SearchHit:
    """Something that the panel's search found: where it leads, and a second line that tells it from its likes.

    `kind` is the group it stands in, in words ("Zgłoszenia"); the core's own groups have their titles.
    """

    title: str
    note: str = ""
    kind: str = ""
    endpoint: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
