"""The panel's pages: start, work, search, customers, previews, refreshes, configuration, modules, help."""

from . import blueprint as mounted
from . import config, copies, customers, finder, helping, home, modules, previews

__all__ = ["config", "copies", "customers", "finder", "helping", "home", "modules", "mounted", "previews"]
