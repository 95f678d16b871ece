"""The core's own declarations, made with the same hooks that modules get: every room says its part in `declared.py`."""

from __future__ import annotations

from typing import Any

from . import Module, hookimpl
from .admin import declared as admin
from .audit import declared as audit
from .balance import declared as balance
from .contact import declared as contact
from .customer import declared as customer
from .files import declared as files
from .i18n import lazy_gettext as _
from .identity import declared as identity
from .jobs import declared as jobs
from .notifications import declared as notifications
from .outbox import declared as outbox
from .privacy import declared as privacy
from .public import declared as public
from .tytan import declared as tytan
from .web import declared as web

_PAGES = (web, identity, public, contact, customer, balance, admin, privacy)
ROOMS = (*_PAGES, outbox, jobs, notifications, audit, tytan, files)


def _all(name: str) -> list[Any]:
    """What the rooms declare under a name; a room that has nothing to say leaves the name out."""
    return [item for room in ROOMS for item in getattr(room, name, ())]


def _ask(name: str, *arguments: Any) -> list[Any]:
    """What the rooms answer when a function of theirs is called."""
    return [item for room in ROOMS if hasattr(room, name) for item in getattr(room, name)(*arguments)]


@hookimpl
def ebok_module():
    return Module(title=_("Core"), description=_("Sign-in, navigation, access to TYTAN SQL, the panel"), order=0)


@hookimpl
def ebok_blueprints():
    return _all("MOUNTS")


@hookimpl
def ebok_permissions():
    return _all("PERMISSIONS")


@hookimpl
def ebok_menu_entries():
    return _all("MENU")


@hookimpl
def ebok_dashboard_cards():
    return _all("CARDS")


@hookimpl
def ebok_public_entries():
    return _all("PUBLIC_ENTRIES")


@hookimpl
def ebok_slot_fragments():
    return _all("SLOTS")


@hookimpl
def ebok_help_pages():
    return _all("HELP")


@hookimpl
def ebok_config_pages():
    return _all("CONFIG_PAGES")


@hookimpl
def ebok_config_status(session):
    return _ask("config_status", session)


@hookimpl
def ebok_work_items(viewer, session):
    return _ask("work_items", viewer, session)


@hookimpl
def ebok_audit_actions():
    return _all("ACTIONS")


@hookimpl
def ebok_health_checks():
    return _all("HEALTH_CHECKS")


@hookimpl
def ebok_copy_tables():
    return _all("COPY_TABLES")


@hookimpl
def ebok_outbox_messages():
    return _all("MESSAGES")


@hookimpl
def ebok_outbox_targets(settings):
    return _ask("targets", settings)


@hookimpl(trylast=True)
def ebok_tytan_source(settings):
    return tytan.source_of(settings)


@hookimpl
def ebok_jobs():
    return _all("JOBS")


@hookimpl
def ebok_notification_templates():
    return _all("TEMPLATES")


@hookimpl(trylast=True)
def ebok_authenticate(identifier, secret, session, kind):
    return identity.recognise(session, identifier, secret, kind)


@hookimpl
def ebok_login_methods():
    return _all("LOGIN_METHODS")


@hookimpl
def ebok_registration_verifiers():
    return _all("VERIFIERS")


@hookimpl
def ebok_personal_data():
    return _all("PERSONAL_DATA")
