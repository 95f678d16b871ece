"""`./run features`: run the tests that prove features of the leaflet, print id → verdict → tests, write them as JSON.

A test says what it proves by `@pytest.mark.feature("L16")`. Nothing is remembered between runs: a verdict is what the
tests said this time. Exit code 1 unless every feature passed. `pytest --features FILE` writes the same JSON in any run.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

REPORT = Path("build/features.json")
PASS, FAIL, SKIPPED = "pass", "fail", "skipped"


class Collector:
    """Gathers outcomes by feature; the marks arrive as properties of the reports, also from pytest-xdist's workers."""

    def __init__(self, report: Path) -> None:
        self.report = report
        self.outcomes: dict[str, dict[str, str]] = defaultdict(dict)
        self.errors = 0

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that can't be collected may hold a proof: it counts as a failure."""
        self.errors += report.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the worst of a test's phases for each feature it proves."""
        for name, feature in report.user_properties:
            if name == "feature":
                tests = self.outcomes[str(feature)]
                tests[report.nodeid] = worst(tests.get(report.nodeid), _outcome(report))

    def pytest_sessionfinish(self) -> None:
        """Write the report; with files that could not be collected there is none, as nobody knows what is missing."""
        self.report.parent.mkdir(parents=True, exist_ok=True)
        self.report.unlink(missing_ok=True)
        if not self.errors:
            self.report.write_text(json.dumps(self.table(), indent=1, ensure_ascii=False) + "\n")

    def table(self) -> dict[str, dict[str, Any]]:
        """Feature id → its tests and the verdict."""
        return {
            feature: {"tests": sorted(tests), "verdict": verdict(tests.values())}
            for feature, tests in sorted(self.outcomes.items(), key=lambda item: natural(item[0]))
        }


def verdict(outcomes: Any) -> str:
    """A feature is proved when a test passed and none failed; skipped tests prove nothing."""
    seen = set(outcomes)
    if FAIL in seen:
        return FAIL
    return PASS if PASS in seen else SKIPPED


def worst(*outcomes: str | None) -> str:
    """The worst of a test's phases: a teardown that fails spoils the test."""
    for candidate in (FAIL, SKIPPED, PASS):
        if candidate in outcomes:
            return candidate
    return PASS


def natural(feature: str) -> tuple[str, int]:
    """L2 before L16."""
    letters, digits = re.fullmatch(r"([A-Z]*)(\d*).*", feature).groups()  # type: ignore[union-attr]
    return letters, int(digits or 0)


def _outcome(report: pytest.TestReport) -> str:
    return {"passed": PASS, "failed": FAIL, "skipped": SKIPPED}[report.outcome]


def main(arguments: list[str]) -> int:
    """Run, print, write; the exit code says whether every feature passed."""
    standard = ["-m", "feature", "-q", "-n", "2", "--dist", "loadgroup", "--no-header", "--features", str(REPORT)]
    code = subprocess.call([sys.executable, "-m", "pytest", *standard, *arguments])
    if not REPORT.exists():
        sys.stdout.write("\nno verdicts: not every file could be collected\n")
        return 1
    table = json.loads(REPORT.read_text())
    for feature, row in table.items():
        first, *more = dict.fromkeys(test.partition("[")[0] for test in row["tests"])  # each function once
        sys.stdout.write(f"{feature:<6} {row['verdict']:<8} {first}\n")
        sys.stdout.writelines(f"{'':<15} {test}\n" for test in more)
    proved = sum(row["verdict"] == PASS for row in table.values())
    sys.stdout.write(f"\n{proved} of {len(table)} features with tests are proved; {REPORT}\n")
    # Where nothing was collected nothing is proved either.
    return int(code != 0 or not table or proved < len(table))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
