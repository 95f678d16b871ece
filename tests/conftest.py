"""What the tests of the core and of the assembled portal share; the fixtures themselves ship in `ebok_core.testing`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REMARK = "remark"
# The third party's module of the tutorial, importable as if it were installed.
sys.path.insert(0, str(ROOT / "tests" / "example_module"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the tree."""
    return ROOT


@pytest.fixture
def remark(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say something at the end of the run that is worth knowing and no failure: a file above its soft limit."""
    return lambda text: record_property(REMARK, text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the remarks."""
    reports = [r for reports in terminalreporter.stats.values() for r in reports if hasattr(r, "user_properties")]
    remarks = sorted({str(text) for report in reports for name, text in report.user_properties if name == REMARK})
    if remarks:
        terminalreporter.section("remarks", sep="-")
        for text in remarks:
            terminalreporter.line(text)
