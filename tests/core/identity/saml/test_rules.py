"""The rules of sign-in through the hub: names, verdicts, PESEL, artifacts."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys

import pytest

from ebok_core.identity.saml import rules
from ebok_core.identity.saml.rules import Found, Verdict


@pytest.mark.parametrize(
    ("given", "family", "name", "agrees"),
    [
        ("Jan", "Kowalski", "Jan Kowalski", True),
        ("Jan", "Kowalski", "KOWALSKI JAN", True),
        ("Jan", "Kowalski", "Kowalski J.", True),
        ("Jan", "Kowalski", "Kowalska Jan", False),
        ("Jan Maria", "Nowak-Łęcka", "NOWAK MARIA", True),
        ("Jan", "Nowak-Łęcka", "Łęcka Jan", False),
        ("Jan", "Nowak-Łęcka", "Jan Nowak Lecka", True),
        ("Łucja", "Śliwa", "Sliwa Lucja", True),
        ("Anna", "Lis", "Lis Beata", False),
        ("Jan", "Jan", "Jan", False),
        ("Jan", "Kowalski", "Kowalski", False),
        ("", "Kowalski", "Kowalski Jan", False),
    ],
)
def test_names(given, family, name, agrees):
    assert rules.names_agree(given, family, name) is agrees


def found(code, agrees=True, **more):
    return Found(code=code, name_agrees=agrees, **more)


@pytest.mark.parametrize(
    ("customers", "account", "verdict", "link", "office"),
    [
        ([], None, Verdict.NOBODY, (), ()),
        ([found("1")], None, Verdict.CREATE, ("1",), ()),
        ([found("1"), found("2", False)], None, Verdict.CREATE, ("1",), ("2",)),
        ([found("2", False)], None, Verdict.DISAGREES, (), ("2",)),
        ([found("1", is_company=True)], None, Verdict.COMPANY, (), ()),
        ([found("1", is_closed=True)], None, Verdict.NOBODY, (), ()),
        ([found("1", owners=("x",)), found("2")], None, Verdict.PROVE, ("2",), ()),
        ([found("1", owners=("x",)), found("2")], "x", Verdict.ENTER, ("2",), ()),
        ([found("1", owners=("x",))], "y", Verdict.ENTER, (), ("1",)),
        ([found("1", is_ours=True)], "y", Verdict.ENTER, (), ()),
    ],
)
def test_decisions(customers, account, verdict, link, office):
    decision = rules.decide(customers, account=account)
    assert (decision.verdict, decision.link, decision.office) == (verdict, link, office)


@pytest.mark.parametrize(
    ("number", "is_right"),
    [
        ("44051401359", True),
        ("02070803628", True),
        ("02270803624", True),
        ("44051401358", False),
        ("4405140135", False),
        ("440514013590", False),
        ("44051401359 ", False),
        ("４４０５１４０１３５９", False),
        ("44053201353", False),
    ],
)
def test_pesel(number, is_right):
    assert rules.is_pesel(number) is is_right


def test_pesel_and_its_birthday():
    assert str(rules.born_on("44051401359")) == "1944-05-14"
    assert str(rules.born_on("02270803624")) == "2002-07-08"
    assert rules.hub_date("1987-02-22Z") == rules.hub_date("1987-02-22")
    assert rules.hub_date("22.02.1987") is None


def test_artifacts():
    good = base64.b64encode(b"\x00\x04\x00\x00" + hashlib.sha1(b"hub").digest() + b"x" * 20).decode()
    assert rules.is_artifact(good, "hub") and rules.is_artifact(good, "")
    wrong = [good[:-4], "", "x" * 60, good + "AAAA", base64.b64encode(b"\x00\x01" + b"x" * 42).decode(), "A" * 5000]
    assert not any(rules.is_artifact(text, "") for text in wrong)
    assert not rules.is_artifact(good, "another")


@pytest.mark.parametrize(
    ("days", "warning"),
    [(365, None), (61, None), (60, 60), (31, 60), (30, 30), (14, 14), (7, 7), (2, 7), (1, 1), (-1, 1)],
)
def test_V28_the_warning_under_which_a_certificate_stands(days, warning):
    assert rules.days_to_warn(days) == warning


def test_nothing_of_the_extra_is_imported_at_the_start(root):
    code = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('signxml', 'lxml', 'httpx2'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Block())\n"
        "import ebok_core.identity.declared, ebok_core.identity.saml.admin, ebok_core.identity.saml.service\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
