from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.settings.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2160h", timedelta(days=90)),
        ("1h30m", timedelta(minutes=90)),
        ("1.5h", timedelta(minutes=90)),
        ("500ms", timedelta(milliseconds=500)),
        ("1h0.5s", timedelta(seconds=3600.5)),
        ("1500ns", timedelta(microseconds=2)),
        ("P90D", timedelta(days=90)),
        ("P2W", timedelta(weeks=2)),
        ("PT15M", timedelta(minutes=15)),
        ("P1DT12H30M5.25S", timedelta(days=1, hours=12, minutes=30, seconds=5.25)),
        ("0", timedelta(0)),
        ("0s", timedelta(0)),
    ],
)
def test_a_duration_is_read_as_go_and_as_iso_8601_write_it(text, expected):
    assert expected == parse_duration(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "h",
        "-1h",
        "1 h",
        "1y",
        "P",
        "PT",
        "P1Y",
        "P1M",
        "P1DT",
        "1h\n",
        "٣h",
        "9" * 18 + "h",
    ],
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match=r"duration|longer"):
        parse_duration(text)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=100_000)))
def test_a_duration_is_read_back_as_it_was_written(duration):
    assert duration == parse_duration(format_duration(duration))


@given(st.text(max_size=30))
def test_any_text_is_a_duration_or_a_value_error(text):
    try:
        assert isinstance(parse_duration(text), timedelta)
    except ValueError:
        return
