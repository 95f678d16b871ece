"""The customer's pages of e-Odczyt: give states, their confirmation, the history, taking back, names of groups."""

from . import groups, history, submit
from .blueprint import blueprint

__all__ = ["blueprint", "groups", "history", "submit"]
