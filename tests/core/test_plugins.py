"""How modules are found on the machine, switched off, and registered."""

from __future__ import annotations

import pytest

from ebok_core import hookimpl, plugins
from ebok_core.errors import ModuleError
from ebok_core.testing.planted import installed, planted

GOOD = "from ebok_core import Module, hookimpl\n\n@hookimpl\ndef ebok_module():\n    return Module(title='Basen')\n"


def only(*names):
    return {module.name: module for module in plugins.installed() if module.name in names}


def test_a_distribution_with_the_entry_point_is_found(tmp_path):
    with installed(tmp_path, ("ebok-planted", "ebok_planted", GOOD)):
        module = only("ebok_planted")["ebok_planted"]
    assert (module.distribution, module.version, module.fault, module.short) == ("ebok-planted", "1.2", None, "planted")


def test_a_module_that_fails_to_import_is_off_with_its_reason(tmp_path):
    with installed(tmp_path, ("ebok-planted", "ebok_planted", "import nothing_of_this_name\n")):
        module = only("ebok_planted")["ebok_planted"]
    assert module.plugin is None
    assert "ebok-planted: import failed: ModuleNotFoundError" in module.fault


def test_a_broken_module_can_be_switched_off_before_its_import(tmp_path):
    with installed(tmp_path, ("ebok-planted", "ebok_planted", "raise SystemExit('must not run')\n")):
        found = {m.name: m for m in plugins.installed(disabled=["ebok_planted"])}
    assert "EBOK_MODULES_DISABLED" in found["ebok_planted"].fault


def test_two_distributions_of_one_name_are_both_off(tmp_path):
    two = [("ebok-planted", "ebok_planted", GOOD), ("another", "ebok_planted", GOOD)]
    with installed(tmp_path, *two):
        module = only("ebok_planted")["ebok_planted"]
    assert module.plugin is None
    assert "another, ebok-planted" in module.fault


def test_a_hook_that_does_not_exist_is_refused():
    module = plugins.given([planted("ebok_basen", ebok_menu_entires=[])])[0]
    manager = plugins.build()
    with pytest.raises(ModuleError, match="ebok-basen.*ebok_menu_entires"):
        plugins.register(manager, module)
    assert not manager.has_plugin("ebok_basen")


def test_a_hook_with_a_wrong_argument_is_refused():
    def ebok_work_items(viewer, database):
        return []

    module = plugins.given([planted("ebok_basen", ebok_work_items=ebok_work_items)])[0]
    with pytest.raises(ModuleError, match="database"):
        plugins.register(plugins.build(), module)


def test_a_hook_of_a_module_that_is_not_there_is_ignored():
    name, plugin = planted("ebok_basen")

    def platnosci_receivables(viewer, session):
        return []

    plugin.platnosci_receivables = hookimpl(optionalhook=True)(platnosci_receivables)
    plugins.register(plugins.build(), plugins.given([(name, plugin)])[0])


def test_every_application_has_a_manager_of_its_own():
    assert plugins.build() is not plugins.build()
