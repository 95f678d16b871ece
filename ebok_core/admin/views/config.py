"""Configuration pages: shown, validated, stored, audited, tested (L162, L172)."""

from __future__ import annotations

from flask import Response, abort, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from ebok_core import audit, runtime_settings
from ebok_core.contracts.admin import ConfigPage, StatusRow
from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.tytan import naming
from ebok_core.tytan.settings import TytanConfigSchema
from ebok_core.web import (
    FORM,
    Column,
    done,
    forget_office,
    redirect_to,
    render,
    rows_table,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)

from .. import forms, permissions
from .blueprint import blueprint


@blueprint.route("/konfiguracja/<key>", methods=["GET", "POST"])
def config(key: str) -> ResponseReturnValue:
    """One configuration page: shown, validated, stored and audited; a secret left empty stays as it is."""
    page = page_of(key)
    saved = runtime_settings.saved_at(snapshot(), page.schema)
    if request.method == "POST":
        form = forms.sent(page.schema, request.form)
        if form.version is None:
            abort(400)
        if form.ok and forms.TRY_OUT in request.form and page.try_out:
            return _tried(page, form, page.try_out(form.data, runtime()))
        if form.ok and _save(page, form):
            return redirect_to(".config", key=key)
    else:
        form = forms.stored(page.schema, runtime_settings.get(snapshot(), page.schema))
    return _show(page, form, version=saved[1] if saved else 0)


@blueprint.post("/konfiguracja/<key>/test")
def test_config(key: str) -> ResponseReturnValue:
    """Run the page's check against what is stored and say what it found (L172)."""
    page = page_of(key)
    if page.check is None:
        abort(404)
    form = forms.stored(page.schema, runtime_settings.get(snapshot(), page.schema))
    return _tried(page, form, page.check(snapshot(), runtime()))


@blueprint.get("/konfiguracja/core.tytan/nazwy.toml")
def mapping() -> ResponseReturnValue:
    """The whole mapping of names as a text to start from: what is not mapped is a comment."""
    page = page_of(TytanConfigSchema.key)
    config = runtime_settings.get(snapshot(), page.schema)
    text = naming.template(naming.parse(config.mapping), runtime().portal.copy_tables)
    headers = {"Content-Disposition": "attachment; filename=nazwy.toml"}
    return Response(text, mimetype="text/plain", headers=headers)


def _tried(page: ConfigPage, form: forms.ConfigForm, found: StatusRow) -> ResponseReturnValue:
    """The page with what the test found: beside the field that is to blame, and in a table of differences."""
    if found.field in form.schema.fields:
        form.submitted = True
        form.fail(found.field, found.hint)
    saved = runtime_settings.saved_at(snapshot(), page.schema)
    return _show(page, form, version=saved[1] if saved else 0, found=found)


def config_keys() -> set[str]:
    """The pages that this viewer may open."""
    pages = runtime().portal.of("ebok_config_pages")
    return {page.key for page in pages if viewer().may(page.permission or permissions.CONFIGURE)}


def page_of(key: str) -> ConfigPage:
    """The page, 404 where there is none, 403 where the viewer may not change it."""
    found = next((p for p in runtime().portal.of("ebok_config_pages") if p.key == key), None)
    if found is None:
        abort(404)
    if not viewer().may(found.permission or permissions.CONFIGURE):
        abort(403)
    return found


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
        differences=_differences(found),
        kept=kept_secrets(page),
        version=form.raw.get(forms.VERSION, str(version)),
    )


def _differences(found: StatusRow | None) -> Markup | None:
    """What a test lists, as a table; its first row are the heads."""
    if found is None or not found.details:
        return None
    heads, *rows = found.details
    columns = [
        Column(f"c{index}", label, value=lambda row, at=index: row[at], head=index == 0)  # type: ignore[misc]
        for index, label in enumerate(heads)
    ]
    return rows_table(found.text, columns, rows)


def kept_secrets(page: ConfigPage) -> frozenset[str]:
    """The secret fields of a page that have a stored value: it is never shown, but that there is one is said."""
    secrets = page.schema.secrets()  # type: ignore[attr-defined]
    return frozenset(name for name in secrets if runtime_settings.has_secret(snapshot(), page.schema, name))  # type: ignore[arg-type]


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
