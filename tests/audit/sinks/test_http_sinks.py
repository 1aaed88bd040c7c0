"""Sinks that post: receivers that look closely take what they are sent, once each."""

import hmac
import json
from hashlib import sha256

import httpx
import msgspec
import pytest
from tests.audit.samples import AT, ROWS
from tests.audit.sinks.receivers import Answer, Asked, http_receiver, parcels

from gatewatch.audit.formats import Format
from gatewatch.audit.sinks import kinds, splunk
from gatewatch.audit.sinks.otlp import any_value
from gatewatch.audit.sinks.port import Delivery, NotAccepted, NotDelivered
from gatewatch.audit.sinks.rules import SinkPlan
from gatewatch.catalogue.outcomes import SinkKind
from gatewatch.kernel.secrets import Secret
from gatewatch.kernel.time import FixedClock, epoch_seconds

SECRET = "s3cret"
SINK_ID = "snk_019a7c52e8f19c4b6a1d2e3f40516273"
POISON = ROWS[1].id


def sink(kind: SinkKind, url: str, **options):
    plan = SinkPlan(
        name="test",
        kind=kind,
        address=url,
        form=kinds.KINDS[kind].form,
        secrets={"secret": Secret(SECRET), "header:x-tenant": Secret("blue")},
        options=options,
    )
    return kinds.make(plan, SINK_ID, FixedClock(AT))


def ids(documents) -> list[str]:
    return [document["id"] for document in documents]


def everything() -> list[str]:
    return [row.id for row in ROWS]


async def test_a_webhook_is_signed_with_the_time():
    async with http_receiver(lambda _: Answer(204, b"")) as receiver:
        made = sink(SinkKind.WEBHOOK, f"{receiver.url}/hook?x=1")
        assert await made.deliver(parcels(*ROWS)) is Delivery.ACKNOWLEDGED
        await made.close()

    (asked,) = receiver.asked
    parts = dict(part.split("=") for part in asked.headers["gatewatch-signature"].split(","))
    proof = hmac.new(SECRET.encode(), parts["t"].encode() + b"." + asked.body, sha256)
    assert parts == {"t": str(epoch_seconds(AT)), "v1": proof.hexdigest()}
    assert asked.path == "/hook?x=1"
    assert asked.headers["gatewatch-events"] == str(len(ROWS))
    assert asked.headers["x-tenant"] == "blue"
    assert ids(json.loads(asked.body)) == everything()


async def test_a_webhook_in_cef_is_lines():
    async with http_receiver(lambda _: Answer()) as receiver:
        made = sink(SinkKind.WEBHOOK, receiver.url)
        await made.deliver(parcels(*ROWS, form=Format.CEF))
        await made.close()

    lines = receiver.asked[0].body.decode().splitlines()
    assert len(lines) == len(ROWS)
    assert all(line.startswith("CEF:0|gatewatch|") for line in lines)


class Collector:
    """A Splunk collector; with `indexing_takes` questions it acknowledges only after so many."""

    def __init__(self, indexing_takes: int | None = None) -> None:
        self.events: list[dict] = []
        self._takes = indexing_takes
        self._asked = 0

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Splunk {SECRET}":
            return Answer(401, b'{"text":"Token is required","code":2}')
        if asked.path == "/services/collector/ack":
            assert json.loads(asked.body) == {"acks": [7]}
            self._asked += 1
            done = self._takes is not None and self._asked >= self._takes
            return Answer(200, json.dumps({"acks": {"7": done}}).encode())
        assert asked.path == "/services/collector/event"
        assert len(asked.headers["x-splunk-request-channel"]) == 36
        self.events += [json.loads(line) for line in asked.body.split(b"\n")]
        answer = {"text": "Success", "code": 0}
        return Answer(200, json.dumps({**answer, **({"ackId": 7} if self._takes else {})}).encode())


async def test_splunk_takes_events_in_its_envelope():
    collector = Collector()
    async with http_receiver(collector) as receiver:
        made = sink(SinkKind.SPLUNK, receiver.url, index="security")
        await made.deliver(parcels(*ROWS))
        await made.close()

    assert ids(event["event"] for event in collector.events) == everything()
    assert collector.events[0]["index"] == "security"
    assert collector.events[0]["sourcetype"] == "gatewatch:audit:native"
    assert float(collector.events[0]["time"]) == pytest.approx(
        ROWS[0].created_at.timestamp(), abs=0.001
    )


