"""The page "Logowania przez ePUAP": filled in, keys uploaded, checked, tested, switched on (L169, L174)."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from ebok_core import runtime_settings
from ebok_core.admin import service as panel
from ebok_core.audit.models import AuditEvent
from ebok_core.contracts.admin import Level
from ebok_core.errors import Refused
from ebok_core.identity.saml import checks, extra, jobs, keys, settings, tasks
from ebok_core.identity.saml.models import ExternalIdentity, ExternalTask
from ebok_core.identity.saml.settings import EpuapConfigSchema, EpuapKeysSchema
from ebok_core.testing.pageforms import as_sent

from .conftest import MARIA, NOW, REGISTERED, Traveller, configure, make_pair, text_of

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
PAGE = "/panel/konfiguracja/core.epuap"


@pytest.fixture
def admin(filled_copy, hub, signed_in):
    return signed_in("admin")


def status(runtime):
    with runtime.database.snapshot() as session:
        (row,) = [r for r in panel.status_rows(runtime.portal, session) if r.key == "core.epuap"]
    return row


def fill_in(admin, **changes):
    answers = as_sent(settings_form(admin))
    answers |= {name: [value] for name, value in changes.items()}
    return admin.post(PAGE, data=answers)


def settings_form(admin):
    """The last form of the page: the settings; the buttons before it are forms too."""
    page = admin.get(PAGE).get_data(as_text=True)
    return "<main " + page[page.index('id="s-ustawienia"') :]


def upload(admin, part, key="", certificate="", **more):
    files = {"key_file": (io.BytesIO(key.encode() if isinstance(key, str) else key), "key.pem")}
    if certificate:
        files["certificate_file"] = (io.BytesIO(certificate.encode()), "cert.pem")
    return admin.submit(f"{PAGE}/klucz/{part}", {**files, **more})


def trust(admin, certificate):
    files = {"certificate_file": (io.BytesIO(certificate.encode()), "hub.pem")}
    return admin.submit(f"{PAGE}/certyfikaty", files)


def events(runtime, action):
    with runtime.database.snapshot() as session:
        return session.execute(sa.select(AuditEvent.__table__).where(AuditEvent.__table__.c.action == action)).all()


@pytest.mark.feature("L169", "L174")
def test_from_nothing_to_the_button(admin, filled_copy, hub, app):
    """The whole way of an administrator; it is switched on only after a successful test."""
    row = status(filled_copy)
    assert (row.title, row.text, row.level) == ("Logowanie przez ePUAP", "Nieskonfigurowane", Level.MISSING)
    assert "Logowania przez ePUAP" in text_of(admin.get("/panel/"))
    saved = fill_in(
        admin,
        environment="own",
        entity_id=REGISTERED["entity_id"],
        provider_name=REGISTERED["provider_name"],
        idp_issuer=REGISTERED["issuer"],
        sso_url=f"{hub.url}/sso",
        artifact_url=f"{hub.url}/artifact",
        logout_url=f"{hub.url}/logout",
    )
    assert saved.status_code == 303, text_of(saved)
    missing = text_of(admin.submit(f"{PAGE}/sprawdz", page=PAGE))
    assert "Nasz podpis: wgraj klucz z certyfikatem" in missing and "Wgraj certyfikat węzła" in missing
    assert "wgraj klucz" in text_of(admin.submit(f"{PAGE}/test", page=PAGE)), "without keys nobody is sent anywhere"
    assert upload(admin, "podpis", hub.sign.key, hub.sign.certificate).status_code == 303
    assert upload(admin, "szyfrowanie", hub.encrypt.key, hub.encrypt.certificate).status_code == 303
    assert trust(admin, hub.certificate).status_code == 303
    assert "Wszystko jest na miejscu" in text_of(admin.submit(f"{PAGE}/sprawdz", page=PAGE))
    early = admin.submit(f"{PAGE}/przelacznik")
    assert early.status_code == 422 and "Najpierw wykonaj test logowania" in text_of(early)
    assert status(filled_copy).text == "Nieskonfigurowane"

    browser = Traveller(hub, admin)
    failed = browser.go("failed", start=f"{PAGE}/test", page=PAGE, identifier=MARIA)
    assert "nie powiodło się" in text_of(failed)
    assert admin.submit(f"{PAGE}/przelacznik").status_code == 422
    tested = browser.go(start=f"{PAGE}/test", page=PAGE, identifier=MARIA, given="Maria", family="Zielińska")
    page = text_of(tested)
    assert tested.status_code == 200 and "Test się udał" in page and "numer poprawny" in page and "pz.gov.pl" in page
    assert "M••••" in page and "Maria" not in page and "Zieli" not in page and MARIA not in page
    assert admin.submit(f"{PAGE}/przelacznik").status_code == 303
    assert (status(filled_copy).text, status(filled_copy).level) == ("Skonfigurowane", Level.OK)
    assert "login.gov.pl" in text_of(app.test_client().get("/logowanie"))
    assert [json.loads(e.after) for e in events(filled_copy, "core.epuap.switched")] == [{"is_on": True}]
    with filled_copy.database.snapshot() as session:
        assert session.execute(sa.select(ExternalIdentity.__table__)).all() == [], "a test signs nobody in"
    assert admin.submit(f"{PAGE}/przelacznik").status_code == 303
    assert status(filled_copy).text == "Nieskonfigurowane"
    assert "login.gov.pl" not in text_of(app.test_client().get("/logowanie"))


def test_another_exchange_is_off_until_it_is_tested(admin, filled_copy, hub):
    configure(filled_copy, hub)
    assert status(filled_copy).text == "Skonfigurowane"
    fill_in(admin, label="Inny napis")
    assert status(filled_copy).text == "Skonfigurowane", "a text is no other exchange"
    assert trust(admin, make_pair("nowy węzeł").certificate).status_code == 303
    assert status(filled_copy).text == "Skonfigurowane", "a renewal needs no downtime"
    fill_in(admin, entity_id="https://inny.example.pl")
    assert status(filled_copy).text == "Nieskonfigurowane"
    assert "dopóki nie przetestujesz" in text_of(admin.get(PAGE))


def test_the_private_part_is_encrypted_and_never_shown(admin, filled_copy, hub):
    upload(admin, "podpis", hub.sign.key, hub.sign.certificate)
    with filled_copy.database.reader.connect() as connection:
        stored = repr(connection.exec_driver_sql("SELECT * FROM core_runtime_setting").all())
        trail = repr(connection.exec_driver_sql("SELECT * FROM core_audit_event").all())
    inside = "".join(hub.sign.key.splitlines()[1:3])
    for text in (stored, trail, admin.get(PAGE).get_data(as_text=True)):
        assert "PRIVATE KEY" not in text and inside not in text.replace("\\n", "")
    page = text_of(admin.get(f"{PAGE}/klucz/podpis"))
    assert "CN=e-BOK podpis" in page and re.search(r"([0-9A-F]{2}:){31}[0-9A-F]{2}", page) and "2027-11-14" in page
    (event,) = events(filled_copy, "core.epuap.keys_changed")
    assert list(json.loads(event.after)) == ["sig"]


def test_a_pkcs12_file_brings_both(admin, filled_copy, hub):
    key = serialization.load_pem_private_key(hub.sign.key.encode(), None)
    certificate = x509.load_pem_x509_certificate(hub.sign.certificate.encode())
    packed = pkcs12.serialize_key_and_certificates(
        b"e-BOK", key, certificate, None, serialization.BestAvailableEncryption(b"tajne-haslo")
    )
    wrong = upload(admin, "podpis", packed, file_password="inne")
    assert wrong.status_code == 422 and "otwiera się tym hasłem" in text_of(wrong)
    assert upload(admin, "podpis", packed, file_password="tajne-haslo").status_code == 303


@pytest.mark.parametrize(
    ("key", "certificate", "said"),
    [
        ("", "", "Wybierz plik"),
        ("to nie jest klucz", "", "To nie jest plik PKCS#12"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "", "nie ma klucza prywatnego"),
        ("x" * 70_000, "", "za duży"),
    ],
)
def test_bad_files_say_what_to_do(admin, key, certificate, said):
    answer = upload(admin, "podpis", key, certificate)
    assert answer.status_code == 422 and said in text_of(answer)


def test_a_pair_must_be_a_pair(admin, hub):
    answer = upload(admin, "podpis", hub.sign.key, hub.encrypt.certificate)
    assert answer.status_code == 422 and "nie należy do tego klucza" in text_of(answer)
    answer = trust(admin, hub.sign.key)
    assert answer.status_code == 422 and "nie ma certyfikatu" in text_of(answer)


def test_a_certificate_of_the_hub_is_removed(admin, filled_copy, hub):
    trust(admin, hub.certificate)
    trust(admin, make_pair("drugi").certificate)
    page = admin.get(f"{PAGE}/certyfikaty").get_data(as_text=True)
    addresses = re.findall(r'href="(/panel/konfiguracja/core.epuap/certyfikaty/usun[^"]+)"', page)
    assert len(addresses) == 2
    fingerprint = addresses[0].partition("odcisk=")[2].replace("%3A", ":")
    answer = admin.submit(f"{PAGE}/certyfikaty/usun", {"fingerprint": fingerprint}, page=addresses[0])
    assert answer.status_code == 303
    with filled_copy.database.snapshot() as session:
        (left,) = keys.stored(checks.stored_keys(session).idp_certs)
    assert keys.described(left, NOW).fingerprint != fingerprint


def test_every_change_asks_for_a_fresh_proof(admin, hub, clock, filled_copy):
    configure(filled_copy, hub)
    clock.advance(timedelta(minutes=6))
    answers = [
        fill_in(admin, label="x"),
        upload(admin, "podpis", hub.sign.key, hub.sign.certificate),
        trust(admin, hub.certificate),
        admin.submit(f"{PAGE}/przelacznik"),
    ]
    for answer in answers:
        assert answer.status_code == 422 and "Wpisz swoje hasło" in text_of(answer)
    assert status(filled_copy).text == "Skonfigurowane"


def test_only_administrators(signed_in, filled_copy, hub):
    clerk = signed_in("clerk")
    for address in (PAGE, f"{PAGE}/klucz/podpis", f"{PAGE}/certyfikaty", f"{PAGE}/przelacznik", f"{PAGE}/wynik"):
        assert clerk.get(address).status_code == 403, address
    assert clerk.submit(f"{PAGE}/test", page="/panel/konto").status_code == 403


def test_a_test_is_its_administrator_s(admin, filled_copy, hub, app):
    """Its answer neither signs in at the customers' door nor shows to another browser."""
    configure(filled_copy, hub)
    browser = Traveller(hub, admin)
    back = browser.sign_in_there(browser.leave(f"{PAGE}/test", PAGE), identifier=MARIA)
    answer = browser.come_back(back)
    assert answer.location.startswith(f"{PAGE}/wynik?k=")
    handle = answer.location.partition("k=")[2]
    stranger = app.test_client()
    assert stranger.get(f"/logowanie/login-gov/dokoncz?k={handle}").status_code == 400
    assert "Test się udał" in text_of(admin.get(answer.location))
    again = admin.get(answer.location)
    assert again.status_code == 303 and again.location == PAGE


