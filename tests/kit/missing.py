"""What this run had, and what it could not have."""

import os
from typing import NoReturn

import pytest

used: dict[str, str] = {}
missing: dict[str, str] = {}


class CannotHaveError(Exception):
    """A real server or tool cannot be had on this machine; the message says why and what to do."""


def go_without(what: str, why: str) -> NoReturn:
    """Skip the test that asked, by name; in CI, where everything must be there, fail it."""
    missing[what] = why
    sentence = f"this machine has no {what}: {why}"
    if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
        pytest.fail(f"{sentence} (a skip here is a failure in CI)", pytrace=False)
    pytest.skip(sentence)
