"""Reading what a mail server reports about a mail (RFC 3464): which mail, what became of it, by which code."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage, Message

FAILED, DELIVERED, DELAYED, OTHER = "failed", "delivered", "delayed", "other"
_ACTIONS = {"failed": FAILED, "delivered": DELIVERED, "relayed": OTHER, "expanded": OTHER, "delayed": DELAYED}
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
# Our Message-ID is `<id of the outbox row@host>`.
_MESSAGE_ID = re.compile(r"<([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})@[^<>\s]{1,255}>")
LARGEST = 2 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report: `message_id` is the outbox's, `code` an enhanced status (`5.1.1`), never words with personal data."""

    message_id: str
    action: str
    code: str
    recipient: str


def read(content: bytes) -> list[Report]:
    """The reports in a mail, one a recipient; an empty list for what is no report about a mail of ours.

    Only a real `multipart/report` with a machine-readable part counts: words in a text part prove nothing. A failure
    with a 4.x.x code is a delay that the server has not given up, or a full box: not a dead address.
    """
    if len(content) > LARGEST:
        return []
    try:
        mail = email.message_from_bytes(content, policy=policy.default)
        if not isinstance(mail, EmailMessage) or mail.get_content_type() != "multipart/report":
            return []
        parts = list(mail.walk())
        status = next((p for p in parts if p.get_content_type() == "message/delivery-status"), None)
        ours = _original_id(parts)
    except (ValueError, LookupError, AttributeError, IndexError, TypeError):
        return []
    if status is None or ours is None:
        return []
    return [report for block in _blocks(status) if (report := _report(block, ours)) is not None]


def _original_id(parts: list[Message]) -> str | None:
    """The Message-ID of the mail that the report returns, whole or its headers only."""
    for part in parts:
        kind = part.get_content_type()
        if kind == "message/rfc822":
            inner = part.get_payload(0)
            found = _MESSAGE_ID.search(str(inner.get("Message-ID", ""))) if isinstance(inner, Message) else None
        elif kind in ("text/rfc822-headers", "message/rfc822-headers"):
            found = _MESSAGE_ID.search(_text(part))
        else:
            continue
        if found:
            return found[1]
    return None


def _text(part: Message) -> str:
    """A part's text, whatever its bytes are; folded headers unfolded."""
    payload = part.get_payload(decode=True)
    text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else str(part.get_payload())
    return re.sub(r"\r?\n[ \t]+", " ", text)


def _blocks(status: Message) -> list[Message]:
    """The groups of fields: the first speaks of the message, each other of one recipient."""
    payload = status.get_payload()
    return [b for b in payload if isinstance(b, Message)] if isinstance(payload, list) else []


def _report(block: Message, ours: str) -> Report | None:
    action = str(block.get("Action", "")).strip().lower()
    if action not in _ACTIONS:
        return None
    code = _STATUS.search(str(block.get("Status", "")))
    found = _ACTIONS[action]
    if found == FAILED and code is not None and code[1] == "4":
        found = DELAYED
    recipient = str(block.get("Final-Recipient") or block.get("Original-Recipient") or "").rpartition(";")[2].strip()
    return Report(message_id=ours, action=found, code=code[0] if code else "", recipient=recipient[:254])
