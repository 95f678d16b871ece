"""A module that sends two notifications, and its templates on disk."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from ebok_core.contracts.tytan import Result
from ebok_core.runtime import Runtime

PLUGIN = """
from ebok_core import Module, NotificationTemplate, hookimpl

HEARD = []

@hookimpl
def ebok_module():
    return Module(title="Letters")

@hookimpl
def ebok_notification_templates():
    return [
        NotificationTemplate(key="letters.accepted", title="Accepted", base="ebok_letters/mail/accepted",
                             apply_result=lambda session, result: HEARD.append(result)),
        NotificationTemplate(key="letters.plain", title="Plain", base="ebok_letters/mail/plain"),
    ]
"""

TEMPLATES = {
    "accepted_subject.txt": "{{ _('Your reading of') }} {{ meter }}",
    "accepted.txt": (
        '{% extends "ebok_core/mail/base.txt" %}{% block lead %}Przyjęliśmy stan {{ value | volume }}.{% endblock %}'
    ),
    "accepted.html": (
        '{% extends "ebok_core/mail/base.html" %}{% from "ebok_core/mail/parts.html" import button, facts %}'
        "{% block lead %}<p>Przyjęliśmy stan <strong>{{ value | volume }}</strong>.</p>{% endblock %}"
        "{% block body %}{{ facts([('Licznik', meter)]) }}{% endblock %}"
        "{% block action %}{{ button(link('/odczyty/'), 'Zobacz odczyty') }}{% endblock %}"
    ),
    "plain_subject.txt": "{{ title }}",
    "plain.txt": '{% extends "ebok_core/mail/base.txt" %}{% block lead %}{{ text }}{% endblock %}',
    "plain.html": '{% extends "ebok_core/mail/base.html" %}{% block lead %}<p>{{ text }}</p>{% endblock %}',
}


@pytest.fixture(params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """Most of these tests are about texts; those about rows name both databases."""
    return request.param


@pytest.fixture
def letters(tmp_path: Path) -> Iterator[ModuleType]:
    """The module `ebok_letters`, as if it were installed."""
    package = tmp_path / "ebok_letters"
    folder = package / "templates" / "ebok_letters" / "mail"
    folder.mkdir(parents=True)
    (package / "plugin.py").write_text(PLUGIN)
    for name, text in TEMPLATES.items():
        (folder / name).write_text(text)
    spec = importlib.util.spec_from_file_location("ebok_letters.plugin", package / "plugin.py")
    plugin = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = plugin
    spec.loader.exec_module(plugin)
    yield plugin
    del sys.modules[spec.name]


@pytest.fixture
def heard(letters: ModuleType) -> list[Result]:
    return letters.HEARD


@pytest.fixture
def modules(letters: ModuleType) -> list[ModuleType]:
    return [letters]


@pytest.fixture
def runtime(make_runtime, modules, mailbox) -> Runtime:
    return make_runtime(modules=modules, smtp_url=mailbox.url, mail_from="ebok@wodociagi.example")
