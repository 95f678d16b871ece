"""The grammars of form fields: what people type, and what nobody should get through (S50)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from ebok_core import i18n
from ebok_core.web import (
    Choice,
    Email,
    Flag,
    Form,
    FormSchema,
    Money,
    NearDate,
    PLDecimal,
    Secret,
    Text,
    WholeNumber,
    blank,
    load,
)
from ebok_core.web.forms import FORM

NBSP, NARROW = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"
DAY = date(2026, 11, 24)


class S(FormSchema):
    number = WholeNumber(digits=8, metadata={"label": "Stan"})
    amount = Money()
    ratio = PLDecimal(whole=3, places=3)
    day = NearDate(earliest=date(2026, 1, 1), latest=DAY)
    text = Text(max=10, min=2)
    lines = Text(max=10, multiline=True)
    email = Email()
    secret = Secret(max=20)
    way = Choice([("a", "A"), ("b", "B")])
    flag = Flag()


@pytest.fixture(autouse=True)
def request_context() -> Any:
    with Flask(__name__).test_request_context(), i18n.use_locale("en"):
        yield


def sent(**fields: str) -> Form:
    return load(S, MultiDict(fields))


@pytest.mark.parametrize(
    ("field", "typed", "value"),
    [
        ("number", "430", 430),
        ("number", "00430", 430),
        ("number", f"{NBSP}430{NBSP}", 430),
        ("number", "99999999", 99_999_999),
        ("amount", "123,45", Decimal("123.45")),
        ("amount", "123.45", Decimal("123.45")),
        ("amount", "123", Decimal("123.00")),
        ("amount", "1 234,50", Decimal("1234.50")),
        ("amount", f"1{NBSP}234,50", Decimal("1234.50")),
        ("amount", f"1{NARROW}234,50", Decimal("1234.50")),
        ("ratio", "12,5", Decimal("12.500")),
        ("day", "2026-11-24", DAY),
        ("day", "24.11.2026", DAY),
        ("day", " 24 listopada 2026 ", DAY),
        ("day", "24 November 2026", DAY),
        ("day", "1 marca 2026", date(2026, 3, 1)),
        ("text", "  Łąka  ", "Łąka"),
        ("text", "e\N{COMBINING ACUTE ACCENT}t", "ét"),
        ("lines", "a\r\nb\rc", "a\nb\nc"),
        ("email", "Jan.Kowalski+x@Poczta.EXAMPLE", "Jan.Kowalski+x@poczta.example"),
        ("secret", "  spacje zostają  ", "  spacje zostają  "),
        ("way", "b", "b"),
        ("flag", "1", True),
    ],
)
def test_accepts_what_people_type(field: str, typed: str, value: object) -> None:
    form = sent(**{field: typed})
    assert form.errors == {}
    assert form.data[field] == value


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("number", "-5", "digits only"),
        ("number", "+5", "digits only"),
        ("number", "abc", "digits only"),
        ("number", "1e5", "digits only"),
        ("number", "12 5", "digits only"),
        ("number", f"12{NBSP}5", "digits only"),
        ("number", "٤٣٠", "digits only"),
        ("number", "４３０", "digits only"),
        ("number", "²", "digits only"),
        ("number", "0x1F", "digits only"),
        ("number", "1_000", "digits only"),
        ("number", "1250,7", "whole number"),
        ("number", "1250.7", "whole number"),
        ("number", "9" * 40, "too many digits"),
        ("number", "0" * 50, "too many digits"),
        ("number", "123456789", "too many digits"),
        ("amount", "1e5", "comma"),
        ("amount", "-5,00", "comma"),
        ("amount", "1,5", "comma"),
        ("amount", "1.234,50", "comma"),
        ("amount", "1,23,45", "comma"),
        ("amount", "٥,٠٠", "comma"),
        ("amount", "５,００", "comma"),
        ("amount", "NaN", "comma"),
        ("amount", "12345678", "too big"),
        ("amount", "1,234", "2 digits after"),
        ("ratio", "1,2345", "3 digits after"),
        ("day", "2026-11-25", "later than"),
        ("day", "2025-12-31", "earlier than"),
        ("day", "2026-02-30", "Write the date"),
        ("day", "wczoraj", "Write the date"),
        ("day", "٢٤.١١.٢٠٢٦", "Write the date"),
        ("day", "24.11.26", "Write the date"),
        ("text", "x" * 11, "at most 10"),
        ("text", "x", "at least 2"),
        ("text", "a\nb", "special characters"),
        ("text", "a\x1bb", "special characters"),
        ("email", "jan", "whole e-mail"),
        ("email", "jan@b", "whole e-mail"),
        ("email", "jan@b..example", "whole e-mail"),
        ("email", "ján@b.example", "whole e-mail"),
        ("email", "a@b.example\nBcc: c@d.example", "special characters"),
        ("secret", "x" * 21, "at most 20"),
        ("way", "c", "Choose"),
    ],
)
def test_refuses_with_a_sentence(field: str, typed: str, words: str) -> None:
    form = sent(**{field: typed})
    assert not form.ok
    assert words in (form.error(field) or "")
    assert form.value(field) == ("" if field == "secret" else typed), "what was typed stays in the field"


def test_future_date_names_today() -> None:
    class Today(FormSchema):
        day = NearDate(latest=lambda: date.max)

    assert load(Today, MultiDict({"day": "2027-01-01"})).ok


def test_empty_is_missing() -> None:
    class Needed(FormSchema):
        number = WholeNumber(required=True)
        text = Text(required=True)
        way = Choice([("a", "A")], required=True)
        sure = Flag(required=True)
        free = Text()

    form = load(Needed, MultiDict({"number": "", "text": "   ", "free": ""}))
    assert {name: len(form.errors[name]) for name in form.errors} == {"number": 1, "text": 1, "way": 1, "sure": 1}
    assert form.data == {}


def test_extra_name_double_value_and_control_bytes_are_400() -> None:
    for fields in (
        [("number", "1"), ("role", "admin")],
        [("number", "1"), ("number", "2")],
        [("text", "a\0b")],
        [("text", "a\ud800b")],
        [("number-ok-ok", "1")],
    ):
        with pytest.raises(BadRequest):
            load(S, MultiDict(fields))


def test_a_list_takes_many_and_checks_each() -> None:
    from marshmallow.fields import List

    class Many(FormSchema):
        ways = List(Choice([("a", "A"), ("b", "B")]))

    assert load(Many, MultiDict([("ways", "a"), ("ways", "b")])).data == {"ways": ["a", "b"]}
    assert load(Many, MultiDict([("ways", "a"), ("ways", "x")])).error("ways")


def test_blank_writes_values_as_the_field_reads_them() -> None:
    form = blank(S, number=421, amount=Decimal("12.50"), day=DAY, text=None, flag=True, way="b")
    assert [form.value(n) for n in ("number", "amount", "day", "text", "flag", "way")] == [
        "421",
        "12,50",
        "2026-11-24",
        "",
        "1",
        "b",
    ]
    assert load(S, MultiDict({n: form.value(n) for n in ("number", "amount", "day", "flag", "way")})).ok
    assert not form.ok and not form.failed


def test_token_survives_and_junk_gets_a_new_one() -> None:
    first = blank(S).token
    assert sent(form_token=first).token == first
    assert sent(form_token="junk").token not in ("junk", first)


def test_a_warning_is_confirmed_for_this_value_only() -> None:
    for typed, tick, asks in (("462", None, True), ("462", "462", False), ("463", "462", True), ("462", "", True)):
        form = sent(number=typed, **({"number-ok": tick} if tick is not None else {}))
        form.warn("number", "Wychodzi dużo", confirm="Tak, jest 462")
        assert bool(form.warnings) is asks, (typed, tick)
        assert form.ok is not asks


def test_summary_has_form_errors_first_then_schema_order() -> None:
    form = sent(way="x", number="y")
    form.fail("number", "drugi")
    form.fail(FORM, "całość")
    form.warn("text", "dziwne", confirm="tak")
    assert [(target, text) for target, _label, text in form.summary()][0] == ("", "całość")
    assert [target for target, _label, _text in form.summary()] == ["", "f-number", "f-number", "f-text-ok", "f-way"]
    assert next(iter(list(form.summary())[1:]))[1] == "Stan"
