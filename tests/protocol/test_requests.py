import pytest

from gatewatch.protocol.requests import (
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    REFRESH_TOKEN,
    ClientCredentialsGrant,
    DeviceGrant,
    Missing,
    RefreshGrant,
    Unsupported,
    parse_token_request,
)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({}, Missing("grant_type")),
        ({"grant_type": "password"}, Unsupported()),
        ({"grant_type": "device_code"}, Unsupported()),
        ({"grant_type": DEVICE_CODE}, Missing("device_code")),
        ({"grant_type": DEVICE_CODE, "device_code": "c"}, DeviceGrant("c")),
        ({"grant_type": REFRESH_TOKEN}, Missing("refresh_token")),
        ({"grant_type": REFRESH_TOKEN, "refresh_token": "t"}, RefreshGrant("t", None)),
        (
            {"grant_type": REFRESH_TOKEN, "refresh_token": "t", "scope": "a"},
            RefreshGrant("t", "a"),
        ),
        ({"grant_type": CLIENT_CREDENTIALS}, ClientCredentialsGrant(None)),
        ({"grant_type": CLIENT_CREDENTIALS, "scope": "a b"}, ClientCredentialsGrant("a b")),
    ],
)
def test_a_form_says_which_grant_it_is(form, expected):
    assert expected == parse_token_request(form)
