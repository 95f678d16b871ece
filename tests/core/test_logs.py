"""Logs: JSON lines that hold no secret, whoever writes them (security.md S60)."""

from __future__ import annotations

import json
import logging
from io import StringIO

import pytest
import structlog

from ebok_core import logs
from ebok_core.errors import ConfigurationError


@pytest.fixture
def lines():
    """What the portal writes to its log, as JSON."""
    stream = StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("INFO", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"password": "x", "new_password": "y", "csrf_token": "z", "Cookie": "c"}, {"***"}),
        ({"a": "hasło line\nbreak \u2028"}, {"hasło line\nbreak \u2028"}),
        ({"a": {"token": "x", "deep": ["44051401359"]}}, {"{'token': '***', 'deep': ['***']}"}),
        ({"a": "2026-11-24 05:42:20"}, {"2026-11-24 05:42:20"}),
        ({"a": "01a20bcf-b269-79f8-bc14-cf22ad0c3406"}, {"01a20bcf-b269-79f8-bc14-cf22ad0c3406"}),
        ({"a": "600 100 200"}, {"600 100 200"}),
        ({"a": None, "b": 5, "c": True}, {"None", "5", "True"}),
        ({"a": "/x?kod=123&b=4"}, {"/x?kod=***&b=***"}),
    ],
)
def test_S60_redaction(event, expected):
    assert {str(value) for value in logs.redact(None, "", dict(event)).values()} == expected


def test_S60_one_event_is_one_line(lines):
    structlog.get_logger("x").warning("a\r\nb", text="c\nd\u2028e")
    logging.getLogger("y").error("from the library: %s", "anna@example.pl\n")
    found = lines()
    assert [line["level"] for line in found] == ["warning", "error"]
    assert found[1]["event"].startswith("from the library: mail:")


def test_unknown_level_stops_the_start():
    with pytest.raises(ConfigurationError, match="EBOK_LOG_LEVEL=LOUD"):
        logs.configure("LOUD")
