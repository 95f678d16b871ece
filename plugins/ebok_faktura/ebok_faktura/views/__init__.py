"""The customer's pages of e-Faktura: the lists, a document, its easy version, statements of amounts."""

from . import check, consent, document, listing, pdf, values
from .blueprint import blueprint
from .menu import MENU
from .receipts import public

__all__ = ["MENU", "blueprint", "check", "consent", "document", "listing", "pdf", "public", "values"]
