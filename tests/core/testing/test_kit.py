"""The test kit itself: what it forbids, fakes, counts and starts."""

from __future__ import annotations

import os
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import sqlalchemy as sa

from ebok_core import clock as real_clock
from ebok_core.testing import network, postgres

# The network


def test_a_connection_to_another_machine_is_refused():
    with pytest.raises(network.NetworkForbidden, match="192.0.2.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_a_name_is_not_looked_up():
    with pytest.raises(network.NetworkForbidden, match="example.com"):
        socket.getaddrinfo("example.com", 443)


def test_a_datagram_to_another_machine_is_refused():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, pytest.raises(network.NetworkForbidden):
        sender.sendto(b"x", ("192.0.2.1", 53))


def test_this_machine_is_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    assert socket.getaddrinfo("localhost", 80)


# Time and mail


def test_the_clock_stands_and_is_moved(clock):
    before = real_clock.now_utc()
    assert real_clock.today() == date(2026, 11, 24)
    assert clock.advance(minutes=21) - before == timedelta(minutes=21)
    assert real_clock.monotonic() == pytest.approx(1_000 + 21 * 60)
    clock.set_local(date(2026, 12, 31))
    assert real_clock.local(real_clock.now_utc()).isoformat() == "2026-12-31T09:00:00+01:00"
    assert real_clock.monotonic() == pytest.approx(1_000 + 21 * 60), "setting the wall clock moves no stopwatch"


def send(box, to="anna@example.com"):
    message = EmailMessage()
    message["To"], message["From"], message["Subject"] = to, "bok@example.com", "Zażółć"
    message.set_content("Dzień dobry")
    where = urlsplit(box.url)
    with smtplib.SMTP(where.hostname, where.port) as smtp:
        smtp.send_message(message)


def test_the_mailbox_keeps_what_it_gets(mailbox):
    send(mailbox)
    (message,) = mailbox.wait_for("anna@example.com")
    assert message["Subject"] == "Zażółć"
    assert message.get_content().strip() == "Dzień dobry"
    assert mailbox.to("jan@example.com") == []


def test_the_mailbox_refuses_as_it_is_told(mailbox):
    mailbox.refuse = "451 later"
    with pytest.raises(smtplib.SMTPException):
        send(mailbox)
    assert mailbox.messages == []


def test_waiting_for_a_mail_that_does_not_come_ends(mailbox):
    with pytest.raises(TimeoutError, match="0 of 1 mails for anna"):
        mailbox.wait_for("anna@example.com", seconds=0.05)


# Databases


def test_each_test_gets_a_database_of_its_own(databases, backend, database_url):
    other = databases.copy_of(backend, "never built before", lambda url: None)
    assert other != database_url
    databases.drop(other)


def test_a_template_is_built_once(databases, backend):
    built = []

    def build(url):
        built.append(url)
        engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE lane (id INTEGER)"))
        engine.dispose()

    copies = [databases.copy_of(backend, ("lane", os.getpid()), build) for _ in range(3)]
    assert len(built) == 1
    assert len({*copies, *built}) == 4
    for url in copies:
        engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        assert sa.inspect(engine).get_table_names() == ["lane"]
        engine.dispose()
        databases.drop(url)


def test_a_template_that_fails_to_build_is_built_again(databases, backend):
    def fail(url):
        raise ZeroDivisionError

    key = ("broken", os.getpid())
    with pytest.raises(ZeroDivisionError):
        databases.copy_of(backend, key, fail)
    databases.drop(databases.copy_of(backend, key, lambda url: None))


@pytest.mark.slow
@pytest.mark.postgres
def test_a_cluster_is_gone_when_its_owner_was_killed():
    """The guard stops the server and removes its folder, though nobody said goodbye."""
    # Not tmp_path, which is closed to the user that the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="ebok-pg-"))
    code = f"""
import os, pathlib, time
from ebok_core.testing import postgres
print(postgres.shared(pathlib.Path({str(folder)!r}), os.getpid()).url, flush=True)
time.sleep(600)
"""
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    url = owner.stdout.readline().strip()
    with psycopg.connect(f"{url}/postgres") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    end = time.monotonic() + 20
    while folder.exists() and time.monotonic() < end:
        time.sleep(0.1)
    assert not folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(f"{url}/postgres", connect_timeout=2)


@pytest.mark.slow
@pytest.mark.postgres
def test_a_test_may_have_a_cluster_of_its_own():
    with postgres.cluster(max_connections="20") as server, psycopg.connect(server.url_of("postgres")) as connection:
        assert connection.execute("SHOW max_connections").fetchone() == ("20",)


# People


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_people_are_there_with_their_data(filled_copy, viewer_a, viewer_b, viewer_c, viewer_d, viewer_of):
    assert viewer_a.customer_codes == ("1-01001", "1-01006")
    assert [v.customer_code for v in (viewer_a, viewer_b, viewer_c, viewer_d)] == [f"1-0100{n}" for n in (1, 2, 3, 4)]
    assert viewer_d.email is None
    assert viewer_of("clerk").kind == "staff"
    with filled_copy.database.snapshot() as session:
        count = sa.text("SELECT count(*) FROM tytan.meters WHERE customer_code = :code")
        assert session.scalar(count, {"code": viewer_c.customer_code}) == 1200


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_visitor_fills_in_a_form_as_a_browser_does(filled_copy, client):
    from ebok_core.testing.people import LOGINS, PASSWORD

    answer = client.submit("/logowanie", {"login": LOGINS["A"], "password": PASSWORD})
    assert answer.status_code == 303
    assert client.get("/").status_code == 200
