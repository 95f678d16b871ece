"""The installed modules: what each adds, needs and says of its health, and why one is off (P79)."""

from __future__ import annotations

from flask import abort
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from ebok_core.contracts.admin import Level
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext
from ebok_core.web import Column, Failed, Word, guarded, render, rows_table, runtime
from ebok_core.web.guard import breaker

from .. import service
from .blueprint import blueprint
from .config import config_keys

WORDS = {Level.OK: "ok", Level.DEFAULT: "info", Level.MISSING: "wait", Level.ERROR: "bad"}
_HEALTH = (
    Column("title", lazy_gettext("Check"), head=True, optional=False),
    Column("state", lazy_gettext("Status"), "word"),
    Column("text", lazy_gettext("What it found")),
)


@blueprint.get("/moduly")
def modules() -> ResponseReturnValue:
    """The installed modules, with the reason of each that is off (P79)."""
    lines = service.module_lines(runtime().portal, breaker().off)
    return render("ebok_core/admin/modules.html", title=_("Modules"), menu="core.admin_modules", lines=lines)


@blueprint.get("/moduly/<name>")
def module(name: str) -> ResponseReturnValue:
    """One module: its hooks, tables, settings, and its health, asked now."""
    line = next((line for line in service.module_lines(runtime().portal, breaker().off) if line.name == name), None)
    if line is None:
        abort(404)
    details = service.module_details(runtime().portal, name)
    return render(
        "ebok_core/admin/module.html",
        title=line.title,
        menu="core.admin_modules",
        crumbs=[(_("Modules"), "admin.core.modules")],
        line=line,
        details=details,
        health=_health_table(name),
        config_keys=config_keys(),
    )


def _health_table(name: str) -> Markup | None:
    found = _health(name)
    return rows_table(lazy_gettext("Health"), _HEALTH, found) if found else None


def _health(name: str) -> list[service.HealthLine]:
    """The module's checks, each guarded: one that raises says so and costs nothing else."""
    found = []
    for check in service.health_checks(runtime().portal, name):
        answer = guarded(name, check.key, check.check)
        if isinstance(answer, Failed):
            state, text = Word("bad", _("Failed")), _("The check itself failed. The server's log says why.")
        else:
            level, text = answer
            words = {Level.OK: _("Fine"), Level.DEFAULT: _("Default"), Level.MISSING: _("Missing")}
            state = Word(WORDS[level], words.get(level, _("Error")))
        found.append(service.HealthLine(title=str(check.title), state=state, text=str(text)))
    return found
