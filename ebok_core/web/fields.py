"""What a form field accepts: strict ASCII grammars over marshmallow fields, with Polish-ready error texts (S50)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields

from ebok_core import clock
from ebok_core.i18n import lazy_gettext as _

# What people paste around numbers: ordinary, no-break and narrow no-break spaces.
_SPACES = " \t\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
_DIGITS = re.compile(r"[0-9]+\Z")
_FRACTION = re.compile(r"[0-9]+[.,][0-9]+\Z")
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})\Z")
_DOTTED = re.compile(r"([0-9]{1,2})[.\-/ ]([0-9]{1,2})[.\-/ ]([0-9]{4})\Z")
_WORDED = re.compile(r"([0-9]{1,2}) ([^\W\d_]{3,12}) ([0-9]{4})\Z")
_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,250}[A-Za-z0-9])?\.[A-Za-z]{2,24}\Z")
Choices = Iterable[tuple[str, Any]]
# The beginnings of month names in the languages of the portal: "listopada", "listopad", "lis", "November".
_MONTH_NAMES = "sty jan,lut feb,mar,kwi apr,maj may,cze jun,lip jul,sie aug,wrz sep,paź paz oct,lis nov,gru dec"
_MONTHS = {name: month for month, names in enumerate(_MONTH_NAMES.split(","), start=1) for name in names.split()}


class _Speaking:
    """Error texts are lazy translations with `{places}`; marshmallow alone fills places of plain strings only."""

    error_messages: dict[str, Any]

    def make_error(self, key: str, **places: Any) -> ValidationError:
        """The error as a text in the language of the request."""
        return ValidationError(str(self.error_messages[key]).format(**places))


class Text(_Speaking, fields.String):
    """A text of at most `max` characters: NFC, trimmed, without control characters; one line unless `multiline`."""

    default_error_messages = {
        "required": _("Fill in this field"),
        "null": _("Fill in this field"),
        "too_long": _("This is too long. Use at most {max} characters"),
        "too_short": _("This is too short. Use at least {min} characters"),
        "control": _("Remove the special characters from this field"),
    }

    def __init__(self, *, max: int = 200, min: int = 0, multiline: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.max, self.min, self.multiline = max, min, multiline

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = unicodedata.normalize("NFC", str(super()._deserialize(value, attr, data, **kwargs))).strip()
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        allowed = "\n\t" if self.multiline else ""
        if any(unicodedata.category(c) in ("Cc", "Cs", "Cn") and c not in allowed for c in text):
            raise self.make_error("control")
        if len(text) > self.max:
            raise self.make_error("too_long", max=self.max)
        if len(text) < self.min:
            raise self.make_error("too_short", min=self.min)
        return text


class Secret(Text):
    """A password or a code: kept exactly as typed and never written back into the page."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = str(value)
        if "\0" in text:
            raise self.make_error("control")
        if len(text) > self.max:
            raise self.make_error("too_long", max=self.max)
        return text


