from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.kit.house import OPERATOR, SOMEWHERE
from tests.kit.office import refusal_of

from gatewatch.catalogue.metrics import (
    SUSPICIOUS,
    TOKEN_CHECKS,
    TOKEN_REFRESHES,
    TOKENS_ISSUED,
    TOKENS_REVOKED,
)
from gatewatch.catalogue.outcomes import (
    GrantType,
    RevocationReason,
    TokenCheck,
    TokenKind,
    TokenRefresh,
)
from gatewatch.kernel.secrets import url_token
from gatewatch.oauth.clients.rules import ClientType

LASTING = "read write offline_access"


@pytest.fixture
async def asker(office):
    return await office.program(name="Asker")


@pytest.fixture
async def ada(office):
    return await office.person()


async def test_an_access_token_is_a_jwt_that_others_can_verify(office):
    client = await office.program()
    issued = await office.tokens.client_credentials(client, "read", SOMEWHERE)

    keys = KeySet.import_key_set(office.house.keyring.public_jwks())
    token = jwt.decode(issued.access_token, keys, algorithms=["ES256"])

    now = int(office.house.clock.now().timestamp())
    assert token.header["typ"] == "at+jwt"
    jti = token.claims.pop("jti")
    issuer = office.house.urls.issuer
    assert {
        "iss": issuer,
        "aud": issuer,
        "sub": client.id,
        "client_id": client.id,
        "scope": "read",
        "iat": now,
        "exp": now + 900,
    } == token.claims
    assert (issued.expires_in, issued.refresh_token) == (900, None)
    assert jti == (await office.house.recorded())[-1].resource_id
    issued_count = office.house.meter.value(
        TOKENS_ISSUED, TokenKind.ACCESS, GrantType.CLIENT_CREDENTIALS
    )
    assert issued_count == 1


async def test_a_persons_token_says_who_they_are_and_since_when(office, ada):
    issued = await office.signed_in(await office.television(), ada)
    keys = KeySet.import_key_set(office.house.keyring.public_jwks())
    claims = jwt.decode(issued.access_token, keys, algorithms=["ES256"]).claims
    assert ada.account.id == claims["sub"]
    assert int(ada.session.auth_time.timestamp()) == claims["auth_time"]


async def test_a_client_gets_all_its_scope_unless_it_asks_for_less(office):
    client = await office.program(scope=("read", "write"))
    whole = await office.tokens.client_credentials(client, None, SOMEWHERE)
    assert whole.scope == ("read", "write")
    assert (
        await refusal_of(office.tokens.client_credentials(client, "admin", SOMEWHERE))
        == "invalid_scope"
    )


async def test_a_client_uses_only_the_grants_it_is_registered_for(office):
    client = await office.program(grant_types=(GrantType.REFRESH_TOKEN,))
    assert (
        await refusal_of(office.tokens.client_credentials(client, None, SOMEWHERE))
        == "unauthorized_client"
    )
    television = await office.television(grant_types=(GrantType.DEVICE_CODE,))
    assert (
        await refusal_of(office.tokens.refresh("tok_1.secret", None, television, SOMEWHERE))
        == "unauthorized_client"
    )


async def test_a_refresh_token_comes_only_with_offline_access(office, ada):
    client = await office.television()
    assert (await office.signed_in(client, ada, "read")).refresh_token is None
    assert (await office.signed_in(client, ada, LASTING)).refresh_token


async def test_refreshing_replaces_both_tokens(office, ada, asker):
    client = await office.television()
    first = await office.signed_in(client, ada)
    second = await office.tokens.refresh(first.refresh_token, None, client, SOMEWHERE)

    assert first.access_token != second.access_token
    assert first.refresh_token != second.refresh_token
    assert await office.tokens.introspect(second.access_token, asker)
    assert await office.tokens.introspect(first.access_token, asker)
    event = (await office.house.recorded())[-1]
    assert event.action == "oauth.token.refreshed"
    assert ada.account.id == event.metadata["account_id"]
    for kind in TokenKind:
        assert office.house.meter.value(TOKENS_ISSUED, kind, GrantType.REFRESH_TOKEN) == 1


