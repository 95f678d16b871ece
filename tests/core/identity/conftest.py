"""People for the tests of sign-in: cheap hashes, one customer, one member of staff."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from ebok_core.identity import passwords
from ebok_core.identity import service as identity
from ebok_core.identity.passwords import Cost, Hasher

PASSWORD = "cztery zielone rowery w rzece"


class CountingHasher(Hasher):
    """Counts verifications: timing is compared by work done, not by a watch."""

    def __init__(self, cost: Cost, at_once: int = 1) -> None:
        super().__init__(cost, at_once)
        self.verified = 0

    def verify(self, encoded, password):
        self.verified += 1
        return super().verify(encoded, password)


@dataclass(frozen=True)
class People:
    anna: str
    clerk: str
    admin: str


@pytest.fixture
def hasher(runtime):
    """A hasher that costs next to nothing, in the place of the real one."""
    cheap = CountingHasher(Cost(1, 8, 1))
    cheap.dummy()
    runtime.database.info.update(passwords.with_hasher(cheap))
    return cheap


@pytest.fixture
def people(runtime, hasher):
    """Anna, who acts for two customers, a clerk and an administrator; all have the same password."""
    hashed = hasher.hash(PASSWORD)
    with runtime.database.unit_of_work() as session:
        anna = identity.add_account(
            session,
            kind="customer",
            login="anna",
            display_name="Anna Testowa",
            email="Anna.Testowa@example.pl",
            password_hash=hashed,
            customer_codes=["1-00096", "1-00007"],
        )
        clerk = identity.add_account(
            session,
            kind="staff",
            login="biuro",
            display_name="Bogdan Testowy",
            roles=["clerk"],
            password_hash=hashed,
        )
        admin = identity.add_account(
            session,
            kind="staff",
            login="szefowa",
            display_name="Celina Testowa",
            roles=["admin"],
            email="c@example.pl",
            password_hash=hashed,
        )
    return People(anna, clerk, admin)


class Browser:
    """A browser without JavaScript over one test client: it sends the token of the page it saw last."""

    def __init__(self, client):
        self.client = client
        self.page = ""

    def get(self, address, **options):
        answer = self.client.get(address, **options)
        self.page = answer.get_data(as_text=True) or self.page
        return answer

    def post(self, address, fields=None, **options):
        if 'name="csrf_token"' not in self.page:
            self.get("/kontakt")
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.page).group(1)
        data = {"csrf_token": token, **(fields or {})}
        answer = self.client.post(address, data=data, **options)
        self.page = answer.get_data(as_text=True) or self.page
        return answer

    def sign_in(self, login="anna", password=PASSWORD, entry="/logowanie", **fields):
        self.get(entry)
        return self.post(entry, {"login": login, "password": password, **fields})

    @property
    def cookie(self):
        return self.client.get_cookie("__Host-ebok").value


@pytest.fixture
def visitor(app, people):
    """A browser in which nobody is signed in yet."""
    return Browser(app.test_client())


@pytest.fixture
def another(app):
    """Makes more browsers."""
    return lambda: Browser(app.test_client())
