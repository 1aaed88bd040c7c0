"""Which log lines are written: a level, and levels of parts, as in ``info,gatewatch=debug``."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LEVELS: Final[Mapping[str, int]] = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "off": logging.CRITICAL + 10,
}
"""The words of IdentSphere's guide, as levels of the standard library."""


@dataclass(frozen=True, slots=True)
class Filter:
    """The least level that is written, for all and for single targets with what is below them."""

    root: int
    targets: Mapping[str, int]


def parse_filter(text: str) -> Filter:
    """Read a filter; the last word on a target counts, and ``::`` in it is as good as a dot.

    Raises:
        ValueError: when a part is neither a level nor ``target=level``.
    """
    levels = {"": logging.INFO}
    for part in filter(None, map(str.strip, text.split(","))):
        target, equals, level = (word.strip() for word in part.rpartition("="))
        if level.lower() not in LEVELS or (equals and not target):
            raise ValueError(
                f"give levels ({', '.join(LEVELS)}) and levels of parts, as in "
                f"info,gatewatch=debug, which {part!r} is not"
            )
        levels[target.replace("::", ".")] = LEVELS[level.lower()]
    return Filter(levels.pop(""), levels)
