"""`ModuleConformance`: the checklist that every module passes, as tests (anchors.md §4).

It tests what is installed: declarations, tables, pages, catalogues, migrations, files. Everything else, above all that
another customer's things are not found, the module's own tests prove.
"""

from __future__ import annotations

import importlib
import re
import tomllib
import uuid
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import sqlalchemy as sa
from flask import Flask
from marshmallow import Schema, fields
from werkzeug.routing import Rule
from werkzeug.routing.converters import AnyConverter, IntegerConverter, UUIDConverter

import ebok_core
from ebok_core.contracts.module import MigrationSource
from ebok_core.contracts.web import Zone
from ebok_core.db import Base, migrate
from ebok_core.portal import Declaration

from . import catalogues, lints

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

MOST_PLUGIN_LINES = 150
# The core's public face (anchors.md §3c): the package itself and what these rooms export.
PUBLIC_FACE = frozenset(
    {
        "audit", "clock", "contracts", "db", "errors", "files", "i18n", "notifications", "outbox", "pdf",
        "runtime_settings", "statistics", "testing", "tytan", "web",
    }
)  # fmt: skip
FILES = frozenset(
    {
        "__init__", "plugin", "settings", "permissions", "models", "rules", "schemas", "tytan", "service", "views",
        "admin", "cards", "drawing", "statistics", "jobs", "notifications", "privacy", "api", "cli", "commands",
        "providers",
    }
)  # fmt: skip
FOLDERS = frozenset({"templates", "static", "translations", "migrations"})
PERSONAL_COLUMNS = re.compile(r"^(.*_)?(customer_code|account_id)$")


