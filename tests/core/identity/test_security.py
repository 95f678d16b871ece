"""The fixed values of security.md §9 on every answer, and what is refused before a view runs."""

from __future__ import annotations

import json
import logging
import re
from io import StringIO

import pytest
import structlog
from flask import Blueprint, request

from ebok_core import CspSource, Module, Mount, Zone, hookimpl, logs
from ebok_core.app import create_app_of
from ebok_core.identity import passwords
from ebok_core.web import security

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
PASSWORD = "cztery zielone rowery w rzece"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "object-src 'none'; upgrade-insecure-requests; report-uri /csp"
)
# Pages whose address may hold a one-time token.
SECRET = (
    "/haslo",
    "/usuniecie-konta",
    "/adres-email",
    "/kontakt/sprawa",
    "/zaproszenie",
    "/rejestracja/link",
    "/rejestracja/haslo",
)
EVERYWHERE = {
    "Content-Security-Policy": POLICY,
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=(), payment=()",
}


def addresses(app):
    """An address for every rule of the portal that takes a GET."""
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()):
            yield rule, re.sub(r"<(?:[^:>]+:)?[^>]+>", "x", str(rule))


# Headers


@pytest.mark.parametrize("who", ["stranger", "customer", "staff"])
def test_S24_headers_on_every_route(app, visitor, who):
    if who != "stranger":
        visitor.sign_in(*{"customer": ("anna",), "staff": ("szefowa", PASSWORD, "/panel/logowanie")}[who])
    seen = 0
    for rule, address in addresses(app):
        answer = visitor.get(address)
        for name, value in EVERYWHERE.items():
            expected = "no-referrer" if name == "Referrer-Policy" and address.startswith(SECRET) else value
            assert answer.headers.get(name) == expected, (address, name)
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Server" not in answer.headers
        assert re.fullmatch(r"[A-Z0-9]{4}-[A-Z0-9]{4}", answer.headers["X-Request-Id"])
        is_shared = getattr(app.view_functions[rule.endpoint], "ebok_anonymous", False) or rule.endpoint == "static"
        if who != "stranger" and not is_shared:
            assert answer.headers["Cache-Control"] == "no-store", address
            assert "Cookie" in answer.headers["Vary"], address
        seen += 1
    assert seen > 20


@pytest.mark.parametrize("address", ["/nie-ma", "/konto/logowania/x", "/panel/nie-ma", "/%00", "/%zz"])
def test_S24_headers_on_errors(visitor, address):
    answer = visitor.get(address)
    assert answer.status_code in (400, 404)
    assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE


def test_S65_headers_on_a_fault_of_ours(runtime, visitor, monkeypatch):
    app = create_app_of(runtime)
    app.view_functions["public.identity.sign_in"] = lambda: 1 / 0
    answer = app.test_client().get("/logowanie")
    assert answer.status_code == 500
    assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    page = answer.get_data(as_text=True)
    assert "ZeroDivisionError" not in page and "Traceback" not in page
    assert answer.headers["X-Request-Id"] in page


def test_static_files_are_kept_for_a_year_and_by_anyone(visitor):
    visitor.sign_in()
    visitor.get("/konto")
    address = re.search(r'href="(/zasoby/[^"]+theme\.css)"', visitor.page).group(1)
    answer = visitor.get(address)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_cookies_have_their_flags(visitor):
    answers = [visitor.get("/logowanie"), visitor.sign_in(), visitor.get("/konto")]
    cookies = [c for answer in answers for c in answer.headers.getlist("Set-Cookie")]
    assert {c.partition("=")[0] for c in cookies} == {"__Host-ebok", "__Host-device"}
    for cookie in cookies:
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
    session = [c for c in cookies if c.startswith("__Host-ebok")]
    assert all("Expires" not in c and "Max-Age" not in c for c in session), "it ends with the browser"


