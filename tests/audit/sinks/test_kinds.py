"""What an operator says of a sink is checked at once, and its secrets rest sealed."""

import pytest
from tests.audit.sinks.post_office import OPERATOR
from tests.audit.sinks.receivers import certificate

from gatewatch.audit.formats import Format
from gatewatch.audit.sinks.kinds import CERTIFICATE, HEADER, KINDS, SECRET, settled
from gatewatch.audit.sinks.rules import (
    FAILING_AFTER,
    FIRST_PAUSE,
    LONGEST_ASKED,
    LONGEST_PAUSE,
    SinkPlan,
    SinkState,
    pause_after,
    state_after_failure,
)
from gatewatch.audit.sinks.store import all_sinks
from gatewatch.catalogue.outcomes import SinkKind
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.secrets import Secret, SystemEntropy
from gatewatch.kernel.time import SystemClock

TOKEN = Secret("canary-0f3a")


def settle(kind: SinkKind, address: str, **more) -> SinkPlan:
    form = more.pop("form", KINDS[kind].form)
    plan = SinkPlan(name="sink", kind=kind, address=address, form=form, **more)
    return settled(plan, SystemEntropy(), SystemClock())


@pytest.mark.parametrize(
    ("kind", "address", "more", "why"),
    [
        (SinkKind.WEBHOOK, "", {}, "--url"),
        (SinkKind.WEBHOOK, "ftp://example.com", {}, "http:// or https://"),
        (SinkKind.WEBHOOK, "https://", {}, "names a host"),
        (SinkKind.WEBHOOK, "https://example.com:99999", {}, "names a host"),
        (SinkKind.WEBHOOK, "https://me:secret@example.com", {}, "password"),
        (SinkKind.SYSLOG, "udp://example.com", {}, "tcp:// or tls://"),
        (SinkKind.SYSLOG, "tls://example.com", {"options": {"index": "x"}}, "no index"),
        (SinkKind.SYSLOG, "tls://example.com", {"secrets": {SECRET: TOKEN}}, "no secret"),
        (SinkKind.SYSLOG, "tls://example.com", {"options": {"authorities": "x"}}, "certificate"),
        (SinkKind.FILE, "audit.log", {}, "slash"),
        (SinkKind.SPLUNK, "https://example.com", {}, "needs its token"),
        (SinkKind.DATADOG, "", {}, "needs its token"),
        (SinkKind.ELASTICSEARCH, "https://example.com", {"form": Format.CEF}, "cef"),
    ],
)
def test_what_cannot_be_is_refused_by_name(kind, address, more, why):
    with pytest.raises(Refusal, match=why):
        settle(kind, address, **more)


def test_a_webhook_without_a_secret_is_given_one():
    made = settle(SinkKind.WEBHOOK, "https://example.com").secrets[SECRET].reveal()
    assert len(made) >= 43
    assert made != settle(SinkKind.WEBHOOK, "https://example.com").secrets[SECRET].reveal()


def test_datadog_is_where_datadog_is():
    plan = settle(SinkKind.DATADOG, "", secrets={SECRET: TOKEN})
    assert plan.address == "https://http-intake.logs.datadoghq.com/api/v2/logs"


def test_a_certificate_to_show_comes_with_its_key():
    own = certificate()
    secrets = {CERTIFICATE: Secret(own.both)}
    assert settle(SinkKind.SYSLOG, "tls://example.com", secrets=secrets)
    with pytest.raises(Refusal, match="cannot be used"):
        settle(
            SinkKind.SYSLOG,
            "tls://example.com",
            secrets={CERTIFICATE: Secret(own.certificate + certificate().key)},
        )


async def test_secrets_are_in_no_column_and_no_event(office):
    secrets = {SECRET: TOKEN, HEADER + "x-tenant": Secret("canary-1b2c")}
    await office.add("https://example.com", SinkKind.SPLUNK, secrets=secrets)
    await office.sinks.pause("sink", by=OPERATOR)
    await office.seal()
    rows = await all_sinks(office.database.look)
    events = (await office.sinks.feed.after(-1, 100)).records

    assert "canary" not in repr(rows)
    assert "canary" not in repr([record.row for record in events])
    assert {"audit.sink.added", "audit.sink.paused"} <= {each.row.action for each in events}
    (sink,) = await office.sinks.all()
    assert dict(sink.plan.secrets) == secrets
    assert "canary" not in repr(sink)


def test_pauses_grow_up_to_a_minute_and_obey_the_receiver():
    pauses = [pause_after(failures, None) for failures in range(1, 12)]
    assert pauses[0] == FIRST_PAUSE
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE
    assert pause_after(1, 30.0) == 30
    assert pause_after(1, 0.0) == FIRST_PAUSE
    assert pause_after(1, 1e9) == LONGEST_ASKED
    assert pause_after(5000, None) == LONGEST_PAUSE


def test_a_sink_fails_after_several_attempts_and_a_paused_one_never():
    active, failing, paused = SinkState.ACTIVE, SinkState.FAILING, SinkState.PAUSED
    assert state_after_failure(active, FAILING_AFTER - 1) is active
    assert state_after_failure(active, FAILING_AFTER) is failing
    assert state_after_failure(failing, FAILING_AFTER + 1) is failing
    assert state_after_failure(paused, FAILING_AFTER) is paused