async def test_splunk_is_asked_until_it_has_indexed(monkeypatch):
    monkeypatch.setattr(splunk, "ACK_POLL_SECONDS", 0.01)
    async with http_receiver(Collector(indexing_takes=3)) as receiver:
        made = sink(SinkKind.SPLUNK, receiver.url)
        await made.deliver(parcels(ROWS[0]))
        await made.close()
    assert [asked.path for asked in receiver.asked][1:] == ["/services/collector/ack"] * 3


async def test_splunk_that_never_indexes_has_not_got_it(monkeypatch):
    monkeypatch.setattr(splunk, "ACK_POLL_SECONDS", 2.5)
    monkeypatch.setattr(splunk.asyncio, "sleep", _at_once)
    async with http_receiver(Collector(indexing_takes=1000)) as receiver:
        made = sink(SinkKind.SPLUNK, receiver.url)
        with pytest.raises(NotDelivered, match="acknowledge"):
            await made.deliver(parcels(ROWS[0]))
        await made.close()


async def _at_once(_seconds: float) -> None:
    pass


class Index:
    """An Elasticsearch index that will not have one document."""

    def __init__(self, *, poison: str | None = None, busy: str | None = None) -> None:
        self.documents: dict[str, dict] = {}
        self.poison, self.busy = poison, busy

    def __call__(self, asked: Asked) -> Answer:
        assert asked.path == "/logs-gatewatch.audit-default/_bulk"
        assert asked.headers["content-type"] == "application/x-ndjson"
        assert asked.headers["authorization"] == f"ApiKey {SECRET}"
        assert asked.body.endswith(b"\n")
        lines = [json.loads(line) for line in asked.body.splitlines()]
        items = [
            {"create": {"_id": action["create"]["_id"], **self._create(action, document)}}
            for action, document in zip(lines[::2], lines[1::2], strict=True)
        ]
        return Answer(200, json.dumps({"errors": True, "items": items}).encode())

    def _create(self, action: dict, document: dict) -> dict:
        name = action["create"]["_id"]
        if name == self.poison:
            return {"status": 400, "error": {"type": "document_parsing_exception"}}
        if name == self.busy:
            return {"status": 429, "error": {"type": "es_rejected_execution_exception"}}
        if name in self.documents:
            return {"status": 409, "error": {"type": "version_conflict_engine_exception"}}
        self.documents[name] = document
        return {"status": 201}


async def test_elasticsearch_has_an_event_once_however_often_it_is_sent():
    index = Index()
    async with http_receiver(index) as receiver:
        made = sink(SinkKind.ELASTICSEARCH, receiver.url + "/")
        await made.deliver(parcels(*ROWS, form=Format.ECS))
        await made.deliver(parcels(*ROWS, form=Format.ECS))
        await made.close()

    assert list(index.documents) == everything()
    assert index.documents[ROWS[0].id]["event"]["action"] == ROWS[0].action


async def test_elasticsearch_that_refuses_one_document_has_not_accepted_the_batch():
    async with http_receiver(Index(poison=POISON)) as receiver:
        made = sink(SinkKind.ELASTICSEARCH, receiver.url)
        with pytest.raises(NotAccepted, match="document_parsing_exception"):
            await made.deliver(parcels(*ROWS, form=Format.ECS))
        await made.close()


async def test_elasticsearch_that_is_busy_gets_it_all_again():
    async with http_receiver(Index(busy=POISON)) as receiver:
        made = sink(SinkKind.ELASTICSEARCH, receiver.url)
        with pytest.raises(NotDelivered, match="es_rejected"):
            await made.deliver(parcels(*ROWS, form=Format.ECS))
        await made.close()


async def test_datadog_takes_an_array_of_entries():
    async with http_receiver(lambda _: Answer(202, b"{}")) as receiver:
        made = sink(SinkKind.DATADOG, f"{receiver.url}/api/v2/logs", tags="env:test")
        await made.deliver(parcels(*ROWS))
        await made.close()

    (asked,) = receiver.asked
    entries = json.loads(asked.body)
    assert asked.headers["dd-api-key"] == SECRET
    assert ids(entries) == everything()
    assert {entry["status"] for entry in entries} == {"info", "warn", "error", "critical"}
    first = entries[0]
    assert (first["ddsource"], first["ddtags"], first["service"]) == (
        "gatewatch",
        "env:test",
        "gatewatch",
    )