class Gate:
    """A module whose pages need a gateway's origin, and one of them a map's tiles."""

    def __init__(self):
        self.blueprint = Blueprint("bramka", __name__)
        for name in ("platnosc", "mapa"):
            self.blueprint.add_url_rule(f"/bramka/{name}", name, lambda: "x")
        self.blueprint.add_url_rule("/bramka/duze", "duze", self.big, methods=["POST"])
        self.blueprint.add_url_rule("/bramka/maszyna", "maszyna", self.machine, methods=["POST"])

    @staticmethod
    @security.body_limit(2)
    def big():
        return str(len(request.get_data()))

    @staticmethod
    @security.exempt
    def machine():
        return "ok"

    @hookimpl
    def ebok_module(self):
        return Module(title="Bramka")

    @hookimpl
    def ebok_blueprints(self):
        return [Mount(zone=Zone.PUBLIC, blueprint=self.blueprint)]

    @hookimpl
    def ebok_csp_sources(self):
        return [
            CspSource(directive="form-action", origin="https://secure.gateway.example"),
            CspSource(directive="img-src", origin="https://t.example", endpoints=("public.bramka.mapa",)),
        ]


@pytest.fixture
def gate(make_runtime):
    return create_app_of(make_runtime(modules=[("ebok_bramka", Gate())])).test_client()


def test_a_module_s_origins_stand_on_its_own_pages_only(gate):
    policy = {p: gate.get(p).headers["Content-Security-Policy"] for p in ("/bramka/platnosc", "/bramka/mapa", "/pomoc")}
    assert "form-action 'self' https://secure.gateway.example;" in policy["/bramka/platnosc"]
    assert "t.example" not in policy["/bramka/platnosc"]
    assert "img-src 'self' https://t.example;" in policy["/bramka/mapa"]
    assert policy["/pomoc"] == POLICY


# Cross-site (S12, S34)


FROM_ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
]


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
def test_S12_another_site_signs_nobody_in_or_out(visitor, headers):
    visitor.get("/logowanie")
    assert visitor.post("/logowanie", {"login": "anna", "password": PASSWORD}, headers=headers).status_code == 400
    visitor.sign_in()
    assert visitor.post("/wyloguj", headers=headers).status_code == 400
    assert visitor.get("/konto").status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}])
