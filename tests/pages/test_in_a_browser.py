"""The pages in a real browser, in front of a real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from playwright.async_api import Browser, Page
from tests.kit.house import PASSWORD, SOMEWHERE
from tests.kit.ports import free_port
from tests.pages.visitor import ADA, opened, started

from gatewatch.auth import Auth
from gatewatch.kernel.time import SystemClock

pytestmark = pytest.mark.browser


@asynccontextmanager
async def serving(auth: Auth, port: int) -> AsyncIterator[None]:
    """Serve on a port, within this event loop."""
    config = uvicorn.Config(auth.asgi(), port=port, log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[config.bind_socket()]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await task


@pytest.fixture
async def site(tmp_path) -> AsyncIterator[tuple[Auth, str]]:
    """A server, and its address."""
    port = free_port()
    issuer = f"http://localhost:{port}"
    async with opened(tmp_path, SystemClock(), issuer=issuer) as auth, serving(auth, port):
        yield auth, issuer


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
async def page(request, browser: Browser) -> AsyncIterator[Page]:
    """A page of a browser, with script and without."""
    context = await browser.new_context(java_script_enabled=request.param)
    yield await context.new_page()
    await context.close()


async def sign_in(page: Page) -> None:
    """Fill in the sign-in form."""
    await page.get_by_label("Email or username").fill(ADA)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()


async def test_a_person_signs_in_lets_a_device_in_and_signs_out(site, page):
    auth, issuer = site
    client, codes = await started(auth)
    await page.goto(f"{issuer}/device")
    await sign_in(page)
    await page.get_by_label("Code").press_sequentially(codes.user_code.lower())
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("button", name="Approve").click()
    await page.get_by_role("heading", name="gatewatch command line is signed in").wait_for()
    assert (await auth.services.device.redeem(codes.device_code, client, SOMEWHERE)).access_token
    await page.get_by_role("link", name="Go to your account").click()
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("heading", name="Sign in").wait_for()


async def test_an_administrator_makes_an_account_and_reads_of_it(site, page):
    _, issuer = site
    await page.goto(f"{issuer}/admin/accounts")
    await sign_in(page)
    await page.get_by_text("New account").click()
    await page.get_by_label("Email").fill("alan@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create the account").click()
    await page.get_by_role("rowheader", name="alan@example.com").wait_for()
    await page.get_by_role("link", name="Audit").click()
    await page.get_by_label("Event", exact=True).select_option("USER_CREATED")
    await page.get_by_role("button", name="Filter").click()
    await page.get_by_text("users.created").nth(1).wait_for()
    assert await page.get_by_text("USER_CREATED").count() >= 3
