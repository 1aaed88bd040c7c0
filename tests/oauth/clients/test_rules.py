from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gatewatch.catalogue.outcomes import ClientAuthentication, GrantType
from gatewatch.kernel.ids import ClientId
from gatewatch.kernel.secrets import digest
from gatewatch.oauth.clients.rules import (
    Client,
    ClientStatus,
    ClientType,
    Registration,
    flaw,
    granted_scope,
    judge,
)

NOW = datetime(2026, 2, 8, 10, tzinfo=UTC)
KEEPER = Client(
    ClientId("cli_1"),
    "keeper",
    ClientType.CONFIDENTIAL,
    ClientStatus.ACTIVE,
    (GrantType.CLIENT_CREDENTIALS,),
    ("read", "write"),
    (),
    digest("hush"),
    NOW,
)
TELEVISION = replace(KEEPER, type=ClientType.PUBLIC, secret_digest=None)
SHUT = replace(KEEPER, status=ClientStatus.DISABLED)


@pytest.mark.parametrize(
    ("client", "secret", "expected"),
    [
        (KEEPER, "hush", ClientAuthentication.AUTHENTICATED),
        (KEEPER, "loud", ClientAuthentication.WRONG_SECRET),
        (KEEPER, "", ClientAuthentication.WRONG_SECRET),
        (KEEPER, None, ClientAuthentication.MISSING_SECRET),
        (TELEVISION, None, ClientAuthentication.AUTHENTICATED),
        (TELEVISION, "hush", ClientAuthentication.WRONG_SECRET),
        (SHUT, "hush", ClientAuthentication.DISABLED),
        (SHUT, None, ClientAuthentication.DISABLED),
        (None, "hush", ClientAuthentication.UNKNOWN),
        (None, None, ClientAuthentication.UNKNOWN),
    ],
)
def test_what_a_client_presents_is_judged(client, secret, expected):
    assert expected == judge(client, secret)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, ("read", "write")),
        ("write", ("write",)),
        ("", ()),
        ("read admin", None),
        ("read  write", None),
    ],
)
def test_a_client_gets_at_most_its_own_scope(asked, expected):
    assert expected == granted_scope(KEEPER, asked)


WANTED = Registration(
    name="keeper",
    type=ClientType.CONFIDENTIAL,
    grant_types=(GrantType.CLIENT_CREDENTIALS,),
    scope=("read",),
)


@pytest.mark.parametrize(
    "wanted",
    [
        WANTED,
        replace(WANTED, client_id=ClientId("my-app_1.2")),
        replace(WANTED, redirect_uris=("https://app.example/cb", "http://127.0.0.1:8000/cb")),
        replace(WANTED, redirect_uris=("com.example.app:/cb", "http://localhost/cb")),
    ],
)
def test_a_sound_registration_has_no_flaw(wanted):
    assert flaw(wanted) is None


@pytest.mark.parametrize(
    "wanted",
    [
        replace(WANTED, name=" "),
        replace(WANTED, name="x" * 101),
        replace(WANTED, name="two\nlines"),
        replace(WANTED, client_id=ClientId("with space")),
        replace(WANTED, client_id=ClientId("...")),
        replace(WANTED, client_id=ClientId("a" * 101)),
        replace(WANTED, client_id=ClientId("a:b")),
        replace(WANTED, grant_types=()),
        replace(WANTED, type=ClientType.PUBLIC),
        replace(WANTED, scope=('a"b',)),
        replace(WANTED, scope=("a b",)),
        replace(WANTED, redirect_uris=("/relative",)),
        replace(WANTED, redirect_uris=("http://app.example/cb",)),
        replace(WANTED, redirect_uris=("https://app.example/cb#fragment",)),
        replace(WANTED, redirect_uris=("javascript:alert(1)",)),
        replace(WANTED, redirect_uris=("https://",)),
        replace(WANTED, redirect_uris=("https://[bad",)),
        replace(WANTED, redirect_uris=("https://app.example/a b",)),
    ],
)
def test_a_registration_that_makes_no_sense_is_told_why(wanted):
    assert flaw(wanted)
