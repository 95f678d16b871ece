"""The panel's blueprints, one for each right that the zone's guard asks for."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("core", __name__)
"""Everybody who may enter the panel."""
customers = Blueprint("customers", __name__)
previews = Blueprint("previews", __name__)
copies = Blueprint("copies", __name__)