def test_of_two_who_edit_the_page_the_second_is_told(admin, filled_copy, hub):
    answers = as_sent(settings_form(admin))
    assert fill_in(admin, label="Pierwszy").status_code == 303
    second = admin.post(PAGE, data={**answers, "label": ["Drugi"]})
    assert second.status_code == 422 and "Ktoś zmienił te ustawienia" in text_of(second)


# What the offline check finds


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"entity_id": ""}, "Brakuje: nasz identyfikator"),
        ({"provider_name": ""}, "Brakuje: nasza nazwa (ProviderName)"),
        ({"idp_issuer": ""}, "Brakuje: identyfikator węzła"),
        ({"sso_url": ""}, "Brakuje: adres logowania"),
        ({"artifact_url": "http://hub.example.pl/a"}, "To nie jest adres https: adres usługi artefaktów"),
        ({"signature": "rsa-sha256"}, "Nasz podpis: potrzebny jest klucz RSA"),
        ({"profile": "generic"}, "Nasze szyfrowanie: potrzebny jest klucz RSA"),
    ],
)
def test_the_check_names_what_is_missing(filled_copy, hub, changes, said):
    configure(filled_copy, hub, **changes)
    with filled_copy.database.snapshot() as session:
        found = checks.complaints(settings.setup(session, filled_copy.settings, with_keys=True), NOW)
    assert found == [said]


