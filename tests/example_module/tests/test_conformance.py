from ebok_basen import plugin

from ebok_core.testing import ModuleConformance


class TestBasen(ModuleConformance):
    module = plugin
