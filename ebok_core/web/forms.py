"""A form is a marshmallow schema over `request.form`: what was typed stays, each error is a sentence at its field.

    class PhoneSchema(FormSchema):
        phone = Text(required=True, max=20, metadata={"label": _("Phone number")})

    @blueprint.route("/telefon", methods=["GET", "POST"])
    def phone():
        form = load(PhoneSchema) if request.method == "POST" else blank(PhoneSchema, phone=viewer_phone)
        if form.ok:
            with form.refusals("phone"), unit_of_work() as session:
                service.change_phone(session, viewer(), form.data["phone"])
            if form.ok:
                return redirect_to(".details")
        return render("ebok_x/phone.html", title=_("Phone number"), form=form)

`render` answers 422 and puts "Błąd: " before the title when the form has errors. A GET and a POST share one template.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple

from flask import abort, request
from markupsafe import Markup
from marshmallow import RAISE, Schema, ValidationError
from marshmallow.fields import Field, List
from werkzeug.datastructures import MultiDict

from ebok_core.db import uuid7
from ebok_core.errors import Refused
from ebok_core.i18n import gettext

from .fields import Choice, Email, Flag, NearDate, PLDecimal, Secret, WholeNumber, parse_date

TOKEN = "form_token"  # noqa: S105 - the name of a form field
CONFIRM = "-ok"
# Names that every form may carry beside its own fields.
_CARRIED = frozenset({"csrf_token", TOKEN})
FORM = ""
"""The field name of an error that belongs to the whole form."""


class FormSchema(Schema):
    """A schema of a form: an empty answer counts as missing, an undeclared name is refused (S06).

    A field's `metadata` may carry `label`, `hint` and `autocomplete`, which the macros show. Build a schema with one
    field per row by `FormSchema.from_dict({...})`.
    """

    class Meta:
        unknown = RAISE
        register = False

    error_messages: ClassVar[dict[str, str]] = {}


class Control(NamedTuple):
    """How a field is typed; never `type="number"` (accessibility.md §3.2)."""

    type: str = ""
    inputmode: str = ""


_CONTROLS: tuple[tuple[type, Control], ...] = (
    (Secret, Control("password")),
    (Email, Control("email")),
    (WholeNumber, Control("", "numeric")),
    (PLDecimal, Control("", "decimal")),
    (NearDate, Control("date")),
)


class Warned:
    """A warning at a field: what looks odd, what to check, and the sentence of the checkbox that confirms it."""

    def __init__(self, title: str, text: str, confirm: str, value: str) -> None:
        self.title, self.text, self.confirm, self.value = title, text, confirm, value


class Form:
    """What a template needs of a form; made by `load` and `blank`.

    `data` are the loaded values (empty unless `ok`), `raw` what was typed, `errors` and `warnings` by field name,
    `token` the form's own id, which makes a second sending of the same form the same fact (R03, R04).
    """

    def __init__(self, schema: Schema, raw: MultiDict[str, str], token: str, *, submitted: bool) -> None:
        self.schema = schema
        self.raw = raw
        self.token = token
        self.submitted = submitted
        self.data: dict[str, Any] = {}
        self.errors: dict[str, list[str]] = {}
        self.warnings: dict[str, Warned] = {}

    @property
    def ok(self) -> bool:
        """Whether the form was sent and nothing stands against it."""
        return self.submitted and not self.errors and not self.warnings

    @property
    def failed(self) -> bool:
        """Whether the form was sent and must be shown again."""
        return self.submitted and bool(self.errors or self.warnings)

    def value(self, name: str) -> str:
        """What was typed into a field, never a password; a date that was understood as its control needs it."""
        field = self.schema.fields.get(name)
        typed = "" if isinstance(field, Secret) else self.raw.get(name, "")
        if isinstance(field, NearDate) and (day := parse_date(typed)):
            return day.isoformat()
        return typed

    def values(self, name: str) -> list[str]:
        """Everything ticked under one name."""
        return self.raw.getlist(name)

    def error(self, name: str) -> str | None:
        """The first error of a field."""
        return next(iter(self.errors.get(name, ())), None)

    def warning(self, name: str) -> Warned | None:
        """The unconfirmed warning of a field."""
        return self.warnings.get(name)

    def label(self, name: str) -> str:
        """The field's label from the schema, for the error summary and the macros."""
        return str(self._metadata(name).get("label", name))

    def hint(self, name: str) -> str:
        """The field's hint from the schema."""
        return str(self._metadata(name).get("hint", ""))

    def autocomplete(self, name: str) -> str:
        """The purpose of the field for the browser (WCAG 1.3.5), `off` where there is none."""
        return str(self._metadata(name).get("autocomplete", "off"))

    def choices(self, name: str) -> list[tuple[str, str]]:
        """The pairs `(value, label)` of a `Choice`, also of a list of choices."""
        field = self.schema.fields[name]
        inner = field.inner if isinstance(field, List) else field
        return [(value, str(label)) for value, label in inner.choices] if isinstance(inner, Choice) else []

    def optional(self, name: str) -> bool:
        """Whether the label says "(opcjonalnie)"; a checkbox never does, nor what is asked for in some cases only."""
        field = self.schema.fields.get(name)
        if field is None or field.required or isinstance(field, Flag):
            return False
        return not self._metadata(name).get("asked", False)

    def fail(self, name: str, text: str) -> None:
        """Put an error at a field, or at the whole form with `FORM`: what a rule of the service refused."""
        self.errors.setdefault(name, []).append(text)

    @contextmanager
    def refusals(self, name: str = FORM, **fields: str) -> Iterator[None]:
        """What a rule refuses inside becomes an error at the field `name`, or at the one given for the rule's code."""
        try:
            yield
        except Refused as refused:
            self.fail(fields.get(refused.code, name), str(refused))

    def warn(self, name: str, title: str, *, text: str = "", confirm: str) -> None:
        """Ask whether an odd value is meant; a tick bound to this very value confirms it, so a new value asks again."""
        if not self.confirmed(name):
            self.warnings[name] = Warned(title, text, confirm, self.raw.get(name, "").strip())

    def confirmed(self, name: str) -> bool:
        """Whether the value as it stands was confirmed."""
        return bool(self.value(name)) and self.raw.get(name + CONFIRM) == self.raw.get(name, "").strip()

    def summary(self) -> Iterator[tuple[str, str, str]]:
        """Errors and warnings as `(id of the control, label, text)` in the order of the schema, the form's first."""
        yield from (("", "", text) for text in self.errors.get(FORM, ()))
        for name in (*self.schema.fields, *(self.errors.keys() - self.schema.fields.keys() - {FORM})):
            yield from ((self.id(name), self.label(name), text) for text in self.errors.get(name, ()))
            if name in self.warnings:
                yield (self.id(name) + CONFIRM, self.label(name), self.warnings[name].title)

    def id(self, name: str) -> str:
        """The id of the field's first control."""
        return f"f-{name}"

    def control(self, name: str) -> Control:
        """The control that fits the field: its `type` and `inputmode`."""
        field = self.schema.fields.get(name)
        return next((control for kind, control in _CONTROLS if isinstance(field, kind)), Control())

    def aria(self, name: str, hint: str = "") -> Markup:
        """The attributes that tie a control to its hint, error and warning, in this order."""
        own = self.id(name)
        ids = [
            f"{own}-{part}"
            for part, stands in (
                ("h", hint or self.hint(name)),
                ("e", self.errors.get(name)),
                ("w", name in self.warnings),
            )
            if stands
        ]
        described = Markup(' aria-describedby="{}"').format(" ".join(ids)) if ids else Markup("")
        return described + (Markup(' aria-invalid="true"') if self.errors.get(name) else Markup(""))

    def _metadata(self, name: str) -> Mapping[str, Any]:
        field = self.schema.fields.get(name)
        return field.metadata if field is not None else {}


