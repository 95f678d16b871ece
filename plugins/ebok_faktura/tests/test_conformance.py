"""The checklist that every module passes."""

from __future__ import annotations

from ebok_core.testing import ModuleConformance
from ebok_faktura import plugin


class TestFaktura(ModuleConformance):
    """e-Faktura keeps the rules of modules."""

    module = plugin
