"""Frames are told whole from broken, whatever happened to the file."""

from hypothesis import given
from hypothesis import strategies as st

from gatewatch.audit import frames
from gatewatch.audit.frames import MARK, framed

PAYLOADS = st.lists(
    st.one_of(st.binary(max_size=60), st.just(b""), st.just(MARK * 3), st.just(b"\0" * 20)),
    max_size=12,
)


@given(PAYLOADS, st.integers(1, 5))
def test_what_was_framed_is_read_back_in_order_in_portions_of_any_size(payloads, most):
    data, seen = b"".join(map(framed, payloads)), []
    while data:
        reading = frames.read(data, most=most)
        assert len(reading.payloads) <= most
        seen += reading.payloads
        data = data[reading.consumed :]

    assert payloads == seen


@given(PAYLOADS, st.data())
def test_cut_anywhere_every_whole_frame_is_read_and_the_rest_is_no_loss(payloads, draw):
    data = b"".join(map(framed, payloads))
    at = draw.draw(st.integers(0, len(data)))

    reading = frames.read(data[:at], most=100)

    whole = payloads[: len(reading.payloads)]
    assert whole == reading.payloads
    assert reading.damaged == 0
    assert len(b"".join(map(framed, whole))) == reading.consumed
    if len(whole) < len(payloads):
        assert at < reading.consumed + len(framed(payloads[len(whole)]))
    assert frames.damage(data[reading.consumed : at]) == 0


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=12), st.data())
def test_a_flipped_bit_costs_the_frame_it_is_in_and_no_other(payloads, draw):
    data = bytearray(b"".join(map(framed, payloads)))
    bit = draw.draw(st.integers(0, len(data) * 8 - 1))
    data[bit // 8] ^= 1 << bit % 8
    hit = _frame_at(payloads, bit // 8)

    reading = frames.read(bytes(data), most=100)

    assert payloads[:hit] + payloads[hit + 1 :] == reading.payloads
    if hit < len(payloads) - 1:
        assert reading.damaged >= 1
        assert len(data) == reading.consumed


@given(st.binary(max_size=400))
def test_garbage_is_neither_read_nor_a_reason_to_stop(garbage):
    whole = framed(b"here")

    reading = frames.read(garbage + whole, most=100)

    assert reading.payloads[-1:] == [b"here"]
    assert len(garbage) + len(whole) == reading.consumed


def test_a_frame_that_was_never_finished_is_no_loss_but_one_that_was_is():
    whole = framed(b"payload")

    assert frames.damage(b"") == 0
    assert frames.damage(whole[:1]) == 0
    assert frames.damage(whole[:-1]) == 0
    assert frames.damage(whole[:-1] + b"?") == 1
    assert frames.damage(b"neither") == 1


def _frame_at(payloads: list[bytes], position: int) -> int:
    end = 0
    for number, payload in enumerate(payloads):
        end += len(framed(payload))
        if position < end:
            return number
    raise AssertionError(position)
