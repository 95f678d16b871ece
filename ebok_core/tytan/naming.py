"""How a utility's database names what the contract names: a TOML text of the settings page, checked and looked up."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ebok_core.contracts.tytan import Column, CopyTable, Kind
from ebok_core.errors import ConfigurationError
from ebok_core.i18n import gettext as _

from .contract import INBOX, INBOX_COLUMNS, RESULT_COLUMNS, RESULTS

CHANGE_NO = Column(name="change_no", kind=Kind.INT)
REMOVED = Column(name="removed", kind=Kind.FLAG)


@dataclass(frozen=True)
class Naming:
    """The database's names: `table(view)` and `column(view, column)`; what is not mapped keeps the contract's name."""

    tables: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def table(self, view: str) -> str:
        """The database's name of a view, of the inbox or of the results."""
        return self.tables.get(view, view)

    def column(self, view: str, column: str) -> str:
        """The database's name of a column."""
        return self.columns.get(view, {}).get(column, column)


def parse(text: str) -> Naming:
    """Read the mapping::

        [ebok_customers]
        table = "V_KLIENCI"
        columns = { code = "KOD", name = "NAZWA" }

    Raises `ConfigurationError` that names the line or the entry which can't be understood.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(_("The mapping is not TOML: %(error)s", error=error)) from error
    tables: dict[str, str] = {}
    columns: dict[str, dict[str, str]] = {}
    for view, entry in found.items():
        if not isinstance(entry, dict) or set(entry) - {"table", "columns"}:
            raise ConfigurationError(_("The mapping of %(view)s may only hold `table` and `columns`", view=view))
        if "table" in entry:
            tables[view] = _name(view, entry["table"])
        columns[view] = {k: _name(f"{view}.{k}", v) for k, v in _table(view, entry.get("columns", {})).items()}
    return Naming(tables, columns)


def check(naming: Naming, views: Iterable[CopyTable]) -> None:
    """Compare the mapping with the contract and the modules' views.

    Raises `ConfigurationError` that names an unknown view or column and the nearest known one.
    """
    known = known_columns(views)
    for view in {*naming.tables, *naming.columns}:
        _known(view, known)
        for column in naming.columns.get(view, {}):
            _known(column, known[view], view)


def template(names: Naming, views: Iterable[CopyTable]) -> str:
    """The whole mapping as a text to start from: every view and column with the name it has now.

    What is not mapped is a comment, so that the text says the same as the settings do.
    """
    lines: list[str] = []
    for view, columns in known_columns(views).items():
        mapped, own = names.tables.get(view), names.columns.get(view, {})
        lines += [f"[{view}]", _line("table", mapped or view, is_said=bool(mapped))]
        lines += [_line(f"columns.{column}", own.get(column, column), is_said=column in own) for column in columns]
        lines.append("")
    return "\n".join(lines)


def _line(name: str, value: str, *, is_said: bool) -> str:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{"" if is_said else "# "}{name} = "{quoted}"'


def known_columns(views: Iterable[CopyTable]) -> dict[str, list[str]]:
    """The column names of every view, of the inbox and of the results."""
    known = {v.view: [c.name for c in (*v.columns, CHANGE_NO, REMOVED)] for v in views}
    known[INBOX] = [c.name for c in INBOX_COLUMNS]
    known[RESULTS] = [c.name for c in (*RESULT_COLUMNS, CHANGE_NO)]
    return known


def _known(name: str, known: Iterable[str], view: str | None = None) -> None:
    if name in known:
        return
    near = difflib.get_close_matches(name, list(known), n=1)
    whole = f"{view}.{name}" if view else name
    if near:
        raise ConfigurationError(
            _(
                "The mapping names %(name)s, which the contract does not know. Did you mean %(near)s?",
                name=whole,
                near=near[0],
            )
        )
    raise ConfigurationError(_("The mapping names %(name)s, which the contract does not know", name=whole))


def _name(place: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(_("The mapping of %(place)s must be a name in quotes", place=place))
    return value.strip()


def _table(view: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigurationError(_("The mapping of %(place)s must be a table of names", place=f"{view}.columns"))
    return value
