"""The mails of registration and of a new password: what happened, what to do next, one button at the most."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from ebok_core.contracts.notifications import NotificationTemplate
from ebok_core.i18n import lazy_gettext as _
from ebok_core.notifications import letters
from ebok_core.notifications.letters import Letter

LINK, NO_MATCH, KNOWN, EMAIL_TAKEN = (
    "core.registration_link",
    "core.registration_no_match",
    "core.registration_known",
    "core.registration_email_taken",
)
DONE, TRIES, WITHDRAWN, RECOVERY, CARRIED = (
    "core.registration_done",
    "core.registration_tries",
    "core.registration_withdrawn",
    "core.recovery",
    "core.account_carried",
)


_NOT_YOU = _("Was it not you? Then there is nothing to do: without this link nobody gets in.")
LETTERS: Mapping[str, Letter] = {
    LINK: Letter(
        title=_("Link that ends a registration"),
        subject=_("Set a password and your account works"),
        lead=_("The data from the bill fit. One step is left: open the link and set a password."),
        more=(_("The link works once, until %(until)s."), _NOT_YOU),
        action=_("Set the password"),
    ),
    NO_MATCH: Letter(
        title=_("Data of a registration do not fit"),
        subject=_("The data for your account do not fit"),
        lead=_("You want to make an account, but the data that you gave do not fit our bills."),
        more=(
            _("Check the customer code, the number of one of the last three bills and its gross amount."),
            _("The amount is the whole sum of the bill, even if a part of it is paid. A correction does not count."),
            _("It still does not work? Call us with the bill in hand, and we will help at once."),
            _("Was it not you? Then somebody typed your address by mistake, and there is nothing to do."),
        ),
        action=_("Try once more"),
    ),
    KNOWN: Letter(
        title=_("The customer has an account already"),
        subject=_("This customer has an account already"),
        lead=_("The data from the bill fit, but this customer has an account in our portal already."),
        more=(
            _("Is it yours, and you don't remember the password? Ask for a new one."),
            _("Does somebody from your home have it? Call us, and we will tell you how to get access too."),
        ),
        action=_("I don't remember the password"),
    ),
    EMAIL_TAKEN: Letter(
        title=_("The address has an account already"),
        subject=_("You have an account already"),
        lead=_("This e-mail address has an account in our portal already. Sign in with it."),
        more=(
            _("You don't remember the password? On the sign-in page choose: I don't remember the password."),
            _("You want this customer in the same account? Call us, and we will add it."),
        ),
        action=_("Sign in"),
    ),
    DONE: Letter(
        title=_("An account was made (to the address that TYTAN knows)"),
        subject=_("An account was made for you in our portal"),
        lead=_("On %(at)s somebody made an account for the customer %(code)s, with a bill in hand."),
        more=(_("Was it you or somebody from your home? Then there is nothing to do. If not: call us at once."),),
    ),
    TRIES: Letter(
        title=_("Many wrong tries to make an account"),
        subject=_("Somebody tries to make an account with your customer code"),
        lead=_("Within a day somebody gave wrong data with your customer code %(code)s five times. Nobody got in."),
        more=(
            _("For a day no account can be made with this code."),
            _("Was it you? Try again tomorrow, or call us. If not, there is nothing to do."),
        ),
    ),
    WITHDRAWN: Letter(
        title=_("Access to a customer was withdrawn"),
        subject=_("We had to withdraw your access to a customer"),
        lead=_("You don't see the data of the customer %(code)s in the portal any more."),
        more=(
            _("The reason: %(reason)s"),
            _("Our office knows of it. Call us or write, and we will clear it up."),
        ),
    ),
    RECOVERY: Letter(
        title=_("Link to a new password"),
        subject=_("Set a new password"),
        lead=_("You asked for a new password to your account (login: %(login)s). Open the link and set it."),
        more=(_("The link works once, until %(until)s."), _NOT_YOU),
        action=_("Set a new password"),
    ),
    CARRIED: Letter(
        title=_("First password of an account carried over"),
        subject=_("Your account in our new portal is ready"),
        lead=_("We have a new portal. Your account is there already (login: %(login)s), only set a password for it."),
        more=(
            _("The link works once, until %(until)s."),
            _("Too late? On the sign-in page choose: I don't remember the password."),
        ),
        action=_("Set the password"),
    ),
}


# `send(session, key, recipient, subject=…, locale=…, path=…, **places)`: see `notifications.letters.send`.
send = partial(letters.send, LETTERS)


def templates(bounced: Callable[..., None]) -> tuple[NotificationTemplate, ...]:
    """The letters as notifications; `bounced(session, result)` hears what became of those of a registration."""
    return letters.templates(LETTERS, dict.fromkeys((LINK, NO_MATCH, KNOWN, EMAIL_TAKEN), bounced))