class Email(Text):
    """An e-mail address in ASCII; the part after @ in lower case."""

    default_error_messages = {"email": _("Write the whole e-mail address, such as jan@example.pl")}

    def __init__(self, **options: Any) -> None:
        super().__init__(max=254, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not _EMAIL.match(text) or ".." in text:
            raise self.make_error("email")
        name, _at, host = text.rpartition("@")
        return f"{name}@{host.lower()}"


class WholeNumber(_Speaking, fields.Field[int]):
    """A whole number ≥ 0 in ASCII digits: a meter reading is `WholeNumber(digits=8)`, whole m³ (billing.md §10.4).

    The error key `fraction` has its own sentence; give a better one with `error_messages={"fraction": …}`.
    """

    default_error_messages = {
        "required": _("Fill in this field"),
        "null": _("Fill in this field"),
        "digits": _("Use digits only, without letters and signs"),
        "fraction": _("Write the whole number only, without the part after the comma"),
        "too_big": _("This number has too many digits. Use at most {digits}"),
        "range": _("Write a number from {least} to {most}"),
    }

    def __init__(self, *, digits: int = 8, least: int = 0, most: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.digits, self.least, self.most = digits, least, most

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        text = str(value).strip(_SPACES)
        if _FRACTION.match(text):
            raise self.make_error("fraction")
        if not _DIGITS.match(text):
            raise self.make_error("digits")
        if len(text.lstrip("0")) > self.digits or len(text) > 40:
            raise self.make_error("too_big", digits=self.digits)
        number = int(text)
        if number < self.least or (self.most is not None and number > self.most):
            most = 10**self.digits - 1 if self.most is None else self.most
            raise self.make_error("range", least=self.least, most=most)
        return number

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return "" if value is None else str(value)


class PLDecimal(_Speaking, fields.Field[Decimal]):
    """A decimal number ≥ 0 with a comma or a dot: `1 234,5`. Money is `PLDecimal(whole=7, places=2, exact=True)`.

    Spaces between digits are removed; `1e5`, other digits than ASCII and two separators are refused. `exact` asks for
    all the decimals or none, as on a bill (`123,45` or `123`).
    """

    default_error_messages = {
        "required": _("Fill in this field"),
        "null": _("Fill in this field"),
        "number": _("Write the number with a comma, such as 123,45"),
        "too_big": _("This number is too big"),
        "places": _("Write at most {places} digits after the comma"),
        "range": _("Write a number from {least} to {most}"),
    }

    def __init__(
        self,
        *,
        whole: int = 7,
        places: int = 2,
        exact: bool = False,
        least: Decimal | None = None,
        most: Decimal | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.whole, self.places, self.exact, self.least, self.most = whole, places, exact, least, most

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Decimal:
        text = re.sub(f"(?<=[0-9])[{_SPACES}](?=[0-9])", "", str(value)[:60].strip(_SPACES))
        if not (_DIGITS.match(text) or _FRACTION.match(text)):
            raise self.make_error("number")
        whole, _sep, fraction = text.replace(",", ".").partition(".")
        if len(whole.lstrip("0")) > self.whole:
            raise self.make_error("too_big")
        if len(fraction) > self.places:
            raise self.make_error("places", places=self.places)
        if self.exact and fraction and len(fraction) != self.places:
            raise self.make_error("number")
        number = Decimal(f"{whole}.{fraction or '0'}").quantize(Decimal(1).scaleb(-self.places))
        if (self.least is not None and number < self.least) or (self.most is not None and number > self.most):
            raise self.make_error("range", least=self._shown(self.least), most=self._shown(self.most))
        return number

    def _shown(self, value: Decimal | None) -> str:
        return "…" if value is None else str(value).replace(".", ",")

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return "" if value is None else str(value).replace(".", ",")


def Money(**options: Any) -> PLDecimal:  # noqa: N802 - reads as a field in a schema
    """An amount in złoty: `^[0-9]{1,7}([,.][0-9]{2})?$` (S50), spaces between digits allowed."""
    messages = {"number": _("Write the amount with a comma, such as 123,45"), **options.pop("error_messages", {})}
    return PLDecimal(whole=7, places=2, exact=True, error_messages=messages, **options)


class NearDate(_Speaking, fields.Field[date]):
    """A date near today: `2026-11-24` from a native field, or typed as `24.11.2026` or `24 listopada 2026`.

    `earliest` and `latest` are dates or callables that give one (`latest=clock.today`), both included.
    """

    default_error_messages = {
        "required": _("Give the date"),
        "null": _("Give the date"),
        "date": _("Write the date as in 24.11.2026"),
        "future": _("The date can't be later than today"),
        "late": _("The date can't be later than {latest}"),
        "early": _("The date can't be earlier than {earliest}"),
    }

    def __init__(
        self,
        *,
        earliest: date | Callable[[], date] | None = None,
        latest: date | Callable[[], date] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.earliest, self.latest = earliest, latest

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> date:
        day = parse_date(str(value))
        if day is None:
            raise self.make_error("date")
        earliest = self.earliest() if callable(self.earliest) else self.earliest
        latest = self.latest() if callable(self.latest) else self.latest
        if latest is not None and day > latest:
            raise self.make_error("future" if latest == clock.today() else "late", latest=latest.strftime("%d.%m.%Y"))
        if day < (earliest or date(1900, 1, 1)):
            raise self.make_error("early", earliest=(earliest or date(1900, 1, 1)).strftime("%d.%m.%Y"))
        return day

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return "" if value is None else str(value.isoformat())


def parse_date(text: str) -> date | None:
    """A date in one of the shapes people write, ASCII digits only; None when it is no date."""
    text = " ".join(text[:60].strip(_SPACES).split())
    if found := _ISO.match(text):
        year, month, day = (int(part) for part in found.groups())
    elif found := _DOTTED.match(text):
        day, month, year = (int(part) for part in found.groups())
    elif found := _WORDED.match(text):
        day, month, year = int(found[1]), _MONTHS.get(found[2][:3].lower(), 0), int(found[3])
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


class Choice(_Speaking, fields.Field[str]):
    """One of the given values. `choices` are pairs `(value, label)` or a callable that gives them."""

    default_error_messages = {
        "required": _("Choose one of the answers"),
        "null": _("Choose one of the answers"),
        "choice": _("Choose one of the answers"),
    }

    def __init__(self, choices: Choices | Callable[[], Choices], **options: Any) -> None:
        super().__init__(**options)
        self._choices = choices if callable(choices) else tuple(choices)

    @property
    def choices(self) -> list[tuple[str, Any]]:
        """The pairs `(value, label)` as they are now."""
        return list(self._choices() if callable(self._choices) else self._choices)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if value not in {key for key, _label in self.choices}:
            raise self.make_error("choice")
        return str(value)


class Flag(_Speaking, fields.Field[bool]):
    """A checkbox: present means yes. An absent one is False, or the error `required` when it must be ticked."""

    default_error_messages = {"required": _("Tick this box to go on"), "null": _("Tick this box to go on")}

    def __init__(self, **options: Any) -> None:
        if not options.get("required"):
            options.setdefault("load_default", False)
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        return True

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return "1" if value else ""
