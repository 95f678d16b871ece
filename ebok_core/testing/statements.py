"""Counting SQL: which statements a block of code sends, so that a test can hold a page to a number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

_HOUSEKEEPING = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "ATTACH")


class Statements(list[str]):
    """The SQL that was sent, in order; without transaction control, which is no query."""

    @property
    def writes(self) -> list[str]:
        """Those that change rows."""
        return [sql for sql in self if sql.lstrip().split(maxsplit=1)[0].upper() in ("INSERT", "UPDATE", "DELETE")]


@contextmanager
def counted(*engines: Engine) -> Iterator[Statements]:
    """Gather the statements that these engines send inside the block; without engines, those of every engine."""
    seen = Statements()

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.lstrip().upper().startswith(_HOUSEKEEPING):
            seen.append(statement)

    targets: tuple[Any, ...] = engines or (Engine,)
    for target in targets:
        event.listen(target, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        for target in targets:
            event.remove(target, "before_cursor_execute", note)
