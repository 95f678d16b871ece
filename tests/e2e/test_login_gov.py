"""Through the stand-in of login.gov.pl on another site, in a real browser: the page that sends itself, the way back."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ebok_core import runtime as runtimes
from ebok_core import runtime_settings
from ebok_core.identity.saml import rules
from ebok_core.identity.saml.settings import (
    ACS_PATH,
    EpuapConfig,
    EpuapConfigSchema,
    EpuapKeys,
    EpuapKeysSchema,
    EpuapState,
    EpuapStateSchema,
)
from ebok_core.testing import browser

ENTITY, NAME, ISSUER = "https://ebok.example.pl", "Wodociągi Przykładowe", "int.example.pl"


def pair(name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begins = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return secret.decode(), certificate.public_bytes(pem).decode()


@pytest.fixture
def hub(portal):
    """The stand-in under another name of this machine than the portal's, so that its answer is cross-site."""
    (sign, sign_certificate), (seal, seal_certificate) = pair("podpis"), pair("szyfrowanie")
    now = datetime.now(UTC).isoformat()
    registered = {
        "issuer": ISSUER,
        "entity_id": ENTITY,
        "provider_name": NAME,
        "sp_type": "public",
        "acs": portal.url + ACS_PATH,
        "sp_signing": sign_certificate,
        "sp_encryption": seal_certificate,
        "now": now,
    }
    simulator = Path(__file__).parents[1] / "wk_simulator"
    process = subprocess.Popen(
        [sys.executable, str(simulator), json.dumps(registered)], stdout=subprocess.PIPE, text=True
    )
    try:
        url = f"http://localhost:{int(process.stdout.readline())}"
        httpx2.post(f"{url}/control", content=json.dumps({"destination": f"{url}/sso", "logout_url": f"{url}/logout"}))
        config = EpuapConfig(
            environment="own",
            entity_id=ENTITY,
            provider_name=NAME,
            idp_issuer=ISSUER,
            sso_url=f"{url}/sso",
            artifact_url=f"{url}/artifact",
            logout_url=f"{url}/logout",
        )
        keys = EpuapKeys(
            sig_key=sign,
            sig_cert=sign_certificate,
            enc_key=seal,
            enc_cert=seal_certificate,
            idp_certs=httpx2.get(f"{url}/certificates").json()["own"],
        )
        switch(portal, (EpuapConfigSchema, config), (EpuapKeysSchema, keys), (EpuapStateSchema, EpuapState(is_on=True)))
        yield url
        assert httpx2.get(f"{url}/seen").json()["complaints"] == []
    finally:
        switch(portal, (EpuapStateSchema, EpuapState()))
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


def switch(portal, *pages):
    runtime = runtimes.build(environ=portal.environ, modules=[])
    try:
        with runtime.database.unit_of_work() as session:
            for schema, values in pages:
                runtime_settings.save(session, schema, values, keys=runtime.settings.encryption_keys)
    finally:
        runtime.database.dispose()


@pytest.fixture
def people(portal):
    """Persons of TYTAN without an account: given name, family name, PESEL."""
    connection = sqlite3.connect(portal.folder / "tytan-sql.db")
    found = connection.execute(
        "SELECT name, pesel FROM ebok_customers"
        " WHERE pesel IS NOT NULL AND nip IS NULL AND code > '1-02000' ORDER BY code"
    ).fetchall()
    connection.close()
    return [(*name.split(" ", 1), pesel) for name, pesel in found]


def sign_in_there(page, given, family, pesel):
    for name, value in {
        "given": given,
        "family": family,
        "identifier": pesel,
        "born": f"{rules.born_on(pesel)}Z",
    }.items():
        page.fill(f"[name={name}]", value)
    page.get_by_role("button", name="Zaloguj").click()
    page.get_by_role("button", name="Dalej").click()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_there_and_back_in_a_real_browser(portal, hub, people, window, script):
    """The page sends itself under its nonce; without a script its button does. The answer is a cross-site POST."""
    given, family, pesel = people[-1 if script else -2]
    page = window(java_script_enabled=script).new_page()
    said = browser.listen(page)
    page.goto(f"{portal.url}/logowanie")
    page.get_by_role("button", name="Zaloguj przez login.gov.pl").click()
    if not script:
        page.get_by_role("button", name="Przejdź do login.gov.pl").click()
    page.wait_for_url(f"{hub}/sso")
    sign_in_there(page, given, family, pesel)
    page.wait_for_url(f"{portal.url}/**")
    assert page.url.startswith(portal.url) and "/logowanie" not in page.url, page.inner_text("main")
    assert f"{given} {family}" in page.inner_text("body")
    ours = [text for text in said if not text.startswith(hub)]
    assert ours == [], ours


def test_the_page_that_leaves_is_sound(portal, hub, window):
    """axe, 320 px and the visible button of the page that sends itself, held back."""
    page = window(width=320).new_page()
    page.route(f"{hub}/**", lambda route: route.fulfill(status=204))
    page.goto(f"{portal.url}/logowanie")
    page.get_by_role("button", name="Zaloguj przez login.gov.pl").click()
    assert page.get_by_role("button", name="Przejdź do login.gov.pl").is_visible()
    assert page.get_by_role("heading", level=1).inner_text() == "Do login.gov.pl"
    assert browser.axe(page) == [] and browser.reflow(page) == [] and browser.targets(page) == []