async def test_a_narrower_scope_is_the_access_tokens_alone(office, ada):
    client = await office.television()
    first = await office.signed_in(client, ada, LASTING)
    narrow = await office.tokens.refresh(first.refresh_token, "read", client, SOMEWHERE)
    assert narrow.scope == ("read",)
    whole = await office.tokens.refresh(narrow.refresh_token, None, client, SOMEWHERE)
    assert whole.scope == ("read", "write", "offline_access")


@pytest.mark.parametrize("scope", ["read admin", "read  write", '"'])
async def test_more_than_was_granted_is_refused_and_nothing_is_spent(office, ada, scope):
    client = await office.television()
    first = await office.signed_in(client, ada)
    assert (
        await refusal_of(office.tokens.refresh(first.refresh_token, scope, client, SOMEWHERE))
        == "invalid_scope"
    )
    assert await office.tokens.refresh(first.refresh_token, None, client, SOMEWHERE)


async def test_a_spent_token_that_comes_back_takes_its_family_with_it(office, ada, asker):
    client = await office.television()
    first = await office.signed_in(client, ada)
    other = await office.signed_in(client, ada)
    second = await office.tokens.refresh(first.refresh_token, None, client, SOMEWHERE)

    for _ in range(3):
        assert (
            await refusal_of(office.tokens.refresh(first.refresh_token, None, client, SOMEWHERE))
            == "invalid_grant"
        )

    for dead in (first.access_token, second.access_token):
        assert await office.tokens.introspect(dead, asker) is None
    assert (
        await refusal_of(office.tokens.refresh(second.refresh_token, None, client, SOMEWHERE))
        == "invalid_grant"
    )
    assert await office.tokens.introspect(other.access_token, asker)
    critical = [row for row in await office.house.recorded() if row.severity == "CRITICAL"]
    assert [row.metadata["revoked"] for row in critical] == [3]
    assert office.house.meter.value(TOKEN_REFRESHES, TokenRefresh.REPLAYED) == 3
    assert office.house.meter.value(SUSPICIOUS) == 1
    assert office.house.meter.value(TOKENS_REVOKED, RevocationReason.REPLAY) == 1


async def test_a_family_ends_when_its_first_refresh_token_would_have(office, ada):
    client = await office.television()
    issued = await office.signed_in(client, ada)
    whole_life = office.house.settings.tokens.refresh_expiry
    office.house.clock.advance(seconds=(whole_life - timedelta(minutes=5)).total_seconds())

    issued = await office.tokens.refresh(issued.refresh_token, None, client, SOMEWHERE)
    assert issued.expires_in == 300
    office.house.clock.advance(minutes=5)
    assert (
        await refusal_of(office.tokens.refresh(issued.refresh_token, None, client, SOMEWHERE))
        == "invalid_grant"
    )
    assert office.house.meter.value(TOKEN_REFRESHES, TokenRefresh.EXPIRED) == 1


async def test_a_refresh_token_is_of_no_use_to_another_client(office, ada):
    client, thief = await office.television(), await office.television()
    issued = await office.signed_in(client, ada)
    assert (
        await refusal_of(office.tokens.refresh(issued.refresh_token, None, thief, SOMEWHERE))
        == "invalid_grant"
    )
    assert await office.tokens.refresh(issued.refresh_token, None, client, SOMEWHERE)


async def test_a_disabled_accounts_tokens_are_of_no_use(office, ada, asker):
    client = await office.television()
    issued = await office.signed_in(client, ada)
    await office.house.accounts.disable(ada.account.id, by=OPERATOR)

    assert await office.tokens.introspect(issued.access_token, asker) is None
    assert (
        await refusal_of(office.tokens.refresh(issued.refresh_token, None, client, SOMEWHERE))
        == "invalid_grant"
    )
    assert office.house.meter.value(TOKEN_CHECKS, TokenCheck.OWNER_DISABLED) == 1
    assert office.house.meter.value(TOKEN_REFRESHES, TokenRefresh.OWNER_DISABLED) == 1


async def test_what_an_account_holds_can_be_revoked_at_once(office, ada, asker):
    client = await office.television()
    one, two = [await office.signed_in(client, ada) for _ in range(2)]
    bob = await office.signed_in(client, await office.person("bob@example.com"))
    async with office.house.database.work() as work:
        assert await office.tokens.revoke_all_of_account(work, ada.account.id) == 4
    for dead in (one.access_token, two.access_token):
        assert await office.tokens.introspect(dead, asker) is None
    assert await office.tokens.introspect(bob.access_token, asker)


