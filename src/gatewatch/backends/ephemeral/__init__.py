"""Short-lived state that all workers share."""

from pathlib import Path

from gatewatch.backends.database import Database, Engine
from gatewatch.backends.ephemeral.port import Ephemeral
from gatewatch.kernel.errors import ConfigurationError
from gatewatch.kernel.secrets import Secret
from gatewatch.kernel.time import Clock

__all__ = ["FILE_NAME", "Ephemeral", "build"]

FILE_NAME = "ephemeral.db"
"""In the data directory, where the database is SQLite."""


def build(
    database: Database, *, redis_url: Secret | None, data_dir: Path, clock: Clock
) -> Ephemeral:
    """Keep it in Redis where there is one, else beside the database; touches neither yet.

    Raises:
        ConfigurationError: Redis is wanted and its client is not installed.
    """
    # Each is loaded by those who use it.
    if redis_url is not None:
        try:
            from gatewatch.backends.ephemeral.redis import RedisEphemeral  # noqa: PLC0415
        except ModuleNotFoundError:
            raise ConfigurationError(
                ["GATEWATCH_REDIS_URL needs the client: pip install 'gatewatch[redis]'."]
            ) from None
        return RedisEphemeral(redis_url, clock)
    from gatewatch.backends.ephemeral.database import on_postgres, on_sqlite  # noqa: PLC0415

    if database.engine is Engine.SQLITE:
        return on_sqlite(data_dir / FILE_NAME, clock)
    return on_postgres(database, clock)
