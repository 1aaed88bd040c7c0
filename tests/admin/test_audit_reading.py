"""Reading the audit log: by auditors, in figures, around an event, as it happens."""

import asyncio
import json

import pytest
from tests.kit.house import OPERATOR, PASSWORD
from tests.pages.reading import read
from tests.pages.visitor import ADA, GRACE, recorded, visiting

from gatewatch.admin import audit_live
from gatewatch.identity.accounts.rules import Role

ALAN = "alan@example.com"


@pytest.fixture
async def alan(auth):
    """An auditor."""
    await auth.services.passwords.register(ALAN, PASSWORD, role=Role.AUDITOR, by=OPERATOR)
    async with visiting(auth) as visitor:
        await visitor.sign_in(ALAN)
        yield visitor


@pytest.mark.parametrize(
    "path",
    ["/admin/audit", "/admin/audit/api", "/admin/audit/api/stats", "/admin/audit/statistics",
     "/admin/audit/export"],
)  # fmt: skip
async def test_an_auditor_reads_the_log(alan, path):
    assert (await alan.get(path)).status_code == 200


@pytest.mark.parametrize("path", ["/admin/accounts", "/admin/clients", "/device"])
async def test_an_auditor_does_nothing_else(alan, path):
    assert (await alan.get(path)).status_code == 403
    page = read(await alan.get("/admin/audit"))
    links = {a.attributes.get("href") for a in page.all("a")}
    assert "/admin/audit/statistics" in links
    assert not links & {"/admin/accounts", "/admin/clients"}


async def test_figures_are_told_in_authgates_words(auth, ada):
    async with visiting(auth) as stranger:
        await stranger.sign_in(ADA, "not the password")
    events = await recorded(auth)
    told = (await ada.get("/admin/audit/api/stats?since=1h")).json()
    stats = told["stats"]
    assert stats["total_events"] == len(events)
    assert stats["failure_count"] == 1
    assert stats["success_count"] == len(events) - 1
    assert stats["events_by_type"]["AUTHENTICATION_FAILURE"] == 1
    assert stats["events_by_severity"]["WARNING"] >= 1
    assert sum(stats["events_by_severity"].values()) == len(events)
    assert sum(bar["events"] for bar in stats["over_time"]) == len(events)
    assert (told["start_time"], told["end_time"]) == ("2026-02-08T11:00:00Z", None)
    assert (await ada.get("/admin/audit/api/stats?actor=acc_1")).status_code == 400


async def test_figures_have_a_page_with_a_chart(auth, ada):
    await recorded(auth)
    page = read(await ada.get("/admin/audit/statistics?since=24h"))
    assert "AUTHENTICATION_SUCCESS" in page.text
    assert any("events in" in svg.attributes.get("aria-label", "") for svg in page.all("svg"))


async def test_an_event_is_shown_among_its_neighbours(auth, ada):
    signed_in = next(row for row in await recorded(auth) if row.action == "auth.login")
    page = read(await ada.get(f"/admin/audit/{signed_in.id}"))
    assert "In the same session" not in page.text
    await auth.services.journal.flush()
    page = read(await ada.get(f"/admin/audit/{signed_in.id}"))
    for title in ("In the same session", "By the same actor"):
        assert title in page.text


async def test_a_request_is_told_in_plain_words(auth, ada):
    async with visiting(auth, "192.0.2.44") as stranger:
        await stranger.sign_in(ADA, "not the password")
    refused = next(row for row in await recorded(auth) if row.action == "auth.login.failed")
    page = read(await ada.get(f"/admin/audit/requests/{refused.request_id}"))
    assert f"Somebody tried to sign in as {ADA}, and was turned away: wrong password." in page.text
    assert "It was POST /login, from 192.0.2.44." in page.text
    nothing = await ada.get("/admin/audit/requests/req_none")
    assert nothing.status_code == 404
    assert "Nothing is known of this request" in read(nothing).text


async def test_searches_are_saved_and_removed(ada):
    asked = "/admin/audit?severity=CRITICAL&success=false"
    page = read(await ada.get(asked))
    saved = await ada.submit("/admin/audit/searches", page, name="Grave")
    assert saved.headers["location"] == asked
    shown = read(await ada.get("/admin/audit"))
    assert "Grave" in shown.text
    again = await ada.submit("/admin/audit/searches", page, name="Grave")
    assert again.status_code == 409
    bad = await ada.submit("/admin/audit/searches", page, name="Bad", query="severty=1")
    assert bad.status_code == 400
    actions = [form.attributes.get("action", "") for form in shown.all("form")]
    (remove,) = [action for action in actions if action.endswith("/remove")]
    await ada.submit(remove, shown)
    assert "Grave" not in read(await ada.get("/admin/audit")).text


async def test_the_log_is_watched_as_it_happens(auth, ada, monkeypatch):
    monkeypatch.setattr(audit_live, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(audit_live, "LOOKS", 20)
    await recorded(auth)

    async def happen():
        await asyncio.sleep(0.1)
        async with visiting(auth) as other:
            await other.sign_in(GRACE, "not the password")
        await auth.services.journal.flush()

    response, _ = await asyncio.gather(ada.get("/admin/audit/live?success=false"), happen())
    assert response.headers["content-type"].startswith("text/event-stream")
    told = [
        json.loads(line.removeprefix("data: "))
        for line in response.text.splitlines()
        if line.startswith("data: ")
    ]
    assert [each["log"]["action"] for each in told] == ["auth.login.failed"]
    assert told[0]["html"].strip().startswith("<li")
