"""The stand-in's commands (N23)."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from ebok_core.standin import commands

pytestmark = pytest.mark.feature("N23")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_demo_data_fills_a_database(empty_database_url):
    arguments = ["--customers", "6", "--seed", "3", "--as-of", "2026-11-24", "--url", empty_database_url]
    outcome = CliRunner().invoke(commands.demo_data, arguments, catch_exceptions=False)
    assert outcome.exit_code == 0
    assert "6 customers as of 2026-11-24, seed 3" in outcome.output
    assert "ebok_customers" in outcome.output
    engine = sa.create_engine(empty_database_url)
    with engine.connect() as connection:
        assert connection.execute(sa.text("select count(*) from ebok_customers")).scalar() == 6
    engine.dispose()


@pytest.mark.parametrize(
    "arguments", [["--customers", "3", "--url", "sqlite://"], ["--as-of", "jutro", "--url", "sqlite://"], []]
)
def test_wrong_wishes_are_refused(arguments):
    assert CliRunner().invoke(commands.demo_data, arguments).exit_code == 2


@pytest.mark.parametrize("command", [commands.demo, commands.demo_data, commands.office, commands.mailbox])
def test_every_command_explains_itself(command):
    outcome = CliRunner().invoke(command, ["--help"], catch_exceptions=False)
    assert outcome.exit_code == 0 and "Usage" in outcome.output


def test_progress_is_a_line_every_few_seconds(clock, capsys):
    progress = commands._Progress()
    progress(1, 10)
    clock.advance(seconds=4)
    progress(2, 10)
    progress(3, 10)
    assert capsys.readouterr().err == "2 of 10 customers, about 16 s left\n"
