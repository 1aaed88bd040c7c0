"""Processes that write to a database, and what they said."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

ROOT = Path(__file__).parents[3]


async def start(module: str, *arguments: str) -> Process:
    """Run a module of these tests in a process of its own."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"tests.backends.database.{module}", *arguments, cwd=ROOT, stdout=PIPE
    )


async def lines(process: Process, most: int | None = None) -> list[str]:
    """What it says, up to so many whole lines or until it ends."""
    assert process.stdout is not None
    said: list[str] = []
    while most is None or len(said) < most:
        line = await process.stdout.readline()
        if not line.endswith(b"\n"):
            break
        said.append(line.decode().strip())
    return said
