"""People who write to the utility, and what the office has of them."""

from __future__ import annotations

import html
import io
import json
import re

import pytest
import sqlalchemy as sa

from ebok_core.contact import cases, directory
from ebok_core.contact.models import Case
from ebok_core.db import uuid7
from ebok_core.outbox.models import Message

WRITE = "/kontakt/napisz"
TEXT = "Dzień dobry,\n\nwodomierz w ogrodzie <b>cieknie</b>.\nPozdrawiam"
STRANGER = {"name": "Zofia Nowicka", "email": "zofia.nowicka@example.pl"}


def text_of(answer):
    """What a person reads on the page."""
    main = answer.get_data(as_text=True).partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main)))


def hidden(page):
    """The tokens of the page's first form."""
    return dict(re.findall(r'name="(csrf_token|form_token)" value="([^"]+)"', page.partition("<main")[2]))


def post(browser, address, fields=None, *files, page=None, **carried):
    """Fill the form in: `files` are pairs of a name and the content; `carried` replaces its tokens."""
    opened = browser.get(page or address).get_data(as_text=True)
    data = {**hidden(opened), **(fields or {}), **carried}
    if files:
        data["pliki"] = [(io.BytesIO(content), name) for name, content in files]
    return browser.post(address, data=data, content_type="multipart/form-data" if files else None)


def send(browser, *files, **fields):
    """A message from the form; gives the signature."""
    answer = post(browser, WRITE, {"topic": "reklamacja", "text": TEXT, **fields}, *files)
    assert answer.status_code == 303, text_of(answer)
    return re.fullmatch(r"/kontakt/sprawa/([^/]+)/przyjete", answer.location)[1]


@pytest.fixture
def rows(runtime):
    """Every case, oldest first."""

    def read():
        with runtime.database.snapshot() as session:
            return session.execute(sa.select(Case.__table__).order_by(Case.number)).all()

    return read


@pytest.fixture
def mails(runtime):
    """The mails in the outbox: pairs of the template and the payload."""

    def read(key=None):
        message = Message.__table__.c
        statement = sa.select(message.subject_type, message.payload).where(message.kind == "core.mail")
        with runtime.database.snapshot() as session:
            found = session.execute(statement.order_by(message.accepted_at, message.id)).all()
        return [json.loads(payload) for template, payload in found if key in (None, template)]

    return read


@pytest.fixture
def receive(runtime):
    """Make a case without a page; gives its row."""

    def make(viewer=None, slug="reklamacja", chosen="", text=TEXT, email="zofia.nowicka@example.pl", token=None):
        sender = cases.Sender(viewer.display_name, viewer.email) if viewer else cases.Sender("Zofia Nowicka", email)
        with runtime.database.unit_of_work() as session:
            topic = next(topic for topic in directory.topics(session) if topic.slug == slug)
            signed = cases.receive(
                session, viewer, topic=topic, chosen=chosen, text=text, sender=sender, token=token or uuid7()
            )
        with runtime.database.snapshot() as session:
            return cases.by_signature(session, signed)

    return make


@pytest.fixture
def department(runtime, viewer_of):
    """Add a department; gives its id."""

    def add(name="Dział techniczny", email=None, clerks=()):
        with runtime.database.unit_of_work() as session:
            values = {"name": name, "email": email, "position": 9}
            return directory.save_department(session, viewer_of("admin"), None, values, clerks)

    return add
