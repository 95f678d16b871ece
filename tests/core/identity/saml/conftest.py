"""The hub's stand-in as a process of its own, and our keys that it has registered."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from ebok_core import runtime_settings
from ebok_core.identity.saml import settings
from ebok_core.identity.saml.settings import (
    EpuapConfig,
    EpuapConfigSchema,
    EpuapKeys,
    EpuapKeysSchema,
    EpuapState,
    EpuapStateSchema,
)
from ebok_core.standin import identifiers
from ebok_core.tytan import refresh
from ebok_core.tytan.settings import TytanConfig, TytanConfigSchema

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ACS = "http://127.0.0.1:8080/logowanie/login-gov/acs"
REGISTERED = {
    "issuer": "int.example.pl",
    "entity_id": "https://ebok.wodociagi.example.pl",
    "acs": ACS,
    "provider_name": "Wodociągi Przykładowe",
    "sp_type": "public",
    "now": NOW.isoformat(),
}
MARIA = identifiers.pesel(1, female=True)
JAN = identifiers.pesel(2, female=False)


def born_of(pesel):
    """The date of birth of an invented PESEL: they are all of the 2200s."""
    return f"22{pesel[:2]}-{int(pesel[2:4]) - 60:02d}-{pesel[4:6]}Z"


@dataclass
class Pair:
    """A key and its certificate, as PEM."""

    key: str
    certificate: str


def make_pair(name, *, kind="ec", begins=NOW - timedelta(days=10), days=365):
    key = (
        ec.generate_private_key(ec.SECP256R1())
        if kind == "ec"
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Pair(pem.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode())


@dataclass
class Hub:
    """The running stand-in: its address, its certificate, and the browser's part of a sign-in there."""

    url: str
    sign: Pair
    encrypt: Pair
    certificate: str = ""
    expired: str = ""
    person: dict = field(default_factory=dict)

    def control(self, **values):
        httpx2.post(f"{self.url}/control", content=json.dumps(values)).raise_for_status()

    @property
    def seen(self):
        return httpx2.get(f"{self.url}/seen").json()

    def send(self, saml_request, relay_state):
        """What the browser does with our form: the hub's page, with who shall sign in."""
        answer = httpx2.post(f"{self.url}/sso", data={"SAMLRequest": saml_request, "RelayState": relay_state})
        assert answer.status_code == 200, answer.text
        return re.search(r'name="request_id" value="([^"]+)"', answer.text)[1]

    def choose(self, request_id, fault="none", by="post", **person):
        """Sign in there: what comes back to our address, as form fields."""
        facts = {"identifier": MARIA, **person}
        facts.setdefault("born", born_of(facts["identifier"]))
        data = {"request_id": request_id, "fault": fault, "by": by, **facts}
        answer = httpx2.post(f"{self.url}/wybor", data=data)
        if by == "get":
            return dict(parse_qsl(urlsplit(answer.headers["location"]).query))
        return dict(re.findall(r'name="(\w+)" value="([^"]+)"', answer.text))


@pytest.fixture(scope="session")
def our_keys():
    return make_pair("e-BOK podpis"), make_pair("e-BOK szyfrowanie")


