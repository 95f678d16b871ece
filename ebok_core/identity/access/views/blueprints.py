"""The blueprints that the pages hang on: the customer's, the invited one's, and three of the panel by their rights."""

from __future__ import annotations

from flask import Blueprint

customer = Blueprint("access", __name__)
invited = Blueprint("access", __name__)
panel = Blueprint("people", __name__)
groups_panel = Blueprint("groups", __name__)
rights_panel = Blueprint("rights", __name__)
