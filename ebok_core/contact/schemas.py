"""What the room's forms accept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from ebok_core.i18n import gettext
from ebok_core.i18n import lazy_gettext as _
from ebok_core.web import Choice, Email, Flag, FormSchema, Text, WholeNumber

from . import rules

# A field that no person sees and a machine fills in (P12).
TRAP = "strona"
FILES, REMOVED = "pliki", "usun"
Pairs = Callable[[], Iterable[tuple[str, Any]]]


def _digits(typed: str) -> None:
    if typed and (sum(c.isascii() and c.isdigit() for c in typed) < 7 or not set(typed) <= set("0123456789 +()-")):
        raise ValidationError(gettext("Write the phone number in digits, such as 61 000 00 12"))


def _words() -> Text:
    return Text(
        required=True,
        max=rules.MOST_TEXT,
        multiline=True,
        error_messages={"required": _("Write your message")},
        metadata={"label": _("Message"), "hint": _("At most 5000 characters")},
    )


class _WithFiles(FormSchema):
    """A text with files; the files themselves come beside the form's answers."""

    text = _words()
    pliki = Text(
        metadata={
            "label": _("Attachments"),
            "hint": _(
                "PDF, JPG, PNG, WEBP, DOCX, ODT, XLSX or TXT, each up to 10 MB, at most 10 files, 40 MB together"
            ),
        }
    )
    usun = fields.List(Text(max=36), metadata={"label": _("Files sent so far")})


class MoreSchema(_WithFiles):
    """More words of the person in a case."""


class WriteSchema(_WithFiles):
    """The form of a signed-in customer: topic, recipient, text, attachment (L142). A subclass binds the choices."""

    strona = Text(max=200)


class StrangerSchema(WriteSchema):
    """The form of a stranger: besides, a name and one way to answer."""

    name = Text(
        required=True,
        max=150,
        error_messages={"required": _("Write your name, so that we know whom we answer")},
        metadata={"label": _("Your name"), "autocomplete": "name"},
    )
    email = Email(metadata={"label": _("E-mail address"), "autocomplete": "email"})
    phone = Text(max=40, validate=_digits, metadata={"label": _("Phone"), "autocomplete": "tel"})

    @validates_schema(skip_on_field_errors=False)
    def one_way_back(self, data: Any, **kwargs: Any) -> None:
        """An e-mail address or a phone: one is enough, none is too little."""
        if not (data.get("email") or data.get("phone")):
            raise ValidationError(gettext("Write an e-mail address or a phone number: one is enough"), "email")


def form_of(schema: type[FormSchema], topics: list[tuple[str, str]], units: list[tuple[str, str]]) -> FormSchema:
    """The form with its topics and recipients as they are now."""
    own = {
        "topic": Choice(
            topics,
            required=True,
            error_messages={"required": _("Choose what you write about")},
            metadata={"label": _("What do you write about?")},
        ),
        "recipient": Choice(
            units,
            metadata={"label": _("To whom"), "hint": _("If you don't know, leave it: we will pass it on ourselves")},
        ),
    }
    made: FormSchema = type("Bound", (schema,), own)()
    return made


class SignatureSchema(FormSchema):
    """A signature typed by hand."""

    signature = Text(
        required=True,
        max=60,
        error_messages={"required": _("Write the signature of your case")},
        metadata={
            "label": _("Signature of the case"),
            "hint": _("From the confirmation, such as K-2026-000123-8Q4M-TR7X-2VNP. Dashes and case don't matter"),
        },
    )


# The office


class AnswerSchema(_WithFiles):
    """An answer to the person."""

    close = Flag(metadata={"label": _("The matter is settled, close the case")})


class NoteSchema(FormSchema):
    """A note for the office alone."""

    note = Text(
        required=True,
        max=rules.MOST_TEXT,
        multiline=True,
        error_messages={"required": _("Write the note")},
        metadata={"label": _("Note"), "hint": _("Only the office sees it")},
    )


class StateSchema(FormSchema):
    """A step of a case."""

    state = Choice(((state, state) for state in rules.STATES), required=True)


def department_choice(choices: list[tuple[str, str]], *, required: bool = True) -> FormSchema:
    """A form with one choice: a department."""
    field = Choice(
        choices,
        required=required,
        error_messages={"required": _("Choose a department")},
        metadata={"label": _("Department")},
    )
    return FormSchema.from_dict({"department": field})()  # type: ignore[return-value]


def _name(label: Any, hint: Any = "") -> Text:
    return Text(required=True, max=120, metadata={"label": label, "hint": hint})


def _place() -> WholeNumber:
    return WholeNumber(
        digits=3,
        required=True,
        metadata={"label": _("Place in the list"), "hint": _("The smallest number stands first")},
    )


def department_schema(staff: list[tuple[str, str]]) -> FormSchema:
    """A department or unit (L143)."""
    return FormSchema.from_dict(  # type: ignore[return-value]
        {
            "name": _name(_("Name of the department"), _("As customers see it, such as: Technical department")),
            "email": Email(
                metadata={
                    "label": _("E-mail for notices"),
                    "hint": _("Not shown to customers. Empty: the address of the office"),
                }
            ),
            "position": _place(),
            "clerks": fields.List(
                Choice(staff),
                metadata={
                    "label": _("Who answers here"),
                    "hint": _("With nobody ticked, everybody who may answer cases"),
                },
            ),
        }
    )()


def person_schema(departments: list[tuple[str, str]]) -> FormSchema:
    """A contact person (L144)."""
    return FormSchema.from_dict(  # type: ignore[return-value]
        {
            "name": _name(_("Name and surname")),
            "role": _name(_("Role"), _("Such as: metering specialist")),
            "email": Email(
                metadata={
                    "label": _("E-mail for notices"),
                    "hint": _("Not shown to customers. Empty: the address of the department"),
                }
            ),
            "department": Choice(departments, required=True, metadata={"label": _("Department")}),
            "position": _place(),
            "shown": Flag(metadata={"label": _("Can be chosen in the form")}),
        }
    )()


def topic_schema(departments: list[tuple[str, str]]) -> FormSchema:
    """A topic of the form."""
    return FormSchema.from_dict(  # type: ignore[return-value]
        {
            "name": _name(_("Topic"), _("As customers see it, such as: Connection to the network")),
            "department": Choice(departments, required=True, metadata={"label": _("Who gets it first")}),
            "answer_days": WholeNumber(
                digits=2,
                least=1,
                most=rules.MOST_DAYS,
                required=True,
                metadata={
                    "label": _("Days to an answer"),
                    "hint": _(
                        "Calendar days, the day of arrival not counted. "
                        "An end on a free day moves to the next working day"
                    ),
                },
            ),
            "position": _place(),
            "shown": Flag(metadata={"label": _("Can be chosen in the form")}),
        }
    )()
