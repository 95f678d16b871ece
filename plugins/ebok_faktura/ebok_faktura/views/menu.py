"""The module's entries of the customer's menu, under Płatności (L91)."""

from __future__ import annotations

from ebok_core import MenuEntry, Zone
from ebok_core.i18n import lazy_gettext as _

from ..permissions import CONSENT, SEE

_OWN = tuple(
    MenuEntry(
        key=f"faktura.{key}",
        zone=Zone.CUSTOMER,
        label=label,
        endpoint=f"customer.faktura.{endpoint}",
        permission=CONSENT if endpoint == "consent" else SEE,
        parent="core.payments",
        order=order,
    )
    for key, label, endpoint, order in (
        ("invoices", _("All invoices"), "index", 20),
        ("unpaid", _("Unpaid documents"), "unpaid", 22),
        ("consent", _("E-invoices and paper"), "consent", 50),
        ("values", _("Statements of amounts"), "values", 60),
    )
)
CHECK = MenuEntry(
    key="faktura.check",
    zone=Zone.PUBLIC,
    label=_("Check a document"),
    endpoint="public.faktura.check",
    order=800,
)
MENU = (*_OWN, CHECK)
