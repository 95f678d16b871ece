"""The portal with e-Faktura alone, over the invented utility of the test kit."""

from __future__ import annotations

import html
import re

import pytest

from ebok_faktura import plugin


@pytest.fixture
def modules():
    """The portal under test has e-Faktura alone."""
    return [plugin]


@pytest.fixture
def world(filled_copy):
    """The invented utility of the test kit, with A, B, C and D signed up."""
    return filled_copy


@pytest.fixture
def a(world, signed_in):
    return signed_in("A")


@pytest.fixture
def b(world, signed_in):
    return signed_in("B")


@pytest.fixture
def text_of():
    """The visible text of a page, spaces joined: `text_of(client.get(…))`."""

    def read(answer) -> str:
        page = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", answer.get_data(as_text=True), flags=re.DOTALL)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())

    return read
