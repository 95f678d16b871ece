"""The row "Dostęp do bazy danych" (L167) and what its page's test button does (L172)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from ebok_core import runtime_settings
from ebok_core.contracts.admin import Level, StatusRow
from ebok_core.errors import EbokError
from ebok_core.i18n import gettext as _
from ebok_core.i18n import instant_in_words, ngettext, pgettext

from . import comparison, source, state
from .settings import TytanConfigSchema

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

ORDER = 10
SHOWN = 10


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
    try:
        found = source.of(runtime)
        if found is None:
            return _row(Level.DEFAULT, pgettext("database access", "Not configured"), _("Give an address and save it"))
        differences = found.check()
    except EbokError as error:
        return _row(Level.ERROR, _("The test failed"), str(error))
    if not differences:
        return _row(Level.OK, _("The test passed"), _("Every view of the contract is there and can be read"))
    lines = [comparison.sentence(difference) for difference in differences[:SHOWN]]
    more = len(differences) - SHOWN
    if more > 0:
        lines.append(ngettext("and %(n)s more", "and %(n)s more", more))
    return _row(Level.ERROR, _("TYTAN's views differ from the contract"), "; ".join(lines))


def _waiting(run: state.Run) -> str:
    """What the staff should look at although the copy is in order."""
    parts = []
    if run.customers_held_back:
        parts.append(ngettext("%(n)s customer held back", "%(n)s customers held back", run.customers_held_back))
    if run.rows_in_quarantine:
        parts.append(ngettext("%(n)s row in quarantine", "%(n)s rows in quarantine", run.rows_in_quarantine))
    return ", ".join(parts)


def _row(level: Level, text: str, hint: str = "") -> StatusRow:
    return StatusRow(
        key=TytanConfigSchema.key, title=_("Access to the database"), level=level, text=text, hint=hint, order=ORDER
    )
