"""Who may import whom: import-linter's contracts hold, and they know every module."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def linter(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]


@pytest.fixture(scope="module")
def modules(root):
    return sorted(path.parent.name for path in root.glob("plugins/*/*/plugin.py"))


def contract(linter, name):
    return next(c for c in linter["contracts"] if c["name"] == name)


def lint(folder, config):
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--config", str(config)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_every_contract_is_kept(root):
    done = lint(root, root / "pyproject.toml")
    assert done.returncode == 0, done.stdout


def test_every_module_is_in_the_contracts(linter, modules):
    assert set(modules) <= set(linter["root_packages"])
    for name, key in (
        ("The core knows no module", "forbidden_modules"),
        ("Modules do not know each other", "modules"),
        ("A module's layers", "containers"),
    ):
        assert set(modules) <= set(contract(linter, name)[key]), name


PLANTED = {
    "The core knows no module": ("ebok_core/web/planted.py", "import ebok_odczyt"),
    "The core's layers": ("ebok_core/tytan/planted.py", "import ebok_core.web"),
    "Services know no HTTP": ("ebok_core/outbox/service.py", "import flask"),
    "Contract types and rules need the standard library only": ("ebok_core/contracts/planted.py", "import sqlalchemy"),
    "The portal never needs the stand-in back office": ("ebok_core/web/planted.py", "import ebok_core.standin"),
    "A module's layers": ("plugins/ebok_odczyt/ebok_odczyt/service.py", "import ebok_odczyt.views"),
}


@pytest.mark.slow
def test_each_planted_import_is_found(root, tmp_path):
    """A linter that finds nothing proves nothing: the same contracts over a copy with one bad import for each."""
    for package in ("ebok_core", "plugins/ebok_odczyt/ebok_odczyt"):
        for path in (root / package).rglob("*.py"):
            target = tmp_path / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(path.read_text())
    for name, line in PLANTED.values():
        with (tmp_path / name).open("a") as file:
            file.write(f"\n{line}\n")
    (tmp_path / "ebok_odczyt").symlink_to(tmp_path / "plugins/ebok_odczyt/ebok_odczyt")
    done = lint(tmp_path, root / "pyproject.toml")
    assert done.returncode == 1
    broken = [line for line in done.stdout.splitlines() if " BROKEN" in line]
    assert [name for name in PLANTED if not any(line.startswith(name) for line in broken)] == []
