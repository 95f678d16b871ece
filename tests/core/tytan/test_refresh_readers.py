"""R27: whoever reads while refreshes run sees one state of a customer, old or new."""

from __future__ import annotations

import threading

import pytest

from ebok_core.tytan import publish, refresh

from .wholeness import torn

REFRESHES = 12


@pytest.mark.promise
@pytest.mark.slow
def test_R27_readers_see_sums_that_fit_while_refreshes_run(portal, tytan, monkeypatch):
    monkeypatch.setattr(publish, "SQLITE_BATCH", 4)
    assert refresh.refresh(portal).problem is None
    stop = threading.Event()
    found, looks, failures = [], [0, 0], []

    def read(place):
        try:
            while not stop.is_set():
                with portal.database.snapshot() as session:
                    found.extend(torn(session))
                looks[place] += 1
        except Exception as error:
            failures.append(error)

    readers = [threading.Thread(target=read, args=(place,)) for place in (0, 1)]
    for reader in readers:
        reader.start()
    try:
        for number in range(1, REFRESHES + 1):
            for index, code in enumerate(("1-00001", "1-00002", "1-00003"), start=1):
                tytan.bill(code, f"R. {number}/{index}", f"{index}.00", balance=f"{60 + number * index}.00")
            before = sum(looks)
            assert refresh.refresh(portal, full=number % 4 == 0).problem is None
            while sum(looks) == before and not failures:
                stop.wait(0.01)
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert failures == [] and found == []
    assert min(looks) > 0


def test_the_check_of_wholeness_can_fail(portal, tytan):
    """The mutation of R27: a balance that moves without its lines is seen."""
    assert refresh.refresh(portal).problem is None
    with portal.database.refresher.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE {'' if portal.database.is_sqlite else 'tytan.'}customers SET balance = balance + 1"
        )
    with portal.database.snapshot() as session:
        assert len(torn(session)) == 3
