"""Telling those who wait how it went."""

import asyncio
from collections.abc import Callable
from copy import copy
from typing import Any

Callback = Callable[[], None]
"""Told that a commit is durable. It must be quick, and is not awaited."""


def fail(future: asyncio.Future[Any], error: BaseException) -> None:
    """Tell one of many; each gets an exception of its own, since raising one writes on it."""
    if not future.done():
        told = copy(error)
        told.__cause__ = error.__cause__
        future.set_exception(told)


def call_back(callbacks: list[Callback]) -> None:
    """Run callbacks after a commit, which stands even if they fail."""
    for callback in callbacks:
        try:
            callback()
        except Exception as error:  # noqa: BLE001 - it goes where a loop's stray errors go
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a callback after a commit failed", "exception": error}
            )
