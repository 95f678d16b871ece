"""An `InvoiceDocument` as a tagged PDF, whole: what the document says and nothing has a place for is a section too."""

from .document import draw

__all__ = ["draw"]
