"""Read and save runtime settings. Every save is one row, one version up, with its audit entry beside it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.errors import EbokError, Refused

from .models import RuntimeSetting
from .schema import ConfigSchema

_table = RuntimeSetting.__table__.c
_COLUMNS = (_table["values"], _table.version, _table.changed_at)
_SELECT = sa.select(*_COLUMNS).where(_table.key == sa.bindparam("key"))
_EVERY = sa.select(_table.key, *_COLUMNS)
VERSION = sa.select(sa.func.coalesce(sa.func.sum(_table.version), 0)).scalar_subquery()
"""The version of all settings together: each save raises it, so whoever keeps them knows by it when they changed."""
KEPT = "ebok_kept_settings"
"""Under this name a snapshot's `info` may carry the saved pages of its version: then `get` asks no database."""


class Stored(NamedTuple):
    """A saved page: its values as JSON, secrets in them encrypted."""

    values: str
    version: int
    changed_at: datetime


class SecretLost(EbokError):
    """A stored secret was encrypted with a key that is gone: it must be entered again."""


def every(session: Session | sa.Connection) -> dict[str, Stored]:
    """All saved pages by key, in one query."""
    return {row.key: Stored(*row[1:]) for row in session.execute(_EVERY)}


def get(session: Session, schema: type[ConfigSchema], keys: Sequence[str] = ()) -> Any:
    """The page's settings as its dataclass: saved values over the defaults.

    `keys` are the Fernet keys (`settings.encryption_keys`), needed by who reads the page's secrets; without them secret
    fields keep their defaults. Raises `SecretLost`.
    """
    row = _stored(session, schema.key)
    values: dict[str, Any] = json.loads(row.values) if row else {}
    for name in schema.secrets() & values.keys():
        sealed = values.pop(name)
        if keys and sealed:
            values[name] = _open(sealed, keys, schema.key, name)
    return schema().load(values)


def has_secret(session: Session, schema: type[ConfigSchema], name: str) -> bool:
    """Whether a secret of the page is stored; it is not opened."""
    row = _stored(session, schema.key)
    return bool(row and json.loads(row.values).get(name))


def saved_at(session: Session, schema: type[ConfigSchema]) -> tuple[datetime, int] | None:
    """When the page was last saved and its version, or None while everything stands at its default."""
    row = _stored(session, schema.key)
    return (row.changed_at, row.version) if row else None


def save(
    session: Session,
    schema: type[ConfigSchema],
    settings: Any,
    *,
    keys: Sequence[str],
    actor: str | None = None,
    seen_version: int | None = None,
) -> dict[str, tuple[Any, Any]]:
    """Store a page's dataclass and return what changed as `{field: (old, new)}`, secrets as `("***", "***")`.

    An empty secret keeps the stored one: it is never shown back, so it can't come back in the form. `seen_version`
    is the version that the form was filled from; another one now is `Refused` with the code `edited_meanwhile`.
    """
    row = session.get(RuntimeSetting, schema.key, with_for_update=True)
    if seen_version is not None and seen_version != (row.version if row else 0):
        raise Refused(
            "Ktoś zmienił te ustawienia w tym samym czasie. Sprawdź je i zapisz jeszcze raz.", code="edited_meanwhile"
        )
    before: dict[str, Any] = json.loads(row.values) if row else {}
    after = dict(schema().dump(settings))
    changes = {}
    for name in after:
        if name in schema.secrets():
            if not after[name]:
                after[name] = before.get(name, "")
                continue
            after[name] = MultiFernet([Fernet(key) for key in keys]).encrypt(str(after[name]).encode()).decode()
            changes[name] = ("***", "***")
        elif after[name] != before.get(name, _default(schema, name)):
            changes[name] = (before.get(name, _default(schema, name)), after[name])
    text = json.dumps(after, ensure_ascii=False, sort_keys=True)
    if row is None:
        session.add(
            RuntimeSetting(key=schema.key, values=text, version=1, changed_at=clock.now_utc(), changed_by=actor)
        )
    else:
        row.values, row.version = text, row.version + 1
        row.changed_at, row.changed_by = clock.now_utc(), actor
    session.flush()
    return changes


def _stored(session: Session, key: str) -> Stored | None:
    kept: Mapping[str, Stored] | None = session.info.get(KEPT)
    if kept is not None:
        return kept.get(key)
    row = session.execute(_SELECT, {"key": key}).first()
    return Stored(*row) if row else None


def _default(schema: type[ConfigSchema], name: str) -> Any:
    item = next(f for f in dataclasses.fields(schema.builds) if f.name == name)
    value = item.default if item.default_factory is dataclasses.MISSING else item.default_factory()
    return schema().dump(schema.builds(**{name: value})).get(name)


def _open(sealed: str, keys: Sequence[str], page: str, name: str) -> str:
    try:
        return MultiFernet([Fernet(key) for key in keys]).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise SecretLost(
            f"{page}: {name} nie daje się odczytać obecnym kluczem. Wpisz tę wartość jeszcze raz."
        ) from error
