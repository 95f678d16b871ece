"""Rules of messages to people, pure."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

LIMIT = 50
LIMIT_TIME = timedelta(hours=24)
"""At most so many mails to one recipient in this time, so that the portal can't bomb anybody (security.md S69)."""

LONGEST_SUBJECT = 180
_ADDRESS = re.compile(r"[^\s@<>\",;:\\\x00-\x1f\x7f]{1,64}@[^\s@<>\",;:\\\x00-\x1f\x7f]{1,189}")


def is_address(text: str) -> bool:
    """Whether a text is one bare mail address, safe in a header: no name, list, space or control character."""
    return _ADDRESS.fullmatch(text) is not None


def stream_of(recipient: str) -> str:
    """The stream of one recipient's messages: `m:` and a hash, so that no address is left when texts are removed."""
    return f"m:{digest(recipient)}"


def digest(recipient: str) -> str:
    """32 hex characters that stand for an address, whatever its case."""
    return hashlib.sha256(recipient.strip().casefold().encode()).hexdigest()[:32]


def one_line(text: str) -> str:
    """A subject line: no line breaks or control characters (security.md S26), spaces joined, not too long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1].rstrip() + "…"


def number_of(message_id: str) -> str:
    """The number by which a person can ask about a mail: the random end of its id, `8A1F-03BC-77D2`."""
    end = message_id.replace("-", "")[-12:].upper()
    return "-".join(end[start : start + 4] for start in (0, 4, 8))


def pack_subject(subject_type: str, subject_id: str, recipient: str) -> str:
    """What a mail is about and to whom, as the outbox keeps it unique."""
    return f"{subject_type}:{digest(recipient)[:12]}:{subject_id}"


def unpack_subject(packed: str) -> tuple[str, str]:
    """Subject type and id out of `pack_subject`."""
    subject_type, _recipient, subject_id = packed.split(":", 2)
    return subject_type, subject_id
