"""Durations as people write them: ``1h30m``, as Go does, or ``PT1H30M``, as ISO 8601 does."""

import re
from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction
from typing import Final

_MICROSECONDS: Final = {
    "ns": Fraction(1, 1000),
    "us": Fraction(1),
    "µs": Fraction(1),
    "ms": Fraction(1_000),
    "s": Fraction(1_000_000),
    "m": Fraction(60_000_000),
    "h": Fraction(3_600_000_000),
    "d": Fraction(86_400_000_000),
    "w": Fraction(604_800_000_000),
}
_NUMBER: Final = r"[0-9]{1,18}(?:\.[0-9]{1,9})?"
_GO_PART: Final = re.compile(rf"({_NUMBER})(ns|us|µs|ms|s|m|h)")
_GO: Final = re.compile(rf"(?:{_NUMBER}(?:ns|us|µs|ms|s|m|h))+")
_ISO: Final = re.compile(
    rf"P(?=.)(?:({_NUMBER})W)?(?:({_NUMBER})D)?"
    rf"(?:T(?=.)(?:({_NUMBER})H)?(?:({_NUMBER})M)?(?:({_NUMBER})S)?)?"
)
_ISO_UNITS: Final = ("w", "d", "h", "m", "s")
_GO_UNITS: Final = (("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000))


def parse_duration(text: str) -> timedelta:
    """Read a duration; raises ValueError when it is none, or is beyond what can be counted.

    Units are those of Go's ``time.ParseDuration``, or the weeks, days, hours, minutes and seconds
    of ISO 8601; years and months have no fixed length and are not taken. ``0`` needs no unit.
    """
    if text == "0":
        return timedelta(0)
    if _GO.fullmatch(text):
        return _sum((number, unit) for number, unit in _GO_PART.findall(text))
    if match := _ISO.fullmatch(text):
        parts = zip(match.groups(), _ISO_UNITS, strict=True)
        return _sum((number, unit) for number, unit in parts if number)
    raise ValueError("not a duration")


def format_duration(duration: timedelta) -> str:
    """Write a duration as Go does, without the units that are zero: ``1h30m``."""
    left = duration // timedelta(microseconds=1)
    text = ""
    for unit, microseconds in _GO_UNITS:
        count, left = divmod(left, microseconds)
        text += f"{count}{unit}" if count else ""
    text += f"{left}us" if left else ""
    return text or "0"


def _sum(parts: Iterable[tuple[str, str]]) -> timedelta:
    total = sum((Fraction(number) * _MICROSECONDS[unit] for number, unit in parts), Fraction())
    try:
        return timedelta(microseconds=round(total))
    except OverflowError:
        raise ValueError("longer than can be counted") from None
