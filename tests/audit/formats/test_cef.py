"""CEF: whatever somebody typed, a line is a line, and a field a field."""

import re

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.audit.samples import AT, NAMES, OBSERVER, RECORDS, ROWS, SEAL

from gatewatch.audit.formats import Format, Record, line
from gatewatch.audit.formats.cef import head_text, value_text

SOME = ROWS[NAMES.index("auth.login.failed")]


def parsed(written: str) -> tuple[list[str], dict[str, str]]:
    """Read a line as a collector does: by its own escapes, and nothing of ours."""
    parts: list[str] = []
    at = field = 0
    while len(parts) < 7:
        if written[at] == "\\":
            at += 2
        elif written[at] == "|":
            parts.append(re.sub(r"\\(.)", r"\1", written[field:at]))
            at = field = at + 1
        else:
            at += 1
    return parts, extension(written[field:])


def extension(text: str) -> dict[str, str]:
    members: dict[str, str] = {}
    starts = [
        match
        for match in re.finditer(r"(?:^| )([A-Za-z0-9]+)=", text)
        if not _is_escaped(text, match.end() - 1)
    ]
    for match, after in zip(starts, [*starts[1:], None], strict=True):
        raw = text[match.end() : after.start() if after else None]
        members[match[1]] = re.sub(r"\\(.)", lambda pair: "\n" if pair[1] == "n" else pair[1], raw)
    return members


def _is_escaped(text: str, at: int) -> bool:
    before = 0
    while at - before and text[at - before - 1] == "\\":
        before += 1
    return before % 2 == 1


def cef(record: Record) -> str:
    return line(Format.CEF, record, OBSERVER).decode()


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize("record", RECORDS, ids=NAMES)
def test_an_event_is_one_line_with_a_whole_head(record):
    head, members = parsed(cef(record))
    row = record.row

    assert head[:6] == ["CEF:0", "gatewatch", "gatewatch", "0.1.0", row.event_type, row.action]
    assert int(head[6]) in range(11)
    assert members["externalId"] == row.id
    assert members["rt"] == str(round(AT.timestamp() * 1000))
    assert members["cn1"] == str(SEAL.position)


@given(TEXT)
@example("a|b=c\\d\ne\r\nf\u2028g src=10.0.0.1 CEF:0|x|")
@example("\\")
@example("ends in \\")
@example("a\\=b")
def test_nothing_that_is_typed_makes_a_field_or_a_line(typed):
    record = Record(msgspec.structs.replace(SOME, user_agent=typed, actor_name=typed))
    written = cef(record)
    _, members = parsed(written)

    assert len(written.splitlines()) == 1
    assert members["src"] == "198.51.100.7"
    assert set(members) == set(parsed(cef(RECORDS[NAMES.index("auth.login.failed")]))[1]) - {
        "cn1",
        "cn1Label",
    }


@given(TEXT)
def test_what_is_escaped_reads_back_as_it_was_but_for_controls(typed):
    readable = "".join(each for each in typed if each == "\t" or each.isprintable())
    assert extension(f"x={value_text(readable)}") == {"x": readable}
    head, _ = parsed(f"CEF:0|v|p|1|{head_text(readable)}|n|3|a=b")
    assert head[4] == readable


def test_an_address_of_version_six_has_its_own_key():
    row = msgspec.structs.replace(SOME, ip_address="2001:db8::1")
    _, members = parsed(cef(Record(row)))
    assert members["c6a2"] == "2001:db8::1"
    assert "src" not in members
