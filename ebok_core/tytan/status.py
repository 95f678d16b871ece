"""The row "Dostęp do bazy danych" (L167) and what its page's test button does (L172)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from ebok_core import clock, runtime_settings
from ebok_core.contracts.admin import Level, StatusRow
from ebok_core.contracts.panel import LEAFLET
from ebok_core.errors import ConfigurationError
from ebok_core.i18n import gettext as _
from ebok_core.i18n import instant_in_words, ngettext, pgettext

from . import engines, naming, source, state, trouble
from .settings import TytanConfig, TytanConfigSchema

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

ORDER = LEAFLET["core.tytan"]


def database_status(session: Session) -> StatusRow:
    """Configured while the last refresh found TYTAN in order, an error with its time when it did not."""
    config = runtime_settings.get(session, TytanConfigSchema)
    if not config.address.strip():
        hint = _("Give the address of TYTAN's database: without it there is nothing to show to customers")
        return _row(Level.DEFAULT, pgettext("database access", "Not configured"), hint)
    run = state.last_run(session)
    problem = run.problem or run.compare_problem
    if problem and run.attempted_at:
        when = instant_in_words(run.attempted_at)
        return _row(Level.ERROR, pgettext("database access", "Error: %(time)s", time=when), problem)
    if run.as_of is None:
        hint = _("The copy has not been filled yet: the worker fills it, or the command `ebok tytan refresh`")
        return _row(Level.MISSING, pgettext("database access", "Configured"), hint)
    return _row(Level.OK, pgettext("database access", "Configured"), _waiting(run))


def check(session: Session, runtime: Runtime) -> StatusRow:
    """Connect with the stored settings and compare the views with the contract: the page's test button."""
    return try_out(source.config_of(runtime), runtime)


def try_out(config: TytanConfig, runtime: Runtime) -> StatusRow:
    """The same with settings that are not saved yet. Each difference is a row; what is wrong with a field stands there.

    An empty password is the stored one: it is never shown, so it can't come back in a form.
    """
    if not config.address.strip():
        text = _("Write the address of TYTAN's database first")
        return _row(Level.DEFAULT, pgettext("database access", "Not configured"), text, field=trouble.ADDRESS)
    views = runtime.portal.copy_tables
    try:
        naming.check(naming.parse(config.mapping), views)
    except ConfigurationError as error:
        return _failed(trouble.Trouble(trouble.MAPPING, str(error)))
    config = config if config.password else replace(config, password=source.config_of(runtime).password)
    try:
        found = source.DatabaseSource(config, views)
        try:
            differences = found.check()
        finally:
            found.close()
    except engines.TytanUnavailable as error:
        return _failed(trouble.of(str(error)))
    except ConfigurationError as error:
        return _failed(trouble.Trouble(trouble.ADDRESS, str(error)))
    if not differences:
        count = len(views) + 2
        read = ngettext("%(n)s view is there and can be read", "%(n)s views are there and can be read", count)
        return _row(Level.OK, _("The test passed"), read)
    count = len(differences)
    return _row(
        Level.ERROR,
        _("TYTAN's views differ from the contract"),
        ngettext("%(n)s difference, see the table below", "%(n)s differences, see the table below", count),
        details=(
            (_("View"), _("Column"), _("The contract expects"), _("Found")),
            *((d.view, d.column or "", d.expected, d.found) for d in differences),
        ),
    )


def _failed(found: trouble.Trouble) -> StatusRow:
    return _row(Level.ERROR, _("The test failed"), found.text, field=found.field)


def copy_health(session: Session) -> tuple[Level, str]:
    """How old the copy is, and whether the last refresh went well: the core's health check."""
    run = state.last_run(session)
    if run.as_of is None:
        return Level.MISSING, _("Nothing has been copied yet.")
    age = state.freshness(run.as_of, clock.now_utc())
    levels = {state.Freshness.FRESH: Level.OK, state.Freshness.AGEING: Level.DEFAULT, state.Freshness.OLD: Level.ERROR}
    text = _("The data are from %(time)s.", time=instant_in_words(run.as_of))
    return (Level.ERROR, f"{text} {run.problem}") if run.problem else (levels[age], text)


def _waiting(run: state.Run) -> str:
    """What the staff should look at although the copy is in order."""
    parts = []
    if run.customers_held_back:
        parts.append(ngettext("%(n)s customer held back", "%(n)s customers held back", run.customers_held_back))
    if run.rows_in_quarantine:
        parts.append(ngettext("%(n)s row in quarantine", "%(n)s rows in quarantine", run.rows_in_quarantine))
    return ", ".join(parts)


def _row(
    level: Level, text: str, hint: str = "", *, field: str = "", details: tuple[tuple[str, ...], ...] = ()
) -> StatusRow:
    return StatusRow(
        key=TytanConfigSchema.key,
        title=_("Access to the database"),
        level=level,
        text=text,
        hint=hint,
        order=ORDER,
        field=field,
        details=details,
    )
