import logging

import pytest

from gatewatch.settings.log_filter import Filter, parse_filter


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Filter(logging.INFO, {})),
        ("warn", Filter(logging.WARNING, {})),
        (
            "info,gatewatch=debug,sqlalchemy=warn",
            Filter(logging.INFO, {"gatewatch": logging.DEBUG, "sqlalchemy": logging.WARNING}),
        ),
        ("gatewatch::routes=trace", Filter(logging.INFO, {"gatewatch.routes": logging.DEBUG})),
        (" ERROR , a = off ", Filter(logging.ERROR, {"a": logging.CRITICAL + 10})),
        ("debug,error", Filter(logging.ERROR, {})),
    ],
)
def test_a_filter_is_a_level_and_levels_of_targets(text, expected):
    assert expected == parse_filter(text)


@pytest.mark.parametrize("text", ["loud", "gatewatch", "gatewatch=loud", "=debug", "a=b=c"])
def test_a_mistake_is_named_with_its_cure(text):
    with pytest.raises(ValueError, match=r"levels?.*as in info,gatewatch=debug") as caught:
        parse_filter(f"info,{text}")
    assert repr(text) in str(caught.value)