def test_presets_give_the_addresses(filled_copy, hub):
    configure(
        filled_copy,
        hub,
        environment="prod-private",
        **dict.fromkeys(("sso_url", "artifact_url", "logout_url", "idp_issuer"), ""),
    )
    with filled_copy.database.snapshot() as session:
        setup = settings.setup(session, filled_copy.settings)
    host = "podmiotyzewnetrzne.login.gov.pl"
    assert (setup.endpoints.sso, setup.endpoints.issuer) == (f"https://{host}/login/SingleSignOnService", host)
    assert setup.endpoints.artifact == f"https://{host}/login-services/idpArtifactResolutionService"
    assert (setup.sp_type, setup.endpoints.destination) == ("private", setup.endpoints.sso)


def test_without_the_packages_the_page_says_so(admin, filled_copy, hub, app, monkeypatch):
    configure(filled_copy, hub)
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == "signxml" else object())
    page = text_of(admin.get(PAGE))
    assert "brakuje pakietów: signxml" in page and "ebok-core[epuap]" in page
    row = status(filled_copy)
    assert row.level is Level.MISSING and "signxml" in row.hint
    assert "Zaloguj przez login.gov.pl" not in text_of(app.test_client().get("/logowanie"))
    assert app.test_client().submit("/logowanie/login-gov", page="/logowanie").status_code == 404
    assert "signxml" in text_of(admin.submit(f"{PAGE}/test", page=PAGE))


