"""The blueprint that the panel's pages hang on; its templates are the module's."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("faktura", "ebok_faktura", template_folder="templates", url_prefix="/faktury")
