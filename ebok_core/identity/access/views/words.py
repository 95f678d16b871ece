"""Words of access that several pages share: roles, sources, states, kinds of groups."""

from __future__ import annotations

from typing import Any

from ebok_core.i18n import lazy_gettext as _
from ebok_core.i18n import lazy_pgettext
from ebok_core.identity.access import mails, rules
from ebok_core.web import Word

ROLES: dict[str, Any] = {
    "owner": lazy_pgettext("access", "owner"),
    "manager": lazy_pgettext("access", "manager"),
    "payer": lazy_pgettext("access", "payer"),
    "observer": lazy_pgettext("access", "observer"),
}
SOURCES: dict[str, Any] = {
    rules.ADDED: _("data from a bill"),
    "import": _("carried over from the older portal"),
    "admin": _("added by our office"),
    rules.DELEGATION: _("given by the owner"),
    "wk": _("from login.gov.pl"),
    rules.ACCESS_GROUP: _("shared by a group"),
}
STATES: dict[str, tuple[str, Any]] = {
    rules.OFFERED: ("wait", _("waits for an answer")),
    rules.ACCEPTED: ("ok", _("in force")),
    rules.DECLINED: ("", _("declined")),
    rules.REVOKED: ("", _("taken back")),
    rules.LEFT: ("", _("given up")),
    rules.LAPSED: ("", _("lapsed")),
}
STATUSES: dict[str, tuple[str, Any, Any]] = {
    "normal": ("ok", lazy_pgettext("account status", "normal"), _("everything works")),
    "suspended": ("wait", lazy_pgettext("account status", "suspended"), _("may look, may not send or change anything")),
    "blocked": ("bad", lazy_pgettext("account status", "blocked"), _("can't sign in")),
}
STAFF_ROLES: dict[str, Any] = {
    "clerk": _("clerk"),
    "observer": lazy_pgettext("staff", "read-only clerk"),
    "accountant": _("accountant (read-only)"),
    "dispatcher": _("dispatcher"),
    "fitter": _("fitter"),
    "editor": _("editor"),
    "admin": _("administrator"),
}
GROUPS: dict[str, tuple[Any, Any]] = {
    rules.ACCESS_GROUP: (
        _("group of access"),
        _("Its people act for all customers of the group, in one role."),
    ),
    rules.RIGHTS_GROUP: (
        _("group of rights"),
        _("Its people are staff and have the ticked rights beside their roles."),
    ),
    rules.RECIPIENTS_GROUP: (
        _("group of recipients"),
        _("Customers who are written to together. It gives nobody access."),
    ),
}


def role(key: str | None) -> str:
    """The name of a role towards a customer."""
    return str(ROLES.get(key or "", key or ""))


def role_with_meaning(key: str) -> str:
    """The name of a role and what it lets one do."""
    return f"{ROLES[key]}: {mails.ROLES[key]}"


def source(key: str) -> str:
    """Where an access comes from."""
    return str(SOURCES.get(key, key))


def state(key: str) -> Word:
    """Where a delegation stands."""
    kind, text = STATES[key]
    return Word(kind, str(text))


def status(key: str) -> Word:
    """The status of an account."""
    kind, text, _means = STATUSES[key]
    return Word(kind, str(text))
