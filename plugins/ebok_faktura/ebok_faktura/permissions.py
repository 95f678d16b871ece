"""The rights that e-Faktura checks, and the ready-made roles that have them unless a utility says otherwise."""

from __future__ import annotations

from ebok_core import Permission
from ebok_core.i18n import lazy_gettext as _

SEE = Permission(
    key="faktura.see",
    title=_("See and fetch one's invoices"),
    roles=frozenset({"customer", "customer_manager", "customer_payer", "customer_observer"}),
)
# What an observer opens is no receipt by the customer.
CONFIRM = Permission(
    key="faktura.confirm",
    title=_("Confirm that a document was received"),
    roles=frozenset({"customer", "customer_manager", "customer_payer"}),
)
CONSENT = Permission(
    key="faktura.consent", title=_("Agree to e-invoices and withdraw the consent"), roles=frozenset({"customer"})
)
MANAGE = Permission(
    key="faktura.manage",
    title=_("See the invoices of customers and what became of them"),
    roles=frozenset({"clerk", "observer", "accountant", "admin"}),
)
HANDLE = Permission(
    key="faktura.handle",
    title=_("Clear up e-invoices that came back"),
    roles=frozenset({"clerk", "admin"}),
)

ALL = (SEE, CONFIRM, CONSENT, MANAGE, HANDLE)
