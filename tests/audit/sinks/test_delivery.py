"""Delivery: in order, each at least once, whoever is away, and in nobody's way."""

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from tests.audit.desk import ADA, signed_in, spool
from tests.audit.sinks.post_office import OPERATOR, until
from tests.audit.sinks.receivers import Answer, Asked, http_receiver, syslog_receiver

from gatewatch.audit import pages, store
from gatewatch.audit.search import Search
from gatewatch.audit.sinks.rules import SinkState
from gatewatch.audit.sinks.service import DeadLetter
from gatewatch.backends.database import Change
from gatewatch.catalogue.event import Severity
from gatewatch.catalogue.metrics import (
    AUDIT_SINK_DELIVERIES,
    AUDIT_SINK_LAG,
    AUDIT_SINK_ROUND_TRIP,
)
from gatewatch.catalogue.outcomes import SinkDelivery, SinkKind, SinkTest
from gatewatch.kernel.actor import NOWHERE
from gatewatch.kernel.errors import Refusal

WEBHOOK = SinkKind.WEBHOOK


class Inbox:
    """A webhook's receiver: takes what it may, and remembers it."""

    def __init__(self) -> None:
        self.events: list[dict] = []
        self.refuses: set[str] = set()
        self.status = 204

    def __call__(self, asked: Asked) -> Answer:
        events = json.loads(asked.body)
        if self.refuses & {event["resource_name"] for event in events}:
            return Answer(400, b"a name that I cannot bear")
        if self.status < 300:
            self.events += events
        return Answer(self.status, b"")

    @property
    def names(self) -> list[str]:
        return [
            event["resource_name"]
            for event in self.events
            if event["action"] == "auth.login.failed"
        ]

    @property
    def actions(self) -> list[str]:
        return [event["action"] for event in self.events]


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
async def receiver(inbox):
    async with http_receiver(inbox) as started:
        yield started


@asynccontextmanager
async def shipping(office, holder="one"):
    shipper = office.shipper(holder)
    await shipper.open()
    try:
        yield shipper
    finally:
        await shipper.close()


def delivered(office, outcome=SinkDelivery.DELIVERED) -> float:
    return office.meter.value(AUDIT_SINK_DELIVERIES, WEBHOOK, outcome)


async def test_every_event_arrives_in_its_order(office, receiver, inbox):
    await office.happen("before the sink was added")
    await office.add(receiver.url)
    async with shipping(office):
        for start in range(0, 300, 60):
            await office.happen(*(f"{start + n}" for n in range(60)))
        await until(lambda: len(inbox.names) >= 300)

    assert inbox.names == office.happened[1:]
    positions = [event["position"] for event in inbox.events]
    assert positions == sorted(set(positions))
    (sink,) = await office.sinks.all()
    assert sink.state is SinkState.ACTIVE
    assert delivered(office) == len(inbox.events)


async def test_a_sink_that_is_away_for_a_while_loses_nothing(office, receiver, inbox):
    await office.add(receiver.url)
    async with shipping(office):
        await office.happen("1", "2")
        await until(lambda: len(inbox.names) == 2)
        await receiver.stop()
        for n in range(3, 8):
            await office.happen(str(n))
        await until_async(lambda: stands(office, SinkState.FAILING))
        (sink,) = await office.sinks.all()
        assert "ConnectError" in sink.last_error
        await receiver.start()
        await until(lambda: len(inbox.names) == 7)
        await until_async(lambda: told(office, inbox, "audit.sink.recovered"))

    assert inbox.names == office.happened


async def test_that_a_sink_fails_and_recovers_is_told_once_each(office, receiver, inbox):
    await office.add(receiver.url)
    inbox.status = 503
    async with shipping(office):
        await office.happen("1")
        await until_async(lambda: stands(office, SinkState.FAILING))
        await asyncio.sleep(0.3)
        inbox.status = 200
        await until(lambda: inbox.names == ["1"])
        await until_async(lambda: told(office, inbox, "audit.sink.recovered"))

    assert inbox.actions.count("audit.sink.failed") == 1
    assert inbox.actions.count("audit.sink.recovered") == 1
    (failed,) = [event for event in inbox.events if event["action"] == "audit.sink.failed"]
    assert failed["severity"] == "ERROR"
    assert "503" in failed["details"]["error"]


