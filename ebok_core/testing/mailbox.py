"""A mail server on loopback that keeps what it is given."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller

from .postgres import free_port


class Mailbox:
    """The mails that came in, oldest first. `url` is for `EBOK_SMTP_URL`; the server answers with `refuse`, if set."""

    def __init__(self, port: int) -> None:
        self.url = f"smtp://127.0.0.1:{port}"
        self.messages: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refuse: str | None = None
        self._arrived = threading.Condition()

    def to(self, address: str) -> list[EmailMessage]:
        """The mails for one address."""
        return [m for m, r in zip(self.messages, self.recipients, strict=True) if address in r]

    def wait_for(self, address: str, count: int = 1, seconds: float = 10) -> list[EmailMessage]:
        """The mails for an address, once there are `count`. Raises `TimeoutError` when nobody sends them."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.to(address)) >= count, seconds):
                raise TimeoutError(f"{len(self.to(address))} of {count} mails for {address} came in {seconds} s")
            return self.to(address)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the mail, or answer with `refuse`."""
        if self.refuse:
            return self.refuse
        message = cast(EmailMessage, message_from_bytes(envelope.content, policy=policy.default))
        with self._arrived:
            self.messages.append(message)
            self.recipients.append(list(envelope.rcpt_tos))
            self._arrived.notify_all()
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Listen on a free loopback port."""
    port = free_port()
    mailbox = Mailbox(port)
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
