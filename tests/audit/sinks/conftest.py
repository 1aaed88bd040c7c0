"""A post office on each engine, at a pace for tests."""

import pytest
from tests.audit.sinks.post_office import PostOffice

from gatewatch.audit import shipper
from gatewatch.audit.sinks import courier, rules
from gatewatch.backends.ephemeral.memory import MemoryEphemeral


@pytest.fixture
def office(database, journal, meter, clock, monkeypatch) -> PostOffice:
    monkeypatch.setattr(shipper, "TICK", 0.02)
    monkeypatch.setattr(courier, "IDLE", 0.02)
    monkeypatch.setattr(rules, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(rules, "LONGEST_PAUSE", 0.1)
    return PostOffice(database, journal, MemoryEphemeral(clock), meter, clock)
