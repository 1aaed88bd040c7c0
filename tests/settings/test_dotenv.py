import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.settings.dotenv import parse_dotenv, quote

AS_IN_AUTHGATES_GUIDE = """\
# Audit logging
ENABLE_AUDIT_LOGGING=true              # Enable audit logging (default: true)
AUDIT_LOG_RETENTION=2160h              # Retention period: 90 days (default: 90 days)

AUDIT_LOG_BUFFER_SIZE=1000
"""


def test_the_file_of_authgates_guide_is_read():
    values, problems = parse_dotenv(AS_IN_AUTHGATES_GUIDE)
    assert problems == []
    assert values == {
        "ENABLE_AUDIT_LOGGING": "true",
        "AUDIT_LOG_RETENTION": "2160h",
        "AUDIT_LOG_BUFFER_SIZE": "1000",
    }


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("export A = b ", "b"),
        ("A=", ""),
        ("A= # nothing", ""),
        ("A=b#c", "b#c"),
        ("A='b # c' # d", "b # c"),
        (r"A='b\n'", r"b\n"),
        (r'A="b\n\"c\" \\"', 'b\n"c" \\'),
        ("A=b=c", "b=c"),
        ("A=b\r", "b"),
        ("\ufeffA=b", "b"),
        ("A=b\nA=c", "c"),
    ],
)
def test_a_line_is_read(line, value):
    assert ({"A": value}, []) == parse_dotenv(line)


@pytest.mark.parametrize(
    "line", ["hunter2", "2A=hunter2", "A='hunter2", 'A="hunter2" 2', "A B=hunter2"]
)
def test_a_line_that_cannot_be_read_is_named_and_never_quoted(line):
    values, problems = parse_dotenv(f"# one\n{line}\nB=2\n")
    assert values == {"B": "2"}
    (problem,) = problems
    assert problem.startswith(".env line 2: ")
    assert "hunter2" not in problem


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_quoted_value_is_read_back_as_it_was(value):
    assert ({"A": value}, []) == parse_dotenv(f"A={quote(value)}")


@given(st.text())
def test_no_text_is_too_strange_to_be_read(text):
    values, problems = parse_dotenv(text)
    assert len(values) + len(problems) <= text.count("\n") + 1
