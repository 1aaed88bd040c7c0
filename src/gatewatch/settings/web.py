"""Where it is reached."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from gatewatch.settings.declare import Derived, Setting
from gatewatch.settings.forms import HOST, ISSUER, NETWORKS, Network, duration, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """Addresses and processes."""

    host: Annotated[
        str, Setting("GATEWATCH_HOST", HOST, "The address to listen on; `0.0.0.0` is every one.")
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Setting(
            "GATEWATCH_PORT", whole(0, 65_535), "The port to listen on; 0 lets the system choose."
        ),
    ] = 8080
    issuer: Annotated[
        str,
        Setting(
            "GATEWATCH_ISSUER",
            ISSUER,
            "The public address, in every link and token (RFC 8414 section 2); a trailing slash is "
            "taken off. https, except on localhost.",
            default=Derived(
                "`http://localhost:<GATEWATCH_PORT>`",
                lambda known: f"http://localhost:{known['GATEWATCH_PORT']}",
            ),
        ),
    ]
    workers: Annotated[
        int, Setting("GATEWATCH_WORKERS", whole(1, 256), "Processes that serve requests.")
    ] = 1
    trusted_proxies: Annotated[
        tuple[Network, ...],
        Setting(
            "GATEWATCH_TRUSTED_PROXIES",
            NETWORKS,
            "Addresses and networks, parted by commas, that may name the client's address.",
        ),
    ] = ()
    shutdown_grace: Annotated[
        timedelta,
        Setting(
            "GATEWATCH_SHUTDOWN_GRACE",
            duration(timedelta(0)),
            "How long requests under way may take to end at a stop.",
        ),
    ] = timedelta(seconds=30)
