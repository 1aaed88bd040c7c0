"""The account balances, whoever takes over whose counters and records."""

import pytest
from tests.audit.desk import account

from gatewatch.audit.account import Account
from gatewatch.backends.telemetry import memory
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.metrics import METRICS
from gatewatch.catalogue.outcomes import DropReason


@pytest.fixture
def block():
    return memory.attach(memory.allot(3))


def meter_of(block, slot: int = 1) -> Meter:
    return Meter(METRICS, memory=block, slot=slot, slots=3)


def emit(dead: Account, *, spooled: int = 0, stored: int = 0) -> None:
    for _ in range(spooled):
        dead.spooled()
    dead.stored(stored)


def test_a_successor_counts_what_was_in_flight_as_in_flight(block):
    emit(Account(meter_of(block)), spooled=5, stored=2)

    meter = meter_of(block)
    assert account(meter) == (5, 2, 3, 0)
    Account(meter).inherited(3)

    assert account(meter) == (5, 2, 3, 0)


def test_an_append_that_was_not_counted_any_more_is_counted_by_the_successor(block):
    emit(Account(meter_of(block)), spooled=5, stored=2)

    Account(meter := meter_of(block)).inherited(4)

    assert account(meter) == (6, 2, 4, 0)


def test_rows_that_were_not_counted_any_more_are_counted_by_the_successor(block):
    emit(Account(meter_of(block)), spooled=5)

    Account(meter := meter_of(block)).inherited(2)

    assert account(meter) == (5, 3, 2, 0)


def test_after_a_restart_of_everything_what_was_left_counts_as_emitted():
    Account(meter := Meter(METRICS)).inherited(7)

    assert account(meter) == (7, 0, 7, 0)


def test_what_was_dropped_is_owed_no_more(block):
    dead = Account(meter_of(block))
    emit(dead, spooled=5)
    dead.lost(1, DropReason.UNREADABLE)
    dead.unwritable()

    Account(meter := meter_of(block)).inherited(4)

    assert account(meter) == (6, 0, 4, 2)


def test_siblings_that_live_have_an_account_of_their_own(block):
    emit(Account(meter_of(block, slot=2)), spooled=10, stored=4)
    emit(Account(meter_of(block, slot=1)), spooled=5, stored=2)

    Account(meter := meter_of(block, slot=1)).inherited(3)

    assert account(meter) == (15, 6, 9, 0)


def test_two_that_die_at_once_are_both_succeeded(block):
    for slot in (1, 2):
        emit(Account(meter_of(block, slot)), spooled=5, stored=2)

    one, two = meter_of(block, 1), meter_of(block, 2)
    Account(one).inherited(3)
    Account(two).inherited(3)

    assert account(one) == (10, 4, 6, 0)


def test_records_adopted_from_elsewhere_count_as_emitted_by_the_adopter(block):
    adopter = Account(meter := meter_of(block))
    adopter.adopted(4)
    assert account(meter) == (4, 0, 4, 0)

    adopter.stored(4)
    assert account(meter) == (4, 4, 0, 0)
