"""The pytest plugin of the test kit. Installed with `ebok-core`, it is there in every test run beside it.

What a test asks for, from the outside in:

- `client`, `app`, `runtime`, `database`: the portal of the `modules` fixture (nothing but the core unless overridden),
  on a clean database with every table. A test that uses them runs twice, on SQLite and on PostgreSQL; one is chosen by
  `@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)`, and `-m "not postgres"` leaves the server out.
- `filled_copy` with `signed_in("A")`, `viewer_a`…: the same portal with the invented utility's people and their data.
- `clock`, `mailbox`, `statements`: time that stands, mail that is kept, SQL that is counted.

A module overrides `modules` in its `conftest.py`::

    @pytest.fixture
    def modules():
        return [plugin]
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from . import clocks, network, postgres
from . import statements as counting

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from ebok_core import Viewer
    from ebok_core.db import Database
    from ebok_core.runtime import Runtime
    from ebok_core.settings import CoreSettings

    from .databases import Databases
    from .mailbox import Mailbox

Modules = Iterable[ModuleType | tuple[str, Any]]
_RUN: pytest.StashKey[Path] = pytest.StashKey()


# The run: its folder, shared by all workers and removed by the process that began it, and one PostgreSQL cluster.


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--features FILE`: write which features of the leaflet the run proved (`ebok_core.testing.features`)."""
    parser.addoption("--features", type=Path, metavar="FILE", help="write the verdict of each feature as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the folder of this run; the cluster in it is started when the first test asks."""
    if config.option.features and not hasattr(config, "workerinput"):
        from .features import Collector

        config.pluginmanager.register(Collector(config.option.features))
    worker = getattr(config, "workerinput", None)
    config.stash[_RUN] = Path(worker["ebok_run"]) if worker else Path(tempfile.mkdtemp(prefix="ebok-run-"))
    config.stash[_RUN].chmod(0o755)  # the server runs as another user


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a pytest-xdist worker where the run's folder is."""
    node.workerinput["ebok_run"] = str(node.config.stash[_RUN])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the cluster and remove the folder, whatever became of the tests."""
    folder = config.stash.get(_RUN, None)
    if folder is not None and not hasattr(config, "workerinput"):
        postgres.stop(folder / "postgres")
        _drop_left_over(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the cluster, so that `-m "not postgres"` leaves it out, and let reports say what they prove."""
    for item in items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if (
            parameters.get("backend") == "postgresql"
            or "postgres_server" in getattr(item, "fixturenames", ())
            and ("backend" not in parameters)
        ):
            item.add_marker("postgres")
        for mark in item.iter_markers("feature"):
            item.user_properties += [
                ("feature", feature) for feature in mark.args
            ]  # reports carry it to `./run features`


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Sockets reach this machine only: a test that would go further fails."""
    with network.forbidden():
        yield


@pytest.fixture(scope="session", autouse=True)
def no_inherited_settings() -> None:
    """The `EBOK_…` variables of whoever runs the tests are not the tests' (but `EBOK_TEST_…`)."""
    for name in [n for n in os.environ if n.startswith("EBOK_") and not n.startswith("EBOK_TEST_")]:
        del os.environ[name]


# Databases


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> postgres.Server:
    """A PostgreSQL server: `EBOK_TEST_DATABASE_URL`, or the run's temporary cluster."""
    given = os.environ.get("EBOK_TEST_DATABASE_URL")
    if given:
        return postgres.Server(url=given.rpartition("/")[0])
    folder = pytestconfig.stash[_RUN] / "postgres"
    owner = os.getppid() if hasattr(pytestconfig, "workerinput") else os.getpid()
    return postgres.shared(folder, owner)


@pytest.fixture(scope="session")
def databases(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> Databases:
    """Makes databases; a test asks for `database` or `database_url` and seldom for this."""
    from .databases import Databases

    return Databases(pytestconfig.stash[_RUN] / "databases", lambda: request.getfixturevalue("postgres_server"))


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """The kind of database: `sqlite`, then `postgresql`."""
    kind: str = request.param
    return kind


@pytest.fixture
def empty_database_url(databases: Databases, backend: str) -> Iterator[str]:
    """The address of a database without tables, for tests of the migrations."""
    url = databases.empty(backend)
    yield url
    databases.drop(url)


@pytest.fixture
def database_url(
    databases: Databases,
    backend: str,
    modules: Modules,
    core_settings: Callable[..., CoreSettings],
    request: pytest.FixtureRequest,
) -> Iterator[str]:
    """The address of a clean database with the tables of the core and of `modules`, and a copy.

    The copy is empty, or filled where the test asks for `filled_copy`.
    """
    from ebok_core import runtime as runtimes

    from .databases import prepare

    def build(url: str) -> None:
        runtime = runtimes.build(modules=chosen, core_settings=core_settings(database_url=url), environ={})
        try:
            prepare(runtime)
            if filled:
                _settle(runtime, request.getfixturevalue("tytan_template"))
        finally:
            runtime.database.dispose()

    chosen, filled = list(modules), "filled_copy" in request.fixturenames
    url = databases.copy_of(backend, (_names(chosen), filled), build)
    yield url
    databases.drop(url)


@pytest.fixture
def database(runtime: Runtime) -> Database:
    """The portal's database: `unit_of_work()` to write, `snapshot()` to read."""
    return runtime.database


# The portal


@pytest.fixture
def modules() -> Modules:
    """The modules of the portal under test; none. A module's `conftest.py` overrides this with its `plugin`."""
    return []


@pytest.fixture
def core_settings(tmp_path: Path) -> Callable[..., CoreSettings]:
    """Build deployment settings with made-up secrets: `core_settings(idle_minutes_customer=5)`."""
    from ebok_core.settings import CoreSettings

    def build(**changes: Any) -> CoreSettings:
        made_up = {
            "data_dir": tmp_path / "var",
            "secret_key": "t" * 40,
            "audit_key": "a" * 40,
            "encryption_keys": ["dGVzdC1rZXktdGVzdC1rZXktdGVzdC1rZXktdGVzdDE="],
            "strict": True,
            "second_factor": False,  # people of tests sign in by the password alone; `second_factor=True` demands it
        }
        return CoreSettings(**{**made_up, **changes})

    return build


@pytest.fixture
def make_runtime(
    database_url: str, core_settings: Callable[..., CoreSettings], pytestconfig: pytest.Config
) -> Iterator[Callable[..., Runtime]]:
    """Build runtimes on the test's database: `make_runtime(modules=[plugin], strict=False)`."""
    from ebok_core import i18n
    from ebok_core import runtime as runtimes

    built: list[Runtime] = []

    def build(modules: Modules = (), environ: dict[str, str] | None = None, **changes: Any) -> Runtime:
        settings = core_settings(**{"database_url": database_url, **changes})
        _compile_catalogues(modules, pytestconfig.stash[_RUN])
        built.append(runtimes.build(modules=list(modules), core_settings=settings, environ=environ or {}))
        return built[-1]

    folders = i18n._folders
    yield build
    i18n.install(folders)
    for runtime in built:
        runtime.database.dispose()


@pytest.fixture
def runtime(make_runtime: Callable[..., Runtime], modules: Modules) -> Runtime:
    """The running portal without its pages."""
    return make_runtime(modules=modules)


@pytest.fixture
def app(runtime: Runtime, pytestconfig: pytest.Config) -> Flask:
    """The web application over `runtime`."""
    from jinja2 import FileSystemBytecodeCache

    from ebok_core.app import create_app_of

    from .people import Visitor

    app = create_app_of(runtime)
    app.testing = True
    app.test_client_class = Visitor
    # Each test has an application of its own, but the templates are the same.
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(pytestconfig.stash[_RUN]))
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript in which nobody is signed in; `submit` fills in a form (`people.Visitor`)."""
    return app.test_client()


# People and their data


@pytest.fixture(scope="session")
def tytan_template(pytestconfig: pytest.Config) -> Path:
    """The invented utility's TYTAN as an SQLite file, made once for all workers; nobody writes into it."""
    from .people import make_tytan

    path = pytestconfig.stash[_RUN] / "tytan-sql.db"
    with open(path.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            part = path.with_suffix(".part")
            make_tytan(part)
            part.replace(path)
    return path


@pytest.fixture
def tytan_url(tytan_template: Path, tmp_path: Path) -> str:
    """The address of a TYTAN of one's own: a copy of the invented utility, with its inbox, that the test may change."""
    path = tmp_path / "tytan-sql.db"
    shutil.copy(tytan_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def filled_copy(runtime: Runtime, clock: clocks.StillClock) -> Runtime:
    """The runtime with the people A–D and the staff signed up and the copy filled, a moment after the refresh."""
    return runtime


@pytest.fixture
def signed_in(filled_copy: Runtime, app: Flask) -> Callable[[str], FlaskClient]:
    """A browser in which somebody is signed in: `signed_in("A")`; also B, C, D, `clerk` and `admin`."""
    from . import people

    return lambda person: people.sign_in(app, person)


@pytest.fixture
def viewer_of(filled_copy: Runtime) -> Callable[[str], Viewer]:
    """A person as services see them: `viewer_of("clerk")`."""
    from . import people

    return lambda person: people.viewer(filled_copy, person)


@pytest.fixture
def viewer_a(viewer_of: Callable[[str], Viewer]) -> Viewer:
    """A: two premises, a debt of 29,20 zł, a second customer to act for."""
    return viewer_of("A")


@pytest.fixture
def viewer_b(viewer_of: Callable[[str], Viewer]) -> Viewer:
    """B: has paid 40,00 zł too much."""
    return viewer_of("B")


@pytest.fixture
def viewer_c(viewer_of: Callable[[str], Viewer]) -> Viewer:
    """C: a cooperative with 300 points and 1 200 meters."""
    return viewer_of("C")


@pytest.fixture
def viewer_d(viewer_of: Callable[[str], Viewer]) -> Viewer:
    """D: no e-mail address."""
    return viewer_of("D")


# The world around


@pytest.fixture
def clock() -> Iterator[clocks.StillClock]:
    """A clock that stands at 2026-11-24 09:00 in Warsaw until the test moves it."""
    from ebok_core import clock as real

    still = clocks.StillClock()
    with real.use(still):
        yield still


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server on loopback that keeps what it is given; `mailbox.url` is its address."""
    from .mailbox import mail_server

    with mail_server() as box:
        yield box


@pytest.fixture
def statements() -> Callable[[], AbstractContextManager[counting.Statements]]:
    """Count SQL: `with statements() as seen: client.get("/")`, then `len(seen)`."""
    return counting.counted


def _drop_left_over(folder: Path) -> None:
    """Drop this run's databases from a server that stays when the run is over."""
    given = os.environ.get("EBOK_TEST_DATABASE_URL")
    if given:
        from .databases import prefix_of

        server = postgres.Server(url=given.rpartition("/")[0])
        for name in server.names(prefix_of(folder / "databases")):
            server.drop(name)


def _compile_catalogues(modules: Modules, folder: Path) -> None:
    """Compile the catalogues that have changed, one worker at a time: tests read what the `.po` says now."""
    from ebok_core import i18n

    with open(folder / "catalogues.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for file in {file for module in modules if (file := getattr(module, "__file__", None))}:
            i18n.compile_catalogues(Path(file).parents[1])


def _settle(runtime: Runtime, tytan: Path) -> None:
    from ebok_core import clock as real

    from .people import settle

    with real.use(clocks.StillClock()):
        settle(runtime, f"sqlite:///{tytan}")


def _names(modules: list[ModuleType | tuple[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted(m[0] if isinstance(m, tuple) else m.__name__ for m in modules))
