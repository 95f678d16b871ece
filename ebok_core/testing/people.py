"""The test people A–D and the staff, on a copy of the invented utility, and browsers that act for them."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ebok_core import Viewer, runtime_settings
from ebok_core.contact.settings import ContactConfigSchema
from ebok_core.identity import accounts, passwords
from ebok_core.identity import service as identity
from ebok_core.runtime import Runtime
from ebok_core.standin import demo
from ebok_core.standin.generator import generate
from ebok_core.tytan import refresh
from ebok_core.tytan.settings import TytanConfig, TytanConfigSchema

CUSTOMERS = 40
AS_OF = date(2026, 11, 24)
PASSWORD = "Krople-stukaja-w-parapet-7"
LOGINS = {
    "A": "1-01001",
    "B": "1-01002",
    "C": "1-01003",
    "D": "1-01004",
    "clerk": "bok",
    "admin": "admin",
}
"""A owes 29,20 zł and has two premises, B has paid too much, C is a cooperative with 1 200 meters, D has no e-mail."""

_HIDDEN = re.compile(r"<input\b[^>]*\btype=[\"']?hidden\b[^>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"\b(name|value)=\"([^\"]*)\"")


def make_tytan(path: Path, customers: int = CUSTOMERS) -> str:
    """Write the invented utility into an SQLite file; returns its address."""
    engine = sa.create_engine(f"sqlite:///{path}")
    generate(engine, customers=customers, seed=1, as_of=AS_OF)
    engine.dispose()
    return f"sqlite:///{path}"


def settle(runtime: Runtime, tytan_url: str) -> None:
    """Give a runtime's database its TYTAN, its utility, the accounts of `LOGINS`, and the first copy."""
    hashed = passwords.hasher_in(passwords.for_sessions(runtime.settings)).hash(PASSWORD)
    known = {person.login: person for person in demo.PEOPLE}
    with runtime.database.unit_of_work() as session:
        for schema, values in (
            (TytanConfigSchema, TytanConfig(address=tytan_url)),
            (ContactConfigSchema, demo.UTILITY),
        ):
            runtime_settings.save(session, schema, values, keys=runtime.settings.encryption_keys)
        for person in (known[login] for login in LOGINS.values()):
            identity.add_account(
                session,
                kind=person.kind,
                login=person.login,
                display_name=person.name,
                email=person.email,
                password_hash=hashed,
                roles=person.roles if person.kind == "staff" else (),
                customer_codes=person.customer_codes,
            )
    refresh.refresh(runtime)


class Visitor(FlaskClient):
    """A browser without JavaScript that fills in forms: hidden fields come from the page, as a browser sends them."""

    def submit(self, address: str, fields: Mapping[str, Any] | None = None, *, page: str | None = None) -> TestResponse:
        """Open the page with the form (the address itself unless `page` says otherwise) and post it with `fields`."""
        opened = self.get(page or address).get_data(as_text=True)
        hidden = (dict(_ATTRIBUTE.findall(field)) for field in _HIDDEN.findall(opened))
        carried = {item["name"]: html.unescape(item.get("value", "")) for item in hidden if "name" in item}
        kept = {name: carried[name] for name in ("csrf_token", "form_token") if name in carried}
        return self.post(address, data={**kept, **(fields or {})})


def sign_in(app: Flask, person: str) -> Visitor:
    """A browser in which one of `LOGINS`, or any other login, is signed in, without typing the password."""
    runtime: Runtime = app.extensions["ebok"]
    with runtime.database.unit_of_work() as session:
        token, _ = identity.open_session(session, account_id(runtime, person))
    visitor = Visitor(app, app.response_class)
    with visitor.session_transaction() as cookie:
        cookie["_user_id"] = token
        cookie["_fresh"] = True
    return visitor


def viewer(runtime: Runtime, person: str) -> Viewer:
    """One of `LOGINS` as services see them."""
    with runtime.database.unit_of_work() as session:
        token, _ = identity.open_session(session, account_id(runtime, person))
    with runtime.database.snapshot() as session:
        found = identity.viewer_of(session, runtime, token)
    assert found is not None
    return found


def account_id(runtime: Runtime, person: str) -> str:
    """The account of one of `LOGINS`."""
    login = LOGINS.get(person, person)
    with runtime.database.snapshot() as session:
        # A login belongs to one account, whatever its kind.
        found = accounts.find(session, login, "customer") or accounts.find(session, login, "staff")
    assert found is not None, f"{person} has no account: ask for the fixture filled_copy"
    return found.id
