"""What every page of a signed-in person needs to know, asked in one query with the session itself.

Beside the session's row stand the acting customer, the age of the copy and the version of the settings, all from the
page's snapshot (R27). Pages without a session ask for each when they need it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import g

from ebok_core import runtime_settings
from ebok_core.identity import sessions
from ebok_core.identity.access import reach
from ebok_core.identity.access.rules import MOST_IN_HEADER
from ebok_core.tytan import copy, state

from .acting import Acting, remember
from .context import reading
from .utility import at_version

_customer = copy.customers.c
_own_names, _shared_names = reach.names_of(copy.customers, MOST_IN_HEADER)
STATEMENT = (
    sessions.FIND.add_columns(
        state.state.c.as_of,
        state.state.c.reachable,
        state.state.c.customers_held_back,
        runtime_settings.VERSION.label("settings_version"),
        _own_names.label("own_names"),
        _shared_names.label("shared_names"),
        *(_customer[name].label(f"acting_{name}") for name in Acting._fields),
    )
    .outerjoin(state.state, sa.true())
    .outerjoin(copy.customers, _customer.code == sessions.ACTING_CODE)
)


class CopyAge(NamedTuple):
    """When the copy was taken, None before the first one, whether TYTAN answered last time, how many are held back."""

    as_of: datetime | None
    reachable: bool
    held_back: int = 0


def note(live: sessions.LiveSession) -> None:
    """Remember for this request what stood beside the session's row."""
    row: Any = live.row
    g.ebok_copy_age = CopyAge(row.as_of, row.reachable is not False, row.customers_held_back or 0)
    at_version(row.settings_version)
    g.ebok_names = (row.own_names, row.shared_names)
    # The statement guesses the customer in SQL; what the viewer acts for decides whether the guess is of use.
    if row.acting_code is not None and row.acting_code == live.viewer.customer_code:
        remember(Acting._make(row[-len(Acting._fields) :]))


def names() -> dict[str, str]:
    """Names of the viewer's first customers by code; without a session none."""
    lines = [line for part in g.get("ebok_names", ()) for line in (part or "").split("\n") if line]
    return dict(line.split("\t", 1) for line in lines)


def copy_age() -> CopyAge:
    """The age of the copy, from the session's query or with its own, once a request."""
    if "ebok_copy_age" not in g:
        found = state.copy_state(reading())
        g.ebok_copy_age = CopyAge(found.as_of, found.source_reachable, found.customers_held_back)
    kept: CopyAge = g.ebok_copy_age
    return kept
