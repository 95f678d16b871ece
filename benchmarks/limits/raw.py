"""The limit of a list page: Flask, the database's driver and one Jinja2 template, and the same page comes out.

Signed in by the same session row, with the same menu, forms with tokens, translated texts and rows; there is no frame,
no declared list, no guard, no module and no layer between a statement and the driver. `RAW_DATABASE` is the folder of
the SQLite files or the PostgreSQL address, `RAW_TEMPLATES` holds `meters.html` as `limits.page` makes it.
"""

from __future__ import annotations

import hashlib
import os
import threading
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from babel.support import Translations
from flask import Flask, abort, render_template, session
from flask_wtf import CSRFProtect
from markupsafe import Markup

PERSON = (
    "SELECT s.last_activity_at, s.ended_at, a.status, c.code, c.name, t.as_of FROM core_session s "
    "JOIN core_account a ON a.id = s.account_id JOIN core_customer_access x ON x.account_id = a.id "
    "JOIN tytan.customers c ON c.code = x.customer_code CROSS JOIN tytan.copy_state t WHERE s.token_hash = {place}"
)
POINTS = "SELECT code, name FROM tytan.service_points WHERE customer_code = {place} ORDER BY code"
ROWS = (
    "SELECT m.id, m.meter_number, m.point_code, p.name, m.role, m.active, m.status, m.installed_on, m.removed_on, "
    "m.last_read_on, m.last_value FROM tytan.meters m JOIN tytan.service_points p ON p.code = m.point_code "
    "WHERE m.customer_code = {place} ORDER BY m.point_code, m.id LIMIT 21"
)
COUNTS = (
    "SELECT count(*), sum(CASE WHEN active THEN 1 ELSE 0 END), sum(CASE WHEN active THEN 0 ELSE 1 END), "
    "sum(CASE WHEN active AND legalization_valid_to < {place} THEN 1 ELSE 0 END) "
    "FROM tytan.meters WHERE customer_code = {place}"
)
DATABASE = os.environ.get("RAW_DATABASE", "")
IS_POSTGRESQL = DATABASE.startswith("postgresql")
PLACE = "%s" if IS_POSTGRESQL else "?"
NONE = Markup('<span aria-hidden="true">–</span><span class="visually-hidden">brak</span>')
ROLES = {"main": "Main water meter", "garden": "Garden water meter", "flat": "Water meter of a flat"}
_local = threading.local()

app = Flask(__name__, template_folder=os.environ.get("RAW_TEMPLATES", "templates"))
app.secret_key = "only the shape of the work counts here"
app.jinja_env.auto_reload = False
CSRFProtect(app)


class Person(NamedTuple):
    """Who asks."""

    last_activity_at: Any
    ended_at: Any
    status: str
    code: str
    name: str
    as_of: Any


def catalogue() -> Translations:
    """The portal's Polish texts of the pages that this one is made of: one look-up a text."""
    import ebok_core

    merged = Translations()
    for path in sorted((Path(ebok_core.__file__).parent / "translations/pl/LC_MESSAGES").glob("*.mo")):
        with path.open("rb") as file:
            merged.merge(Translations(fp=file))
    return merged


def select(statement: str, *values: Any) -> list[Any]:
    """The rows of a statement, by the driver alone; one connection a thread."""
    if not hasattr(_local, "connection"):
        _local.connection = _connection()
    return _local.connection.execute(statement.format(place=PLACE), values).fetchall()


def volume(value: Any) -> str:
    """A state in whole cubic metres from its thousandths, in groups of three from 10 000."""
    whole = int(value) // 1000
    return f"{whole:,}".replace(",", "\N{NO-BREAK SPACE}") if whole >= 10_000 else str(whole)


def _connection() -> Any:
    if IS_POSTGRESQL:
        import psycopg

        return psycopg.connect(DATABASE, autocommit=True)
    import pysqlite3.dbapi2 as sqlite

    connection = sqlite.connect(f"file:{DATABASE}/ebok.db?mode=ro", uri=True, isolation_level=None)
    connection.execute(f"ATTACH 'file:{DATABASE}/tytan.db?mode=ro' AS tytan")
    return connection


_ = catalogue().ugettext
app.jinja_env.globals.update(_=_, volume=volume, none_=NONE)


@app.route("/liczniki")
def meters() -> str:
    """The list."""
    token = session.get("token") or abort(401)
    found = select(PERSON, hashlib.sha256(token.encode()).hexdigest())
    person = Person._make(found[0]) if found else abort(401)
    if person.ended_at is not None or person.status == "blocked":
        abort(401)
    month = date.today().strftime("%Y.%m")
    counts = dict(zip(("", "aktywne", "zdjete", "legalizacja"), select(COUNTS, month, person.code)[0], strict=True))
    return render_template(
        "meters.html",
        person=person,
        counts=counts,
        points=select(POINTS, person.code),
        rows=select(ROWS, person.code)[:20],
        roles={role: _(name) for role, name in ROLES.items()},
    )


@app.route("/zdrowie")
def health() -> str:
    """The server is up."""
    return "ok"