def test_our_own_pages_pass(visitor, headers):
    visitor.get("/logowanie")
    answer = visitor.post("/logowanie", {"login": "anna", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 303


def test_S34_every_unsafe_route_needs_the_token(app, visitor, another):
    visitor.sign_in()
    other = another()
    other.get("/logowanie")
    foreign = re.search(r'name="csrf_token" value="([^"]+)"', other.page).group(1)
    tried = 0
    for rule in app.url_map.iter_rules():
        for method in {"POST", "PUT", "PATCH", "DELETE"} & (rule.methods or set()):
            if getattr(app.view_functions[rule.endpoint], "ebok_csrf_exempt", False):
                continue
            address = re.sub(r"<(?:[^:>]+:)?[^>]+>", "x", str(rule))
            for token in ({}, {"csrf_token": foreign}, {"csrf_token": "x"}):
                assert visitor.client.open(address, method=method, data=token).status_code == 400, address
                tried += 1
    assert tried > 15


def test_S34_exempt_views_are_these(app):
    exempt = {e for e, view in app.view_functions.items() if getattr(view, "ebok_csrf_exempt", False)}
    assert exempt == {"public.csp.report", "public.saml.acs"}


def test_an_exempt_view_takes_a_machine_s_post(gate):
    assert gate.post("/bramka/maszyna", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    assert gate.post("/bramka/duze").status_code == 400


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "CONNECT", "BREW"])
@pytest.mark.parametrize("address", ["/logowanie", "/wyloguj", "/konto"])
def test_S35_only_declared_methods(visitor, method, address):
    visitor.sign_in()
    answer = visitor.client.open(address, method=method, headers={"X-HTTP-Method-Override": "POST"})
    assert answer.status_code == 405
    assert visitor.client.post(address, data={"_method": method}).status_code in (400, 405)


def stale(visitor, fields, **headers):
    """Post a form of a page from before the session changed."""
    visitor.get("/logowanie")
    old = re.search(r'name="csrf_token" value="([^"]+)"', visitor.page).group(1)
    visitor.sign_in()
    return visitor.client.post("/konto/sesje", data={"csrf_token": old, **fields}, headers=headers)


def test_a_stale_form_keeps_what_was_typed_but_passwords(visitor):
    fields = {"session": "o'reilly & <b>", "password": "pass word", "new_password": "pass word", "haslo": "pass word"}
    answer = stale(visitor, fields, **{"Sec-Fetch-Site": "same-origin"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "Ten formularz był otwarty za długo" in page
    assert 'name="session" value="o&#39;reilly &amp; &lt;b&gt;"' in page
    assert "pass word" not in page
    visitor.page = page
    assert visitor.post("/konto/sesje", {"session": "nie-ma"}).status_code == 404, "the new token works"


def test_a_stale_form_of_nobody_knows_where_is_not_repeated(visitor):
    page = stale(visitor, {"session": "planted"}).get_data(as_text=True)
    assert "planted" not in page and "Ten formularz był otwarty za długo" in page


# Hosts, proxies, https (S32, S36, L23)


@pytest.mark.parametrize("host", ["evil.example", "ebok.example.pl.evil.example", "evil.example:80", "x" * 300, ""])
def test_S32_other_hosts_are_refused(make_runtime, host):
    app = create_app_of(make_runtime(public_url="https://ebok.example.pl"))
    answer = app.test_client().get("/logowanie", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.get_data(as_text=True)
    assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE


@pytest.mark.parametrize("host", ["ebok.example.pl", "ebok.example.pl:443", "127.0.0.1:8080", "localhost"])
def test_S32_own_hosts_are_served(make_runtime, host):
    app = create_app_of(make_runtime(public_url="https://ebok.example.pl"))
    assert app.test_client().get("/logowanie", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Prefix", "/evil"), ("Forwarded", "host=evil.example")],
)
def test_S32_forwarded_hosts_change_nothing(make_runtime, name, value):
    headers = {name: value}
    client = create_app_of(make_runtime(trusted_proxies=1)).test_client()
    page = client.get("/konto", headers=headers)
    assert page.location == "/logowanie?dalej=/konto"
    assert "evil" not in client.get("/logowanie", headers=headers).get_data(as_text=True)


def seen_addresses(runtime):
    from ebok_core.identity.models import LoginEvent

    with runtime.database.snapshot() as session:
        return [row.ip for row in session.query(LoginEvent.ip)]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.9", "198.51.100.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "192.0.2.66, 203.0.113.9", "203.0.113.9"),
        (2, "192.0.2.66, 203.0.113.9, 198.51.100.2", "203.0.113.9"),
        (1, "<script>", None),
        (1, "2001:db8::9", "2001:db8::9"),
    ],
)
def test_S36_only_trusted_proxies_name_the_client(make_runtime, people, hasher, proxies, forwarded, expected):
    runtime = make_runtime(trusted_proxies=proxies)
    runtime.database.info.update(passwords.with_hasher(hasher))
    client = create_app_of(runtime).test_client()
    page = client.get("/logowanie").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
    client.post(
        "/logowanie",
        data={"csrf_token": token, "login": "anna", "password": "wrong"},
        headers={"X-Forwarded-For": forwarded, "X-Real-IP": "192.0.2.1"},
        environ_base={"REMOTE_ADDR": "198.51.100.1"},
    )
    assert seen_addresses(runtime) == [expected]


@pytest.mark.feature("L23")
def test_plain_http_goes_to_https(make_runtime):
    app = create_app_of(make_runtime(public_url="https://ebok.example.pl", trusted_proxies=1))
    client, host = app.test_client(), {"Host": "ebok.example.pl"}
    plain = client.get("/logowanie?dalej=/konto", headers=host)
    assert (plain.status_code, plain.location) == (301, "https://ebok.example.pl/logowanie?dalej=/konto")
    assert client.post("/logowanie", headers=host).status_code == 400
    assert client.get("/logowanie", headers={**host, "X-Forwarded-Proto": "https"}).status_code == 200


# Limits (S68)


def test_S68_bodies_are_limited(visitor, gate):
    visitor.get("/logowanie")
    fields = {"login": "x" * (1024 * 1024), "password": "x"}
    assert visitor.post("/logowanie", fields).status_code == 413
    page = gate.get("/logowanie").get_data(as_text=True)
    token = {"X-CSRFToken": re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)}
    body = b"x" * (1536 * 1024)
    answer = gate.post("/bramka/duze", data=body, headers=token, content_type="application/octet-stream")
    assert answer.get_data(as_text=True) == str(len(body)), "a view may take more"


