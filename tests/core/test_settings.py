"""Deployment settings: read once, complained about in one sentence, secret where they are secrets."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

from ebok_core import settings
from ebok_core.errors import ConfigurationError
from ebok_core.settings import CoreSettings


@dataclass(frozen=True, kw_only=True)
class BasenSettings:
    """EBOK_BASEN__…"""

    lanes: int = 6
    heated: bool = False


@pytest.fixture
def environ(tmp_path):
    path = settings.write_secrets(tmp_path)
    return {"EBOK_DATA_DIR": str(tmp_path), **dict(line.split("=", 1) for line in path.read_text().split())}


def test_secrets_come_from_the_file(tmp_path, environ):
    loaded = settings.load_core({"EBOK_DATA_DIR": str(tmp_path)})
    assert loaded.secret_key == environ["EBOK_SECRET_KEY"]
    assert loaded.portal_url == f"sqlite:///{tmp_path}/ebok.db"


def test_the_environment_lies_over_the_file(tmp_path):
    settings.write_secrets(tmp_path)
    loaded = settings.load_core({"EBOK_DATA_DIR": str(tmp_path), "EBOK_SECRET_KEY": "x" * 32})
    assert loaded.secret_key == "x" * 32


def test_existing_keys_are_kept(tmp_path):
    before = settings.write_secrets(tmp_path).read_text()
    assert settings.write_secrets(tmp_path).read_text() == before


def test_the_secrets_file_is_the_owner_s_alone(tmp_path):
    path = settings.write_secrets(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match=f"{path} can be read by others: run `chmod 600"):
        settings.load_core({"EBOK_DATA_DIR": str(tmp_path)})


def test_no_secret_shows_in_repr(environ):
    more = {"EBOK_SMTP_URL": "smtp://u:hunter2@mail", "EBOK_DATABASE_URL": "postgresql://u:hunter2@db/x"}
    shown = repr(settings.load_core({**environ, **more}))
    assert "hunter2" not in shown
    assert not any(environ[name] in shown for name in settings.SECRETS)


def test_every_missing_and_wrong_variable_is_named_at_once():
    with pytest.raises(ConfigurationError) as raised:
        settings.load_core({"EBOK_DATA_DIR": "/nonexistent", "EBOK_PORT": "http", "EBOK_STRICT": "maybe"})
    for words in ("EBOK_SECRET_KEY is missing: run `ebok init`", "EBOK_PORT: 'http' is no whole number",
                  "EBOK_STRICT: 'maybe' is no true or false"):  # fmt: skip
        assert words in str(raised.value)


REFUSED = {
    "EBOK_SECRET_KEY": ("short", "shorter than 32"),
    "EBOK_AUDIT_KEY": ("short", "shorter than 32"),
    "EBOK_ENCRYPTION_KEYS": ("no-key", "no Fernet key"),
    "EBOK_PUBLIC_URL": ("ebok.example.pl", "give a whole address"),
    "EBOK_PORT": ("70000", "from 1 to 65535"),
    "EBOK_WORKERS": ("0", "at least 1"),
    "EBOK_ARGON2_MEMORY_KIB": ("1024", "too weak"),
    "EBOK_IDLE_MINUTES_CUSTOMER": ("90", "from 5 to 60"),
    "EBOK_IDLE_MINUTES_STAFF": ("1", "from 5 to 60"),
    "EBOK_SMTP_URL": ("mail.example.pl", "must begin with smtp"),
    "EBOK_DATABASE_URL": ("mysql://db", "only sqlite and postgresql"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_value_that_would_fail_later_stops_the_start(environ, name):
    value, reason = REFUSED[name]
    with pytest.raises(ConfigurationError, match=reason) as raised:
        settings.load_core({**environ, name: value})
    assert name in str(raised.value)


def test_the_demo_never_serves_a_public_name(environ):
    with pytest.raises(ConfigurationError, match="EBOK_DEMO"):
        settings.load_core({**environ, "EBOK_DEMO": "true", "EBOK_PUBLIC_URL": "https://ebok.example.pl"})


def test_a_module_has_its_own_prefix(environ):
    loaded = settings.load_module(BasenSettings, "basen", {**environ, "EBOK_BASEN__LANES": "8"})
    assert loaded == BasenSettings(lanes=8)


def test_an_unknown_variable_is_named_with_its_neighbour():
    environ = {"EBOK_BASEN__LANE": "8", "EBOK_SECRT_KEY": "x", "EBOK_TEST_DATABASE_URL": "x", "PATH": "x"}
    assert settings.unknown_variables(environ, [("basen", BasenSettings)]) == [
        "EBOK_BASEN__LANE: unknown; did you mean EBOK_BASEN__LANES?",
        "EBOK_SECRT_KEY: unknown; did you mean EBOK_SECRET_KEY?",
    ]


def test_a_variable_of_a_module_that_is_gone_is_no_error():
    assert settings.unknown_variables({"EBOK_BASEN__LANES": "8"}, []) == []


def test_no_setting_is_read_by_environs_from_the_process(environ, monkeypatch):
    monkeypatch.setitem(os.environ, "EBOK_PORT", "9999")
    assert settings.load_core(environ).port == CoreSettings.port
