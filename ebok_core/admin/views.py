"""The panel's pages: welcome with the live status of the configuration, configuration pages, modules."""

from __future__ import annotations

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from ebok_core import audit, runtime_settings
from ebok_core.contracts.admin import ConfigPage, StatusRow
from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.web import FORM, done, forget_office, redirect_to, render, runtime, snapshot, unit_of_work, viewer

from . import forms, permissions, service

blueprint = Blueprint("core", __name__)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Welcome, the two steps, and what is configured (L151, L164, L166)."""
    rows = service.status_rows(runtime().portal, snapshot())
    return render("ebok_core/admin/home.html", title=_("Home page"), rows=rows, config_keys=_config_keys())


@blueprint.get("/moduly")
def modules() -> ResponseReturnValue:
    """The installed modules, with the reason of each that is off (P79)."""
    lines = service.module_lines(runtime().portal)
    return render("ebok_core/admin/modules.html", title=_("Modules"), lines=lines)


@blueprint.route("/konfiguracja/<key>", methods=["GET", "POST"])
def config(key: str) -> ResponseReturnValue:
    """One configuration page: shown, validated, stored and audited; a secret left empty stays as it is."""
    page = _page(key)
    saved = runtime_settings.saved_at(snapshot(), page.schema)
    if request.method == "POST":
        form = forms.sent(page.schema, request.form)
        if form.version is None:
            abort(400)
        if form.ok and _save(page, form):
            return redirect_to(".config", key=key)
    else:
        form = forms.stored(page.schema, runtime_settings.get(snapshot(), page.schema))
    return _show(page, form, version=saved[1] if saved else 0)


@blueprint.post("/konfiguracja/<key>/test")
def test_config(key: str) -> ResponseReturnValue:
    """Run the page's check against what is stored and say what it found (L172)."""
    page = _page(key)
    if page.check is None:
        abort(404)
    form = forms.stored(page.schema, runtime_settings.get(snapshot(), page.schema))
    saved = runtime_settings.saved_at(snapshot(), page.schema)
    return _show(page, form, version=saved[1] if saved else 0, found=page.check(snapshot(), runtime()))


def _show(
    page: ConfigPage, form: forms.ConfigForm, *, version: int, found: StatusRow | None = None
) -> ResponseReturnValue:
    return render(
        "ebok_core/admin/config.html",
        title=page.title,
        menu=page.key,
        form=form,
        page=page,
        found=found,
        version=form.raw.get(forms.VERSION, str(version)),
    )


def _save(page: ConfigPage, form: forms.ConfigForm) -> bool:
    """Store the page; False when somebody else saved it meanwhile, with the reason in the form."""
    try:
        with unit_of_work() as session:
            changes = runtime_settings.save(
                session,
                page.schema,
                form.data,
                keys=runtime().settings.encryption_keys,
                actor=viewer().account_id,
                seen_version=form.version,
            )
            if changes:
                audit.record(
                    session,
                    "core.settings.changed",
                    actor=viewer(),
                    object_type="core.settings",
                    object_id=page.key,
                    before={name: before for name, (before, _after) in changes.items()},
                    after={name: after for name, (_before, after) in changes.items()},
                )
    except Refused as error:
        form.fail(FORM, str(error))
        return False
    forget_office()
    done(_("The settings are saved.") if changes else _("Nothing was changed."))
    return True


def _config_keys() -> set[str]:
    """The pages that this viewer may open."""
    pages = runtime().portal.of("ebok_config_pages")
    return {page.key for page in pages if viewer().may(page.permission or permissions.CONFIGURE)}


def _page(key: str) -> ConfigPage:
    """The page, 404 where there is none, 403 where the viewer may not change it."""
    found = next((p for p in runtime().portal.of("ebok_config_pages") if p.key == key), None)
    if found is None:
        abort(404)
    if not viewer().may(found.permission or permissions.CONFIGURE):
        abort(403)
    return found
