"""The page of the demo's catcher of mails and text messages: plain HTML in Polish, no scripts."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ebok_core.standin import mail_store
from ebok_core.standin.mail_store import Mail

HOST = "127.0.0.1"
LIMIT = 200
MAIL_PATH = "/wiadomosc/"
LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
STYLE = (
    "body{font:1.125rem/1.6 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#1a1a1a;"
    "background:#fff}a{color:#0b4f8a}a:focus-visible{outline:3px solid #0b4f8a;outline-offset:2px}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.5rem;"
    "border-bottom:1px solid #767676;overflow-wrap:anywhere}caption{text-align:left;font-weight:bold}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;border:1px solid #767676;padding:1rem}"
)
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{base64.b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


def page(title: str, body: str) -> str:
    """A whole HTML page; `title` is text, `body` is HTML."""
    return (
        f'<!doctype html><html lang="pl"><head><meta charset="utf-8"><title>{escape(title)} – Poczta demonstracyjna'
        f'</title><meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def list_page(mails: Sequence[Mail], total: int) -> str:
    """The list of the newest mails."""
    if not mails:
        return page("Odebrane wiadomości", '<p>Nie ma jeszcze żadnej wiadomości.</p><p><a href="/">Odśwież</a></p>')
    rows = "".join(
        f"<tr><td>{mail.received_at:%Y-%m-%d %H:%M:%S}</td><td>{escape(mail.recipients)}</td>"
        f'<th scope="row"><a href="{MAIL_PATH}{mail.name}">{escape(mail.subject)}</a></th></tr>'
        for mail in mails
    )
    return page(
        "Odebrane wiadomości",
        f'<p>Wiadomości: {total}. <a href="/">Odśwież</a></p>'
        f'<table><caption>Od najnowszej, najwyżej {LIMIT}</caption><thead><tr><th scope="col">Odebrano</th>'
        f'<th scope="col">Do</th><th scope="col">Temat</th></tr></thead><tbody>{rows}</tbody></table>',
    )


def mail_page(mail: Mail) -> str:
    """One mail: its headers and its text, in which web addresses are links."""
    facts = [
        ("Od", mail.sender),
        ("Do", mail.recipients),
        ("Odebrano", f"{mail.received_at:%Y-%m-%d %H:%M:%S}"),
        ("Załączniki", ", ".join(mail.attachments) or "brak"),
    ]
    rows = "".join(f'<tr><th scope="row">{name}</th><td>{escape(value)}</td></tr>' for name, value in facts)
    return page(
        mail.subject,
        f'<p><a href="/">Wszystkie wiadomości</a></p><table><caption>Dane wiadomości</caption><tbody>{rows}</tbody>'
        f"</table><h2>Treść</h2><pre>{linked(mail.text)}</pre>"
        f'<p><a href="{MAIL_PATH}{mail.name}/plik">Pobierz wiadomość (plik .eml)</a></p>',
    )


def linked(text: str) -> str:
    """Text as HTML in which http and https addresses are links; everything else is escaped."""
    pieces, end = [], 0
    for found in LINK.finditer(text):
        address = escape(found.group())
        pieces.append(escape(text[end : found.start()]))
        pieces.append(f'<a href="{address}" rel="noopener noreferrer">{address}</a>')
        end = found.end()
    return "".join([*pieces, escape(text[end:])])


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD, and only under the server's own loopback names (against DNS rebinding)."""

    server_version = "poczta"
    sys_version = ""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.folder = folder
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:  # noqa: N802 - http.server's name
        """Show the list, a mail, or its file."""
        host = (self.headers.get("Host") or "").rpartition(":")[0]
        if host not in (HOST, "localhost"):
            self._send(HTTPStatus.MISDIRECTED_REQUEST, page("Zły adres", "<p>Otwórz stronę pod adresem 127.0.0.1.</p>"))
        elif self.path == "/":
            mails = list(mail_store.load_all(self.folder, LIMIT))
            self._send(HTTPStatus.OK, list_page(mails, len(mail_store.names(self.folder))))
        elif self.path.startswith(MAIL_PATH) and self.path.endswith("/plik"):
            self._send_file(self.path[len(MAIL_PATH) : -len("/plik")])
        else:
            self._send_mail(self.path.removeprefix(MAIL_PATH))

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def _send_mail(self, name: str) -> None:
        mail = mail_store.load(self.folder, name)
        if mail is None:
            self._send(HTTPStatus.NOT_FOUND, page("Nie ma takiej wiadomości", '<p><a href="/">Wszystkie</a></p>'))
        else:
            self._send(HTTPStatus.OK, mail_page(mail))

    def _send_file(self, name: str) -> None:
        content = mail_store.raw(self.folder, name)
        if content is None:
            self._send_mail(name)
            return
        self._answer(
            HTTPStatus.OK, "message/rfc822", content, {"Content-Disposition": f'attachment; filename="{name}"'}
        )

    def _send(self, status: HTTPStatus, html: str) -> None:
        self._answer(status, "text/html; charset=utf-8", html.encode("utf-8", "replace"), {})

    def _answer(self, status: HTTPStatus, content_type: str, content: bytes, more: dict[str, str]) -> None:
        self.send_response(status)
        headers = {"Content-Type": content_type, "Content-Length": str(len(content)), **HEADERS, **more}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: the demo's terminal is for people."""


def serve(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server of the page on loopback, not yet running; port 0 takes a free one."""
    return ThreadingHTTPServer((HOST, port), partial(Handler, folder))
