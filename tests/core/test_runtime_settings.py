"""Runtime settings: a page's dataclass, saved whole, secrets sealed, two editors kept apart."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from marshmallow import ValidationError, fields

from ebok_core import runtime_settings
from ebok_core.errors import Refused
from ebok_core.runtime_settings import ConfigSchema, SecretLost, secret_text
from ebok_core.runtime_settings.models import RuntimeSetting

KEYS = (Fernet.generate_key().decode(),)


@dataclass(frozen=True, kw_only=True)
class PoolConfig:
    lanes: int = 6
    fee: Decimal = Decimal("12.50")
    gate_password: str = ""


class PoolSchema(ConfigSchema):
    key = "basen.pool"
    builds = PoolConfig
    lanes = fields.Integer(strict=True)
    fee = fields.Decimal(places=2, as_string=True)
    gate_password = secret_text()


def save(database, config, **more):
    with database.unit_of_work() as session:
        return runtime_settings.save(session, PoolSchema, config, keys=KEYS, **more)


def get(database, keys=()):
    with database.snapshot() as session:
        return runtime_settings.get(session, PoolSchema, keys)


def test_what_was_never_saved_is_the_default(database):
    assert get(database) == PoolConfig()
    with database.snapshot() as session:
        assert runtime_settings.saved_at(session, PoolSchema) is None


def test_what_was_saved_comes_back_whole(database, clock):
    config = PoolConfig(lanes=8, fee=Decimal("9.99"), gate_password="hunter2")
    save(database, config)
    assert get(database, KEYS) == config
    with database.snapshot() as session:
        assert runtime_settings.saved_at(session, PoolSchema) == (clock.now_utc(), 1)


def test_a_save_says_what_changed_and_no_secret(database):
    changes = save(database, PoolConfig(lanes=8, gate_password="hunter2"))
    assert changes == {"lanes": (6, 8), "gate_password": ("***", "***")}
    assert save(database, PoolConfig(lanes=8)) == {}


def test_a_secret_is_sealed_in_the_database(database):
    save(database, PoolConfig(gate_password="hunter2"))
    with database.snapshot() as session:
        assert "hunter2" not in session.scalar(sa.select(RuntimeSetting.values))
    assert get(database).gate_password == ""


def test_an_empty_secret_keeps_the_stored_one(database):
    save(database, PoolConfig(gate_password="hunter2"))
    save(database, PoolConfig(lanes=7))
    assert get(database, KEYS) == PoolConfig(lanes=7, gate_password="hunter2")


def test_a_secret_opens_with_an_older_key_and_not_with_a_strange_one(database):
    save(database, PoolConfig(gate_password="hunter2"))
    newer = Fernet.generate_key().decode()
    assert get(database, (newer, *KEYS)).gate_password == "hunter2"
    with pytest.raises(SecretLost, match="basen.pool: gate_password"):
        get(database, (newer,))


def test_R05_the_second_of_two_editors_is_told(database):
    save(database, PoolConfig(lanes=7), seen_version=0)
    with pytest.raises(Refused) as refused:
        save(database, PoolConfig(lanes=9), seen_version=0)
    assert refused.value.code == "edited_meanwhile"
    assert get(database).lanes == 7


def test_an_undeclared_key_is_an_error(database):
    with pytest.raises(ValidationError):
        PoolSchema().load({"lames": 3})
