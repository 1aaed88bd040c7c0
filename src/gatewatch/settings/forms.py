"""What values look like: each form reads a text, or says what to give instead."""

import re
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import SplitResult, urlsplit

from gatewatch.kernel.secrets import Secret
from gatewatch.settings.declare import MASK, Form
from gatewatch.settings.durations import format_duration, parse_duration
from gatewatch.settings.log_filter import parse_filter

E = TypeVar("E", bound=StrEnum)
Network = IPv4Network | IPv6Network

_TRUE: Final = frozenset({"true", "1", "yes", "on"})
_FALSE: Final = frozenset({"false", "0", "no", "off"})
_WHOLE: Final = re.compile(r"[0-9]{1,18}")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_HOST: Final = re.compile(r"[A-Za-z0-9._:%-]+")
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_URL: Final = re.compile(r"[!-~]+")
_UNDERSTOOD: Final = {"https": 443, "http": 80}
"""The ports that go without saying (RFC 9110 section 4.2)."""
_LEAST_VARIETY: Final = 10
"""Distinct characters a key must have; `your-256-bit-secret...` is caught by no rule, aaaa is."""


def whole(least: int, most: int = 2**31 - 1) -> Form[int]:
    """A whole number between two bounds, both included."""
    fix = f"give a whole number from {least} to {most}"

    def read(text: str) -> int:
        return int(_require(text, fix, ok=_WHOLE.fullmatch(text) and least <= int(text) <= most))

    return Form("whole number", read)


def seconds(least: int) -> Form[timedelta]:
    """A whole number of seconds."""
    number = whole(least)
    return Form(
        "seconds",
        lambda text: timedelta(seconds=number.read(text)),
        lambda value: str(value // timedelta(seconds=1)),
    )


def duration(least: timedelta) -> Form[timedelta]:
    """A duration of at least so long."""
    bound = f" of at least {format_duration(least)}" if least else ""
    fix = f"give a duration{bound}, such as 1h30m or PT90M"

    def read(text: str) -> timedelta:
        try:
            value = parse_duration(text)
        except ValueError:
            raise ValueError(fix) from None
        _require(text, fix, ok=value >= least)
        return value

    return Form("duration", read, format_duration)


def one_of(choices: type[E]) -> Form[E]:
    """One of a few words; case does not matter."""
    by_name = {choice.value.lower(): choice for choice in choices}
    fix = "give " + " or ".join(by_name[name].value for name in by_name)

    def read(text: str) -> E:
        _require(text, fix, ok=text.lower() in by_name)
        return by_name[text.lower()]

    return Form(", ".join(f"`{choice.value}`" for choice in choices), read, lambda each: each.value)


def _flag(text: str) -> bool:
    _require(text, "give true or false", ok=text.lower() in _TRUE | _FALSE)
    return text.lower() in _TRUE


def _address_list(text: str) -> tuple[Network, ...]:
    fix = "give addresses or networks parted by commas, such as 10.0.0.0/8,192.0.2.7"
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError(f"{fix}; a network has no bits set beyond its prefix") from None


def _log_filter(text: str) -> str:
    parse_filter(text)
    return text


def _issuer(text: str) -> str:
    url = _split(text, "give an address such as https://auth.example.com")
    plain = not (url.query or url.fragment or url.username or "?" in text or "#" in text)
    _require(text, "leave out user, query and fragment (RFC 8414 section 2)", ok=plain)
    spelled = f"{url.scheme}://{url.netloc.lower()}"
    fix = "write it as browsers do: in lower case, without the port that is understood (RFC 6454)"
    _require(text, fix, ok=text.startswith(spelled) and url.port != _UNDERSTOOD.get(url.scheme))
    local = url.scheme == "http" and is_loopback(url.hostname or "")
    _require(text, "give https://; http:// is for localhost", ok=url.scheme == "https" or local)
    return text.rstrip("/")


def _web_url(text: str) -> str:
    fix = "give an address such as https://witness.example.com/checkpoints"
    _require(text, fix, ok=_split(text, fix).scheme in {"http", "https"})
    return text


def _database_url(text: str) -> Secret:
    fix = "give sqlite:///path/to/file.db or postgresql://user:password@host/database"
    if text.startswith("sqlite:///"):
        _require(text, fix, ok=len(text) > len("sqlite:///") and ":memory:" not in text)
        return Secret(text)
    url = _split(text, fix)
    _require(text, fix, ok=url.scheme == "postgresql" and url.path.strip("/"))
    return Secret(text)


def _redis_url(text: str) -> Secret:
    fix = "give redis://host:6379/0 or rediss://user:password@host:6379/0"
    _require(text, fix, ok=_split(text, fix).scheme in {"redis", "rediss"})
    return Secret(text)


def _key(text: str) -> Secret:
    fix = "give at least 32 random characters, such as from: openssl rand -base64 48"
    _require(text, fix, ok=len(text) >= KEY_LENGTH and len(set(text)) >= _LEAST_VARIETY)
    return Secret(text)


def is_loopback(host: str) -> bool:
    """Say whether a host names this machine itself (RFC 6761 section 6.3, RFC 8252 section 7.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def secret_text(least: int, most: int) -> Form[Secret]:
    """A secret of so many characters, chosen by a person."""
    fix = f"give {least} to {most} characters"

    def read(text: str) -> Secret:
        return Secret(_require(text, fix, ok=least <= len(text) <= most))

    return Form("secret", read, _reveal)


def _matching(pattern: re.Pattern[str], fix: str) -> Callable[[str], str]:
    return lambda text: _require(text, fix, ok=pattern.fullmatch(text))


def _require(text: str, fix: str, *, ok: object) -> str:
    if not ok:
        raise ValueError(fix)
    return text


def _split(text: str, fix: str) -> SplitResult:
    _require(text, fix, ok=_URL.fullmatch(text))
    try:
        url = urlsplit(text)
        _require(text, fix, ok=url.hostname and url.port != 0)
    except ValueError:
        raise ValueError(fix) from None
    return url


def _reveal(secret: Secret) -> str:
    return secret.reveal()


def _mask_password(secret: Secret) -> str:
    """Hide the password of a URL, and its parameters, where drivers take one too."""
    url = urlsplit(secret.reveal())
    user, at, host = url.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    netloc = f"{name}{colon}{MASK if colon else ''}{at}{host}"
    query = f"?{MASK}" if url.query else ""
    return f"{url.scheme}://{netloc}{url.path}{query}"


KEY_LENGTH: Final = 32
"""Characters a key must have: 256 bits when they are random bytes in base64, with room to spare."""

FLAG: Final = Form("true or false", _flag, lambda value: "true" if value else "false")
PATH: Final = Form("path", Path)
EMAIL: Final = Form("email", _matching(_EMAIL, "give an address such as admin@example.com"))
HOST: Final = Form("address or host", _matching(_HOST, "give an address such as 127.0.0.1 or ::1"))
IDENTIFIER: Final = Form(
    "identifier", _matching(_IDENTIFIER, "give letters, digits and underscores, at most 63")
)
NETWORKS: Final = Form("networks", _address_list, lambda value: ",".join(map(str, value)))
LOG_FILTER: Final = Form("levels", _log_filter)
ISSUER: Final = Form("URL", _issuer)
WEB_URL: Final = Form("URL", _web_url)
DATABASE_URL: Final = Form("URL", _database_url, _reveal, _mask_password)
REDIS_URL: Final = Form("URL", _redis_url, _reveal, _mask_password)
KEY: Final = Form("secret", _key, _reveal)
