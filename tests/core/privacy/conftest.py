"""Documents, consents and people for the tests of privacy."""

from __future__ import annotations

import re

import pytest

from ebok_core.privacy.documents import rules, service


def text_of(answer):
    """What a person reads of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


@pytest.fixture
def read():
    """`read(answer)`: the words of a page."""
    return text_of


@pytest.fixture
def publish(filled_copy, viewer_of):
    """Publish a version of a document as the administrator: `publish("terms", "…", asks=True)`."""

    def put(kind, body, *, asks=False, summary="Zmienił się termin odpowiedzi.", **options):
        with filled_copy.database.unit_of_work() as session:
            return service.publish(
                session,
                viewer_of("admin"),
                kind,
                title=rules.KINDS[kind].polish,
                body=body,
                summary=summary,
                requires_reaccept=asks,
                **options,
            )

    return put
