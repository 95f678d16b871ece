"""SimpleSAMLphp as a second party that we did not write (identity.md §4.3): its folders, its process, its people.

Debian brings it (`simplesamlphp php-cli php-xml php-mbstring php-sqlite3 php-curl`); where it is not, the test says so.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import httpx2

WWW = Path("/usr/share/simplesamlphp/www")
NEEDED = "simplesamlphp php-cli php-xml php-mbstring php-sqlite3 php-curl"

CONFIG = """<?php
$config = [
    'baseurlpath' => '{url}/',
    'certdir' => '{root}/cert/', 'loggingdir' => '{root}/log/', 'datadir' => '{root}/data/', 'tempdir' => '{root}/tmp',
    'metadatadir' => '{root}/metadata/', 'attributenamemapdir' => '/usr/share/simplesamlphp/attributemap/',
    'technicalcontact_name' => 'Test', 'technicalcontact_email' => 'na@example.org', 'timezone' => 'UTC',
    'secretsalt' => 'test-salt-of-this-run', 'auth.adminpassword' => 'test-password-of-this-run',
    'admin.checkforupdates' => false, 'trusted.url.domains' => [], 'showerrors' => true, 'errorreporting' => false,
    'debug' => ['saml' => false, 'backtraces' => true, 'validatexml' => false],
    'logging.level' => 7, 'logging.handler' => 'file', 'logging.logfile' => 'saml.log', 'logging.processname' => 'ssp',
    'enable.saml20-idp' => true, 'enable.shib13-idp' => false, 'enable.adfs-idp' => false,
    'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
    'session.duration' => 28800, 'session.datastore.timeout' => 14400, 'session.state.timeout' => 3600,
    'session.cookie.name' => 'SimpleSAMLSessionID', 'session.cookie.lifetime' => 0, 'session.cookie.path' => '/',
    'session.cookie.domain' => null, 'session.cookie.secure' => false, 'session.cookie.samesite' => null,
    'session.phpsession.cookiename' => 'SimpleSAML', 'session.phpsession.savepath' => null,
    'session.phpsession.httponly' => true, 'session.authtoken.cookiename' => 'SimpleSAMLAuthToken',
    'session.rememberme.enable' => false, 'session.rememberme.checked' => false,
    'session.rememberme.lifetime' => 1209600,
    'language.available' => ['en'], 'language.rtl' => [], 'language.default' => 'en',
    'language.parameter.name' => 'language', 'language.parameter.setcookie' => true,
    'language.cookie.name' => 'language', 'language.cookie.domain' => null, 'language.cookie.path' => '/',
    'language.cookie.secure' => false, 'language.cookie.httponly' => false, 'language.cookie.lifetime' => 1000,
    'attributes.extradictionary' => null, 'theme.use' => 'default', 'template.auto_reload' => false,
    'production' => true, 'authproc.idp' => [], 'authproc.sp' => [],
    'metadata.sources' => [['type' => 'flatfile']], 'metadata.sign.enable' => false,
    'store.type' => 'sql', 'store.sql.dsn' => 'sqlite:{root}/data/store.sq3', 'store.sql.username' => null,
    'store.sql.password' => null, 'store.sql.prefix' => 'SimpleSAMLphp', 'store.sql.options' => [],
    'proxy' => null, 'memcache_store.servers' => [[]],
];
"""
SOURCES = """<?php
$config = [
    'people' => ['exampleauth:UserPass', {people}],
];
"""
HOSTED = """<?php
$metadata['{url}/idp'] = [
    'host' => '__DEFAULT__', 'privatekey' => 'idp.key', 'certificate' => 'idp.crt', 'auth' => 'people',
    'saml20.sendartifact' => true,
    'SingleSignOnServiceBinding' => ['urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST'],
    'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'saml20.sign.assertion' => true, 'assertion.encryption' => true, 'validate.authnrequest' => true,
    'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
];
"""
REMOTE = """<?php
$metadata['{entity_id}'] = [
    'AssertionConsumerService' => [
        ['index' => 0, 'Binding' => 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact', 'Location' => '{acs}'],
    ],
    'keys' => [
        ['type' => 'X509Certificate', 'signing' => true, 'encryption' => false, 'X509Certificate' => '{signing}'],
        ['type' => 'X509Certificate', 'signing' => false, 'encryption' => true, 'X509Certificate' => '{encryption}'],
    ],
    'validate.authnrequest' => true, 'assertion.encryption' => true,
];
"""


def is_here() -> bool:
    """Whether the program is installed."""
    return WWW.is_dir() and shutil.which("php") is not None


def _bare(pem: str) -> str:
    return "".join(re.sub(r"-----[^-]+-----", "", pem).split())


class SimpleSaml:
    """The running provider, and a browser's part in it."""

    def __init__(self, root: Path, *, idp, sign, encrypt, entity_id: str, acs: str, people: dict[str, dict[str, str]]):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        for folder in ("cert", "log", "data", "tmp", "metadata"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        who = ", ".join(
            f"'{name}:geheim' => [" + ", ".join(f"'{key}' => ['{value}']" for key, value in facts.items()) + "]"
            for name, facts in people.items()
        )
        filled = {
            "config.php": CONFIG.format(url=self.url, root=root),
            "authsources.php": SOURCES.format(people=who),
            "metadata/saml20-idp-hosted.php": HOSTED.format(url=self.url),
            "metadata/saml20-sp-remote.php": REMOTE.format(
                entity_id=entity_id, acs=acs, signing=_bare(sign.certificate), encryption=_bare(encrypt.certificate)
            ),
            "cert/idp.key": idp.key,
            "cert/idp.crt": idp.certificate,
        }
        for name, text in filled.items():
            (root / name).write_text(text)
        self.root, self.issuer = root, f"{self.url}/idp"
        self._process = subprocess.Popen(
            ["php", "-d", "error_reporting=0", "-S", self.url.removeprefix("http://")],
            cwd=WWW,
            env={**os.environ, "SIMPLESAMLPHP_CONFIG_DIR": str(root)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                httpx2.get(f"{self.url}/resources/default.css", timeout=2)
                return
            except httpx2.HTTPError:
                time.sleep(0.1)
        raise RuntimeError("SimpleSAMLphp did not start")

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(timeout=10)

    def sign_in(self, fields: dict[str, str], name: str) -> str:
        """Post our form, type a login and a password there; the address to which the browser is sent back."""
        with httpx2.Client(timeout=20, follow_redirects=False) as browser:
            answer = browser.post(f"{self.url}/saml2/idp/SSOService.php", data=fields)
            for _ in range(6):
                if answer.status_code not in (302, 303):
                    break
                answer = browser.get(httpx2.URL(answer.url).join(answer.headers["location"]))
            state = re.search(r'name="AuthState" value="([^"]+)"', answer.text)
            assert state, answer.text[:3000]
            answer = browser.post(
                answer.url,
                data={"username": name, "password": "geheim", "AuthState": state[1].replace("&amp;", "&")},
            )
            assert answer.status_code in (302, 303), answer.text[:3000]
            return answer.headers["location"]