async def test_a_token_works_until_the_second_it_says(office, asker):
    office.house.clock.advance(milliseconds=999)
    client = await office.program()
    issued = await office.tokens.client_credentials(client, None, SOMEWHERE)
    token = await office.tokens.introspect(issued.access_token, asker)

    office.house.clock.advance(seconds=899)
    assert await office.tokens.introspect(issued.access_token, asker)
    office.house.clock.advance(milliseconds=2)
    assert await office.tokens.introspect(issued.access_token, asker) is None
    assert token.expires_at < office.house.clock.now()
    assert token.expires_at.microsecond == 0


async def test_only_a_client_with_a_secret_introspects(office):
    television = await office.television()
    assert await refusal_of(office.tokens.introspect("x", television)) == "invalid_client"


async def test_a_refresh_token_is_shown_to_its_own_client_alone(office, ada, asker):
    owner = await office.program(type=ClientType.CONFIDENTIAL)
    issued = await office.signed_in(owner, ada)
    found = await office.tokens.introspect(issued.refresh_token, owner)
    assert TokenKind.REFRESH is found.kind
    assert await office.tokens.introspect(issued.refresh_token, asker) is None


async def test_a_forged_token_is_unknown(office, asker):
    client = await office.program()
    issued = await office.tokens.client_credentials(client, None, SOMEWHERE)
    header, payload, signature = issued.access_token.split(".")
    other = "B" if signature[0] == "A" else "A"
    for forged in (
        f"{header}.{payload}.{other}{signature[1:]}",
        f"{header}.{payload}.",
        f"{header}x.{payload}.{signature}",
        "\0.\0",
        "\ud800.\ud800",
        url_token(office.house.entropy),
        "",
    ):
        assert await office.tokens.introspect(forged, asker) is None
    assert office.house.meter.value(TOKEN_CHECKS, TokenCheck.UNKNOWN) == 7


async def test_asking_about_a_token_is_counted_and_not_recorded(office, asker):
    before = len(await office.house.recorded())
    await office.tokens.introspect("nothing", asker)
    assert before == len(await office.house.recorded())


async def test_tokeninfo_is_for_access_tokens(office, ada):
    issued = await office.signed_in(await office.television(), ada)
    assert ada.account.id == (await office.tokens.tokeninfo(issued.access_token)).account_id
    assert await refusal_of(office.tokens.tokeninfo(issued.refresh_token)) == "invalid_token"
    assert await refusal_of(office.tokens.tokeninfo("nothing")) == "invalid_token"


async def test_revoking_a_refresh_token_revokes_its_family(office, ada, asker):
    client = await office.television()
    issued = await office.signed_in(client, ada)
    for _ in range(2):
        await office.tokens.revoke(issued.refresh_token, client, SOMEWHERE)

    assert await office.tokens.introspect(issued.access_token, asker) is None
    assert (
        await refusal_of(office.tokens.refresh(issued.refresh_token, None, client, SOMEWHERE))
        == "invalid_grant"
    )
    revoked = [row for row in await office.house.recorded() if row.action == "oauth.token.revoked"]
    assert [row.metadata["revoked"] for row in revoked] == [2]
    assert office.house.meter.value(TOKENS_REVOKED, RevocationReason.CLIENT_REQUEST) == 1


async def test_revoking_an_access_token_leaves_its_family(office, ada, asker):
    client = await office.television()
    issued = await office.signed_in(client, ada)
    await office.tokens.revoke(issued.access_token, client, SOMEWHERE)
    assert await office.tokens.introspect(issued.access_token, asker) is None
    assert await office.tokens.refresh(issued.refresh_token, None, client, SOMEWHERE)


async def test_nobody_revokes_what_is_not_theirs(office, ada, asker):
    client, stranger = await office.television(), await office.television()
    issued = await office.signed_in(client, ada)
    for text in (issued.refresh_token, issued.access_token, f"{issued.refresh_token}x", "nothing"):
        await office.tokens.revoke(text, stranger, SOMEWHERE)
    assert await office.tokens.introspect(issued.access_token, asker)
    assert "oauth.token.revoked" not in await office.house.actions()
