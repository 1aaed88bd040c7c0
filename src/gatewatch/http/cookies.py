"""Cookies: strict by default, and bound to the host where the scheme allows it."""

from typing import Final

from gatewatch.http.response import Header
from gatewatch.http.urls import Urls

HOST_PREFIX: Final = "__Host-"
"""Makes a browser refuse the cookie unless it is Secure, host-only, and for / (RFC 6265bis)."""


def page_session_name(urls: Urls) -> str:
    """The name of the cookie behind the pages.

    ``session`` on a plain-http loopback issuer, so that the curl lines of AuthGate's guide work
    as printed.
    """
    return f"{HOST_PREFIX}session" if urls.secure else "session"


def cookie(
    name: str,
    value: str,
    *,
    urls: Urls,
    max_age: int,
    path: str = "/",
    readable: bool = False,
) -> Header:
    """Set a cookie for `max_age` seconds; zero clears it. SameSite=Lax, Secure under https."""
    parts = [f"{name}={value}", f"Path={path}", f"Max-Age={max_age}", "SameSite=Lax"]
    if not readable:
        parts.append("HttpOnly")
    if urls.secure:
        parts.append("Secure")
    return (b"set-cookie", "; ".join(parts).encode("ascii"))
