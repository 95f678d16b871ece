"""The schema of a configuration page: a marshmallow schema that builds a frozen dataclass and knows its defaults."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import RAISE, Schema, fields, post_load


class ConfigSchema(Schema):
    """Subclasses set `key`, the page's key, and `builds`, a frozen dataclass with a default for each field.

    The field's `metadata` may carry `label`, `hint`, `secret` (encrypted, never shown back), `multiline` and `choices`.
    """

    key: ClassVar[str]
    builds: ClassVar[type]

    class Meta:
        unknown = RAISE

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> Any:
        """Make the dataclass; fields that were not given keep their defaults."""
        return self.builds(**values)

    @classmethod
    def secrets(cls) -> frozenset[str]:
        """Names of the fields that are kept encrypted."""
        return frozenset(n for n, f in cls._declared_fields.items() if f.metadata.get("secret"))


def secret_text(**options: Any) -> fields.String:
    """A text field that is encrypted in the database, never shown back, and audited as "changed"."""
    metadata = {**options.pop("metadata", {}), "secret": True}
    return fields.String(metadata=metadata, **options)