class ModuleConformance:
    """Subclass it in `tests/test_conformance.py` and set `module` to the module's `plugin`; see `ebok_core.testing`."""

    module: ClassVar[ModuleType]

    @property
    def package(self) -> str:
        """The module's package name."""
        return self.module.__name__.partition(".")[0]

    @property
    def short(self) -> str:
        """What the module's tables and keys begin with."""
        return self.package.removeprefix("ebok_")

    @property
    def folder(self) -> Path:
        """The package's folder."""
        return Path(str(self.module.__file__)).parent

    @pytest.fixture
    def modules(self) -> list[ModuleType]:
        """The portal under test has this module alone."""
        return [self.module]

    @pytest.fixture
    def declaration(self, runtime: Runtime) -> Declaration:
        """What the module declared."""
        return next(d for d in runtime.portal.declarations if d.name == self.package)

    # Isolation

    def test_boots_alone(self, app: Flask, runtime: Runtime, declaration: Declaration) -> None:
        """The portal starts with the core and this module, and neither is off."""
        assert runtime.portal.faults == ()
        assert app.extensions["ebok"].portal.faults == ()
        assert str(declaration.module.title)

    def test_plugin_is_a_table_of_contents(self) -> None:
        """`plugin.py` declares and decides nothing, in at most 150 lines."""
        path = self.folder / "plugin.py"
        assert lints.complaints(path, lints.only_declarations) == []
        assert len(path.read_text().splitlines()) <= MOST_PLUGIN_LINES

    def test_files_have_the_names_of_the_pattern(self) -> None:
        """Whoever knows one module finds everything in the others; a package may stand for a file of the same name."""
        files = {path.stem for path in self.folder.glob("*.py")}
        folders = {path.name for path in self.folder.iterdir() if path.is_dir() and path.name != "__pycache__"}
        assert files - FILES == set(), "names that no other module has"
        assert folders - FOLDERS - FILES == set(), "folders that no other module has"
        assert (self.folder / "py.typed").exists()

    def test_tables_carry_the_name(self) -> None:
        """Tables begin with the module's short name and refer to its own or the core's."""
        for table in self.tables():
            assert table.name.startswith(f"{self.short}_"), table.name
            for key in table.foreign_keys:
                target = key.target_fullname.partition(".")[0]
                assert target.startswith((f"{self.short}_", "core_")), f"{table.name} refers to {target}"

    def test_templates_carry_the_name(self) -> None:
        """Two modules with a bare `index.html` would get each other's page."""
        folder = self.folder / "templates"
        for path in (p for p in folder.rglob("*") if p.is_file()):
            assert path.relative_to(folder).parts[0] == self.package, path

    def test_addresses_carry_a_prefix_of_their_own(self, app: Flask) -> None:
        """All pages of the module live under one first word that is not the core's."""
        own = {_first_word(rule) for rule in self.rules(app)}
        others = {_first_word(rule) for rule in app.url_map.iter_rules() if rule not in self.rules(app)}
        assert own & others == set()
        assert len(own) <= 1, f"one prefix a module, not {sorted(own)}"

    def test_imports_only_the_core_s_public_face(self) -> None:
        """No other module, and of the core what is meant for modules."""
        for path in lints.python_files(self.folder):
            for line, name in lints.imports(path):
                parts = name.split(".")
                if parts[0] == "ebok_core" and len(parts) > 1:
                    assert parts[1] in PUBLIC_FACE or parts[1] in ebok_core.__all__, (
                        f"{path}:{line}: {name} is the core's own"
                    )
                elif parts[0].startswith("ebok_"):
                    assert parts[0] in (self.package, "ebok_core"), f"{path}:{line}: {name} is another module"

    # Security

    def test_admin_mounts_ask_for_a_permission(self, declaration: Declaration) -> None:
        """Nothing in the panel is open to every clerk by oversight."""
        mounts = [m for m in declaration.results["ebok_blueprints"] if m.zone is Zone.ADMIN]
        assert [m.blueprint.name for m in mounts if m.permission is None] == []

    def test_strangers_are_refused(self, app: Flask) -> None:
        """Every page that is not public sends a stranger to sign in or refuses, whatever the method."""
        app.config["WTF_CSRF_ENABLED"] = False  # the guard itself is under test, not what stands before it
        for rule in self.rules(app):
            if rule.endpoint.startswith("public."):
                continue
            for method in sorted(rule.methods or ()):
                answer = app.test_client().open(address_of(app, rule), method=method)
                refused = answer.status_code in (401, 403) or (
                    answer.status_code == 302 and "dalej" in answer.headers["Location"] or method != "GET"
                    and answer.status_code == 302
                )  # fmt: skip
                assert refused or method == "OPTIONS", f"{method} {rule}: {answer.status}"
                assert answer.data == b"" or b"<form" not in answer.data, f"{method} {rule} shows a form"

    def test_sources_keep_the_rules(self) -> None:
        """One clock, one way to write, Decimal money, escaped pages, bound SQL, nothing that runs data as code."""
        complaints = []
        for path in lints.python_files(self.folder, without=["migrations/"]):
            complaints += lints.complaints(path, *lints.EVERYWHERE, lints.floats)
        for path in (self.folder / "templates").rglob("*.*"):
            complaints += lints.template_complaints(path)
        assert complaints == []

    # Privacy

    def test_personal_data_is_claimed(self, declaration: Declaration) -> None:
        """Every table with a customer or an account is exported and erased by a source that states its retention."""
        sources = declaration.results["ebok_personal_data"]
        claimed = {name for source in sources for name in source.tables}
        for table in self.tables():
            personal = any(PERSONAL_COLUMNS.match(column.name) for column in table.columns)
            personal = personal or any(k.target_fullname.startswith("core_account.") for k in table.foreign_keys)
            assert not personal or table.name in claimed, f"nobody exports and erases {table.name}"
        assert [source.key for source in sources if not str(source.retention)] == []
        assert claimed <= {table.name for table in self.tables()}

    # Language

    def test_catalogue_is_complete(self) -> None:
        """Every text has a Polish translation, with its plural forms and its places."""
        core = Path(migrate.__file__).parents[1]
        assert catalogues.missing(self.folder, core) == []
        assert [c for path in catalogues.catalogues(self.folder) for c in catalogues.faulty(path)] == []

    # TYTAN

    def test_messages_have_schemas(self, declaration: Declaration) -> None:
        """What TYTAN hears has a kind, a version and a schema without floats."""
        for message in declaration.results["ebok_outbox_messages"]:
            assert re.fullmatch(r"[a-z]+\.[a-z_]+", message.kind), message
            assert message.version >= 1
            assert issubclass(message.payload_schema, Schema)
            floats = [n for n, f in message.payload_schema().fields.items() if isinstance(f, fields.Float)]
            assert floats == [], f"{message.kind}: floats in {floats}"

    # Operations

    def test_jobs_are_limited(self, declaration: Declaration) -> None:
        """A job that hangs counts as lost within the hour."""
        for job in declaration.results["ebok_jobs"]:
            assert 0 < job.limit.total_seconds() <= 3600, job.key

    def test_migrations_go_up_and_down(
        self, empty_database_url: str, core_settings: Callable[..., Any], modules: list[ModuleType]
    ) -> None:
        """base → head → base → head, and the models then ask for no further change."""
        from ebok_core import runtime as runtimes

        runtime = runtimes.build({}, modules, core_settings=core_settings(database_url=empty_database_url))
        try:
            migrate.upgrade(runtime.database, runtime.portal.migrations, only="ebok_core")
            for source in (s for s in runtime.portal.migrations if s.module == self.package):
                up_down_up(runtime, source)
        finally:
            runtime.database.dispose()

    # Meta

    def test_distribution_says_what_it_is(self) -> None:
        """The folder above the package has a description, the range of cores, a README and a CHANGELOG."""
        root = self.folder.parent
        if not (root / "pyproject.toml").exists():
            pytest.skip("the installed package has no source folder")
        project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
        assert project["description"]
        assert any(re.match(r"ebok-core\s*>=", requirement) for requirement in project["dependencies"])
        assert project["entry-points"]["ebok.plugins"] == {self.package: f"{self.package}.plugin"}
        for name in ("README.md", "CHANGELOG.md"):
            assert re.search(r"^# \S", (root / name).read_text(), re.MULTILINE), f"{name} has no heading"
        assert project["version"] in (root / "CHANGELOG.md").read_text()

    # What the tests above share

    def tables(self) -> list[sa.Table]:
        """The tables of the module's models."""
        import_models(self.package)
        mappers = Base.registry.mappers
        own = [m for m in mappers if m.class_.__module__.partition(".")[0] == self.package]
        return [table for mapper in own for table in mapper.tables if isinstance(table, sa.Table)]

    def rules(self, app: Flask) -> list[Rule]:
        """The module's rules in the URL map."""
        owners = {name for name, view in app.view_functions.items() if view.__module__.startswith(f"{self.package}.")}
        return [rule for rule in app.url_map.iter_rules() if rule.endpoint in owners]


