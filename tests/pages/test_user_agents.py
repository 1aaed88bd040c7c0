import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.http.user_agents import describe

MOZILLA = "Mozilla/5.0"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (f"{MOZILLA} (X11; Linux x86_64; rv:128.0) Gecko/2010 Firefox/128.0", "Firefox on Linux"),
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64) {CHROME}", "Chrome on Windows"),
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64) {CHROME} Edg/130.0.0.0", "Edge on Windows"),
        (f"{MOZILLA} (Linux; Android 10; K) {CHROME}", "Chrome on Android"),
        (
            f"{MOZILLA} (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Safari/604.1",
            "Safari on iPhone",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("python-httpx/0.28.1", "python-httpx/0.28.1"),
        ("<script>", "An unknown program"),
        ("", "An unnamed program"),
        (None, "An unnamed program"),
    ],
)  # fmt: skip
def test_a_program_is_named_as_a_person_would(user_agent, name):
    assert name == describe(user_agent)


@given(st.text(max_size=500))
def test_whatever_a_program_calls_itself_it_has_a_short_name(user_agent):
    assert 0 < len(describe(user_agent)) <= 61
