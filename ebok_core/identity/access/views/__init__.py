"""Pages of access: one's customers and who shares them, invitations; in the panel accounts, groups, rights."""

from . import customers, groups, invitations, people, rights, sharing  # noqa: F401 - they add addresses
from .blueprints import customer, groups_panel, invited, panel, rights_panel

__all__ = ["customer", "groups_panel", "invited", "panel", "rights_panel"]
