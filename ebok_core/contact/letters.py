"""The mails of cases: what happened and where to look, never what was written (P56)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy.orm import Session

from ebok_core import i18n, runtime_settings
from ebok_core.i18n import dotted
from ebok_core.i18n import lazy_gettext as _
from ebok_core.notifications import letters
from ebok_core.notifications.letters import Letter

from .settings import ContactConfigSchema

RECEIVED, ANSWERED = "core.case_received", "core.case_answered"
ARRIVED, WRITTEN_IN = "core.case_arrived", "core.case_written_in"


LETTERS: Mapping[str, Letter] = {
    RECEIVED: Letter(
        title=_("We received a message from the contact form"),
        subject=_("We have your message, case %(number)s"),
        lead=_("Thank you for your message. We have registered it and will answer."),
        more=(
            _("Under this link you see where your case stands and our answer. You can write more, without an account."),
            _("Keep the link to yourself: who has it reads your case."),
        ),
        action=_("See the case"),
    ),
    ANSWERED: Letter(
        title=_("A case was answered"),
        subject=_("We have answered in case %(number)s"),
        lead=_("Our answer is waiting for you."),
        more=(_("For your safety we don't send its text by mail."),),
        action=_("Read the answer"),
    ),
    ARRIVED: Letter(
        title=_("A new case (to the department)"),
        subject=_("New case %(number)s"),
        lead=_("A new case has come to your department."),
        action=_("Open the case"),
    ),
    WRITTEN_IN: Letter(
        title=_("More was written in a case (to the department)"),
        subject=_("New message in case %(number)s"),
        lead=_("The person wrote more in a case of your department."),
        action=_("Open the case"),
    ),
}
TEMPLATES = letters.templates(LETTERS)


def send(
    session: Session,
    key: str,
    recipient: str | None,
    *,
    number: str,
    path: str,
    about: tuple[str, str],
    topic: str = "",
    due: date | None = None,
    locale: str = i18n.DEFAULT_LOCALE,
    customer_code: str | None = None,
) -> str | None:
    """Write one of the letters; `about` are type and id of what it tells of, so that it goes out once."""
    facts = [(_("Case number"), number)]
    facts += [(_("Topic"), topic)] if topic else []
    facts += [(_("Answer due by"), dotted(due))] if due else []
    return letters.send(
        LETTERS,
        session,
        key,
        recipient,
        subject=(*about, 1),
        locale=locale,
        path=path,
        facts=facts,
        customer_code=customer_code,
        number=number,
    )


def office_address(session: Session, own: str | None) -> str | None:
    """Where a department's notices go: its own address, or the office's."""
    return own or runtime_settings.get(session, ContactConfigSchema).email or None