async def test_a_sink_gets_what_it_asked_for_and_every_heartbeat(office, receiver, inbox):
    await office.add(receiver.url, filter={"min_severity": Severity.CRITICAL})
    async with shipping(office):
        await office.happen("a warning")
        await office.sinks.beat()
        await office.seal()
        await until(lambda: inbox.actions == ["audit.heartbeat"])
        end = await office.sinks.feed.end()
        await until_async(lambda: at(office, end))

    (sink,) = await office.sinks.all()
    assert sink.round_trip is not None
    assert sink.heartbeat_at == office.clock.now()
    assert inbox.actions == ["audit.heartbeat"]


async def stands(office, state: SinkState) -> bool:
    return {sink.state for sink in await office.sinks.all()} == {state}


async def told(office, inbox, action: str) -> bool:
    """Whether a sink has been told of what it brought about itself."""
    await office.seal()
    return action in inbox.actions


async def at(office, position: int) -> bool:
    return [sink.cursor for sink in await office.sinks.all()] == [position]


async def until_async(true) -> None:
    async with asyncio.timeout(10):
        while not await true():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.01)


async def test_a_filter_by_type_lets_only_these_through(office, receiver, inbox):
    await office.add(receiver.url, filter={"event_types": ("AUTHENTICATION_SUCCESS",)})
    async with shipping(office):
        await office.happen("refused")
        change = Change()
        await office.journal.record(change, signed_in(), actor=ADA, origin=NOWHERE)
        await office.database.commit(change)
        await office.seal()
        await until(lambda: bool(inbox.events))

    assert inbox.actions == ["auth.login"]


async def test_an_event_that_will_not_be_had_is_put_aside_and_the_others_go_on(
    office, receiver, inbox
):
    await office.add(receiver.url)
    inbox.refuses = {"poison"}
    async with shipping(office):
        await office.happen("1", "2", "poison", "3", "4")
        await until(lambda: inbox.names == ["1", "2", "3", "4"])
        await until_async(lambda: told(office, inbox, "audit.sink.refused_event"))

    (letter,) = await office.sinks.letters("sink", after=-1, count=10)
    poison = await store.by_id(office.database, letter.event_id)
    assert isinstance(letter, DeadLetter)
    assert poison.resource_name == "poison"
    assert "cannot bear" in letter.error
    assert delivered(office, SinkDelivery.REFUSED) == 1

    inbox.refuses = set()
    assert await office.sinks.resend("sink") == (1, 0)
    assert inbox.names[-1] == "poison"
    assert await office.sinks.letters("sink", after=-1, count=10) == []


async def test_a_sink_that_refuses_even_a_heartbeat_is_no_reason_to_pass_anything_over(
    office, receiver, inbox
):
    await office.add(receiver.url)
    inbox.status = 400
    async with shipping(office):
        await office.happen("1", "2")
        await until_async(lambda: stands(office, SinkState.FAILING))
        (sink,) = await office.sinks.all()
        assert "even a heartbeat" in sink.last_error
        inbox.status = 200
        await until(lambda: inbox.names == ["1", "2"])

    assert await office.sinks.letter_counts() == {}


@asynccontextmanager
async def hanging():
    """A server that takes connections and says nothing."""
    writers = []

    async def hang(_reader, writer):
        writers.append(writer)
        await asyncio.Event().wait()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)


async def test_a_receiver_that_answers_nonsense_is_away(office, inbox):
    answer = Answer(200, b'{"items": [{"delete": 1}]}')
    async with http_receiver(lambda _: answer) as receiver:
        await office.add(receiver.url, SinkKind.ELASTICSEARCH)
        async with shipping(office):
            await office.happen("1")
            await until_async(lambda: stands(office, SinkState.FAILING))
    (sink,) = await office.sinks.all()
    assert "KeyError" in sink.last_error


async def test_a_slow_sink_keeps_no_other_waiting(office, receiver, inbox):
    async with hanging() as url:
        await office.add(url, name="slow")
        await office.add(receiver.url)
        async with shipping(office):
            await office.happen("1", "2")
            await until(lambda: inbox.names == ["1", "2"], seconds=3)


async def test_what_commits_late_is_delivered_all_the_same(office, receiver, inbox):
    await office.add(receiver.url)
    change = Change()
    await office.journal.record(change, signed_in("late"), actor=ADA, origin=NOWHERE)
    office.clock.advance(minutes=10)
    async with shipping(office):
        await office.happen("1")
        await until(lambda: inbox.names == ["1"])
        before = [event["id"] for event in inbox.events]
        await office.database.commit(change)
        await office.seal()
        await until(lambda: len(inbox.events) > len(before))

    late = inbox.events[-1]
    assert late["resource_id"] == "late"
    assert late["id"] < max(before)


