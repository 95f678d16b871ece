"""Our messages as the hub reads them, and its answers as we do: V1–V16 and the faults of identity.md §4.4."""

from __future__ import annotations

import ast
from datetime import timedelta
from types import SimpleNamespace

import pytest

from ebok_core.identity.saml import client, dsig, keys, messages, profiles, validate, xml
from ebok_core.identity.saml.errors import Rejected, Unreachable, Unsuccessful

from .conftest import ACS, MARIA, NOW, REGISTERED, born_of, decoded


@pytest.fixture
def exchange(hub):
    """Go once to the hub and back: `exchange("fault", level="low", …)` gives the person."""
    signing = messages.Signing(
        key=keys.private(hub.sign.key), certificate=keys.stored(hub.sign.certificate)[0], method="ecdsa-sha256"
    )
    memory = SimpleNamespace(signing=signing)

    def go(fault="none", *, level="substantial", pinned=None, now=NOW, **person):
        memory.request_id = messages.new_id()
        memory.request = messages.authn_request(
            profiles.WK,
            signing,
            request_id=memory.request_id,
            now=now,
            destination=f"{hub.url}/sso",
            acs=ACS,
            issuer=REGISTERED["entity_id"],
            provider_name=REGISTERED["provider_name"],
            sp_type="public",
            level=level,
        )
        back = hub.choose(hub.send(memory.request, "r" * 43), fault, **person)
        resolve_id = messages.new_id()
        memory.artifact = back["SAMLart"]
        envelope = messages.artifact_resolve(
            signing, resolve_id=resolve_id, now=now, issuer=REGISTERED["entity_id"], artifact=back["SAMLart"]
        )
        memory.body = client.post(f"{hub.url}/artifact", envelope)
        memory.expected = validate.Expected(
            profile=profiles.WK,
            now=now,
            request_id=memory.request_id,
            resolve_id=resolve_id,
            acs=ACS,
            entity_id=REGISTERED["entity_id"],
            issuer=REGISTERED["issuer"],
            level=level,
            pinned=tuple(keys.stored(hub.certificate if pinned is None else pinned)),
            key=keys.private(hub.encrypt.key),
        )
        return validate.read(memory.body, memory.expected)

    go.memory = memory
    return go


def test_a_person_comes_back(exchange):
    person = exchange(given="Maria", family="Zielińska")
    assert (person.identifier, person.is_pesel) == (MARIA, True)
    assert (person.given, person.family, person.level) == ("Maria", "Zielińska", "substantial")
    assert person.authority == "pz.gov.pl" and person.name_id.startswith("wk-") and person.session_index
    assert person.born.isoformat() + "Z" == born_of(MARIA)
    for secret in (MARIA, "Zieli", person.name_id):
        assert secret not in repr(person)


def test_the_request_carries_what_the_hub_wants(exchange):
    exchange()
    text = decoded(exchange.memory.request)
    assert 'ForceAuthn="true"' in text and 'ProviderName="Wodociągi Przykładowe"' in text
    assert text.count('isRequired="true"') == 4 and ">public</eidas:SPType>" in text


REFUSED = {
    "bad_outer_signature": "V2",
    "foreign_key": "V2",
    "expired_certificate": "V2",
    "no_outer_signature": "V2",
    "wrapping": "V2",
    "wrapping_inside": "V2",
    "sha1": "V2",
    "outer_in_response_to": "V3",
    "issuer": "V3",
    "bad_inner_signature": "V2",
    "foreign_inner_key": "V5",
    "no_inner_signature": "V5",
    "two_responses": "V5",
    "inner_in_response_to": "V6",
    "destination": "V7",
    "two_assertions": "V9",
    "plain_assertion": "V9",
    "cek_192": "V9",
    "tampered_tag": "V9",
    "party_v": "V9",
    "assertion_issuer": "V10",
    "comment": "V10",
    "recipient": "V11",
    "confirmation_expired": "V11",
    "expired": "V12",
    "not_yet": "V12",
    "audience": "V12",
    "level_low": "V14",
    "level_unknown": "V14",
    "old_sign_in": "V15",
    "no_identifier": "V16",
    "born_another_day": "PESEL",
}


@pytest.mark.parametrize(("fault", "rule"), REFUSED.items())
def test_V37_a_wrong_answer_is_refused_by_its_rule(exchange, fault, rule):
    with pytest.raises(Rejected) as refused:
        exchange(fault)
    assert refused.value.rule == rule
    assert MARIA not in str(refused.value)


@pytest.mark.parametrize(
    "fault",
    ["soap_fault", "no_xml", "entity_bomb", "dtd", "huge", "http_500", "redirect", "hang_up", "same_id_twice"],
)
def test_V1_what_is_no_answer_is_an_outage(exchange, fault):
    with pytest.raises(Unreachable):
        exchange(fault)


@pytest.mark.parametrize("fault", ["cek_128", "born_without_z", "within_the_skew", "level_high"])
def test_odd_but_right_answers_pass(exchange, fault):
    assert exchange(fault).identifier == MARIA


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("failed", "AuthnFailed"),
        ("nested_failed", "AuthnFailed"),
        ("nested_unknown", "UnknownPrincipal"),
        ("denied", "RequestDenied"),
        ("responder", "Responder"),
    ],
)
def test_V8_the_status_decides_though_an_assertion_is_there(exchange, fault, status):
    with pytest.raises(Unsuccessful) as said:
        exchange(fault)
    assert said.value.status == status
    assert b"EncryptedAssertion" in exchange.memory.body


def test_V8_low_is_enough_where_low_is_asked_for(exchange):
    assert exchange("level_low", level="low").level == "low"


def test_a_foreign_identifier_is_no_pesel(exchange):
    person = exchange("foreign_identifier")
    assert (person.identifier, person.is_pesel) == ("DE/PL/4711", False)


def test_a_renewed_certificate_needs_no_downtime(exchange, hub, our_keys):
    """The list holds the old and the new one; either signs."""
    assert exchange(pinned=our_keys[0].certificate + hub.certificate).is_pesel
    with pytest.raises(Rejected, match="V2"):
        exchange(pinned=our_keys[0].certificate)
    with pytest.raises(Rejected, match="V2: no pinned certificate is valid"):
        exchange(pinned=hub.expired)


def test_V4_the_signed_twin_is_not_the_one_that_is_read(exchange):
    """The inner element wrapped: its signature holds, but of something that hides inside it."""
    with pytest.raises(Rejected):
        exchange("wrapping_inside")
    evil = xml.find(xml.parse(exchange.memory.body), "soap:Body/saml2p:ArtifactResponse/saml2p:Response")[0]
    with pytest.raises(Rejected, match="V5: (something else is signed|no valid signature)"):
        dsig.verified(evil, exchange.memory.expected.pinned, NOW, "V5")


def test_an_answer_of_yesterday_is_refused(exchange):
    exchange()
    memory = exchange.memory
    late = {**vars(memory.expected), "now": NOW + timedelta(hours=2)}
    with pytest.raises(Rejected, match="V1[12]"):
        validate.read(memory.body, validate.Expected(**late))


def test_the_back_channel_wants_https(hub):
    with pytest.raises(Unreachable, match="https"):
        client.post("http://hub.example/artifact", b"")


def test_nothing_of_the_simulator_is_ours_and_nothing_of_ours_its(root):
    def imports(folder):
        for path in folder.glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    yield from (alias.name.partition(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.level == 0:
                    yield (node.module or "").partition(".")[0]

    assert "ebok_core" not in set(imports(root / "tests/wk_simulator"))
    assert "xmlsec" not in set(imports(root / "ebok_core/identity/saml"))
