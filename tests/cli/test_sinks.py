"""Sinks, as an operator adds, tests, pauses and removes them."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.audit.sinks.receivers import Answer, http_receiver


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def gatewatch(data_dir: Path):
    def run(*words: str, stdin: str = "", status: int = 0) -> str:
        ended = subprocess.run(
            [sys.executable, "-m", "gatewatch", "audit", *words],
            env={"GATEWATCH_DATA_DIR": str(data_dir)},
            cwd=data_dir.parent,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == status, ended.stdout + ended.stderr
        return ended.stdout or ended.stderr

    return run


def told(printed: str):
    return json.loads(printed)


def test_a_webhooks_secret_is_shown_once_and_never_again(gatewatch) -> None:
    words = ("add", "webhook", "--name", "siem", "--url", "https://siem.example.com/in")
    added = told(gatewatch("sinks", *words, "--min-severity", "WARNING", "--json"))
    (listed,) = told(gatewatch("sinks", "list", "--json"))

    assert len(added["secret"]) >= 43
    assert "secret" not in listed
    assert (listed["name"], listed["kind"], listed["state"]) == ("siem", "webhook", "active")
    assert (listed["min_severity"], listed["dead_letters"]) == ("WARNING", 0)
    assert "siem" in gatewatch("sinks", "list")
    assert added["secret"] not in gatewatch("tail", "--json")


async def test_a_test_arrives_or_says_why_not(gatewatch, tmp_path) -> None:
    token = tmp_path / "token"
    token.write_text("hec-token\n")
    async with http_receiver(lambda _: Answer(200, b'{"text":"Success","code":0}')) as receiver:
        words = ("--name", "splunk", "--url", receiver.url, "--secret-file", str(token))
        await asyncio.to_thread(gatewatch, "sinks", "add", "splunk", *words)
        arrived = told(await asyncio.to_thread(gatewatch, "sinks", "test", "splunk", "--json"))
    lost = told(gatewatch("sinks", "test", "splunk", "--json", status=1))

    (asked,) = receiver.asked
    assert asked.headers["authorization"] == "Splunk hec-token"
    assert json.loads(asked.body)["event"]["action"] == "audit.heartbeat"
    assert (arrived["outcome"], arrived["receipt"]) == ("delivered", True)
    assert (lost["outcome"], lost["receipt"]) == ("unreachable", False)


def test_pausing_and_removing_are_critical(gatewatch, data_dir) -> None:
    path = data_dir.parent / "audit.jsonl"
    gatewatch("sinks", "add", "file", "--name", "file", "--url", str(path))
    gatewatch("sinks", "pause", "file")
    assert told(gatewatch("sinks", "resume", "file", "--json"))["state"] == "active"
    assert told(gatewatch("sinks", "replay", "file", "--since", "start", "--json"))["position"] < 0
    gatewatch("sinks", "remove", "file")
    lines = gatewatch("tail", "--json", "--severity", "CRITICAL").splitlines()

    actions = [json.loads(line)["action"] for line in lines]
    assert actions == ["audit.sink.paused", "audit.sink.removed"]
    assert "delivered nowhere" in gatewatch("sinks", "list")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("add", "splunk", "--name", "x", "--url", "https://x.example.com"), "needs its token"),
        (("add", "file", "--name", "x", "--url", "/x", "--event-type", "PARTY"), "PARTY"),
        (("add", "syslog", "--name", "x", "--url", "tls://x", "--facility", "99"), "0 to 23"),
        (("add", "file", "--name", "x", "--url", "/x", "--since", "when"), "'when' is no time"),
        (("remove", "x"), "no sink called x"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(gatewatch, words, why) -> None:
    assert why in gatewatch("sinks", *words, status=1)
