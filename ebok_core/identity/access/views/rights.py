"""Roles and their rights as the installed portal has them (P75): who may do what, for customers and for staff."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask.typing import ResponseReturnValue
from markupsafe import Markup

from ebok_core.contracts.identity import Permission
from ebok_core.i18n import gettext as _
from ebok_core.identity import rules as identity_rules
from ebok_core.web import Column, render, rows_table, runtime

from . import words
from .blueprints import rights_panel

MENU = "core.admin_rights"


@rights_panel.get("/uprawnienia")
def index() -> ResponseReturnValue:
    """Two tables: rights towards a customer, rights of staff. Made of what the modules declare, not written by hand."""
    found = sorted(runtime().portal.permissions.values(), key=lambda p: p.key)
    customer = {words_key: identity_rules.CUSTOMER_ROLES[words_key] for words_key in words.ROLES}
    staff = {role: role for role in words.STAFF_ROLES}
    return render(
        "ebok_core/identity/access/rights.html",
        title=_("Roles and rights"),
        menu=MENU,
        customers=_table(
            _("Rights towards a customer"),
            [p for p in found if not identity_rules.is_for_staff(p)],
            customer,
            words.ROLES,
        ),
        staff=_table(
            _("Rights of staff"), [p for p in found if identity_rules.is_for_staff(p)], staff, words.STAFF_ROLES
        ),
    )


def _table(caption: str, permissions: list[Permission], roles: dict[str, str], names: dict[str, Any]) -> Markup:
    rows = [
        SimpleNamespace(title=str(p.title), **{f"has_{name}": key in p.roles for name, key in roles.items()})
        for p in permissions
    ]
    columns = [Column("title", _("Right"), head=True)]
    columns += [Column(f"has_{name}", str(names[name]), "flag") for name in roles]
    return rows_table(caption, columns, rows)
