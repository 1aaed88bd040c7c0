"""A shipper that is killed at any moment: the next goes on, and the sink has every event."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.audit.sinks.post_office import until
from tests.audit.sinks.receivers import Answer, http_receiver

from gatewatch.kernel.secrets import SystemEntropy

ROUNDS = 5
REPOSITORY = Path(__file__).parents[3]


async def carrier(url: str, data_dir: Path, holder: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.audit.sinks.carrier", url, str(data_dir), holder),
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"shipping\n"
    return process


@pytest.mark.slow
async def test_killed_again_and_again_the_sink_has_every_event_in_order(
    office, database_url, tmp_path
):
    got: list[str] = []

    def judge(asked):
        got.extend(each["resource_name"] for each in json.loads(asked.body))
        return Answer(204, b"")

    async with http_receiver(judge) as receiver:
        await office.add(receiver.url)
        for number in range(ROUNDS):
            process = await carrier(database_url, tmp_path, f"carrier-{number}")
            await office.happen(*(f"{number}-{n}" for n in range(150)))
            moment = int.from_bytes(SystemEntropy().bytes(1)) / 256
            await asyncio.sleep(0.5 * moment)
            process.kill()
            await process.wait()
        process = await carrier(database_url, tmp_path, "carrier-last")
        await until(lambda: office.happened[-1] in got, seconds=20)
        process.kill()
        await process.wait()

    first_seen = [name for name in dict.fromkeys(got) if name != "sink"]
    assert first_seen == office.happened
