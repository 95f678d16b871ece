"""Rules of messages to people, pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import timedelta

LIMIT = 50
LIMIT_TIME = timedelta(hours=24)
"""At most so many mails to one recipient in this time, so that the portal can't bomb anybody (security.md S69)."""

SMS_LIMIT = 10
"""At most so many text messages to one number in the same time: each costs the utility money."""

LONGEST_SUBJECT = 180
LONGEST_SMS = 459
"""Three parts of 153 signs, as a gateway counts a long message in the plain alphabet."""
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


# Beginnings of mobile numbers in Poland by the national numbering plan: a landline takes no text messages.
_MOBILE = re.compile(r"(?:45|50|51|53|57|60|66|69|72|73|78|79|88)[0-9]{7}\Z")
_COUNTRY = re.compile(r"(?:\+|00)48")
_BETWEEN_DIGITS = re.compile("[ \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}.-]+")


def mobile_number(text: str) -> str | None:
    """A Polish mobile number as `+48501000123`, however it was grouped; None for everything else (S69)."""
    digits = _COUNTRY.sub("", _BETWEEN_DIGITS.sub("", text.strip()[:40]), count=1)
    return f"+48{digits}" if _MOBILE.match(digits) else None


def as_sms(text: str) -> str:
    """The text of a message on one line without Polish letters: 160 signs fit one part, with them only 70."""
    plain = unicodedata.normalize("NFKD", text.replace("ł", "l").replace("Ł", "L").replace("–", "-"))
    line = " ".join("".join(c if " " <= c <= "~" else " " if c.isspace() else "" for c in plain).split())
    return line if len(line) <= LONGEST_SMS else line[: LONGEST_SMS - 3].rstrip() + "..."
