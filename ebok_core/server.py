"""`ebok serve`: the portal behind gunicorn. Numbers come from the deployment settings, nothing is guessed."""

from __future__ import annotations

import gc
import socket
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from . import pdf
from .app import create_app_of
from .errors import ConfigurationError
from .runtime import Runtime


class Server(BaseApplication):
    """gunicorn with our settings; the application is built before the workers are, who share what does not change."""

    def __init__(self, runtime: Runtime) -> None:
        self.settings = runtime.settings
        self.application = create_app_of(runtime)
        super().__init__()

    def load_config(self) -> None:
        """Threads for waiting on the database; no control socket, no version banner, a graceful stop of 30 s (R41)."""
        options: dict[str, Any] = {
            "bind": f"{self.settings.host}:{self.settings.port}",
            "workers": self.settings.workers,
            "threads": self.settings.threads,
            "worker_class": "gthread",
            "timeout": 60,
            "graceful_timeout": 30,
            "keepalive": 5,
            "limit_request_line": 8190,
            "limit_request_fields": 100,
            "max_requests": 20_000,
            "max_requests_jitter": 2_000,
            "control_socket_disable": True,
            "accesslog": None,
            "loglevel": "warning",
            "proc_name": "ebok",
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application of a worker; its connections are its own, `serve` has closed those of before the fork."""
        return self.application


def serve(runtime: Runtime) -> None:
    """Serve until a signal. Raises `ConfigurationError` when the port is taken."""
    check_port(runtime.settings.host, runtime.settings.port, "EBOK_PORT")
    server = Server(runtime)
    pdf.warm_up()
    runtime.database.dispose()
    # What is loaded now stays shared between the workers: the collector would write into each of its pages.
    gc.collect()
    gc.freeze()
    server.run()


def check_port(host: str, port: int, variable: str) -> None:
    """Raise `ConfigurationError` with a plain sentence when something listens there already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                f"The address {host}:{port} is in use or not allowed ({error.strerror}): stop what listens there, "
                f"or choose another port with {variable}"
            ) from error
