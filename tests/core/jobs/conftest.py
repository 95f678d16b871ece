"""A module with jobs that note when they ran."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ebok_core import Daily, Every, Job, Module, hookimpl
from ebok_core.errors import EbokError


class Working:
    """The module `ebok_work`: `ran` gathers the keys of jobs that ran, `during` is called inside a run."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.during: Callable[[str], Any] = lambda key: None
        self.jobs = [
            Job(key="work.often", title="Often", run=self._run("often"), schedule=Every(interval=timedelta(minutes=5))),
            Job(key="work.nightly", title="Nightly", run=self._run("nightly"), schedule=Daily(hour=4)),
        ]

    def _run(self, key: str) -> Callable[[Any], str]:
        def run(runtime: Any) -> str:
            self.ran.append(key)
            answer = self.during(key)
            if isinstance(answer, Exception):
                raise answer
            return f"{key}: gotowe"

        return run

    @hookimpl
    def ebok_module(self):
        return Module(title="Work")

    @hookimpl
    def ebok_jobs(self):
        return self.jobs


@pytest.fixture
def work() -> Working:
    return Working()


@pytest.fixture
def modules(work: Working) -> list[tuple[str, Any]]:
    return [("ebok_work", work)]


@pytest.fixture
def failing() -> Exception:
    return EbokError("TYTAN nie odpowiada")
