"""The same seed, day and size give the same rows, on both databases; wrong wishes are refused (N23)."""

from __future__ import annotations

from datetime import date

import pytest

from ebok_core.errors import ConfigurationError
from ebok_core.standin import database
from ebok_core.standin.generator import generate

AS_OF = date(2026, 11, 24)
pytestmark = pytest.mark.feature("N23")


def _hash_of(tmp_path, digest, name, **wishes):
    engine = database.open_engine(f"sqlite:///{tmp_path / name}.db")
    generate(engine, **{"customers": 8, "seed": 1, "as_of": AS_OF, **wishes})
    found = digest(engine)
    engine.dispose()
    return found


@pytest.mark.slow
def test_same_wishes_same_rows(tmp_path, digest):
    first = _hash_of(tmp_path, digest, "first")
    assert first == _hash_of(tmp_path, digest, "second")
    assert first != _hash_of(tmp_path, digest, "other", seed=2)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_both_databases_hold_the_same_rows(empty_database_url, tmp_path, digest):
    engine = database.open_engine(empty_database_url)
    generate(engine, customers=8, seed=1, as_of=AS_OF)
    assert digest(engine) == _hash_of(tmp_path, digest, "sqlite")
    engine.dispose()


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_schema_of_its_own(empty_database_url):
    engine = database.open_engine(empty_database_url)
    totals = generate(engine, customers=5, as_of=AS_OF, schema="billing")
    table = database.tables("billing")["ebok_customers"]
    with engine.connect() as connection:
        assert len(connection.execute(table.select()).all()) == 5
    assert totals.rows["ebok_customers"] == 5
    engine.dispose()


def test_a_filled_database_is_refused(utility):
    with pytest.raises(ConfigurationError, match="holds customers already"):
        generate(utility.engine, customers=5, as_of=AS_OF)


@pytest.mark.parametrize("customers", [0, 4, 300_001])
def test_impossible_sizes_are_refused(customers, tmp_path):
    engine = database.open_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(ConfigurationError, match="between 5 and 300000"):
        generate(engine, customers=customers, as_of=AS_OF)
    engine.dispose()


def test_progress_is_told(tmp_path):
    engine = database.open_engine(f"sqlite:///{tmp_path / 'x.db'}")
    told = []
    totals = generate(engine, customers=7, as_of=AS_OF, progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 7), (2, 7), (3, 7), (4, 7), (5, 7), (7, 7)]
    assert totals.customers == 7 and totals.seconds > 0
    engine.dispose()


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense"])
def test_other_databases_are_refused(url):
    with pytest.raises(ConfigurationError):
        database.open_engine(url)