# Certificates that end (§2.3)


def test_V28_the_end_of_a_certificate_is_told_five_times(filled_copy, hub, clock, signed_in):
    configure(filled_copy, hub)
    short = make_pair("krótki", begins=NOW - timedelta(days=1), days=90)
    keys_now = settings.EpuapKeys(
        sig_key=short.key,
        sig_cert=short.certificate,
        enc_key=hub.encrypt.key,
        enc_cert=hub.encrypt.certificate,
        idp_certs=hub.certificate,
    )
    sealing = filled_copy.settings.encryption_keys
    with filled_copy.database.unit_of_work() as session:
        runtime_settings.save(session, EpuapKeysSchema, keys_now, keys=sealing)
    assert jobs.watch_certificates(filled_copy) is None
    told = []
    for left in range(88, -3, -1):
        clock.advance(timedelta(days=1))
        jobs.watch_certificates(filled_copy)
        with filled_copy.database.snapshot() as session:
            count = len(session.execute(sa.select(ExternalTask.__table__)).all())
        if count > len(told):
            told.append(left)
    assert told == [60, 30, 14, 7, 1]
    assert status(filled_copy).level is Level.ERROR and "stracił ważność" in status(filled_copy).hint
    with filled_copy.database.snapshot() as session:
        kinds = set(session.scalars(sa.select(ExternalTask.__table__.c.kind)))
    assert kinds == {tasks.CERTIFICATE}


def test_a_lost_encryption_key_asks_for_the_keys_anew(filled_copy, hub, core_settings):
    configure(filled_copy, hub)
    other = core_settings(encryption_keys=[Fernet.generate_key().decode()])
    with filled_copy.database.snapshot() as session, pytest.raises(Refused) as refused:
        checks.opened(session, other)
    assert refused.value.code == "key"


def test_the_page_is_saved_as_it_stands(admin, filled_copy, hub):
    assert admin.post(PAGE, data=as_sent(settings_form(admin))).status_code == 303
    with filled_copy.database.snapshot() as session:
        assert runtime_settings.get(session, EpuapConfigSchema) == settings.EpuapConfig()
