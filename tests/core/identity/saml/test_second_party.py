"""The generic profile against SimpleSAMLphp, a provider that we did not write (identity.md §4.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
import sqlalchemy as sa
from lxml import etree

from ebok_core import runtime_settings
from ebok_core.identity.models import Account
from ebok_core.identity.saml import rules, settings
from ebok_core.identity.saml.models import ExternalIdentity, ExternalTask
from ebok_core.identity.saml.settings import (
    EpuapConfig,
    EpuapConfigSchema,
    EpuapKeys,
    EpuapKeysSchema,
    EpuapState,
    EpuapStateSchema,
)
from ebok_core.standin import identifiers
from ebok_core.tytan.settings import TytanConfig, TytanConfigSchema

from . import simplesaml
from .conftest import ACS, Billing, Traveller, make_pair, text_of

pytestmark = [
    pytest.mark.parametrize("backend", ["sqlite"], indirect=True),
    pytest.mark.slow,
    pytest.mark.skipif(not simplesaml.is_here(), reason=f"install Debian's {simplesaml.NEEDED} to run it"),
]
ENTITY = "https://ebok.wodociagi.example.pl"
EWA = identifiers.pesel(999_001, female=True)
BORN = str(rules.born_on(EWA))


@pytest.fixture(scope="session")
def rsa_pairs():
    begins = datetime.now(UTC) - timedelta(days=1)
    return [make_pair(name, kind="rsa", begins=begins) for name in ("idp", "e-BOK podpis", "e-BOK szyfrowanie")]


@pytest.fixture
def provider(rsa_pairs, tmp_path):
    idp, sign, encrypt = rsa_pairs
    running = simplesaml.SimpleSaml(
        tmp_path / "ssp",
        idp=idp,
        sign=sign,
        encrypt=encrypt,
        entity_id=ENTITY,
        acs=ACS,
        people={
            "ewa": {"PersonIdentifier": EWA, "FirstName": "Ewa", "FamilyName": "Krupa", "DateOfBirth": BORN},
            "zla": {"PersonIdentifier": EWA, "FirstName": "Ewa", "FamilyName": "Krupa", "DateOfBirth": "1980-01-01"},
        },
    )
    yield running
    running.stop()


@pytest.fixture
def connected(filled_copy, provider, rsa_pairs, clock, tytan_url):
    """The portal set up for the provider, on the real clock: the provider has no other."""
    clock.set(datetime.now(UTC))
    idp, sign, encrypt = rsa_pairs
    config = EpuapConfig(
        profile="generic",
        environment="own",
        signature="rsa-sha256",
        level="low",
        entity_id=ENTITY,
        provider_name="e-BOK",
        idp_issuer=provider.issuer,
        sso_url=f"{provider.url}/saml2/idp/SSOService.php",
        artifact_url=f"{provider.url}/saml2/idp/ArtifactResolutionService.php",
    )
    keys = EpuapKeys(
        sig_key=sign.key,
        sig_cert=sign.certificate,
        enc_key=encrypt.key,
        enc_cert=encrypt.certificate,
        idp_certs=idp.certificate,
    )
    sealing = filled_copy.settings.encryption_keys
    with filled_copy.database.unit_of_work() as session:
        for schema, values in (
            (EpuapConfigSchema, config),
            (EpuapKeysSchema, keys),
            (EpuapStateSchema, EpuapState(is_on=True)),
            (TytanConfigSchema, TytanConfig(address=tytan_url)),
        ):
            runtime_settings.save(session, schema, values, keys=sealing)
    Billing(filled_copy, tytan_url).change("1-02001", pesel=EWA, name="Krupa Ewa")
    return filled_copy


def go(traveller, provider, name):
    fields = traveller.leave()
    back = dict(parse_qsl(urlsplit(provider.sign_in(fields, name)).query))
    assert set(back) == {"SAMLart", "RelayState"} and back["RelayState"] == fields["RelayState"]
    answer = traveller.come_back(back, "GET")
    assert answer.status_code == 303, text_of(answer)
    return traveller.client.get(answer.location)


def test_a_person_comes_through_a_provider_that_we_did_not_write(connected, provider, app):
    traveller = Traveller(None, app.test_client())
    answer = go(traveller, provider, "ewa")
    assert (answer.status_code, answer.location) == (303, "/konto/login-gov/witamy"), text_of(answer)
    with connected.database.snapshot() as session:
        (identity,) = session.execute(sa.select(ExternalIdentity.__table__)).all()
        account = session.get(Account, identity.account_id)
        assert (account.display_name, identity.issuer, identity.level) == ("Ewa Krupa", provider.issuer, "low")
    again = Traveller(None, app.test_client())
    assert go(again, provider, "ewa").location == "/"


def test_its_person_whose_birthday_disagrees_is_refused(connected, provider, app):
    answer = go(Traveller(None, app.test_client()), provider, "zla")
    assert answer.status_code == 502
    with connected.database.snapshot() as session:
        (task,) = session.execute(sa.select(ExternalTask.__table__)).all()
        assert task.note.startswith("PESEL")


def test_a_level_that_it_does_not_reach_is_refused(connected, provider, app):
    with connected.database.unit_of_work() as session:
        config = settings.setup(session, connected.settings).config
        changed = EpuapConfig(**{**vars(config), "level": "high"})
        runtime_settings.save(session, EpuapConfigSchema, changed, keys=connected.settings.encryption_keys)
    assert go(Traveller(None, app.test_client()), provider, "ewa").status_code == 502


def test_our_metadata_for_it(connected, app, rsa_pairs):
    answer = app.test_client().get("/saml/metadata")
    assert answer.status_code == 200 and answer.mimetype == "application/samlmetadata+xml"
    root = etree.fromstring(answer.get_data())
    md = "{urn:oasis:names:tc:SAML:2.0:metadata}"
    assert root.get("entityID") == ENTITY
    (service,) = root.iter(f"{md}AssertionConsumerService")
    assert service.get("Location") == ACS
    assert [k.get("use") for k in root.iter(f"{md}KeyDescriptor")] == ["signing", "encryption"]
