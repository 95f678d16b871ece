"""Forms of the second factor. A passkey's answer is a field that the page's script fills in."""

from __future__ import annotations

from ebok_core.i18n import lazy_gettext as _
from ebok_core.identity.factor import rules
from ebok_core.web import Choice, FormSchema, Secret, Text, password_field

_CODE = _("Code from the app, or a recovery code")


def _answer() -> Secret:
    return Secret(max=rules.MOST_ANSWER)


class StepSchema(FormSchema):
    """The second step of a sign-in: a code, or a passkey's answer."""

    code = Text(max=60, metadata={"label": _CODE, "autocomplete": "one-time-code", "asked": True})
    answer = _answer()
    dalej = Text(max=600)


class AnswerSchema(FormSchema):
    """A passkey's answer alone."""

    answer = _answer()
    dalej = Text(max=600)


class AppSchema(FormSchema):
    """The first code of a new app; `offer` is its sealed secret."""

    offer = Text(max=900)
    code = Text(
        required=True,
        max=60,
        error_messages={"required": _("Type the code that the app shows")},
        metadata={"label": _("Code that the app shows"), "hint": _("6 digits"), "autocomplete": "one-time-code"},
    )
    password = password_field()


class PasskeySchema(FormSchema):
    """A new passkey and its name."""

    name = Text(
        required=True,
        max=60,
        error_messages={"required": _("Give the passkey a name, such as: phone")},
        metadata={"label": _("Name of the passkey"), "hint": _("So that you know it again, such as: my phone")},
    )
    password = password_field()
    answer = _answer()


class RenameSchema(FormSchema):
    """Another name for a passkey."""

    key = Text(required=True, max=36)
    name = Text(
        required=True,
        max=60,
        error_messages={"required": _("Give the passkey a name, such as: phone")},
        metadata={"label": _("Name of the passkey")},
    )


class RemoveSchema(FormSchema):
    """Which factor goes."""

    which = Text(required=True, max=36)
    password = password_field()


class CodesSchema(FormSchema):
    """A new set of recovery codes."""

    password = password_field()


class FileSchema(FormSchema):
    """The codes that the page shows."""

    codes = Text(required=True, max=300)


class AskSchema(FormSchema):
    """The office: whose factor is lost, and how the person was recognised."""

    login = Text(
        required=True,
        max=254,
        error_messages={"required": _("Write the person's login or e-mail address")},
        metadata={"label": _("Login or e-mail address of the person")},
    )
    kind = Choice(
        (("customer", _("customer")), ("staff", _("member of staff"))), metadata={"label": _("Whose account is it?")}
    )
    proof = Text(
        required=True,
        max=500,
        min=10,
        multiline=True,
        error_messages={"required": _("Write how you recognised the person")},
        metadata={
            "label": _("How was the person recognised?"),
            "hint": _("For example: identity card shown at the desk, data agree with the contract. No card numbers"),
        },
    )
    password = password_field()


class ConfirmSchema(FormSchema):
    """The second of two."""

    removal = Text(required=True, max=36)
    password = password_field()


class WithdrawSchema(FormSchema):
    """A request that was a mistake."""

    removal = Text(required=True, max=36)
