"""No test reaches the network: sockets connect to this machine only."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock


class NetworkForbidden(RuntimeError):
    """A test tried to reach another machine."""


@contextmanager
def forbidden() -> Iterator[None]:
    """Let Python's sockets connect, send and resolve on loopback and Unix sockets only; anything else raises."""
    connect, connect_ex, sendto = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto
    getaddrinfo = socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _refuse(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _refuse(self, address)
        return connect_ex(self, address)

    def guarded_sendto(self: socket.socket, data: Any, *rest: Any) -> int:
        _refuse(self, rest[-1])
        return sendto(self, data, *rest)

    def guarded_getaddrinfo(host: Any, *rest: Any, **options: Any) -> Any:
        if host is not None and not is_here(host):
            raise NetworkForbidden(f"a test looked up {host!r}: tests know this machine only")
        return getaddrinfo(host, *rest, **options)

    with (
        mock.patch.object(socket.socket, "connect", guarded_connect),
        mock.patch.object(socket.socket, "connect_ex", guarded_connect_ex),
        mock.patch.object(socket.socket, "sendto", guarded_sendto),
        mock.patch.object(socket, "getaddrinfo", guarded_getaddrinfo),
    ):
        yield


def is_here(host: str | bytes) -> bool:
    """Tell whether a host is this machine: a loopback address, the wildcard address or `localhost`."""
    name = host.decode() if isinstance(host, bytes) else host
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name in ("localhost", "", socket.gethostname())
    return address.is_loopback or address.is_unspecified


def _refuse(sock: socket.socket, address: Any) -> None:
    if sock.family in (socket.AF_INET, socket.AF_INET6) and not is_here(address[0]):
        raise NetworkForbidden(f"a test connected to {address[0]!r}: tests know this machine only")
