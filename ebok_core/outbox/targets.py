"""The core's far sides: TYTAN's inbox and the mail relay."""

from __future__ import annotations

import json
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

import structlog

from ebok_core import clock
from ebok_core.contracts.tytan import Capability, Delivery, Envelope, Outcome
from ebok_core.errors import ConfigurationError

from . import rules

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime
    from ebok_core.settings import CoreSettings

log = structlog.get_logger(__name__)


def core_targets(runtime: Runtime) -> list[Any]:
    """TYTAN and the mail relay, as this runtime's settings say."""
    return [TytanTarget(runtime), MailTarget(runtime.settings)]


class TytanTarget:
    """TYTAN's inbox: a second delivery of an id meets the primary key, so it is always safe to send again (PUT)."""

    key = "tytan"
    capability = Capability.PUT
    largest_run = rules.LARGEST_RUN

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def deliver(self, envelopes: Sequence[Envelope]) -> Delivery:
        """Insert a run in one transaction over there; without a configured address TYTAN counts as unreachable."""
        try:
            source = self._runtime.tytan_source()
        except ConfigurationError:
            return Delivery(outcome=Outcome.UNREACHABLE, code="not_configured")
        return source.put(envelopes)

    def lookup(self, message_id: str) -> bool | None:
        """Never asked: the inbox recognises our ids by itself."""
        return None


SMTP_TIMEOUT_S = 15
_OK, _CLOSING = range(200, 300), 421


class MailTarget:
    """The mail relay. A mail goes out at least once, always under the Message-ID of its outbox row (§4.1)."""

    key = "mail"
    capability = Capability.PUT
    largest_run = 1
    # Each mail waits for the relay and twice for the disk: what one waits, another uses.
    parallel = 3

    def __init__(self, settings: CoreSettings) -> None:
        self._url = urlsplit(settings.smtp_url)
        self._sender = settings.mail_from
        self._domain = urlsplit(settings.public_url).hostname or "localhost"

    def deliver(self, envelopes: Sequence[Envelope]) -> Delivery:
        """Hand one mail to the relay."""
        (envelope,) = envelopes
        payload = json.loads(envelope.payload)
        mail = compose(envelope, payload, sender=self._sender, domain=self._domain)
        try:
            with _relay(self._url) as relay:
                return _hand_over(relay, self._sender, payload["to"], mail)
        except Unreachable as error:
            return Delivery(outcome=Outcome.UNREACHABLE, code=str(error))

    def lookup(self, message_id: str) -> bool | None:
        """A relay can't be asked."""
        return None


def compose(envelope: Envelope, payload: dict[str, Any], *, sender: str, domain: str) -> EmailMessage:
    """The mail itself: text always, HTML beside it, one recipient, nothing that a header could be broken with (S26).

    The same envelope makes the same mail at every attempt, its date included. Raises `ValueError` for an address that
    the mail library refuses.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(addr_spec=sender)
    mail["To"] = Address(addr_spec=payload["to"])
    if payload.get("reply_to"):
        mail["Reply-To"] = Address(addr_spec=payload["reply_to"])
    mail["Subject"] = payload["subject"]
    mail["Date"] = format_datetime(envelope.accepted_at.astimezone(clock.WARSAW))
    mail["Message-ID"] = f"<{envelope.message_id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(payload["text"], charset="utf-8", cte="quoted-printable")
    if payload.get("html"):
        mail.add_alternative(payload["html"], subtype="html", charset="utf-8", cte="quoted-printable")
    mail["Content-Language"] = payload["locale"]  # last: what begins with Content moves into the first part
    return mail


class Unreachable(Exception):
    """The relay could not be spoken to before anything was sent; the text is a code."""


@lru_cache(maxsize=1)
def _secure() -> ssl.SSLContext:
    """The machine's certificates, read once a process: reading them costs more than sending a mail."""
    return ssl.create_default_context()


@contextmanager
def _relay(url: SplitResult) -> Iterator[smtplib.SMTP]:
    """A greeted, if need be encrypted and signed-in connection. Raises `Unreachable`."""
    host, port = url.hostname or "localhost", url.port
    try:
        if url.scheme == "smtps":
            relay: smtplib.SMTP = smtplib.SMTP_SSL(host, port or 465, timeout=SMTP_TIMEOUT_S, context=_secure())
        else:
            relay = smtplib.SMTP(host, port or 25, timeout=SMTP_TIMEOUT_S)
    except (OSError, smtplib.SMTPException) as error:
        raise Unreachable(_code_of(error)) from error
    try:
        try:
            relay.ehlo_or_helo_if_needed()
            if url.scheme == "smtp+starttls":
                relay.starttls(context=_secure())
            if url.username:
                relay.login(unquote(url.username), unquote(url.password or ""))
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(_code_of(error)) from error
        yield relay
    finally:
        _quietly(relay.quit)


def _hand_over(relay: smtplib.SMTP, sender: str, recipient: str, mail: EmailMessage) -> Delivery:
    """MAIL, RCPT, DATA; each refusal has its class: ours (sender), the recipient's, the content's."""
    try:
        # A refused sender is a wrong setting of ours: no mail must die of it.
        code, _ = relay.mail(sender)
        if code not in _OK:
            return Delivery(outcome=Outcome.UNREACHABLE, code=f"sender_{code}")
        code, _ = relay.rcpt(recipient)
        if code not in _OK:
            refused = code >= 500
            return Delivery(
                outcome=Outcome.REJECTED if refused else Outcome.BUSY,
                code="mailbox_refused" if refused else f"recipient_{code}",
            )
    except (OSError, smtplib.SMTPException) as error:
        return Delivery(outcome=Outcome.UNREACHABLE, code=_code_of(error))
    try:
        code, _ = relay.data(mail.as_bytes())
    except smtplib.SMTPDataError as error:
        # The relay did not even take the command DATA.
        return Delivery(outcome=Outcome.BUSY, code=f"data_{error.smtp_code}")
    except (OSError, smtplib.SMTPException) as error:
        return Delivery(outcome=Outcome.AMBIGUOUS, code=_code_of(error))
    if code in _OK:
        return Delivery(outcome=Outcome.DELIVERED, code=str(code))
    if code >= 500:
        return Delivery(outcome=Outcome.PERMANENT, code=f"content_{code}")
    return Delivery(outcome=Outcome.BUSY, code=f"content_{code}")


def _code_of(error: Exception) -> str:
    """A code for the log: the relay's number or the kind of error, never its text, which may name people."""
    number = getattr(error, "smtp_code", None)
    return f"{type(error).__name__}{f'_{number}' if number else ''}"


def _quietly(call: Callable[[], Any]) -> None:
    """End a connection whose other end may be gone already."""
    try:
        call()
    except (OSError, smtplib.SMTPException):
        log.debug("mail.relay_gone")
