"""Programs by the name a person would use: what a user agent most likely is."""

import re
from typing import Final

_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
"""Marks of systems, the more telling first: an Android says Linux too."""

_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""Marks of browsers, the more telling first: everything that is not Safari says Safari too."""

_PROGRAM: Final = re.compile(r"[A-Za-z][\w.+-]{0,39}(?:/[\w.+-]{1,20})?")


def describe(user_agent: str | None) -> str:
    """Name a program for people, such as ``Firefox on Linux`` or ``curl/8.5.0``.

    It is what the program says of itself: good for recognising one's own, worth nothing as proof.
    """
    if not user_agent:
        return "An unnamed program"
    browser = _first(_BROWSERS, user_agent)
    if browser and user_agent.startswith("Mozilla/"):
        system = _first(_SYSTEMS, user_agent)
        return f"{browser} on {system}" if system else browser
    program = _PROGRAM.match(user_agent)
    return program.group() if program else "An unknown program"


def _first(marks: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for mark, name in marks if mark in user_agent), None)
