"""Every hook is documented and tested by name."""

from __future__ import annotations

import re

import pytest

from ebok_core.testing import hookdocs

HOOKS = {hook.name: hook for hook in hookdocs.hooks()}


def test_the_page_is_the_one_that_the_specifications_make(root):
    page = root / hookdocs.PAGE
    assert page.read_text() == hookdocs.render(), "run `python -m ebok_core.testing.hookdocs`"


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_a_sentence(name):
    first = HOOKS[name].text.partition("\n")[0]
    assert first[0].isupper() and first.endswith("."), first


def test_every_hook_has_a_test_that_names_it(root):
    text = "\n".join(path.read_text() for path in root.glob("tests/**/test_*.py") if path.parent.name != "architecture")
    tested = set(re.findall(r"def test_(ebok_[a-z_]+?)__", text))
    assert set(HOOKS) - tested == set(), "name a test test_<hook>__<what it proves>"
    assert tested - set(HOOKS) == set(), "these tests name hooks that are gone"
