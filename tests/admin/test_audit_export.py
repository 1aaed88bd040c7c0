"""The audit log as a file: whole, safe, and vouched for."""

import csv
import hashlib
import io
import json

import pytest
from tests.pages.visitor import ADA, GRACE, recorded, visiting

from gatewatch.audit import export
from gatewatch.audit.export import COLUMNS

AT = "/admin/audit/export"


async def exported(visitor, query: str = "") -> str:
    response = await visitor.get(f"{AT}?{query}" if query else AT)
    assert response.status_code == 200, response.text
    return response.text


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_an_export_has_every_event_and_every_column(auth, ada):
    before = await recorded(auth)
    response = await ada.get(AT)
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="audit-20260208T120000Z.csv"' in response.headers["content-disposition"]
    assert "content-length" not in response.headers
    rows = read(response.text)
    assert list(rows[0]) == list(COLUMNS)
    found = [row["id"] for row in rows if row["action"] not in {"audit.exported", "audit.viewed"}]
    assert found == sorted((row.id for row in before), reverse=True)
    signed_in = next(row for row in rows if row["action"] == "auth.login")
    assert signed_in["created_at"] == "2026-02-08T12:00:00Z"
    assert json.loads(signed_in["metadata"])["method"] == "password"


async def test_an_export_takes_the_filters_of_the_page(auth, ada):
    await recorded(auth)
    rows = read(await exported(ada, "event_type=AUTHENTICATION_SUCCESS"))
    assert {row["action"] for row in rows} == {"auth.login"}
    assert (await ada.get(f"{AT}?severty=ERROR")).status_code == 400


async def test_it_says_what_it_came_to_and_leaves_a_trace(auth, ada):
    response = await ada.get(AT)
    export_id = response.headers["x-export-id"]
    assert f"{AT}/{export_id}/checksum" in response.headers["link"]
    told = (await ada.get(f"{AT}/{export_id}/checksum")).text
    digest = hashlib.sha256(response.content).hexdigest()
    count = len(read(response.text))
    assert told == f"{digest}  audit-20260208T120000Z.csv\n# {count} events, whole\n"
    began, ended = [row for row in await recorded(auth) if row.resource_id == export_id]
    assert (began.event_type, began.actor_name) == ("AUDIT_LOG_EXPORTED", ADA)
    assert ended.metadata["sha256"] == digest
    assert (await ada.get(f"{AT}/exp_none/checksum")).status_code == 404


async def test_whoever_is_written_about_cannot_write_a_formula(auth, ada):
    async with visiting(auth) as stranger:
        stranger.client.headers["user-agent"] = '=HYPERLINK("https://evil.example","x")'
        await stranger.sign_in("@SUM(1+1)", "x")
    await recorded(auth)
    text = await exported(ada, "success=false")
    (row,) = read(text)
    assert row["user_agent"].startswith("'=HYPERLINK(")
    assert row["resource_name"] == "'@SUM(1+1)"
    for cell in row.values():
        assert not cell.startswith(tuple("=+-@\t\r"))


async def test_an_export_that_was_broken_off_goes_on_where_it_ended(auth, ada, monkeypatch):
    monkeypatch.setattr(export, "BATCH", 3)
    for _ in range(4):
        async with visiting(auth) as other:
            await other.sign_in(GRACE)
    await recorded(auth)
    asked = "event_type=AUTHENTICATION_SUCCESS"
    whole = await exported(ada, asked)
    lines = whole.splitlines(keepends=True)
    middle = read("".join(lines[:3]))[-1]["id"]
    rest = await exported(ada, f"{asked}&cursor=older.{middle}")
    assert "".join(lines[:3]) + rest == whole
    assert len(lines) == 1 + 5


@pytest.mark.parametrize("form", ["ndjson", "ocsf", "ecs"])
async def test_events_are_written_as_json_lines(auth, ada, form):
    await recorded(auth)
    text = await exported(ada, f"format={form}&action=auth.login")
    written = [json.loads(line) for line in text.splitlines()]
    assert len(written) == 1
    assert "auth.login" in text


async def test_events_are_written_as_cef(auth, ada):
    await recorded(auth)
    assert (await exported(ada, "format=cef&action=auth.login")).startswith("CEF:")


async def test_selections_are_ready_for_those_who_ask(auth, ada, grace):
    await recorded(auth)
    for selection in ("soc2", "iso27001"):
        actions = {row["action"] for row in read(await exported(ada, f"selection={selection}"))}
        assert {"auth.login", "users.created"} <= actions
    subject = next(row for row in await recorded(auth) if row.resource_name == GRACE).resource_id
    rows = read(await exported(ada, f"selection=gdpr&subject={subject}"))
    assert {"auth.login", "users.created"} <= {row["action"] for row in rows}
    assert all(subject in {row["actor_id"], row["resource_id"]} for row in rows)
    ids = [row["id"] for row in rows]
    assert ids == sorted(set(ids), reverse=True)


@pytest.mark.parametrize(
    "query",
    [
        "format=xlsx",
        "selection=pci",
        "selection=gdpr",
        "subject=acc_1",
        "cursor=newer.evt_" + "0" * 32,
    ],
)
async def test_what_cannot_be_exported_is_refused(ada, query):
    response = await ada.get(f"{AT}?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")


async def test_users_get_nothing(grace):
    assert (await grace.get(AT)).status_code == 403