def plain(value: dict):
    """An AnyValue back as what it was."""
    match value:
        case {"kvlistValue": {"values": pairs}}:
            return {pair["key"]: plain(pair["value"]) for pair in pairs}
        case {"arrayValue": {"values": items}}:
            return [plain(item) for item in items]
        case {"intValue": number}:
            return int(number)
        case {}:
            pass
    return next(iter(value.values()), None)


async def test_otlp_takes_log_records():
    async with http_receiver(lambda _: Answer(200, b'{"partialSuccess":{}}')) as receiver:
        made = sink(SinkKind.OTLP, receiver.url)
        await made.deliver(parcels(*ROWS))
        await made.close()

    (asked,) = receiver.asked
    (resource,) = json.loads(asked.body)["resourceLogs"]
    (scope,) = resource["scopeLogs"]
    records = scope["logRecords"]
    assert asked.path == "/v1/logs"
    assert asked.headers["authorization"] == f"Bearer {SECRET}"
    assert {"key": "service.name", "value": {"stringValue": "gatewatch"}} in resource["resource"][
        "attributes"
    ]
    assert [plain(record["body"])["id"] for record in records] == everything()
    assert plain(records[0]["body"])["details"] == ROWS[0].metadata
    assert records[0]["traceId"] == ROWS[0].trace_id
    assert int(records[0]["timeUnixNano"]) // 1000 == round(
        ROWS[0].created_at.timestamp() * 1_000_000
    )
    assert {record["severityNumber"] for record in records} == {9, 13, 17, 21}


async def test_otlp_that_rejects_some_has_not_accepted_the_batch():
    partial = {"partialSuccess": {"rejectedLogRecords": "1", "errorMessage": "too long"}}
    answer = Answer(200, json.dumps(partial).encode())
    async with http_receiver(lambda _: answer) as receiver:
        made = sink(SinkKind.OTLP, receiver.url)
        with pytest.raises(NotAccepted, match="too long"):
            await made.deliver(parcels(*ROWS))
        await made.close()


def test_any_value_has_a_word_for_everything_in_json():
    told = {"a": None, "b": True, "c": 3, "d": 0.5, "e": ["x", {"f": "y"}], "g": 2**70}
    written = msgspec.json.decode(msgspec.json.encode(any_value(told)))
    assert plain(written) == {
        "b": True,
        "c": 3,
        "d": 0.5,
        "e": ["x", {"f": "y"}],
        "g": str(2**70),
    }


WEB = [kind for kind, told in kinds.KINDS.items() if "https" in told.schemes]


@pytest.mark.parametrize("kind", WEB)
@pytest.mark.parametrize("status", [301, 401, 403, 404, 408, 429, 500, 503])
async def test_a_receiver_that_is_unwell_or_turns_us_away_is_told_later(kind, status):
    answer = Answer(status, b"no", {"retry-after": "7"})
    async with http_receiver(lambda _: answer) as receiver:
        made = sink(kind, receiver.url)
        with pytest.raises(NotDelivered, match=str(status)) as caught:
            await made.deliver(parcels(ROWS[0]))
        await made.close()
    assert caught.value.retry_after == 7


@pytest.mark.parametrize("kind", WEB)
@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_receiver_that_will_not_have_it_says_so(kind, status):
    async with http_receiver(lambda _: Answer(status, b"no")) as receiver:
        made = sink(kind, receiver.url)
        with pytest.raises(NotAccepted, match=str(status)):
            await made.deliver(parcels(ROWS[0]))
        await made.close()


@pytest.mark.parametrize("kind", WEB)
async def test_nobody_there_is_told_later(kind):
    async with http_receiver(lambda _: Answer()) as receiver:
        made = sink(kind, receiver.url)
        await receiver.stop()
        with pytest.raises(NotDelivered, match="ConnectError"):
            await made.deliver(parcels(ROWS[0]))
        await made.close()


async def test_a_secret_is_in_no_message_of_an_error():
    async with http_receiver(lambda _: Answer(401, b"who are you?")) as receiver:
        made = sink(SinkKind.SPLUNK, receiver.url)
        with pytest.raises(NotDelivered) as caught:
            await made.deliver(parcels(ROWS[0]))
        await made.close()
    assert SECRET not in str(caught.value)
    assert httpx.codes.UNAUTHORIZED == 401
