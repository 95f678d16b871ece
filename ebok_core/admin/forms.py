"""A configuration page as a form: every field of its schema, filled from what is stored; secrets never shown back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate
from werkzeug.datastructures import MultiDict

from ebok_core.i18n import gettext
from ebok_core.runtime_settings import ConfigSchema
from ebok_core.web.forms import Form

VERSION = "version"
TRY_OUT = "proba"
"""The name of the button that tests what was typed and saves nothing."""
# ASCII digits only (security.md S50); what does not fit reaches a strict field as text, and is refused there.
_WHOLE = re.compile(r"-?[0-9]{1,12}\Z")
_CARRIED = {"csrf_token", "form_token", VERSION, TRY_OUT}


class ConfigForm(Form):
    """A form over a configuration schema: nothing in it is optional, an empty field is an answer."""

    schema: ConfigSchema

    @property
    def version(self) -> int | None:
        """The version that the form was filled from; None for what our page never sends."""
        text = self.raw.get(VERSION, "0")
        return int(text) if _WHOLE.match(text) else None

    def optional(self, name: str) -> bool:
        """No field of a configuration page says "(opcjonalnie)"."""
        return False

    def value(self, name: str) -> str:
        """What was typed or is stored; never a secret."""
        return "" if name in self.schema.secrets() else super().value(name)

    def kind(self, name: str) -> str:
        """Which macro shows the field: checkbox, textarea, select, password or field."""
        field = self.schema.fields[name]
        if isinstance(field, fields.Boolean):
            return "checkbox"
        if field.metadata.get("secret"):
            return "password"
        if field.metadata.get("multiline"):
            return "textarea"
        return "select" if self.choices(name) else "field"

    def choices(self, name: str) -> list[tuple[str, str]]:
        """The pairs `(value, label)` of a field that is validated by `OneOf`."""
        for rule in self.schema.fields[name].validators:
            if isinstance(rule, validate.OneOf):
                labels = rule.labels or rule.choices
                return [(str(value), str(label)) for value, label in zip(rule.choices, labels, strict=False)]
        return []


def stored(schema: type[ConfigSchema], settings: Any) -> ConfigForm:
    """The form as it is first shown."""
    made = schema()
    return ConfigForm(made, _raw(made.dump(settings)), "", submitted=False)


def sent(schema: type[ConfigSchema], answers: MultiDict[str, str]) -> ConfigForm:
    """The form as it was sent: `data` is the page's dataclass when nothing stands against it."""
    made = schema()
    form = ConfigForm(made, answers, "", submitted=True)
    given: dict[str, Any] = {n: v for n, v in answers.items() if n not in _CARRIED}
    for name, field in made.fields.items():
        if isinstance(field, fields.Boolean):
            given[name] = name in answers
        elif isinstance(field, fields.Integer) and _WHOLE.match(answers.get(name, "").strip()):
            given[name] = int(answers[name])
        elif isinstance(field, fields.List):
            given[name] = answers.getlist(name)
    try:
        form.data = made.load(given)
    except ValidationError as error:
        form.errors = {
            name: [gettext(str(text)) for text in texts] for name, texts in _flat(error.normalized_messages())
        }
    return form


def _flat(messages: Mapping[str, Any]) -> list[tuple[str, list[Any]]]:
    return [
        (name, texts if isinstance(texts, list) else [next(iter(texts.values()))]) for name, texts in messages.items()
    ]


def _raw(values: Mapping[str, Any]) -> MultiDict[str, str]:
    raw: MultiDict[str, str] = MultiDict()
    for name, value in values.items():
        if value is True:
            raw.add(name, "1")
        elif value is not False and value is not None:
            for item in value if isinstance(value, list) else [value]:
                raw.add(name, str(item))
    return raw
