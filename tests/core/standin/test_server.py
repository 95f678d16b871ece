"""The back office as a process: it answers while one looks, and stops when told (N23)."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import pytest

from ebok_core.errors import ConfigurationError
from ebok_core.standin import server

LIMIT_S = 20
ON_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def _wait_for(condition):
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def test_the_circle_closes_while_one_looks(tytan, tytan_url, clock):
    stop = threading.Event()
    office = threading.Thread(target=server.run_office, args=(tytan_url, 0.05), kwargs={"stop": stop})
    office.start()
    message = tytan.send_reading("L-1001-M1", "2026-11-22", 430)
    _wait_for(lambda: [row["status"] for row in tytan.rows("ebok_readings", message_id=message)] == ["settled"])
    stop.set()
    office.join(LIMIT_S)
    assert not office.is_alive()
    number = tytan.row("ebok_readings", message_id=message)["invoice_number"]
    assert tytan.row("ebok_invoices", number=number)["to_pay"] > 0


@ON_SQLITE
def test_the_process_stops_at_sigterm(tytan, tytan_url):
    message = tytan.send("message.sent", {"text": "Dzień dobry"})
    command = [sys.executable, "-m", "ebok_core.standin.server", tytan_url]
    office = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        _wait_for(lambda: tytan.rows("ebok_results", message_id=message))
        office.send_signal(signal.SIGTERM)
        _, said = office.communicate(timeout=LIMIT_S)
    finally:
        office.kill()
        office.wait()
    assert office.returncode == 0 and b"1 messages answered" in said and b"closed" in said


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_database_that_is_away_is_tried_again(empty_database_url, caplog):
    """There is no table yet: the office says so and goes on."""
    stop = threading.Event()
    office = threading.Thread(target=server.run_office, args=(empty_database_url, 0.05), kwargs={"stop": stop})
    with caplog.at_level("WARNING"):
        office.start()
        _wait_for(lambda: len(caplog.records) >= 2)
        stop.set()
        office.join(LIMIT_S)
    assert not office.is_alive()
    assert "trying again: UndefinedTable" in caplog.records[0].getMessage()


def test_a_wrong_address_is_a_sentence(capsys):
    assert server.main(["mysql://x/y"]) == 1
    assert "SQLite and PostgreSQL" in capsys.readouterr().err
    assert server.main([]) == 2
    with pytest.raises(ConfigurationError):
        server.run_office("nonsense", stop=threading.Event())
