"""The leaflet's order of the panel's menu (L151–L163): the words are their rooms' own, the order is this one table.

Rooms that stand below the admin shell take their numbers from here: `order=LEAFLET["core.admin_logs"]`. What is not in
the leaflet (a module's entry, the work list) has an order from 10 up in Serwis and Start, and over 50 in Konfiguracja,
so that it stands after the leaflet's own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LEAFLET: Mapping[str, int] = MappingProxyType(
    {
        # Serwis
        "core.admin_reset": 1,
        "core.admin_password": 2,
        "core.admin_delete": 3,
        "core.admin_refresh": 4,
        # Start
        "core.admin_home": 1,
        "core.admin_add_user": 2,
        "core.admin_add_group": 3,
        "core.admin_preview": 4,
        "core.admin_logs": 5,
        "core.admin_activities": 6,
        "core.admin_processes": 7,
        # Konfiguracja: keys of configuration pages or of menu entries
        "core.tytan": 10,
        "platnosci.access": 20,
        "core.epuap": 30,
        "core.contact": 40,
        "core.privacy_policy": 50,
    }
)
