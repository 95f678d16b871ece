"""The demo's mail catcher: takes every mail on loopback, keeps it in a folder, shows it on a page.

`python -m ebok_core.standin.mailbox FOLDER SMTP_PORT WEB_PORT`.
"""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from ebok_core.errors import ConfigurationError, EbokError
from ebok_core.standin import mail_page, mail_store
from ebok_core.standin.mail_page import HOST

LARGEST_MAIL = 30 * 1024 * 1024


class _Catcher:
    """The handler of the SMTP server: every recipient is welcome."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the message; the answer is given once it is on the disk."""
        content = envelope.original_content or envelope.content
        mail_store.keep(self.folder, content, list(envelope.rcpt_tos))
        return "250 OK"


def run_mailbox(folder: Path, smtp_port: int, web_port: int, *, stop: threading.Event | None = None) -> None:
    """Catch and show mails until SIGTERM or SIGINT (or until `stop` is set); both servers listen on 127.0.0.1 only.

    Raises `ConfigurationError` when the folder or a port can't be had.
    """
    stopped = stop or _stop_at_signals()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        page = mail_page.serve(folder, web_port)
    except OSError as error:
        raise ConfigurationError(
            f"The mail catcher can't use {folder} and port {web_port}: {error.strerror}"
        ) from error
    controller = Controller(
        _Catcher(folder), hostname=HOST, port=smtp_port, data_size_limit=LARGEST_MAIL, enable_SMTPUTF8=True
    )
    try:
        controller.start()
    except OSError as error:
        page.server_close()
        controller.loop.close()
        raise ConfigurationError(f"The mail catcher can't use port {smtp_port}: {error.strerror}") from error
    showing = threading.Thread(target=page.serve_forever, daemon=True)
    showing.start()
    try:
        stopped.wait()
    finally:
        page.shutdown()
        page.server_close()
        showing.join()
        controller.stop()


def _stop_at_signals() -> threading.Event:
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def main(arguments: list[str]) -> int:
    """Run the catcher with a folder and two ports; returns the exit code."""
    if len(arguments) != 3 or not all(port.isdecimal() for port in arguments[1:]):
        sys.stderr.write("usage: python -m ebok_core.standin.mailbox FOLDER SMTP_PORT WEB_PORT\n")
        return 2
    try:
        run_mailbox(Path(arguments[0]), int(arguments[1]), int(arguments[2]))
    except EbokError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