async def test_two_processes_deliver_each_event_once(office, receiver, inbox):
    await office.add(receiver.url)
    async with shipping(office, "one"), shipping(office, "two"):
        for n in range(10):
            await office.happen(*(f"{n}-{m}" for m in range(10)))
        await until(lambda: len(inbox.names) >= 100)
        await asyncio.sleep(0.1)

    assert inbox.names == office.happened


async def test_another_process_goes_on_where_one_stopped(office, receiver, inbox):
    await office.add(receiver.url)
    async with shipping(office, "one"):
        await office.happen("1", "2")
        await until(lambda: inbox.names == ["1", "2"])
    await office.happen("3")
    async with shipping(office, "two"):
        await until(lambda: inbox.names == ["1", "2", "3"])


async def test_paused_it_gets_nothing_and_resumed_what_it_missed(office, receiver, inbox):
    await office.add(receiver.url)
    async with shipping(office) as shipper:
        await office.happen("1")
        await until(lambda: inbox.names == ["1"])
        await office.sinks.pause("sink", by=OPERATOR)
        await until(lambda: not shipper._rounds)
        await office.happen("2", "3")
        await asyncio.sleep(0.2)
        assert inbox.names == ["1"]
        await office.sinks.resume("sink", by=OPERATOR)
        await until(lambda: inbox.names == ["1", "2", "3"])
        await until_async(lambda: told(office, inbox, "audit.sink.resumed"))

    (paused,) = [event for event in inbox.events if event["action"] == "audit.sink.paused"]
    assert paused["severity"] == "CRITICAL"


async def test_replayed_it_gets_again_what_happened_since(office, receiver, inbox):
    await office.happen("1")
    office.clock.advance(hours=1)
    since = office.clock.now()
    await office.happen("2", "3")
    await office.add(receiver.url)
    after = await office.sinks.feed.before(since)
    async with shipping(office):
        await office.sinks.replay("sink", after=after, by=OPERATOR)
        await until(lambda: inbox.names == ["2", "3"])
        await office.sinks.replay("sink", after=-1, by=OPERATOR)
        await until(lambda: inbox.names == ["2", "3", "1", "2", "3"])


async def test_a_sink_may_begin_in_the_past(office, receiver, inbox):
    await office.happen("1", "2")
    await office.add(receiver.url, after=-1)
    async with shipping(office):
        await until(lambda: inbox.names == ["1", "2"])


async def test_what_was_purged_before_it_went_is_counted(office, receiver, inbox):
    await office.happen("1", "2")
    office.clock.advance(days=3)
    await office.happen("3")
    await office.add(receiver.url, after=-1)
    old = Search(end_time=office.clock.now() - timedelta(days=1))
    rows = await pages.page(office.database, old, count=100)
    async with office.database.work() as work:
        await store.remove(work, [row.id for row in rows])
    async with shipping(office):
        await until(lambda: inbox.names == ["3"])

    assert delivered(office, SinkDelivery.PURGED) == 2


async def test_lag_and_round_trip_are_shown(office, receiver, inbox):
    await office.add(receiver.url)
    inbox.status = 500
    async with shipping(office):
        await office.happen("1")
        await until(lambda: delivered(office, SinkDelivery.RETRIED) > 0)
        office.clock.advance(seconds=90)
        await until(lambda: 90 <= office.meter.value(AUDIT_SINK_LAG, WEBHOOK) < 91)
        inbox.status = 200
        await until(lambda: office.meter.value(AUDIT_SINK_LAG, WEBHOOK) == 0)
        await office.sinks.beat()
        office.clock.advance(seconds=2)
        await office.seal()
        await until(lambda: office.meter.value(AUDIT_SINK_ROUND_TRIP, WEBHOOK) == 2)


