"""The choice of the customer in the header (P06): what it offers, and where it leads back to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request

from ebok_core.identity.access.rules import MOST_IN_HEADER

from . import glance

if TYPE_CHECKING:
    from .frame import Frame


def choices(frame: Frame) -> dict[str, Any]:
    """What the template of the choice needs: pairs of code and name, none of them for many; the acting one; the way on.

    The page stays where it is when it belongs to no one thing; from a thing of one customer the way leads to its list.
    """
    viewer = frame.viewer
    codes = viewer.customer_codes if viewer else ()
    known = glance.names()
    return {
        "customers": [(code, known.get(code, "")) for code in codes] if len(codes) <= MOST_IN_HEADER else [],
        "acting": viewer.customer_code if viewer else None,
        "onward": onward(frame),
    }


def onward(frame: Frame) -> str:
    """Where the change of the customer comes back to."""
    rule = request.url_rule
    if request.method == "GET" and rule is not None and not rule.arguments:
        return request.path
    return next((item.href for item in reversed(frame.path) if item.href), None) or frame.home or "/"
