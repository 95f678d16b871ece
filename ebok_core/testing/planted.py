"""Modules made up inside a test, and distributions that look installed: for what a portal does with bad ones."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ebok_core import Module, hookimpl


class Planted:
    """Stands for a `plugin.py`: its attributes are hook implementations."""

    def __init__(self, **implementations: Any) -> None:
        self.__dict__.update(implementations)


def planted(name: str, **hooks: Any) -> tuple[str, Planted]:
    """A module with these hooks, as `create_app(modules=[…])` takes it: a hook is a function or the value to return.

    `planted("ebok_basen", ebok_menu_entries=[…])` introduces itself with its name; `ebok_module=…` says otherwise.
    """
    answers: dict[str, Any] = {"ebok_module": Module(title=name), **hooks}
    return name, Planted(**{hook: _implementation(value) for hook, value in answers.items()})


@contextmanager
def installed(folder: Path, *distributions: tuple[str, str, str]) -> Iterator[None]:
    """Let distributions look installed: triples of distribution, package and source of the package's `plugin.py`."""
    packages = set()
    for distribution, package, source in distributions:
        info = folder / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[ebok.plugins]\n{package} = {package}.plugin\n")
        (folder / package).mkdir(exist_ok=True)
        (folder / package / "__init__.py").touch()
        (folder / package / "plugin.py").write_text(source)
        packages.add(package)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [n for n in sys.modules if n.partition(".")[0] in packages]:
            del sys.modules[name]
        importlib.invalidate_caches()


def _implementation(value: Any) -> Any:
    def answer() -> Any:
        return value

    return hookimpl(value if inspect.isfunction(value) else answer)