async def test_a_removed_sink_is_told_no_more_and_that_is_critical(office, receiver, inbox):
    await office.add(receiver.url)
    async with shipping(office) as shipper:
        await office.happen("1")
        await until(lambda: inbox.names == ["1"])
        await office.sinks.remove("sink", by=OPERATOR)
        await until(lambda: not shipper._rounds)
        await office.happen("2")
        await asyncio.sleep(0.1)

    assert inbox.names == ["1"]
    end = await office.sinks.feed.end()
    rows = [each.row for each in (await office.sinks.feed.after(-1, end + 1)).records]
    (removed,) = [row for row in rows if row.action == "audit.sink.removed"]
    assert (removed.severity, removed.resource_name) == ("CRITICAL", "sink")


async def test_a_test_says_whether_a_heartbeat_arrived(office, receiver, inbox):
    await office.add(receiver.url, filter={"min_severity": Severity.CRITICAL})
    arrived = await office.sinks.test("sink", by=OPERATOR)
    inbox.status = 400
    refused = await office.sinks.test("sink", by=OPERATOR)
    await receiver.stop()
    away = await office.sinks.test("sink", by=OPERATOR)

    outcomes = [tested.outcome for tested in (arrived, refused, away)]
    assert outcomes == [SinkTest.DELIVERED, SinkTest.REFUSED, SinkTest.UNREACHABLE]
    assert inbox.actions == ["audit.heartbeat"]
    assert arrived.seconds > 0


async def test_syslog_that_dies_and_comes_back_gets_everything(office):
    async with syslog_receiver() as receiver:
        await office.add(f"tcp://127.0.0.1:{receiver.port}", SinkKind.SYSLOG)
        async with shipping(office):
            await office.happen(*(str(n) for n in range(50)))
            await until(lambda: len(receiver.messages) >= 50)
            await receiver.stop()
            await office.happen(*(str(n) for n in range(50, 80)))
            await asyncio.sleep(0.2)
            await receiver.start()
            await office.happen(*(str(n) for n in range(80, 100)))
            await until(lambda: {str(n) for n in range(100)} <= set(_names(receiver)))

    first_seen = list(dict.fromkeys(_names(receiver)))
    assert [name for name in first_seen if name] == office.happened


def _names(receiver) -> list[str]:
    texts = [json.loads(each["text"]) for each in receiver.messages]
    return [text["resource_name"] for text in texts if text["action"] == "auth.login.failed"]


async def test_a_file_gets_a_line_for_each(office, tmp_path):
    path = tmp_path / "logs" / "audit.jsonl"
    await office.add(str(path), SinkKind.FILE)
    async with shipping(office):
        await office.happen("1", "2")
        await until(lambda: path.exists() and len(path.read_text().splitlines()) >= 3)
        path.rename(path.with_suffix(".1"))
        await office.happen("3")
        await until(lambda: path.exists() and path.read_text().endswith("\n"))

    lines = path.with_suffix(".1").read_text() + path.read_text()
    written = [json.loads(line) for line in lines.splitlines()]
    names = [each["resource_name"] for each in written if each["action"] == "auth.login.failed"]
    assert names == office.happened


async def test_half_a_line_that_a_kill_left_spoils_no_other(office, tmp_path):
    path = tmp_path / "audit.jsonl"
    path.write_text('{"id": "evt_half')
    await office.add(str(path), SinkKind.FILE)
    async with shipping(office):
        await office.happen("1")
        await until(lambda: path.read_text().count("\n") == 3)
    names = [json.loads(line)["resource_name"] for line in path.read_text().splitlines()[1:]]
    assert sorted(names) == ["1", "sink"]


async def test_a_full_disk_is_an_outage_of_the_file(office):
    await office.add("/dev/full", SinkKind.FILE)
    async with shipping(office):
        await office.happen("1")
        await until(
            lambda: (
                office.meter.value(AUDIT_SINK_DELIVERIES, SinkKind.FILE, SinkDelivery.RETRIED) > 2
            )
        )
    (sink,) = await office.sinks.all()
    assert sink.cursor == -1


async def test_a_name_is_taken_once(office, receiver):
    await office.add(receiver.url)
    with pytest.raises(Refusal, match="already"):
        await office.add(receiver.url)
    with pytest.raises(Refusal, match="no sink"):
        await office.sinks.pause("another", by=OPERATOR)


async def test_recording_is_no_slower_for_a_sink_that_hangs(office):
    loop = asyncio.get_running_loop()
    async with hanging() as url:
        await office.add(url)
        async with shipping(office):
            await office.happen("1")
            await asyncio.sleep(0.1)
            began = loop.time()
            spool(office.journal, *(str(n) for n in range(200)))
            await office.journal.flush()
            assert loop.time() - began < 2