@pytest.mark.parametrize(("count", "status"), [(900, 400), (1100, 413)])
def test_S68_fields_are_counted(visitor, count, status):
    visitor.get("/logowanie")
    assert visitor.post("/logowanie", {f"f{n}": "" for n in range(count)}).status_code == status
    visitor.get("/logowanie")
    answer = visitor.post("/logowanie", {f"f{n}": "" for n in range(count)}, content_type="multipart/form-data")
    assert answer.status_code == status


# What browsers report


@pytest.fixture
def lines():
    """What the portal writes to its log, as JSON."""
    stream = StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("INFO", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"csp-report": []}', b'{"csp-report": {}}', b"\xff", b"[" * 9000])
def test_S24_reports_of_any_kind_are_taken(visitor, body):
    assert visitor.client.post("/csp", data=body, content_type="application/csp-report").status_code == 204


def test_S24_a_report_is_one_line_without_the_query(visitor, lines):
    report = {
        "document-uri": "https://ebok.example.pl/konto?x=secret",
        "blocked-uri": "https://evil.example/a.js",
        "effective-directive": "script-src-elem",
    }
    visitor.client.post("/csp", data=json.dumps({"csp-report": report}), content_type="application/csp-report")
    [line] = [line for line in lines() if line["event"] == "csp.violation"]
    assert (line["page"], line["blocked"], line["directive"]) == ("/konto", "evil.example", "script-src-elem")


# Logs (S60)


CANARIES = {
    "pesel": "44051401359",
    "iban": "PL61 1090 1014 0000 0712 1981 2874",
    "nrb": "61109010140000071219812874",
    "card": "4111 1111 1111 1111",
    "mail": "kowalska.anna@example.org",
    "password": "zzHasloKanarekzz",
}


def test_S60_no_canary_reaches_the_log(app, visitor, lines):
    """Each class of secret through forms, addresses, queries and headers, also into a page that fails."""
    app.testing = False
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def fails():
        raise ValueError(" ".join(CANARIES.values()).replace(CANARIES["password"], "") + str(dict(request.headers)))

    app.view_functions["customer.identity.account"] = fails
    visitor.sign_in()
    for value in CANARIES.values():
        visitor.get("/konto", headers={"Referer": f"http://localhost/?password={value}"})
        visitor.get("/logowanie", query_string={"dalej": value, "password": value})
        visitor.get(f"/haslo/{value.replace(' ', '')}")
        visitor.get(f"/{value.replace(' ', '')}")
        visitor.sign_in(value, CANARIES["password"])
    text = json.dumps(lines())
    assert '"event": "page.failed"' in text and "ValueError" in text
    for name, value in CANARIES.items():
        assert value not in text and value.replace(" ", "") not in text, name
    assert visitor.cookie not in text


def test_S60_every_line_has_its_request(visitor, lines):
    answer = visitor.get("/logowanie")
    [line] = [line for line in lines() if line["event"] == "http.request"]
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert (line["method"], line["rule"], line["status"], line["level"]) == ("GET", "/logowanie", 200, "info")


def test_S71_secrets_are_in_no_page_and_no_repr(app, visitor, runtime):
    secrets = [runtime.settings.secret_key, runtime.settings.audit_key, *runtime.settings.encryption_keys]
    visitor.sign_in("szefowa", entry="/panel/logowanie")
    pages = [visitor.get(address).get_data(as_text=True) for _, address in addresses(app)]
    for secret in secrets:
        assert secret not in repr(runtime)
        assert not any(secret in page for page in pages)