@pytest.fixture(scope="session")
def hub_process(root_folder, our_keys):
    sign, encrypt = our_keys
    registered = {**REGISTERED, "sp_signing": sign.certificate, "sp_encryption": encrypt.certificate}
    process = subprocess.Popen(
        [sys.executable, str(root_folder / "tests" / "wk_simulator"), json.dumps(registered)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        yield Hub(url, sign, encrypt)
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


@pytest.fixture(scope="session")
def root_folder():
    return Path(__file__).parents[4]


@pytest.fixture
def hub(hub_process):
    """The stand-in, with everything as it was at the start."""
    certificates = httpx2.get(f"{hub_process.url}/certificates").json()
    hub_process.certificate, hub_process.expired = certificates["own"], certificates["expired"]
    url = hub_process.url
    hub_process.control(
        acs=ACS,
        now=NOW.isoformat(),
        destination=f"{url}/sso",
        logout_url=f"{url}/logout",
        logout="success",
        forget=True,
    )
    yield hub_process
    assert hub_process.seen["complaints"] == [], "the hub refused what we sent"


@pytest.fixture
def configured(filled_copy, hub):
    """The portal with everything set up for the hub, tested and on."""
    runtime = filled_copy
    configure(runtime, hub)
    return runtime


def configure(runtime, hub, *, on=True, **changes):
    config = EpuapConfig(
        **{
            "environment": "own",
            "entity_id": REGISTERED["entity_id"],
            "provider_name": REGISTERED["provider_name"],
            "idp_issuer": REGISTERED["issuer"],
            "sso_url": f"{hub.url}/sso",
            "artifact_url": f"{hub.url}/artifact",
            "logout_url": f"{hub.url}/logout",
            **changes,
        }
    )
    keys = EpuapKeys(
        sig_key=hub.sign.key,
        sig_cert=hub.sign.certificate,
        enc_key=hub.encrypt.key,
        enc_cert=hub.encrypt.certificate,
        idp_certs=hub.certificate,
    )
    sealing = runtime.settings.encryption_keys
    with runtime.database.unit_of_work() as session:
        runtime_settings.save(session, EpuapConfigSchema, config, keys=sealing)
        runtime_settings.save(session, EpuapKeysSchema, keys, keys=sealing)
        tested = settings.setup(session, runtime.settings).fingerprint if on else ""
        state = EpuapState(is_on=on, tested=tested, tested_at=NOW.isoformat() if on else "")
        runtime_settings.save(session, EpuapStateSchema, state, keys=sealing)


class Traveller:
    """A browser without JavaScript that goes to the hub and back."""

    def __init__(self, hub, client):
        self.hub, self.client = hub, client

    def anew(self):
        """The same journey from a fresh browser."""
        return Traveller(self.hub, self.client.application.test_client())

    def leave(self, address="/logowanie/login-gov", page="/logowanie", fields=None):
        """Press the button: the form that the portal makes for the hub, as fields."""
        answer = self.client.submit(address, fields, page=page)
        assert answer.status_code == 200, (answer.status, answer.get_data(as_text=True)[:3000])
        self.page = answer.get_data(as_text=True)
        self.policy = answer.headers["Content-Security-Policy"]
        form = self.page[self.page.index('id="hub"') :]
        return dict(re.findall(r'name="(\w+)" value="([^"]+)"', form.partition("</form>")[0]))

    def sign_in_there(self, fields, fault="none", **person):
        """What the hub sends back to our address."""
        return self.hub.choose(self.hub.send(fields["SAMLRequest"], fields["RelayState"]), fault, **person)

    def come_back(self, back, method="POST"):
        """A cross-site answer: it carries no cookie of ours."""
        stranger = self.client.application.test_client()
        if method == "POST":
            return stranger.post("/logowanie/login-gov/acs", data=back, headers={"Sec-Fetch-Site": "cross-site"})
        return stranger.get("/logowanie/login-gov/acs", query_string=back)

    def go(self, fault="none", *, start="/logowanie/login-gov", page="/logowanie", fields=None, **person):
        """There and back; the answer of the page that takes the answer."""
        back = self.sign_in_there(self.leave(start, page, fields), fault, **person)
        answer = self.come_back(back)
        assert answer.status_code == 303, answer.get_data(as_text=True)[:2000]
        return self.client.get(answer.location)


@pytest.fixture
def traveller(configured, app, hub):
    return Traveller(hub, app.test_client())


class Billing:
    """TYTAN's side, which a test may change: what is changed stands in the copy at once."""

    def __init__(self, runtime, url):
        self.runtime, self.url = runtime, url

    def change(self, code, **values):
        engine = sa.create_engine(self.url)
        sets = ", ".join(f"{name} = :{name}" for name in values)
        with engine.begin() as connection:
            connection.execute(
                sa.text(
                    f"UPDATE ebok_customers SET {sets}, change_no = (SELECT max(change_no) + 1 FROM ebok_customers) "
                    "WHERE code = :code"
                ),
                {**values, "code": code},
            )
        engine.dispose()
        refresh.refresh(self.runtime)


@pytest.fixture
def billing(configured, tytan_url):
    with configured.database.unit_of_work() as session:
        keys = configured.settings.encryption_keys
        runtime_settings.save(session, TytanConfigSchema, TytanConfig(address=tytan_url), keys=keys)
    return Billing(configured, tytan_url)


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def decoded(saml_request):
    return base64.b64decode(saml_request).decode()
