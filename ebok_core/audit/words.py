"""An event in words: who did it, what it is called, what was before and after, under the names that people know."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ebok_core.contracts.admin import AuditAction
from ebok_core.i18n import gettext as _
from ebok_core.i18n import instant_iso, lazy_gettext, lazy_pgettext

if TYPE_CHECKING:
    from ebok_core.portal import Portal

SETTINGS, PAGE = "core.settings.changed", "core.settings"
STRANGER = "stranger"
_HASHED = "hmac:"
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}(?:\+00:00|Z)\Z")
_LONGEST = 300
_NOTHING: tuple[Any, ...] = (None, "", [], {})

# What several rooms call by one name; an action's own labels come first.
NAMES: Mapping[str, Any] = {
    "customer": lazy_gettext("Customer code"),
    "customers": lazy_gettext("Customer codes"),
    "email": lazy_gettext("E-mail address"),
    "kind": lazy_gettext("Kind of account"),
    "login": lazy_gettext("Login"),
    "purpose": lazy_gettext("Purpose"),
    "reason": lazy_gettext("Reason"),
    "roles": lazy_gettext("Roles"),
    "source": lazy_gettext("Source"),
    "state": lazy_gettext("State"),
    "status": lazy_gettext("Status"),
    "until": lazy_gettext("Valid until"),
    "value": lazy_gettext("Value"),
}
# Values that stand in the trail as the portal's own words.
VALUES: Mapping[str, Any] = {
    "active": lazy_pgettext("audit", "active"),
    "admin": lazy_pgettext("audit", "administrator"),
    "applied": lazy_pgettext("audit", "taken over by TYTAN"),
    "blocked": lazy_pgettext("audit", "blocked"),
    "cancelled": lazy_pgettext("audit", "given up"),
    "clerk": lazy_pgettext("audit", "clerk"),
    "customer": lazy_pgettext("audit", "customer"),
    "dead": lazy_pgettext("audit", "not delivered"),
    "delivered": lazy_pgettext("audit", "delivered"),
    "parked": lazy_pgettext("audit", "waits for another message"),
    "pending": lazy_pgettext("audit", "waiting"),
    "rejected": lazy_pgettext("audit", "rejected"),
    "set_password": lazy_pgettext("audit", "setting a password"),
    "staff": lazy_pgettext("audit", "staff"),
    "uncertain": lazy_pgettext("audit", "uncertain"),
}
OBJECTS: Mapping[str, Any] = {
    "account": lazy_gettext("Account"),
    "audit": lazy_gettext("Audit trail"),
    "case": lazy_pgettext("audit", "Case"),
    "consent": lazy_pgettext("audit", "Consent"),
    "core.delegation": lazy_pgettext("audit", "Delegation"),
    "core.group": lazy_pgettext("audit", "Group"),
    "core.public_block": lazy_pgettext("audit", "Block of the public zone"),
    "core.registration": lazy_gettext("Registration"),
    "core.settings": lazy_gettext("Settings"),
    "customer": lazy_pgettext("audit", "Customer"),
    "document": lazy_pgettext("audit", "Document"),
    "job": lazy_gettext("Background process"),
    "outbox_message": lazy_gettext("Message to TYTAN or to people"),
    "session": lazy_gettext("Session"),
}
PARTS: Mapping[str, Any] = {
    "activities": lazy_gettext("Administrators' activities"),
    "logs": lazy_gettext("Administrators' log"),
}


class Change(NamedTuple):
    """One name with its value before and after, in words; an empty text where there was none."""

    label: str
    before: str
    after: str

    def line(self) -> str:
        """`Telefon: 61 111 → 62 222`."""
        if not self.before:
            return f"{self.label}: {self.after}"
        return f"{self.label}: {self.before} → {self.after or _('none')}"


def actions_of(portal: Portal) -> dict[str, AuditAction]:
    """What the rooms and the modules say they record, by key."""
    return {action.key: action for action in portal.of("ebok_audit_actions")}


def title_of(actions: Mapping[str, AuditAction], key: str) -> str:
    """What an action is called; its key where the module that recorded it is gone."""
    found = actions.get(key)
    return str(found.title) if found else key


def labels_of(portal: Portal, actions: Mapping[str, AuditAction], key: str, object_id: str) -> Mapping[str, Any]:
    """The words of an action's names: its own, and of a configuration page those of its fields."""
    found = actions.get(key)
    labels: dict[str, Any] = dict(found.labels) if found else {}
    if key == SETTINGS:
        page = next((p for p in portal.of("ebok_config_pages") if p.key == object_id), None)
        if page is not None:
            fields = page.schema().fields
            labels |= {name: field.metadata["label"] for name, field in fields.items() if "label" in field.metadata}
    return labels


def object_of(portal: Portal, object_type: str, object_id: str) -> str:
    """What the event is about: the title of a configuration page, else the kind and the number.

    A module's own kind is told by what was done with it, so the number alone is enough.
    """
    if object_type == PAGE:
        page = next((p for p in portal.of("ebok_config_pages") if p.key == object_id), None)
        if page is not None:
            return str(page.title)
    name = OBJECTS.get(object_type)
    if name is None:
        return object_id
    return f"{name}: {PARTS.get(object_id, object_id) if object_type == 'audit' else object_id}"


def changes(before: str | None, after: str | None, labels: Mapping[str, Any]) -> list[Change]:
    """The differences between two JSON texts, in the order of their names; personal values are never shown."""
    old, new = _values(before), _values(after)
    found = []
    for name in sorted({*old, *new}):
        was, is_now = old.get(name), new.get(name)
        label = str(labels.get(name) or NAMES.get(name) or name)
        if was in _NOTHING and is_now in _NOTHING:
            continue
        if _is_hashed(was) or _is_hashed(is_now):
            hidden = _("(personal data, not kept)")
            found.append(Change(label, hidden if was else "", hidden if is_now else ""))
        else:
            found.append(Change(label, said(was), said(is_now)))
    return found


def said(value: Any) -> str:
    """A value as a person reads it."""
    if value in _NOTHING:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(said(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {said(item)}" for name, item in value.items())
    text = str(value)
    if text in VALUES:
        return str(VALUES[text])
    if _INSTANT.match(text):
        return instant_iso(datetime.fromisoformat(text.replace("Z", "+00:00")))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def who(actor: str, name: str | None) -> str:
    """Who acted: a person's name, or in words who is none."""
    if name:
        return name
    if actor == "system":
        return _("the portal itself")
    return _("somebody not signed in") if actor == STRANGER else _("an account that is gone")


def _values(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_hashed(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(_HASHED)
