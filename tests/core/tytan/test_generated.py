"""A whole generated utility goes through the refresh without a row left behind."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from ebok_core.standin.database import open_engine
from ebok_core.standin.generator import generate
from ebok_core.tytan import contract, refresh, state

from .wholeness import is_what_tytan_says, torn


@pytest.mark.slow
@pytest.mark.feature("L02")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_generated_utility_is_copied_whole(runtime, configure, tmp_path):
    url = f"sqlite:///{tmp_path / 'tytan.db'}"
    engine = open_engine(url)
    made = generate(engine, customers=6, seed=3, as_of=date(2026, 11, 24))
    configure(address=url)
    report = refresh.refresh(runtime)
    copied = {view.view for view in contract.CORE_VIEWS if view.bulk}
    assert (report.problem, report.rows_read) == (None, sum(n for view, n in made.rows.items() if view in copied))
    assert report.rows_changed == report.rows_read
    with runtime.database.snapshot() as session:
        assert torn(session) == []
        assert state.quarantine_counts(session) == [] and state.all_held_back(session) == []
    assert is_what_tytan_says(runtime, engine)
    _disturb(engine)
    report = refresh.refresh(runtime, full=True)
    assert (report.problem, report.rows_changed) == (None, 100)
    assert refresh.refresh(runtime, full=True).rows_changed == 0
    engine.dispose()


def _disturb(engine):
    """A hundred readings change without a new change number: only a compare finds them."""
    with engine.begin() as connection:
        changed = connection.execute(
            sa.text("UPDATE ebok_readings SET reason = 'Poprawka' WHERE id IN (SELECT id FROM ebok_readings LIMIT 100)")
        )
        assert changed.rowcount == 100
