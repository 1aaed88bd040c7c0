"""What commands that act on the server itself share: its services, and who acts."""

import getpass
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gatewatch.auth import Auth
from gatewatch.backends.telemetry.logs import configure
from gatewatch.kernel.actor import Actor
from gatewatch.services import Services
from gatewatch.settings import LogFormat, Settings

QUIET = "warn"
"""What a command logs: its output is the answer, not the story of how it was found."""


@asynccontextmanager
async def services() -> AsyncIterator[Services]:
    """The services of the server that the settings describe, beside it if it runs."""
    configure(QUIET, LogFormat.TEXT, sys.stderr)
    async with Auth(Settings.load()) as auth:
        yield auth.services


def operator() -> Actor:
    """Whoever has a shell here, by their login name; in a container they may have only a number."""
    try:
        return Actor.operator(getpass.getuser())
    except (KeyError, OSError):
        return Actor.operator(f"uid {os.getuid()}")
