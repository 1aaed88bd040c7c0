import pytest
from tests.pages.reading import read
from tests.pages.visitor import ADA, GRACE, recorded, visiting

AUTHGATES = {
    "id", "event_type", "event_time", "severity", "actor_user_id", "actor_username", "actor_ip",
    "resource_type", "resource_id", "resource_name", "action", "details", "success",
    "error_message", "user_agent", "request_path", "request_method", "created_at",
}  # fmt: skip
"""The names of AuthGate's guide."""


async def test_programs_that_are_not_signed_in_are_told_so(visitor):
    response = await visitor.get("/admin/audit/api")
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/admin/audit", "/admin/audit/api", "/admin/audit/evt_1", "/admin/accounts",
             "/admin/clients"]
)  # fmt: skip
async def test_users_see_nothing_of_it_and_leave_a_trace(grace, path):
    assert (await grace.get(path)).status_code == 403
    rows = await recorded(grace.auth)
    assert [row.actor_name for row in rows if row.event_type == "ACCESS_DENIED"] == [GRACE]


async def test_the_log_is_read_as_a_page(auth, ada, grace):
    await auth.services.journal.flush()
    page = read(await ada.get("/admin/audit"))
    assert "Sunday 8 February 2026" in page.text
    assert f"auth.login AUTHENTICATION_SUCCESS {GRACE} 203.0.113.9" in page.text


async def test_the_log_is_read_as_json_in_authgates_words(auth, ada):
    await auth.services.journal.flush()
    response = await ada.get("/admin/audit/api?event_type=AUTHENTICATION_SUCCESS&since=24h")
    (log,) = response.json()["logs"]
    assert set(log) > AUTHGATES
    assert (log["actor_username"], log["success"], log["action"]) == (
        ADA,
        True,
        "auth.login",
    )
    assert log["event_time"] == log["created_at"] == "2026-02-08T12:00:00Z"
    assert "no-store" in response.headers["cache-control"]


async def test_reading_the_log_is_an_event(auth, ada):
    await ada.get("/admin/audit/api?severity=WARNING")
    viewed = (await recorded(auth))[-1]
    assert (viewed.event_type, viewed.actor_name) == ("AUDIT_LOG_VIEWED", ADA)
    assert viewed.metadata["filters"] == ["severity"]
    assert viewed.session_id


async def test_a_filter_finds_what_it_says(auth, ada):
    async with visiting(auth, "192.0.2.44") as stranger:
        await stranger.sign_in(ADA, "not the password")
    await auth.services.journal.flush()
    for asked in ("success=false", "actor_ip=192.0.2.44", "search=LOGIN.F"):
        logs = (await ada.get(f"/admin/audit/api?{asked}")).json()["logs"]
        assert [log["event_type"] for log in logs] == ["AUTHENTICATION_FAILURE"], asked


@pytest.mark.parametrize("asked", ["severty=ERROR", "since=yesterday", "success=perhaps"])
async def test_a_typo_is_refused_by_name_and_never_widens_the_answer(ada, asked):
    name = asked.partition("=")[0]
    api = await ada.get(f"/admin/audit/api?{asked}")
    assert api.status_code == 400
    assert name in api.json()["detail"]
    page = await ada.get(f"/admin/audit?{asked}")
    assert page.status_code == 400
    assert name in read(page).text
    assert "auth.login AUTHENTICATION_SUCCESS" not in read(page).text


async def test_pages_lie_side_by_side_both_ways(auth, ada):
    for _ in range(3):
        async with visiting(auth) as other:
            await other.sign_in(GRACE)
    await auth.services.journal.flush()
    asked = "/admin/audit/api?event_type=AUTHENTICATION_SUCCESS&page_size=2"
    first = (await ada.get(asked)).json()
    second = (await ada.get(f"{asked}&cursor={first['next']}")).json()
    back = (await ada.get(f"{asked}&cursor={second['prev']}")).json()
    ids = [log["id"] for log in (*first["logs"], *second["logs"])]
    assert ids == sorted(ids, reverse=True)
    assert (len(first["logs"]), len(second["logs"]), len(set(ids))) == (2, 2, 4)
    assert (first["prev"], second["next"]) == (None, None)
    assert (back["logs"], back["prev"]) == (first["logs"], None)


async def test_links_to_the_pages_beside_keep_the_filters(auth, ada):
    await auth.services.journal.flush()
    page = read(await ada.get("/admin/audit?success=true&page_size=1"))
    (older,) = [a.attributes["href"] for a in page.all("a") if a.attributes.get("rel") == "next"]
    assert older.startswith("/admin/audit?success=true&page_size=1&cursor=older.evt_")
    assert (await ada.get(older)).status_code == 200


async def test_one_event_is_shown_whole(auth, ada):
    row = next(row for row in await recorded(auth) if row.action == "auth.login")
    page = read(await ada.get(f"/admin/audit/{row.id}"))
    for text in (row.id, row.request_id, "POST /login", ADA, "198.51.100.7"):
        assert text in page.text
    assert (await ada.get("/admin/audit/evt_nothing")).status_code == 404


async def test_whoever_is_written_about_cannot_write_the_page(auth, ada):
    async with visiting(auth) as stranger:
        stranger.client.headers["user-agent"] = "<script>alert(1)</script>"
        await stranger.sign_in('"><img src=x onerror=alert(1)>', "x")
    await auth.services.journal.flush()
    page = await ada.get("/admin/audit?success=false")
    assert "<img" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


async def test_administration_begins_with_the_log(ada):
    response = await ada.get("/admin")
    assert (response.status_code, response.headers["location"]) == (303, "/admin/audit")
