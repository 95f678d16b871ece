"""The demo's mail catcher: nothing gets lost, nothing gets in, and a person can read it."""

from __future__ import annotations

import http.client
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from email.message import EmailMessage

import pytest

from ebok_core.errors import ConfigurationError
from ebok_core.standin import mail_page, mail_store, mailbox
from ebok_core.testing.postgres import free_port

LIMIT_S = 20


def _mail(subject="Aktywacja konta – źródło", text="Otwórz https://portal.example/aktywuj?a=1&b=2.", html=None):
    message = EmailMessage()
    message["From"] = "bok@wodociagi-struga.example"
    message["To"] = "maria.zielinska@wodociagi-struga.example"
    message["Subject"] = subject
    if text is not None:
        message.set_content(text)
    if html is not None:
        (message.add_alternative if text is not None else message.set_content)(html, subtype="html")
    return message


class Catcher:
    """A running mail catcher."""

    def __init__(self, folder):
        self.folder, self.smtp_port, self.web_port = folder, free_port(), free_port()
        self.stop = threading.Event()
        self.thread = threading.Thread(
            target=mailbox.run_mailbox, args=(folder, self.smtp_port, self.web_port), kwargs={"stop": self.stop}
        )

    def send(self, message, **more):
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=LIMIT_S) as smtp:
            smtp.send_message(message, **more)

    def get(self, path="/", method="GET", host=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.web_port, timeout=LIMIT_S)
        connection.request(method, path, headers={"Host": host} if host else {})
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer, body


@pytest.fixture
def catcher(tmp_path):
    """A mail catcher on free ports."""
    running = Catcher(tmp_path / "poczta")
    running.thread.start()
    _wait_for_port(running.web_port)
    _wait_for_port(running.smtp_port)
    yield running
    running.stop.set()
    running.thread.join(LIMIT_S)
    assert not running.thread.is_alive()


def _wait_for_port(port):
    end = time.monotonic() + LIMIT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < end, "it does not listen"
            time.sleep(0.05)


def test_a_mail_is_kept_and_shown(catcher):
    catcher.send(_mail())
    (name,) = mail_store.names(catcher.folder)
    assert mail_store.NAME.fullmatch(name) and not list(catcher.folder.glob("*.part"))
    answer, body = catcher.get()
    assert answer.status == 200 and "Aktywacja konta – źródło" in body and 'lang="pl"' in body
    _, body = catcher.get(f"/wiadomosc/{name}")
    assert '<a href="https://portal.example/aktywuj?a=1&amp;b=2" rel="noopener noreferrer">' in body
    assert "maria.zielinska@wodociagi-struga.example" in body
    answer, body = catcher.get(f"/wiadomosc/{name}/plik")
    assert answer.getheader("Content-Type") == "message/rfc822" and "X-Envelope-To: maria" in body
    assert "attachment" in answer.getheader("Content-Disposition")


def test_newest_first_and_hidden_recipients(catcher):
    catcher.send(_mail("pierwsza"), to_addrs=["ukryty@poczta.example"])
    time.sleep(0.01)
    catcher.send(_mail("druga"))
    mails = list(mail_store.load_all(catcher.folder, 10))
    assert [mail.subject for mail in mails] == ["druga", "pierwsza"]
    assert mails[1].recipients == "ukryty@poczta.example"


def test_html_is_shown_as_text_and_nothing_runs(catcher):
    html = "<p>Dzień <b>dobry</b></p><script>alert(1)</script><p><a href='https://portal.example/x'>tutaj</a></p>"
    catcher.send(_mail("<script>alert(2)</script>", None, html))
    (name,) = mail_store.names(catcher.folder)
    for path in ("/", f"/wiadomosc/{name}"):
        _, body = catcher.get(path)
        assert "<script" not in body and "&lt;script&gt;alert(2)" in body
    assert "Dzień dobry" in body and "alert(1)" not in body and 'href="https://portal.example/x"' in body


@pytest.mark.parametrize("path", ["/", "/wiadomosc/x", "/nic"])
def test_every_answer_has_strict_headers(catcher, path):
    answer, body = catcher.get(path)
    policy = answer.getheader("Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy and "form-action 'none'" in policy
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Referrer-Policy") == "no-referrer" and answer.getheader("Cache-Control") == "no-store"
    assert "Python" not in answer.getheader("Server")
    assert "<h1>" in body and "<main>" in body and "viewport" in body


@pytest.mark.parametrize(
    "path",
    ["/wiadomosc/../../etc/passwd", "/wiadomosc/%2e%2e/x", "/wiadomosc/20261124-080000000-00000000.eml", "/x/plik"],
)
def test_nothing_else_is_served(catcher, path):
    assert catcher.get(path)[0].status == 404


def test_it_can_only_be_read(catcher):
    assert catcher.get(method="POST")[0].status == 501
    assert catcher.get(method="DELETE")[0].status == 501
    answer, body = catcher.get(method="HEAD")
    assert answer.status == 200 and body == ""


def test_a_foreign_host_name_is_refused(catcher):
    assert catcher.get(host="zlo.example:8025")[0].status == 421
    assert catcher.get(host="localhost:8025")[0].status == 200


def test_names_keep_the_time_of_arrival(tmp_path, clock):
    name = mail_store.keep(tmp_path, b"Subject: x\r\n\r\nx", ["a@poczta.example\r\nBcc: b@poczta.example"])
    assert name.startswith("20261124-080000000-")
    mail = mail_store.load(tmp_path, name)
    assert f"{mail.received_at:%H:%M}" == "09:00"  # Warsaw
    assert mail.recipients == "a@poczta.exampleBcc: b@poczta.example"


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"Content-Type: text/plain; charset=nonsense\r\n\r\n\xc4\x85"]
)
def test_strange_mails_do_not_break_the_page(tmp_path, content):
    mail_store.keep(tmp_path, content, ["x@poczta.example"])
    assert "<table>" in mail_page.list_page(list(mail_store.load_all(tmp_path, 5)), 1)


def test_an_empty_box_says_so():
    assert "Nie ma jeszcze żadnej wiadomości" in mail_page.list_page([], 0)


def test_the_process_stops_at_sigterm(tmp_path):
    smtp, web = free_port(), free_port()
    command = [sys.executable, "-m", "ebok_core.standin.mailbox", str(tmp_path / "poczta"), str(smtp), str(web)]
    process = subprocess.Popen(command)
    try:
        _wait_for_port(web)
        _wait_for_port(smtp)
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) == 0
    finally:
        process.kill()
        process.wait()


def test_a_taken_port_is_a_sentence(catcher, tmp_path, capsys):
    with pytest.raises(ConfigurationError, match=str(catcher.web_port)):
        mailbox.run_mailbox(tmp_path, free_port(), catcher.web_port, stop=threading.Event())
    with pytest.raises(ConfigurationError, match=str(catcher.smtp_port)):
        mailbox.run_mailbox(tmp_path, catcher.smtp_port, free_port(), stop=threading.Event())
    assert mailbox.main(["x"]) == 2 and "usage" in capsys.readouterr().err
