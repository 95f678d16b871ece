"""The process: `python tests/wk_simulator '{…registered…}'`; the first line it writes is its port."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import os
import sys
import threading
import urllib.parse
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import answers
import checks
import signing

OK = "urn:oasis:names:tc:SAML:2.0:status:Success"
PARTIAL = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"
FIELDS = ("given", "family", "born", "identifier", "level", "authority")


class Hub:
    """What the hub knows: who is registered, who is under way, what it has seen."""

    def __init__(self, registered: dict) -> None:
        self.registered = registered
        self.now = datetime.datetime.fromisoformat(registered["now"])
        self.own = signing.Identity("hub", now=self.now)
        self.others = answers.Others(
            signing.Identity("foreign", now=self.now), signing.Identity("old", now=self.now, expired=True)
        )
        self.requests: dict[str, str] = {}
        self.artifacts: dict[str, dict] = {}
        self.ids: set[str] = set()
        self.complaints: list[str] = []
        self.logouts: list[dict] = []
        self.logout = "success"
        self.lock = threading.Lock()

    def change(self, values: dict) -> None:
        """A test registers other things, or asks to forget what was seen."""
        if values.pop("forget", False):
            self.complaints.clear()
            self.logouts.clear()
        self.logout = values.pop("logout", self.logout)
        self.registered.update(values)
        self.now = datetime.datetime.fromisoformat(self.registered["now"])

    def artifact(self, scenario: dict) -> str:
        head = b"\x00\x04\x00\x00" + hashlib.sha1(self.registered["issuer"].encode()).digest()
        text = base64.b64encode(head + os.urandom(20)).decode()
        self.artifacts[text] = scenario
        return text

    def parts(self, resolve_id: str, scenario: dict) -> answers.Parts:
        known = self.registered
        return answers.Parts(
            now=self.now,
            resolve_id=resolve_id,
            request_id=scenario["request_id"],
            acs=known["acs"],
            entity_id=known["entity_id"],
            issuer=known["issuer"],
            assertion_issuer=known["issuer"],
            recipient=known["acs"],
            audience=known["entity_id"],
            certificate=known["sp_encryption"],
            outer_signer=self.own,
            inner_signer=self.own,
            assertion_id=f"as-{os.urandom(8).hex()}",
            **{name: scenario[name] for name in FIELDS if scenario.get(name)},
        )


class Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        hub = self.hub
        if self.path == "/certificates":
            self._json({"own": hub.own.pem, "expired": hub.others.expired.pem})
        elif self.path == "/seen":
            self._json({"complaints": hub.complaints, "logouts": hub.logouts})
        else:
            self._send(404, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        routes = {"/sso": self._sso, "/wybor": self._chosen, "/artifact": self._resolve, "/logout": self._logout}
        with self.hub.lock:
            if self.path == "/control":
                self.hub.change(json.loads(body))
                self._json({})
            else:
                routes[self.path](body)

    # the browser

    def _sso(self, body: bytes) -> None:
        form = dict(urllib.parse.parse_qsl(body.decode()))
        text = base64.b64decode(form["SAMLRequest"], validate=True)
        message, said = checks.authn_request(text, self.hub.registered, self.hub.ids)
        relay = form.get("RelayState", "")
        if not 22 <= len(relay) <= 80:
            said.append(f"RelayState has {len(relay)} characters")
        if self._refuses(said):
            return
        self.hub.requests[message.get("ID")] = relay
        options = "".join(f"<option>{fault}</option>" for fault in answers.FAULTS)
        fields = "".join(f'<p>{name} <input name="{name}"></p>' for name in FIELDS)
        self._page(
            f'<form method="post" action="/wybor"><input type="hidden" name="request_id" value="{message.get("ID")}">'
            f'{fields}<select name="fault">{options}</select><button>Zaloguj</button></form>'
        )

    def _chosen(self, body: bytes) -> None:
        form = dict(urllib.parse.parse_qsl(body.decode()))
        relay = self.hub.requests.pop(form["request_id"])
        artifact = self.hub.artifact(form)
        if form.get("by") == "get":
            query = urllib.parse.urlencode({"SAMLart": artifact, "RelayState": relay})
            self._send(303, b"", Location=f"{self.hub.registered['acs']}?{query}")
            return
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(value)}">'
            for name, value in (("SAMLart", artifact), ("RelayState", relay))
        )
        self._page(f'<form method="post" action="{self.hub.registered["acs"]}">{hidden}<button>Dalej</button></form>')

    # the back channel

    def _resolve(self, body: bytes) -> None:
        message, said = checks.artifact_resolve(body, self.hub.registered, self.hub.ids)
        said += checks.soap_headers({k.lower(): v for k, v in self.headers.items()})
        if self._refuses(said):
            return
        artifact = message.findtext(f"{{{checks.P}}}Artifact")
        scenario = self.hub.artifacts.pop(artifact, None)
        if scenario is None:
            self._refuses(["an artifact that is unknown or was used"])
            return
        fault = scenario.get("fault") or "none"
        if fault == "http_500":
            self._send(500, b"")
        elif fault == "redirect":
            self._send(302, b"", Location="/seen")
        elif fault == "hang_up":
            self.close_connection = True
            self.connection.close()
        else:
            self._send(200, answers.answer(self.hub.parts(message.get("ID"), scenario), fault, self.hub.others))

    def _logout(self, body: bytes) -> None:
        message, said = checks.logout_request(body, self.hub.registered, self.hub.ids)
        if self._refuses(said):
            return
        found = {name: message.findtext(path) for name, path in LOGOUT.items()}
        self.hub.logouts.append(found)
        if self.hub.logout == "silent":
            self.close_connection = True
            self.connection.close()
            return
        status = PARTIAL if self.hub.logout == "partial" else OK
        answer = f'<saml2p:LogoutResponse {answers.HEAD} ID="l-1"><saml2p:Status><saml2p:StatusCode Value="{status}"/>'
        self._send(200, answers.SOAP.format(f"{answer}</saml2p:Status></saml2p:LogoutResponse>").encode())

    # how it answers

    def _refuses(self, said: list[str]) -> bool:
        self.hub.complaints += said
        if said:
            self._send(400, json.dumps(said).encode())
        return bool(said)

    def _page(self, text: str) -> None:
        page = f"<!doctype html><html lang=pl><title>Hub</title><body>{text}</body></html>"
        self._send(200, page.encode(), kind="html")

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode())

    def _send(self, status: int, body: bytes, kind: str = "xml", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"text/{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


LOGOUT = {"name_id": f"{{{checks.A}}}NameID", "session_index": f"{{{checks.P}}}SessionIndex"}

if __name__ == "__main__":
    Handler.hub = Hub(json.loads(sys.argv[1]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()
