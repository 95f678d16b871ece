"""Background jobs: schedules, runs as rows, the queue that only says where to look, the worker."""

from .worker import run_until_quiet, run_worker

__all__ = ["run_until_quiet", "run_worker"]
