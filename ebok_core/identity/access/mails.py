"""The mails of access: invitations, what became of them, what was given or taken, and when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock, i18n
from ebok_core.db import uuid7
from ebok_core.i18n import lazy_gettext as _
from ebok_core.identity.models import Account
from ebok_core.notifications import letters
from ebok_core.notifications.letters import Letter

INVITED = "core.account_invited"
OFFER, ANSWERED, ENDED, RENEWED, ENDS = (
    "core.access_offer",
    "core.access_answered",
    "core.access_ended",
    "core.access_renewed",
    "core.access_ends",
)
JOINED, NOT_JOINED, JOINED_BY = "core.customer_joined", "core.customer_not_joined", "core.customer_joined_by"
GIVEN, TAKEN, STATUS = "core.access_given", "core.access_taken", "core.account_status"
OFFER_PATH, PASSWORD_PATH = "/zaproszenie/", "/haslo/"  # noqa: S105 - addresses
ACCOUNT_PATH, CUSTOMERS_PATH, GIVEN_PATH = "/konto", "/konto/klienci", "/konto/dostepy"

_ONCE = _("The link works once, until %(until)s.")
_NOT_YOURS = _("You don't know what this is about? Then there is nothing to do.")
LETTERS: Mapping[str, Letter] = {
    INVITED: Letter(
        title=_("Invitation to an account that the office made"),
        subject=_("Your account in our portal is ready"),
        lead=_("Our office made an account for you (login: %(login)s). Open the link and set a password for it."),
        more=(
            _ONCE,
            _("Too late? On the sign-in page choose: I don't remember the password."),
            _("You did not ask for it? Call us. Without this link nobody gets in."),
        ),
        action=_("Set the password"),
    ),
    OFFER: Letter(
        title=_("Invitation to act for a customer"),
        subject=_("You are invited to act for the customer %(code)s"),
        lead=_("%(giver)s gives you access to the customer %(name)s (code %(code)s) in our portal."),
        more=(_("What you may do: %(role)s."), _("The access lasts until %(last_day)s."), _ONCE, _NOT_YOURS),
        action=_("See the invitation"),
    ),
    ANSWERED: Letter(
        title=_("An invitation was answered"),
        subject=_("Your invitation was answered"),
        lead=_("%(person)s: %(answer)s (customer %(code)s)."),
        more=(_("You can take the access back at any time."),),
        action=_("See who has access"),
    ),
    ENDED: Letter(
        title=_("An access to a customer ended"),
        subject=_("The access to the customer %(code)s has ended"),
        lead=_("The access of %(person)s to the customer %(code)s has ended."),
        more=(_("Who ended it: %(who)s."),),
    ),
    RENEWED: Letter(
        title=_("An access to a customer was prolonged"),
        subject=_("Your access to the customer %(code)s was prolonged"),
        lead=_("%(giver)s prolonged your access to the customer %(code)s. It lasts until %(last_day)s."),
    ),
    ENDS: Letter(
        title=_("An access to a customer ends soon"),
        subject=_("The access to the customer %(code)s ends on %(last_day)s"),
        lead=_("The access of %(person)s to the customer %(code)s ends by itself on %(last_day)s."),
        more=(
            _("Is it still needed? The customer's owner or our office can prolong it. If not, there is nothing to do."),
        ),
    ),
    JOINED: Letter(
        title=_("A customer was added to an account"),
        subject=_("You see one customer more"),
        lead=_("The data from the bill fit. The customer %(code)s is in your account now."),
        more=(_("Was it not you? Change the password and call us."),),
        action=_("See your customers"),
    ),
    NOT_JOINED: Letter(
        title=_("A customer was not added to an account"),
        subject=_("The customer was not added to your account"),
        lead=_("You wanted to add the customer %(code)s to your account. %(why)s"),
        more=(_("It still does not work? Call us with the bill in hand, and we will help at once."),),
        action=_("Try once more"),
    ),
    JOINED_BY: Letter(
        title=_("A customer was added to somebody's account (to the address that TYTAN knows)"),
        subject=_("Your customer was added to an account in our portal"),
        lead=_("On %(at)s somebody added the customer %(code)s to an account, with a bill in hand."),
        more=(_("Was it you or somebody from your home? Then there is nothing to do. If not: call us at once."),),
    ),
    GIVEN: Letter(
        title=_("The office gave an access to a customer"),
        subject=_("You can act for the customer %(code)s"),
        lead=_("Our office added the customer %(code)s to your account."),
        more=(_("What you may do: %(role)s."), _("The access lasts: %(period)s.")),
        action=_("See your customers"),
    ),
    TAKEN: Letter(
        title=_("The office took an access to a customer back"),
        subject=_("You don't act for the customer %(code)s any more"),
        lead=_("Our office took the customer %(code)s from your account. The reason: %(reason)s"),
        more=(_("Something does not fit? Write to us or call."),),
    ),
    STATUS: Letter(
        title=_("The status of an account was changed"),
        subject=_("The status of your account is: %(status)s"),
        lead=_("Our office changed the status of your account. Now it is: %(status)s."),
        more=(_("What it means: %(means)s"), _("The reason: %(reason)s")),
        action=_("My account"),
    ),
}
TEMPLATES = letters.templates(LETTERS)
# What a role lets one do, in words for both sides.
ROLES: Mapping[str, Any] = {
    "owner": _("everything, like the customer"),
    "manager": _("look, pay, give readings and send applications"),
    "payer": _("see and pay bills"),
    "observer": _("only look"),
}
_A = Account.__table__
_PERSON = sa.select(_A.c.id, _A.c.display_name, _A.c.login, _A.c.email, _A.c.locale).where(
    _A.c.id == sa.bindparam("id")
)


def person(session: Session, account_id: str) -> Any:
    """An account's `id`, `display_name`, `login`, `email` and `locale`; None where it is gone."""
    return session.execute(_PERSON, {"id": account_id}).first()


def tell(
    session: Session,
    key: str,
    to: Any,
    subject: tuple[str, str],
    *,
    email: str | None = None,
    path: str = "",
    **places: Any,
) -> None:
    """Write a letter to a person (`person(…)`, None for a stranger) or to `email`; `subject` is its type and id.

    Each call is a letter of its own: the caller's unit of work is what happens once.
    A role among the places is told in words, a date as `24 listopada 2026`.
    """
    locale = to.locale if to is not None else i18n.DEFAULT_LOCALE
    with i18n.use_locale(locale):
        if "role" in places:
            places["role"] = str(ROLES[places["role"]])
        if "last_day" in places:
            places["last_day"] = i18n.in_words(places["last_day"])
    letters.send(
        LETTERS,
        session,
        key,
        email or (to.email if to is not None else None),
        subject=(subject[0], f"{subject[1]}.{uuid7()[-8:]}", int(clock.now_utc().timestamp())),
        locale=locale,
        path=path,
        **places,
    )


def about(delegation_id: str) -> tuple[str, str]:
    """What a letter of a delegation is about."""
    return ("core.delegation", delegation_id)
