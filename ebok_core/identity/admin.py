"""The staff's own account in the panel: the customers' pages again, under /panel (L159)."""

from __future__ import annotations

from flask import Blueprint

from . import views

blueprint = Blueprint("identity", __name__)

blueprint.add_url_rule("/konto", view_func=views.account)
blueprint.add_url_rule("/konto/haslo", view_func=views.password, methods=["GET", "POST"])
blueprint.add_url_rule("/konto/sesje", view_func=views.sessions)
blueprint.add_url_rule("/konto/sesje", view_func=views.end_sessions, methods=["POST"])
blueprint.add_url_rule("/konto/logowania", view_func=views.logins)
