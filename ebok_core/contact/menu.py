"""Kontakt stands near the end of the menus of strangers and customers (L94); cases and departments in the panel."""

from __future__ import annotations

from ebok_core.contracts.web import MenuEntry, Zone
from ebok_core.i18n import lazy_gettext as _

from .permissions import SEE, SET_UP, WRITE

ALL = (
    *(
        MenuEntry(
            key=f"core.{zone.value}_contact", zone=zone, label=_("Contact"), endpoint="public.contact.index", order=900
        )
        for zone in (Zone.PUBLIC, Zone.CUSTOMER)
    ),
    MenuEntry(
        key="core.my_cases",
        zone=Zone.CUSTOMER,
        label=_("My cases"),
        endpoint="customer.contact.own",
        permission=WRITE,
        parent="core.customer_contact",
        order=10,
    ),
    MenuEntry(
        key="core.admin_cases",
        zone=Zone.ADMIN,
        label=_("Cases"),
        endpoint="admin.contact.index",
        permission=SEE,
        parent="core.service",
        order=10,
    ),
    MenuEntry(
        key="core.admin_departments",
        zone=Zone.ADMIN,
        label=_("Departments and topics"),
        endpoint="admin.departments.index",
        permission=SET_UP,
        parent="core.configuration",
        order=53,
    ),
)
