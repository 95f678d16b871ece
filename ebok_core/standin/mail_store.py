"""The demo's caught mails: one .eml file each, written whole or not at all."""

from __future__ import annotations

import email
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

from ebok_core import clock

NAME = re.compile(r"[0-9]{8}-[0-9]{9}-[0-9a-f]{8}\.eml")
_NAME_TIME = "%Y%m%d-%H%M%S"


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail as the page shows it: text only, whoever wrote it."""

    name: str
    received_at: datetime
    sender: str
    recipients: str
    subject: str
    text: str
    attachments: tuple[str, ...]


def keep(folder: Path, content: bytes, recipients: list[str]) -> str:
    """Store a message with the recipients of its envelope; returns the name of the file."""
    now = clock.now_utc()
    name = f"{now:{_NAME_TIME}}{now.microsecond // 1000:03d}-{secrets.token_hex(4)}.eml"
    envelope = ", ".join(address.replace("\n", "").replace("\r", "") for address in recipients)
    part = folder / f".{name}.part"
    with open(part, "wb") as file:
        file.write(f"X-Envelope-To: {envelope}\r\n".encode("utf-8", "replace") + content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / name)
    return name


def names(folder: Path) -> list[str]:
    """The names of the mails, the newest first."""
    return sorted((path.name for path in folder.glob("*.eml") if NAME.fullmatch(path.name)), reverse=True)


def load(folder: Path, name: str) -> Mail | None:
    """A mail by its name; None when there is none or the name is no mail's."""
    content = raw(folder, name)
    if content is None:
        return None
    message = email.message_from_bytes(content, policy=policy.default)
    return Mail(
        name=name,
        received_at=clock.local(datetime.strptime(f"{name[:15]}+0000", f"{_NAME_TIME}%z")),
        sender=_header(message, "From"),
        recipients=_header(message, "X-Envelope-To") or _header(message, "To"),
        subject=_header(message, "Subject") or "(bez tematu)",
        text=_text(message),
        attachments=tuple(part.get_filename() or part.get_content_type() for part in message.iter_attachments()),
    )


def raw(folder: Path, name: str) -> bytes | None:
    """The bytes of a mail, or None."""
    if not NAME.fullmatch(name):
        return None
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        return None


def load_all(folder: Path, limit: int) -> Iterator[Mail]:
    """The newest mails."""
    for name in names(folder)[:limit]:
        mail = load(folder, name)
        if mail:
            yield mail


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message.get(name, ""))
    except ValueError:
        return ""


def _text(message: EmailMessage) -> str:
    """The text part; where there is only HTML, its text."""
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        return ""
    try:
        content = str(body.get_content())
    except (LookupError, ValueError):
        content = str(body.get_payload())
    return content if body.get_content_subtype() == "plain" else _Text.of(content)


class _Text(HTMLParser):
    """The words of an HTML part, with a line break at each block and the address behind each link."""

    BLOCKS = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "table", "ul", "ol"})
    SILENT = frozenset({"style", "script", "head", "title"})

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.silent = 0

    @classmethod
    def of(cls, html: str) -> str:
        """The text of an HTML document."""
        parser = cls()
        parser.feed(html)
        parser.close()
        return re.sub(r"\n\s*\n+", "\n\n", "".join(parser.words)).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a block, a silent part or a link."""
        self.silent += tag in self.SILENT
        if tag in self.BLOCKS:
            self.words.append("\n")
        address = dict(attrs).get("href")
        if tag == "a" and address:
            self.words.append(f" {address} ")

    def handle_endtag(self, tag: str) -> None:
        """End a silent part."""
        self.silent -= tag in self.SILENT and self.silent > 0

    def handle_data(self, data: str) -> None:
        """Keep the words."""
        if not self.silent:
            self.words.append(re.sub(r"\s+", " ", data))
