"""Forms of the panel's pages of accounts."""

from __future__ import annotations

from marshmallow.fields import List

from ebok_core import clock
from ebok_core.i18n import lazy_gettext
from ebok_core.web import Choice, Email, FormSchema, NearDate, Text, password_field

from . import words

_NAME = {
    "required": True,
    "max": 150,
    "error_messages": {"required": lazy_gettext("Write the person's name")},
    "metadata": {"label": lazy_gettext("Name and surname, or the firm's name")},
}
_LOGIN_HINT = lazy_gettext("Leave it empty, and the e-mail address is the login. Without an address choose a login.")
_MAIL_HINT = lazy_gettext("An invitation goes there. It works for 72 hours.")


class CustomerUserSchema(FormSchema):
    """A customer's user: who, for which customers, in which role."""

    name = Text(**_NAME)
    email = Email(metadata={"label": lazy_gettext("E-mail address"), "hint": _MAIL_HINT})
    login = Text(max=150, metadata={"label": lazy_gettext("Login"), "hint": _LOGIN_HINT})
    codes = Text(
        required=True,
        max=50_000,
        multiline=True,
        error_messages={"required": lazy_gettext("Write at least one customer code")},
        metadata={
            "label": lazy_gettext("Customer codes"),
            "hint": lazy_gettext("One or more, such as 1-00096, each on a line of its own or with commas between them"),
        },
    )
    role = Choice(
        lambda: [(key, words.role_with_meaning(key)) for key in words.ROLES],
        required=True,
        metadata={"label": lazy_gettext("Role towards these customers")},
    )
    password = password_field()


class StaffUserSchema(FormSchema):
    """A member of staff with roles."""

    name = Text(**{**_NAME, "metadata": {"label": lazy_gettext("Name and surname")}})
    email = Email(metadata={"label": lazy_gettext("E-mail address"), "hint": _MAIL_HINT})
    login = Text(max=150, metadata={"label": lazy_gettext("Login"), "hint": _LOGIN_HINT})
    roles = List(
        Choice(tuple(words.STAFF_ROLES.items())),
        required=True,
        error_messages={"required": lazy_gettext("Choose at least one role")},
        metadata={"label": lazy_gettext("Roles")},
    )
    password = password_field()


class GiveSchema(FormSchema):
    """One more customer for an account."""

    code = Text(
        required=True,
        max=20,
        error_messages={"required": lazy_gettext("Write the customer code")},
        metadata={"label": lazy_gettext("Customer code")},
    )
    role = Choice(
        lambda: [(key, words.role_with_meaning(key)) for key in words.ROLES],
        required=True,
        metadata={"label": lazy_gettext("Role")},
    )
    points = Text(
        max=40_000,
        multiline=True,
        metadata={
            "label": lazy_gettext("Only these service points"),
            "hint": lazy_gettext("Codes of service points; empty means all of them"),
        },
    )
    valid_to = NearDate(
        earliest=clock.today,
        metadata={"label": lazy_gettext("Last day of the access"), "hint": lazy_gettext("Empty means without an end")},
    )
    give_password = password_field()


class TakeSchema(FormSchema):
    """Why a customer is taken from the account."""

    reason = Text(
        required=True,
        max=300,
        error_messages={"required": lazy_gettext("Write the reason: the person will read it")},
        metadata={"label": lazy_gettext("Reason")},
    )


class StatusSchema(FormSchema):
    """The status of an account, and why."""

    status = Choice(
        lambda: [(key, f"{text}: {means}") for key, (_k, text, means) in words.STATUSES.items()],
        required=True,
        metadata={"label": lazy_gettext("Status")},
    )
    reason = Text(
        required=True,
        max=300,
        error_messages={"required": lazy_gettext("Write the reason: the person will read it")},
        metadata={"label": lazy_gettext("Reason")},
    )
    status_password = password_field()


class RolesSchema(FormSchema):
    """The roles of a member of staff."""

    roles = List(
        Choice(tuple(words.STAFF_ROLES.items())),
        required=True,
        error_messages={"required": lazy_gettext("Choose at least one role")},
        metadata={"label": lazy_gettext("Roles")},
    )
    roles_password = password_field()
