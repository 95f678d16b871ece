"""The blueprint that the pages hang on; its templates are the module's."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("odczyt", "ebok_odczyt", template_folder="templates", url_prefix="/odczyty")
