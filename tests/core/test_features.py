"""`./run features` says what the tests said, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ebok_core.testing import features

TESTS = """
import pytest

@pytest.mark.feature("L2")
def test_good():
    pass

@pytest.mark.feature("L16", "L2")
@pytest.mark.parametrize("n", [1, 2])
def test_sometimes(n):
    assert n == 1

@pytest.mark.feature("P3")
def test_skipped():
    pytest.skip("not here")

@pytest.mark.feature("P4")
def test_spoilt(request):
    request.addfinalizer(lambda: 1 / 0)

def test_unmarked():
    assert False
"""
INI = "[pytest]\naddopts = --import-mode=importlib --strict-markers\nmarkers =\n    feature(id): x\n    postgres: x\n"


@pytest.fixture
def run(tmp_path):
    def pytest_on(text, *arguments):
        (tmp_path / "pytest.ini").write_text(INI)
        (tmp_path / "test_it.py").write_text(text)
        command = [sys.executable, "-m", "pytest", "-q", "-m", "feature", "--features", "out/features.json", *arguments]
        subprocess.run(command, cwd=tmp_path, capture_output=True)
        report = tmp_path / "out" / "features.json"
        return json.loads(report.read_text()) if report.exists() else None

    return pytest_on


@pytest.mark.parametrize("workers", ["0", "2"])
def test_verdicts_by_feature(run, workers):
    table = run(TESTS, "-n", workers)
    assert {feature: row["verdict"] for feature, row in table.items()} == {
        "L2": "fail",
        "L16": "fail",
        "P3": "skipped",
        "P4": "fail",
    }
    assert table["L2"]["tests"] == [
        "test_it.py::test_good",
        "test_it.py::test_sometimes[1]",
        "test_it.py::test_sometimes[2]",
    ]
    assert list(table) == ["L2", "L16", "P3", "P4"], "in the leaflet's order"


def test_a_file_that_can_t_be_collected_leaves_no_verdict(run):
    assert run("import no_such_thing") is None


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [(["pass"], "pass"), (["pass", "skipped"], "pass"), (["skipped"], "skipped"), (["pass", "fail"], "fail")],
)
def test_a_verdict(outcomes, verdict):
    assert features.verdict(outcomes) == verdict
