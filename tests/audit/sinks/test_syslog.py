"""Syslog: real servers over TCP and TLS get every message whole, whatever is in it."""

import asyncio
import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.audit.samples import NAMES, ROWS, SEAL
from tests.audit.sinks.post_office import until
from tests.audit.sinks.receivers import (
    MESSAGE,
    OBSERVER,
    certificate,
    parcels,
    syslog_receiver,
)

from gatewatch.audit.formats import Format, Record
from gatewatch.audit.sinks.port import Delivery, NotDelivered, Parcel
from gatewatch.audit.sinks.syslog import Receiver, SyslogSink, framed, message
from gatewatch.audit.sinks.tls import context

ROW = ROWS[0]


async def arrived(receiver, count: int) -> None:
    await until(lambda: len(receiver.messages) >= count)


async def test_over_tcp_each_message_arrives_whole_and_in_order():
    async with syslog_receiver() as receiver:
        sink = SyslogSink(Receiver("127.0.0.1", receiver.port))
        assert await sink.deliver(parcels(*ROWS)) is Delivery.SENT
        await arrived(receiver, len(ROWS))
        await sink.close()

    assert receiver.ids == [row.id for row in ROWS]
    first = receiver.messages[0]
    assert (first["pri"], first["app"], first["host"]) == ("110", "gatewatch", "atlas")
    assert first["id"] == "AUTHENTICATION_SUCCESS"
    assert f'id="{ROW.id}"' in first["data"]


async def test_over_tls_to_whom_the_certificate_is_of(tmp_path):
    own = certificate()
    async with syslog_receiver(own.server(tmp_path)) as receiver:
        tls = context(own.certificate, None)
        sink = SyslogSink(Receiver("127.0.0.1", receiver.port, tls))
        await sink.deliver(parcels(*ROWS))
        await arrived(receiver, len(ROWS))
        await sink.close()

    assert receiver.ids == [row.id for row in ROWS]


async def test_over_tls_with_a_certificate_to_show(tmp_path):
    own, ours = certificate(), certificate("gatewatch")
    async with syslog_receiver(own.server(tmp_path, clients=ours.certificate)) as receiver:
        tls = context(own.certificate, ours.both)
        sink = SyslogSink(Receiver("127.0.0.1", receiver.port, tls))
        await sink.deliver(parcels(ROW))
        await arrived(receiver, 1)
        await sink.close()


async def test_a_stranger_with_another_certificate_is_told_nothing(tmp_path):
    async with syslog_receiver(certificate().server(tmp_path)) as receiver:
        tls = context(certificate().certificate, None)
        sink = SyslogSink(Receiver("127.0.0.1", receiver.port, tls))
        with pytest.raises(NotDelivered, match="CERTIFICATE_VERIFY_FAILED"):
            await sink.deliver(parcels(ROW))

    assert receiver.messages == []


async def test_nobody_there_is_told_later():
    async with syslog_receiver() as receiver:
        sink = SyslogSink(Receiver("127.0.0.1", receiver.port))
        await receiver.stop()
        with pytest.raises(NotDelivered):
            await sink.deliver(parcels(ROW))
        await receiver.start()
        await sink.deliver(parcels(ROW))
        await arrived(receiver, 1)
        await sink.close()


async def test_what_was_sent_just_before_a_connection_broke_is_sent_again():
    async with syslog_receiver() as receiver:
        sink = SyslogSink(Receiver("127.0.0.1", receiver.port))
        await sink.deliver(parcels(*ROWS[:3]))
        await arrived(receiver, 3)
        await receiver.stop()
        await receiver.start()
        await asyncio.sleep(0.05)
        await sink.deliver(parcels(ROWS[3]))
        await arrived(receiver, 7)
        await sink.close()

    assert receiver.ids[3:] == [row.id for row in ROWS[:4]]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(typed=TEXT, form=st.sampled_from(Format))
@example(typed='a"b]c\\d\ne [x y="z"]', form=Format.CEF)
@example(typed="\\", form=Format.NATIVE)
@example(typed="\N{SNOWMAN} \x00", form=Format.CEF)
def test_whatever_was_typed_a_message_is_one_by_the_grammar(typed, form):
    row = msgspec.structs.replace(ROW, actor_id=typed, event_type=typed, emitter=typed)
    written = message(Parcel(Record(row, SEAL), form, OBSERVER))
    read = MESSAGE.fullmatch(written.decode())

    assert read is not None
    assert framed(written).startswith(b"%d " % len(written))
    if form is not Format.CEF:
        assert read["text"].isascii()
        json.loads(read["text"])
    elif not read["text"].isascii():
        assert read["text"].startswith("\ufeff")


@given(TEXT)
@example('"] [x y="z')
def test_a_parameter_reads_back_as_it_was(typed):
    row = msgspec.structs.replace(ROW, actor_id=typed)
    read = MESSAGE.fullmatch(message(Parcel(Record(row), Format.NATIVE, OBSERVER)).decode())
    assert read is not None
    escaped = typed.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
    assert not typed or f' actor="{escaped}"' in read["data"]


def test_severities_are_those_of_syslog():
    kinds = {row.severity: row for row in ROWS}
    written = {
        severity: message(Parcel(Record(row), Format.NATIVE, OBSERVER), facility=10)
        for severity, row in kinds.items()
    }
    assert {severity: int(text[1:3]) - 80 for severity, text in written.items()} == {
        "INFO": 6,
        "WARNING": 4,
        "ERROR": 3,
        "CRITICAL": 2,
    }
    assert NAMES
