"""The panel's pages of e-Faktura, and how the module stands."""

from . import notices, records, values
from .blueprint import blueprint
from .menu import MENU
from .state import ACTIONS, HEALTH, config_status
from .work import work_items

__all__ = [
    "ACTIONS",
    "HEALTH",
    "MENU",
    "blueprint",
    "config_status",
    "notices",
    "records",
    "values",
    "work_items",
]
