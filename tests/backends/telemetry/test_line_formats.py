import json
import logging
import re
from enum import StrEnum

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gatewatch.backends.telemetry.line_formats import JsonLines, TextLines, printable
from gatewatch.kernel.secrets import Secret

AT = 1770544800.1239  # 2026-02-08T10:00:00Z and a bit
ANYTHING = st.text(st.characters())


class Colour(StrEnum):
    RED = "red"


def record(message="it happened", *args, level=logging.WARNING, error=None, **fields):
    made = logging.LogRecord("gatewatch.audit", level, "", 0, message, args, error)
    made.created = AT
    made.fields = fields
    return made


def test_a_request_has_the_columns_of_authgates_guide():
    line = TextLines().request(AT, 200, 0.001234, "192.168.1.1", "GET", "/health", "req_1")
    expected = (
        '[gatewatch] 2026/02/08 - 10:00:00 | 200 | 1.234ms | 192.168.1.1 | GET "/health" | req_1\n'
    )
    assert expected == line.decode()


def test_a_request_is_an_object():
    line = JsonLines().request(AT, 200, 0.001234, "192.168.1.1", "GET", "/health", "req_1")
    expected = {
        "timestamp": "2026-02-08T10:00:00.123Z",
        "level": "info",
        "target": "gatewatch.requests",
        "message": "request",
        "request_id": "req_1",
        "status": 200,
        "duration_ms": 1.234,
        "address": "192.168.1.1",
        "method": "GET",
        "path": "/health",
    }
    assert expected == json.loads(line)


def test_anything_else_has_columns_too():
    made = record("a %s thing", "bad", key="v", n=3, colour=Colour.RED, said='a "b"', none="")
    expected = (
        "[gatewatch] 2026/02/08 - 10:00:00 | WARN | gatewatch.audit | a bad thing "
        'key=v n=3 colour=red said="a \\"b\\"" none="" | req_1\n'
    )
    assert expected == TextLines().record(made, "req_1").decode()


def test_anything_else_is_an_object_too():
    line = JsonLines().record(record("a %s thing", "bad", key="v", n=3, colour=Colour.RED), None)
    expected = {
        "timestamp": "2026-02-08T10:00:00.123Z",
        "level": "warn",
        "target": "gatewatch.audit",
        "message": "a bad thing",
        "key": "v",
        "n": 3,
        "colour": "red",
    }
    assert expected == json.loads(line)


@pytest.mark.parametrize("form", [TextLines(), JsonLines()])
def test_a_secret_is_never_written(form):
    made = record("%s", Secret("hunter2"), one=Secret("hunter2"), many=[Secret("hunter2")])
    line = form.record(made, None).decode()
    assert "hunter2" not in line
    assert "***" in line


def test_a_field_cannot_pass_for_what_we_say_ourselves():
    line = json.loads(JsonLines().record(record(target="x", request_id="y", note="n"), "req_1"))
    assert (line["target"], line["request_id"]) == ("gatewatch.audit", "req_1")
    assert line["note"] == "n"


@pytest.mark.parametrize("form", [TextLines(), JsonLines()])
@given(path=ANYTHING, method=ANYTHING, address=ANYTHING)
def test_nothing_a_client_sends_starts_a_line(form, path, method, address):
    line = form.request(AT, 404, 0.1, address, method, path, "req_1").decode()
    assert line.endswith("\n")
    assert line[:-1].isprintable()


@pytest.mark.parametrize("form", [TextLines(), JsonLines()])
@given(message=ANYTHING, field=ANYTHING, target=ANYTHING)
def test_no_message_starts_a_line(form, message, field, target):
    made = record("%s", message, field=field)
    made.name = target
    line = form.record(made, "req_1").decode()
    assert line[:-1].isprintable()


@given(path=ANYTHING)
def test_a_path_can_be_read_back(path):
    line = JsonLines().request(AT, 404, 0.1, "::1", "GET", path, "req_1")
    assert path == json.loads(line)["path"]


def test_an_exception_is_told_below_its_line_and_cannot_pass_for_one():
    bad = ValueError("bad\n[gatewatch] 2026/02/08 - 10:00:00 | forged\r\x1b[2J")
    made = record(error=(type(bad), bad, None))
    first, *rest = TextLines().record(made, None).decode().splitlines()
    assert first.endswith("| it happened")
    assert all(line.startswith("    ") and line.isprintable() for line in rest)
    told = json.loads(JsonLines().record(made, None))
    assert "ValueError: bad" in told["exception"]


@given(text=ANYTHING)
def test_what_prints_is_left_alone(text):
    if text.isprintable():
        assert text == printable(text)
    assert re.fullmatch(r".*", printable(text))
