"""The limit of a list page: Flask, the database's driver and one Jinja2 template, 20 rows of the same copy.

`RAW_DATABASE` is the copy's SQLite file or the PostgreSQL address. The signed cookie names the customer.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from flask import Flask, abort, render_template, session

SELECT = (
    "SELECT id, meter_number, point_code, role, meter_type, status, last_read_on, last_value FROM {schema}meters "
    "WHERE customer_code = {place} ORDER BY id LIMIT 20"
)
DATABASE = os.environ.get("RAW_DATABASE", "")
_local = threading.local()

app = Flask(__name__)
app.secret_key = "only the shape of the work counts here"
app.jinja_env.auto_reload = False


def rows(customer: str) -> list[Any]:
    """The customer's first 20 meters, by the driver alone; one connection a thread."""
    if DATABASE.startswith("postgresql"):
        import psycopg

        if not hasattr(_local, "connection"):
            _local.connection = psycopg.connect(DATABASE, autocommit=True)
        return _local.connection.execute(SELECT.format(schema="tytan.", place="%s"), (customer,)).fetchall()
    import pysqlite3.dbapi2 as sqlite

    if not hasattr(_local, "connection"):
        _local.connection = sqlite.connect(f"file:{DATABASE}?mode=ro", uri=True, isolation_level=None)
    return _local.connection.execute(SELECT.format(schema="", place="?"), (customer,)).fetchall()


@app.route("/liczniki")
def meters() -> str:
    """The list."""
    customer = session.get("customer") or abort(401)
    return render_template("meters.html", rows=rows(customer), customer=customer)


@app.route("/zdrowie")
def health() -> str:
    """The server is up."""
    return "ok"
