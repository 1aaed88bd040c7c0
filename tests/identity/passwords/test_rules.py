import pytest

from gatewatch.identity.passwords.rules import flaw


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("x" * 11, "A password has at least 12 characters."),
        ("x" * 12, None),
        ("x" * 256, None),
        ("x" * 257, "A password has at most 256 characters."),
        ("correct horse battery staple", None),
        ("p\u00e4ssw\u00f6rter sind l\u00e4nger", None),
        ("twelve chars\0", "A password holds no control characters."),
        ("twelve chars\ud800", "A password holds no control characters."),
    ],
)
def test_a_password_is_judged_by_its_length_alone(password, expected):
    assert expected == flaw(password, at_least=12, at_most=256)
