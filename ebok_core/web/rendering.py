"""Rendering: `render` puts a page into the frame; `prepare` gives Jinja its translations, formats, macros and slots."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from flask import (
    Flask,
    Response,
    flash,
    get_flashed_messages,
    make_response,
    redirect,
    render_template,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from jinja2 import BytecodeCache, StrictUndefined
from jinja2.bccache import Bucket

from ebok_core import __version__, i18n
from ebok_core.portal import Portal

from . import edge, look, slots, utility
from .assets import asset_url
from .forms import Form
from .frame import Frame, as_of, copy_age, parts
from .icons import icon, sprite
from .pieces import csrf_token, mark

# Compiled templates of this process by name and source: a second application of it (tests) compiles nothing again.
_COMPILED: dict[tuple[str, str], bytes] = {}
MACROS = ("forms", "parts", "tables")


def render(
    template: str,
    *,
    title: str,
    crumbs: Iterable[tuple[Any, str | None]] = (),
    menu: str | None = None,
    status: int = 200,
    form: Form | None = None,
    **context: Any,
) -> Response:
    """A page in the frame.

    `title` is the page's topic, also the last part of the breadcrumb. `crumbs` are `(label, endpoint or address)`
    between the menu's entry and the page. `menu` is the key of the active menu entry, where the endpoint's blueprint
    does not tell it. A `form` with errors or warnings makes the answer 422 and puts "Błąd: " before the title.

    The template gets `form`, `frame` and the context; it extends `ebok_core/web/base.html`, in the panel
    `ebok_core/web/base_admin.html`, a page of both `frame.base`.
    """
    failed = form is not None and form.failed
    frame = Frame(topic=str(title), crumbs=parts(crumbs), menu_key=menu, is_error=failed)
    page = render_template(template, frame=frame, form=form, **context)
    return make_response(page, 422 if failed and status == 200 else status)


def done(text: str, *, title: str | None = None, kind: str = "ok") -> None:
    """Say on the next page what happened ("Gotowe"), once, before its h1. Call it after the commit, then redirect."""
    flash((str(title) if title else i18n.gettext("Done"), str(text)), kind)


def redirect_to(endpoint: str, **values: Any) -> ResponseReturnValue:
    """303 to an endpoint: the answer to a POST that was carried out."""
    return redirect(url_for(endpoint, **values), 303)


class _Kept(BytecodeCache):
    """Compiled templates in memory."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Find what was compiled from this very source."""
        found = _COMPILED.get((bucket.key, bucket.checksum))
        if found is not None:
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        _COMPILED[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


def init_app(app: Flask, portal: Portal) -> None:
    """Prepare Jinja and what every page needs."""
    edge.init_app(app)
    look.init_app(app)
    utility.init_app(app, portal)
    slots.init_app(app)
    prepare(app)


def prepare(app: Flask) -> None:
    """Give a Flask application's Jinja the portal's functions and macros; compiled templates are kept."""
    environment = app.jinja_env
    environment.auto_reload = False
    environment.bytecode_cache = _Kept()
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.undefined = StrictUndefined
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    environment.globals.update(
        _=i18n.gettext,
        gettext=i18n.gettext,
        ngettext=i18n.ngettext,
        pgettext=i18n.pgettext,
        money=i18n.money,
        volume=i18n.volume,
        number=i18n.number,
        account_number=i18n.account_number,
        iso=i18n.iso,
        in_words=i18n.in_words,
        instant_in_words=i18n.instant_in_words,
        instant_iso=i18n.instant_iso,
        current_locale=i18n.current_locale,
        locales=i18n.LOCALES,
        asset_url=asset_url,
        icon=icon,
        sprite=sprite,
        slot=slots.slot,
        as_of=as_of,
        copy_age=copy_age,
        mark=mark,
        messages=_messages,
        version=__version__,
    )
    environment.globals["csrf_token"] = csrf_token if "csrf_token" in environment.globals else lambda: ""
    # A template's globals as one dict: Jinja's chain of them is walked anew for each template and include.
    environment.make_globals = lambda own: {**environment.globals, **(own or {})}  # type: ignore[method-assign]
    exported: dict[str, Any] = {}
    environment.globals["ui"] = ui = SimpleNamespace()
    for name in MACROS:
        module = environment.get_template(f"ebok_core/web/macros/{name}.html").module
        exported.update({n: getattr(module, n) for n in dir(module) if not n.startswith("_")})
    ui.__dict__.update(exported)


def _messages() -> list[tuple[str, str, str]]:
    """What the last act had to say, as `(kind, title, text)`; at most one of good news (accessibility.md §3.7)."""
    if "_flashes" not in session:
        return []
    return [(kind, *pair) for kind, pair in get_flashed_messages(with_categories=True)][-1:]
