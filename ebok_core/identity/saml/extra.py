"""Whether the optional packages are here: `ebok-core[epuap]` brings them, a utility without login.gov.pl needs none."""

from __future__ import annotations

from importlib.util import find_spec

PACKAGES = ("signxml", "lxml", "httpx2")
INSTALL = "ebok-core[epuap]"


def missing() -> tuple[str, ...]:
    """The packages that are not installed on this machine."""
    return tuple(name for name in PACKAGES if find_spec(name) is None)
