"""The command `ebok`: what it prints, and that a person's error is one sentence."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from ebok_core import Module, hookimpl, plugins
from ebok_core import runtime as runtimes
from ebok_core.cli import ebok


@pytest.fixture
def run(tmp_path, empty_database_url, monkeypatch):
    """Run `ebok …` on a new installation; the core alone, so that what else is installed does not matter."""
    monkeypatch.setenv("EBOK_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("EBOK_DATABASE_URL", empty_database_url)
    monkeypatch.setattr("ebok_core.plugins.installed", lambda disabled=(): [])
    built, build = [], runtimes.build
    monkeypatch.setattr(runtimes, "build", lambda *a, **k: built.append(build(*a, **k)) or built[-1])
    runner = CliRunner()
    assert runner.invoke(ebok, ["init"]).exit_code == 0
    yield lambda *arguments, **more: runner.invoke(ebok, list(arguments), **more)
    for runtime in built:  # a command's process would end here
        runtime.database.dispose()


def commands(group, prefix=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        try:
            command = group.get_command(context, name)
        except ModuleNotFoundError:
            continue  # a room that is not built yet; test_every_command_can_be_imported tells
        yield (*prefix, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*prefix, name))


def test_every_command_can_be_imported():
    context = click.Context(ebok)
    for name in ebok.list_commands(context):
        assert isinstance(ebok.get_command(context, name), click.Command), name


def test_every_command_and_option_says_what_it_does():
    for path, command in commands(ebok):
        assert command.help, f"ebok {' '.join(path)} has no help"
        for option in (p for p in command.params if isinstance(p, click.Option)):
            assert option.help or option.name in ("dialect",), f"ebok {' '.join(path)} --{option.name} has no help"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_init_keeps_existing_keys(run, tmp_path):
    before = (tmp_path / "secrets.env").read_text()
    assert str(tmp_path / "secrets.env") in run("init").output
    assert (tmp_path / "secrets.env").read_text() == before


def test_upgrade_and_status(run):
    assert "run `ebok db upgrade`" in run("db", "status").output
    upgraded = run("db", "upgrade")
    assert (upgraded.exit_code, upgraded.output.split(":")[0]) == (0, "ebok_core"), upgraded.output
    status = run("db", "status").output
    assert "ebok_core: core_" in status
    assert "run `ebok db upgrade`" not in status


def test_upgrade_twice_is_the_same(run):
    assert run("db", "upgrade").output == run("db", "upgrade").output


def test_purge_asks_first_and_refuses_the_core(run, empty_database_url):
    run("db", "upgrade")
    engine = sa.create_engine(empty_database_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE basen_lane (id INTEGER)"))
    engine.dispose()
    assert "basen_lane" not in run("db", "purge", "ebok_basen", input="n\n").output.splitlines()
    assert run("db", "purge", "ebok_basen", "--yes").output.splitlines() == ["basen_lane"]
    assert "can't be purged" in str(run("db", "purge", "ebok_core", "--yes").exception)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_sql_is_printed_without_a_server(run):
    assert "CREATE TABLE core_alembic_version" in run("db", "sql").output


def ebok_process(tmp_path, *arguments, **environ):
    command = [sys.executable, "-m", "ebok_core.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={"EBOK_DATA_DIR": str(tmp_path), **environ})


def test_a_person_s_error_is_one_sentence_and_no_traceback(tmp_path):
    done = ebok_process(tmp_path, "db", "status")
    assert done.returncode == 2
    assert done.stderr.startswith("ebok: EBOK_SECRET_KEY is missing: run `ebok init` once")
    assert "Traceback" not in done.stderr


def test_an_unknown_variable_is_named_at_the_start(tmp_path):
    ebok_process(tmp_path, "init")
    done = ebok_process(tmp_path, "db", "status", EBOK_PROT="1")
    assert (done.returncode, done.stderr.strip()) == (2, "ebok: EBOK_PROT: unknown; did you mean EBOK_PORT?")


def test_an_unreachable_database_is_told_plainly(tmp_path):
    ebok_process(tmp_path, "init")
    done = ebok_process(tmp_path, "db", "status", EBOK_DATABASE_URL="postgresql://u:hunter2@127.0.0.1:1/x")
    assert done.returncode == 2
    assert "can't be reached" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_a_module_has_its_commands_in_a_group_of_its_own(monkeypatch):
    """`ebok basen clean`: the module's short name, then its command."""

    @click.command("clean")
    def clean():
        """Clean the pool."""
        click.echo("clean")

    class Pool:
        @hookimpl
        def ebok_module(self):
            return Module(title="Basen", description="The pool")

        @hookimpl
        def ebok_cli_commands(self):
            return [clean]

    found = plugins.given([("ebok_basen", Pool())])
    monkeypatch.setattr("ebok_core.plugins.installed", lambda disabled=(): found)
    assert CliRunner().invoke(ebok, ["basen", "clean"]).output == "clean\n"
    assert "basen" in ebok.list_commands(click.Context(ebok))
    assert CliRunner().invoke(ebok, ["nothing"]).exit_code == 2
