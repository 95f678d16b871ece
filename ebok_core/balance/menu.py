"""The menu "Płatności": there only while a module deals in money; modules hang their own pages under `PAYMENTS`."""

from __future__ import annotations

from ebok_core.contracts.web import MenuEntry, Zone
from ebok_core.i18n import lazy_gettext as _
from ebok_core.i18n import lazy_pgettext

PAYMENTS = MenuEntry(
    key="core.payments", zone=Zone.CUSTOMER, label=lazy_pgettext("menu", "Payments"), order=10, with_money=True
)
_UNDER_PAYMENTS = (
    ("core.balance", lazy_pgettext("customer", "Balance"), "customer.balance.show", 10),
    ("core.payments_list", _("Payments"), "customer.balance.payments", 200),
    ("core.statement", _("Statement of account"), "customer.balance.statement", 210),
)

ALL = (
    PAYMENTS,
    *(
        MenuEntry(
            key=key,
            zone=Zone.CUSTOMER,
            label=label,
            endpoint=endpoint,
            parent=PAYMENTS.key,
            order=order,
            with_money=True,
        )
        for key, label, endpoint, order in _UNDER_PAYMENTS
    ),
)