def load(schema: type[Schema] | Schema, source: MultiDict[str, str] | None = None) -> Form:
    """Read a sent form (`request.form` by default). Never raises for what a person typed.

    Answers 400 to what no browser sends from our page: an undeclared name, one name twice, NUL or a lone surrogate.
    """
    schema = schema() if isinstance(schema, type) else schema
    raw = MultiDict(request.form if source is None else source)
    _refuse_tampering(schema, raw)
    form = Form(schema, raw, _token(raw.get(TOKEN, "")), submitted=True)
    try:
        form.data = schema.load(_given(schema, raw))
    except ValidationError as error:
        form.errors = {name: _texts(texts) for name, texts in error.normalized_messages().items()}
        if "_schema" in form.errors:
            form.errors[FORM] = form.errors.pop("_schema")
    return form


def blank(schema: type[Schema] | Schema, **initial: Any) -> Form:
    """A form that was not sent yet; `initial` are values as the schema would load them (None for an empty field)."""
    schema = schema() if isinstance(schema, type) else schema
    raw: MultiDict[str, str] = MultiDict()
    for name, value in initial.items():
        for item in value if isinstance(value, list | tuple) else [value]:
            raw.add(name, _written(schema.fields[name], item))
    return Form(schema, raw, uuid7(), submitted=False)


def _written(field: Field[Any], value: Any) -> str:
    inner = field.inner if isinstance(field, List) else field
    if value is None:
        return ""
    return str(inner._serialize(value, None, None))


def _given(schema: Schema, raw: MultiDict[str, str]) -> dict[str, Any]:
    """The answers that were given: empty ones are missing, lists stay lists."""
    given: dict[str, Any] = {}
    for name, field in schema.fields.items():
        if isinstance(field, List):
            answers = [v for v in raw.getlist(name) if v.strip()]
            if answers:
                given[name] = answers
        elif raw.get(name, "") if isinstance(field, Secret) else raw.get(name, "").strip():
            given[name] = raw[name]
    return given


def _refuse_tampering(schema: Schema, raw: MultiDict[str, str]) -> None:
    for name, values in raw.lists():
        own = name.removesuffix(CONFIRM) if name.endswith(CONFIRM) else name
        if name not in _CARRIED and own not in schema.fields:
            abort(400)
        if len(values) > 1 and not isinstance(schema.fields.get(name), List):
            abort(400)
        if any("\0" in value or not value.isascii() and not _encodable(value) for value in values):
            abort(400)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _token(text: str) -> str:
    """The token that came with the form, if it has the shape of one: offline clients bring their own UUID."""
    try:
        return str(uuid.UUID(text)) if len(text) == 36 else uuid7()
    except ValueError:
        return uuid7()


def _texts(messages: Any) -> list[str]:
    """marshmallow's messages as translated texts; nested ones (lists of answers) count once."""
    if isinstance(messages, Mapping):
        return [text for inner in messages.values() for text in _texts(inner)][:1]
    if isinstance(messages, list):
        return [str(message) for message in messages]
    return [str(messages) or gettext("Fill in this field")]
