"""Every set of installed modules starts, and no page shows a trace of those that are not there."""

from __future__ import annotations

import importlib
from itertools import chain, combinations

import pytest

from ebok_core.app import create_app_of
from ebok_core.contracts.web import Zone


def modules_of(root):
    return sorted(path.parent.name for path in root.glob("plugins/*/*/plugin.py"))


def subsets(names):
    return chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))


def pytest_generate_tests(metafunc):
    """One case per set: 2 for one module, 64 for six."""
    if "installed_set" in metafunc.fixturenames:
        names = modules_of(metafunc.config.rootpath)
        sets = list(subsets(names))
        metafunc.parametrize("installed_set", sets, ids=["+".join(("core", *s)).replace("ebok_", "") for s in sets])


@pytest.fixture
def modules(installed_set):
    return [importlib.import_module(f"{name}.plugin") for name in installed_set]


def test_the_portal_starts_with_this_set_and_no_other(app, installed_set):
    portal = app.extensions["ebok"].portal
    assert portal.faults == ()
    assert [d.name for d in portal.declarations] == ["ebok_core", *installed_set]
    owners = {view.__module__.partition(".")[0] for view in app.view_functions.values()}
    assert owners - {"ebok_core", "flask", "functools"} <= set(installed_set)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_nothing_declared_belongs_to_a_module_that_is_absent(app, installed_set):
    portal = app.extensions["ebok"].portal
    present = {"core", *(name.removeprefix("ebok_") for name in installed_set)}
    for hook, results in ((h, portal.of(h)) for h in portal.declarations[0].results):
        for result in results:
            key = getattr(result, "key", None)
            assert not isinstance(key, str) or key.partition(".")[0] in present, f"{hook}: {key}"
    assert portal.deals_in_money == any(d.module.deals_in_money for d in portal.declarations)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_pages_name_no_module_that_is_absent(app, installed_set, request):
    absent = set(modules_of(request.config.rootpath)) - set(installed_set)
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(f"{Zone.PUBLIC.value}.") and "GET" in rule.methods and not rule.arguments:
            answer = client.get(str(rule))
            assert answer.status_code < 500, f"{rule}: {answer.status}"
            for name in absent:
                assert name.encode() not in answer.data, f"{rule} names {name}"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_start_page_of_a_customer_shows_the_set_s_menu(filled_copy, signed_in, installed_set, app):
    client = signed_in("A")
    page = client.get("/", follow_redirects=True)
    assert page.status_code == 200, page.status
    text = page.get_data(as_text=True)
    portal = app.extensions["ebok"].portal
    for entry in portal.of("ebok_menu_entries"):
        if entry.zone is Zone.CUSTOMER and entry.endpoint and entry.permission and not entry.parent:
            with app.test_request_context():
                address = app.url_map.bind("localhost").build(entry.endpoint)
            assert f'href="{address}"' in text, f"the menu lacks {entry.key}"


def test_the_runtime_and_its_tables_fit(make_runtime, modules):
    create_app_of(make_runtime(modules=modules))
