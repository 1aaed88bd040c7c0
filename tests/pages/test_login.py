import httpx
import pytest
from tests.kit.house import NOON, PASSWORD
from tests.pages.reading import read
from tests.pages.visitor import ADA, GRACE, opened, recorded, visiting

from gatewatch.kernel.time import FixedClock


async def test_signing_in_leads_home(visitor):
    response = await visitor.sign_in()
    home = await visitor.follow(response)
    assert home.status_code == 200
    assert "Signed in as Ada" in read(home).text


async def test_a_cookie_that_another_site_planted_signs_nobody_over(ada, grace):
    signing_in = {"email": GRACE, "password": PASSWORD}
    planted = (await grace.client.post("/v1/auth/login", json=signing_in)).json()["access_token"]
    ada.client.cookies.set("gatewatch_at", planted)
    assert "Signed in as Ada" in read(await ada.get("/")).text


async def test_whoever_is_signed_in_goes_straight_on(ada):
    response = await ada.get("/login?redirect=/device")
    assert (response.status_code, response.headers["location"]) == (303, "/device")


@pytest.mark.parametrize(
    ("email", "password"), [(ADA, "not the password"), ("nobody@example.com", PASSWORD)]
)
async def test_every_refusal_is_the_same_page(visitor, email, password):
    response = await visitor.sign_in(email, password)
    assert response.status_code == 401
    text = read(response).text
    assert "The email or the password is wrong." in text
    assert "session" not in visitor.client.cookies


async def test_what_was_typed_is_kept_except_the_password(visitor):
    response = await visitor.sign_in(ADA, "not the password")
    assert f'value="{ADA}"' in response.text
    assert "not the password" not in response.text


async def test_too_many_attempts_are_told_to_wait(visitor):
    for _ in range(30):
        response = await visitor.sign_in(ADA, "not the password")
        if response.status_code == 429:
            break
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) > 0
    assert "form" in {element.tag for element in read(response).elements}


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/%2f/x"],
)
async def test_signing_in_never_leads_elsewhere(visitor, target):
    form = await visitor.client.get("/login", params={"redirect": target})
    response = await visitor.submit(
        "/login", read(form), identifier=ADA, password=PASSWORD, redirect=target
    )
    assert (response.status_code, response.headers["location"]) == (303, "/")


async def test_a_form_of_another_browser_signs_nobody_in(auth, visitor):
    async with visiting(auth) as other:
        form = read(await other.get("/login"))
    response = await visitor.submit("/login", form, identifier=ADA, password=PASSWORD)
    assert response.status_code == 403
    assert "session" not in visitor.client.cookies
    assert "Try once more" in response.text


async def test_a_form_on_another_site_signs_nobody_in(visitor):
    form = read(await visitor.get("/login")).form("/login")
    response = await visitor.client.post(
        "/login",
        data={**form, "identifier": ADA, "password": PASSWORD},
        headers={"origin": "https://evil.example"},
    )
    assert response.status_code == 403


async def test_signing_out_ends_the_session_for_good(ada):
    cookies = dict(ada.client.cookies)
    home = read(await ada.get("/"))
    response = await ada.submit("/logout", home)
    assert (response.status_code, response.headers["location"]) == (303, "/login")
    ada.client.cookies = httpx.Cookies(cookies)
    assert (await ada.get("/")).status_code == 303
    assert "auth.logout" in {row.action for row in await recorded(ada.auth)}


async def test_nobody_is_signed_out_by_another_site(ada):
    response = await ada.client.post("/logout", data={"csrf_token": "guess"})
    assert response.status_code == 403
    assert (await ada.get("/")).status_code == 200


async def test_signing_out_without_a_session_is_no_error(visitor):
    response = await visitor.client.post("/logout", data={"csrf_token": "x"})
    assert response.status_code == 303


async def test_under_https_cookies_are_bound_to_the_host(tmp_path):
    async with (
        opened(tmp_path, FixedClock(NOON), issuer="https://auth.example.com") as auth,
        visiting(auth) as visitor,
    ):
        form = await visitor.get("/login")
        signed_in = await visitor.sign_in()
    for response, name in ((form, "__Host-gatewatch_form"), (signed_in, "__Host-session")):
        (header,) = response.headers.get_list("set-cookie")
        attributes = set(header.split("; ")[1:])
        assert header.startswith(f"{name}=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} < attributes


async def test_below_a_path_everything_stays_below_it(tmp_path):
    async with (
        opened(tmp_path, FixedClock(NOON), issuer="https://example.com/auth") as auth,
        visiting(auth) as visitor,
    ):
        first = await visitor.get("/auth/")
        assert first.headers["location"] == "/auth/login?redirect=%2Fauth%2F"
        form = read(await visitor.get(first.headers["location"]))
        signed_in = await visitor.submit("/auth/login", form, identifier=ADA, password=PASSWORD)
        assert signed_in.headers["location"] == "/auth/"
        assert (await visitor.follow(signed_in)).status_code == 200
