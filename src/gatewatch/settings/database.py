"""Where state is kept."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from gatewatch.kernel.secrets import Secret
from gatewatch.settings.declare import Derived, Known, Setting
from gatewatch.settings.forms import DATABASE_URL, IDENTIFIER, REDIS_URL, duration, whole


def _beside_the_rest(known: Known) -> Secret:
    return Secret(f"sqlite:///{known['GATEWATCH_DATA_DIR']}/gatewatch.db")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """The database and Redis."""

    url: Annotated[
        Secret,
        Setting(
            "GATEWATCH_DATABASE_URL",
            DATABASE_URL,
            "The database: `sqlite:///path` or `postgresql://user:password@host/database`.",
            default=Derived("`sqlite:///<GATEWATCH_DATA_DIR>/gatewatch.db`", _beside_the_rest),
            secret=True,
        ),
    ]
    schema: Annotated[
        str,
        Setting(
            "GATEWATCH_DATABASE_SCHEMA",
            IDENTIFIER,
            "The PostgreSQL schema that holds the tables; made if absent.",
        ),
    ] = "gatewatch"
    pool_size: Annotated[
        int,
        Setting(
            "GATEWATCH_DATABASE_POOL_SIZE",
            whole(1, 1_000),
            "Connections of one worker to PostgreSQL.",
        ),
    ] = 10
    redis_url: Annotated[
        Secret | None,
        Setting(
            "GATEWATCH_REDIS_URL",
            REDIS_URL,
            "Keeps throttles and polling cadence in Redis or Valkey instead of the database.",
            secret=True,
        ),
    ] = None
    cleanup_interval: Annotated[
        timedelta,
        Setting(
            "GATEWATCH_CLEANUP_INTERVAL",
            duration(timedelta(seconds=1)),
            "How often rows that have served are removed: expired tokens, sessions, device codes.",
        ),
    ] = timedelta(hours=1)
