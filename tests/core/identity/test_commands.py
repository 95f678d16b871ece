"""`ebok account`: no default account, no command that sets a password (S80)."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from ebok_core.errors import EbokError
from ebok_core.identity import commands
from ebok_core.identity import service as identity

PASSWORD = "cztery zielone rowery w rzece"


@pytest.fixture
def run(runtime, hasher, monkeypatch):
    monkeypatch.setattr(commands.runtimes, "build", lambda: runtime)

    def invoke(*arguments):
        result = CliRunner().invoke(commands.account, arguments)
        if isinstance(result.exception, EbokError):
            raise result.exception
        return result

    return invoke


def token_in(output: str) -> str:
    return re.search(r"^http://127\.0\.0\.1:8080/haslo/(\S+)$", output, re.MULTILINE).group(1)


def test_a_new_installation_has_no_account(run):
    assert run("list").output == ""


def test_first_administrator_sets_the_password_by_a_link(run, runtime):
    added = run("add", "szef", "--name", "Szef", "--role", "admin", "--role", "clerk")
    identity.set_password_by_link(runtime, token_in(added.output), PASSWORD)
    assert identity.sign_in(runtime, "szef", PASSWORD, kind="staff").token
    assert run("list").output == "staff\tszef\tSzef\tnormal\tadmin, clerk\n"


def test_customer_s_account_and_a_new_link(run, runtime):
    run("add", "anna", "--name", "Anna", "--email", "a@example.pl", "--customer", "1-00096", "--customer", "1-00097")
    old = token_in(run("password-link", "a@example.pl").output)
    new = token_in(run("password-link", "anna").output)
    with runtime.database.snapshot() as session:
        assert identity.owner_of_link(session, old) is None
        assert identity.owner_of_link(session, new).login == "anna"
    assert run("list", "--kind", "customer").output == "customer\tanna\tAnna\tnormal\t2 customers\n"
    assert run("list", "--kind", "staff").output == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "x", "--name", "X"), "--customer"),
        (("add", "xyz", "--name", "X", "--customer", "1", "--role", "admin"), "--customer"),
        (("add", "a@b", "--name", "X", "--customer", "1"), "login"),
        (("password-link", "nobody"), "--staff"),
        (("password-link", "nobody", "--staff"), "'nobody'"),
    ],
)
def test_mistakes_are_one_sentence(run, arguments, words):
    with pytest.raises(EbokError, match=words):
        run(*arguments)
