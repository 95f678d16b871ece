"""FA(3), the form of an invoice in KSeF: a parsed file becomes a document. Standard library only."""

from .node import Node
from .read import read

__all__ = ["Node", "read"]
