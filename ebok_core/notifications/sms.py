"""The far side of text messages: one port, and the gateways behind it, chosen by the runtime settings.

A gateway recognises our message id, so that a message that is sent again after a crash reaches the phone once (PUT).
Its answers become the outbox's outcomes: what is our own fault (token, name, credit) never costs a message its tries.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from ebok_core import clock, runtime_settings
from ebok_core.contracts.tytan import Capability, Delivery, Envelope, Outcome

from .settings import FOLDER, SMSAPI, SmsConfig, SmsConfigSchema

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

SMSAPI_URL = "https://api.smsapi.pl/sms.do"
CONNECT_S, TOTAL_S = 5.0, 15.0
LARGEST_ANSWER = 64 * 1024
ALREADY_SENT = 53
# SMSAPI's numbers: what a setting or the account is to blame for, what the number, what passes by itself.
_OURS = frozenset({101, 102, 103, 105, 110, 14, 1000, 1001, 1002})
_NUMBER = frozenset({13})
_PASSES = frozenset({200, 201, 202, 203, 999})


class SmsGateway(Protocol):
    """The port: hand one message over under our id; the answer says what is known then."""

    def send(self, envelope: Envelope, to: str, text: str) -> Delivery:
        """Send `text` to `to` (`+48…`); a second call with the same envelope must not send a second message."""


class SmsTarget:
    """The outbox's target `sms`: the gateway that the panel's page names now."""

    key = "sms"
    capability = Capability.PUT
    largest_run = 1

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def deliver(self, envelopes: Sequence[Envelope]) -> Delivery:
        """Hand one message to the gateway; without a gateway the target counts as unreachable."""
        (envelope,) = envelopes
        with self._runtime.database.snapshot() as session:
            config: SmsConfig = runtime_settings.get(
                session, SmsConfigSchema, keys=self._runtime.settings.encryption_keys
            )
        gateway = self.gateway(config)
        if gateway is None:
            return Delivery(outcome=Outcome.UNREACHABLE, code="not_configured")
        payload = json.loads(envelope.payload)
        return gateway.send(envelope, payload["to"], payload["text"])

    def gateway(self, config: SmsConfig) -> SmsGateway | None:
        """The adapter that the settings name, None where something of it is missing."""
        if config.gateway == SMSAPI and config.token:
            return SmsApi(config.token, config.sender)
        folder = self._runtime.settings.sms_folder
        if config.gateway == FOLDER and folder:
            return FolderGateway(Path(folder), config.sender)
        return None

    def lookup(self, message_id: str) -> bool | None:
        """Never asked: gateways recognise our ids by themselves."""
        return None


class FolderGateway:
    """Writes messages as files beside the caught mails, for demos and trials; the file's name follows from the id."""

    def __init__(self, folder: Path, sender: str = "") -> None:
        self._folder = folder
        self._sender = sender

    def send(self, envelope: Envelope, to: str, text: str) -> Delivery:
        """Write the file whole or not at all; written again it is the same file."""
        message = EmailMessage(policy=SMTP)
        message["From"] = f"{self._sender or 'SMS'} <sms@localhost>"
        message["To"] = f"{to.removeprefix('+')}@sms.localhost"
        message["Subject"] = f"SMS: {text[:60]}"
        message["Date"] = format_datetime(envelope.accepted_at.astimezone(clock.WARSAW))
        message["Message-ID"] = f"<{envelope.message_id}@sms>"
        message["X-Envelope-To"] = to
        message["X-Channel"] = "sms"
        message.set_content(text)
        at = envelope.accepted_at.astimezone(UTC)
        digest = hashlib.sha256(envelope.message_id.encode()).hexdigest()[:8]
        name = f"{at:%Y%m%d-%H%M%S}{at.microsecond // 1000:03d}-{digest}.eml"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part = self._folder / f".{name}.part"
            with open(part, "wb") as file:
                file.write(message.as_bytes())
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._folder / name)
        except OSError as error:
            return Delivery(outcome=Outcome.UNREACHABLE, code=type(error).__name__)
        return Delivery(outcome=Outcome.DELIVERED, code="file")


class SmsApi:
    """SMSAPI by HTTPS. `idx` carries our id and `check_idx` makes the gateway refuse it a second time.

    `client` builds the HTTP client, for tests. Needs the extra `ebok-core[sms]`.
    """

    def __init__(self, token: str, sender: str = "", client: Callable[[], Any] | None = None) -> None:
        self._token = token
        self._sender = sender
        self._client = client or _client

    def send(self, envelope: Envelope, to: str, text: str) -> Delivery:
        """One POST. No answer after the request went out is ambiguous; the next try tells by the id."""
        try:
            import httpx2
        except ImportError:
            return Delivery(outcome=Outcome.UNREACHABLE, code="extra_sms_missing")
        data = {
            "to": to.removeprefix("+"),
            "message": text,
            "format": "json",
            "encoding": "utf-8",
            "idx": envelope.message_id,
            "check_idx": "1",
        }
        if self._sender:
            data["from"] = self._sender
        try:
            with self._client() as client:
                headers = {"Authorization": f"Bearer {self._token}"}
                with client.stream("POST", SMSAPI_URL, data=data, headers=headers) as answer:
                    return outcome_of(answer.status_code, _body(answer.iter_bytes()))
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            return Delivery(outcome=Outcome.UNREACHABLE, code=type(error).__name__)
        except httpx2.HTTPError as error:
            return Delivery(outcome=Outcome.AMBIGUOUS, code=type(error).__name__)


def outcome_of(status: int, answer: Mapping[str, Any]) -> Delivery:
    """What SMSAPI's answer means for the message: HTTP's status, then the number of its error, if it names one."""
    error = answer.get("error")
    if not isinstance(error, int):
        error = None
    code = f"smsapi_{error}" if error is not None else f"http_{status}"
    if error == ALREADY_SENT or (status == 200 and error is None and answer.get("count")):
        listed = answer.get("list") or [{}]
        reference = str(listed[0].get("id") or "")[:60] or None if isinstance(listed[0], dict) else None
        return Delivery(outcome=Outcome.DELIVERED, code=code, reference=reference)
    if error in _NUMBER:
        return Delivery(outcome=Outcome.REJECTED, code="number_refused")
    if error in _OURS or status in (401, 403):
        return Delivery(outcome=Outcome.UNREACHABLE, code=code)
    if error in _PASSES or status in (429, 503):
        return Delivery(outcome=Outcome.BUSY, code=code)
    if status >= 500 or (status == 200 and error is None):
        return Delivery(outcome=Outcome.AMBIGUOUS, code=code)
    return Delivery(outcome=Outcome.PERMANENT, code=code)


def _client() -> Any:
    """A client that waits no longer than an outbox lease allows and follows no redirects."""
    import httpx2

    return httpx2.Client(timeout=httpx2.Timeout(TOTAL_S, connect=CONNECT_S), follow_redirects=False)


def _body(pieces: Any) -> Mapping[str, Any]:
    """The answer as JSON, at most 64 KB of it; an empty mapping for what is none."""
    content = b""
    for piece in pieces:
        content += piece
        if len(content) > LARGEST_ANSWER:
            return {}
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