def address_of(app: Flask, rule: Rule, **given: Any) -> str:
    """An address that a rule matches, with made-up arguments where none are given."""
    values = {name: given.get(name, _made_up(converter)) for name, converter in rule._converters.items()}
    with app.test_request_context():
        adapter = app.url_map.bind("localhost")
        return adapter.build(rule.endpoint, {**(rule.defaults or {}), **values}, force_external=False)


def up_down_up(runtime: Runtime, source: MigrationSource) -> None:
    """Bring one history to its head, to its base and to its head again, and compare the models with the tables."""
    import_models(source.module)
    migrate.upgrade(runtime.database, runtime.portal.migrations, only=source.module)
    migrate.downgrade(runtime.database, source)
    with runtime.database.reader.connect() as connection:
        left = [n for n in sa.inspect(connection).get_table_names() if n.startswith(f"{source.short}_")]
    assert left in ([], [f"{source.short}_alembic_version"]), f"the downgrade leaves {left}"
    migrate.upgrade(runtime.database, runtime.portal.migrations, only=source.module)
    migrate.check_models(runtime.database, source)


def import_models(package: str) -> None:
    """Import every `models.py` of a package, so that SQLAlchemy knows all its tables."""
    folder = Path(str(importlib.import_module(package).__file__)).parent
    for path in sorted(folder.rglob("models.py")):
        importlib.import_module(".".join((package, *path.relative_to(folder).with_suffix("").parts)))


def _made_up(converter: Any) -> Any:
    if isinstance(converter, IntegerConverter):
        return 1
    if isinstance(converter, UUIDConverter):
        return uuid.UUID(int=7)
    if isinstance(converter, AnyConverter):
        return next(iter(converter.items))
    return "x"


def _first_word(rule: Rule) -> str:
    words = [word for word in str(rule).split("/") if word]
    return next((word for word in words if word != "panel"), "")
