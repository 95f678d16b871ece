"""The test kit, shipped with the core: a module's tests need `ebok-core[testing]`, itself and nothing else.

The fixtures of `ebok_core.testing.fixtures` are there as soon as the core is installed beside pytest. A module's first
test is three lines::

    from ebok_core.testing import ModuleConformance
    from ebok_basen import plugin

    class TestBasen(ModuleConformance):
        module = plugin
"""

from __future__ import annotations

from typing import Any

__all__ = ["ModuleConformance"]


def __getattr__(name: str) -> Any:
    # pytest loads the fixtures at every start; the checklist is imported where it is used.
    if name == "ModuleConformance":
        from .conformance import ModuleConformance

        return ModuleConformance
    raise AttributeError(name)
