"""How much of a list is asked for."""

from argparse import ArgumentTypeError
from typing import Final

MOST_ROWS: Final = 1000
"""Rows of one list; whoever wants more goes on with ``--after``."""


def rows(text: str) -> int:
    """Read how many rows to list.

    Raises:
        ArgumentTypeError: for less than one, more than `MOST_ROWS`, or no whole number.
    """
    if text.isdecimal() and 1 <= int(text) <= MOST_ROWS:
        return int(text)
    raise ArgumentTypeError(f"give a whole number from 1 to {MOST_ROWS}")
