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


# Where a hook is named without being asked: its specification, the core's own answer, the table of checks.
NO_CALLERS = ("hookspecs.py", "plugin.py", "portal.py", "web/checks.py", "testing/", "contracts/")


def test_every_hook_is_asked_or_said_to_be_planned(root):
    """A hook that nobody asks is a promise that does nothing."""
    core = root / "ebok_core"
    files = [p for p in core.rglob("*.py") if not p.relative_to(core).as_posix().startswith(NO_CALLERS)]
    portal = (core / "portal.py").read_text()
    text = "\n".join(path.read_text() for path in files) + portal[portal.index("class Declaration") :]
    asked = {name for name in HOOKS if f'"{name}"' in text or f"hook.{name}" in text}
    # The manager itself calls the historic one when a module is registered.
    unasked = set(HOOKS) - asked - {"ebok_add_hookspecs"}
    assert unasked == hookdocs.PLANNED


def test_every_hook_has_a_test_that_names_it(root):
    text = "\n".join(path.read_text() for path in root.glob("tests/**/test_*.py") if path.parent.name != "architecture")
    tested = set(re.findall(r"def test_(ebok_[a-z_]+?)__", text))
    assert set(HOOKS) - tested == set(), "name a test test_<hook>__<what it proves>"
    assert tested - set(HOOKS) == set(), "these tests name hooks that are gone"
