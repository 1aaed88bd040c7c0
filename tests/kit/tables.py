"""What a server's tables hold, read past the server."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import asyncpg

from tests.kit.server import Server

Rows = list[tuple[Any, ...]]


def rows(server: Server, query: str) -> Rows:
    """The rows of a query; its tables are named without their schema."""
    url = server.environment.get("GATEWATCH_DATABASE_URL", "")
    if url.startswith("postgresql:"):
        schema = server.environment.get("GATEWATCH_DATABASE_SCHEMA", "gatewatch")
        return asyncio.run(_on_postgres(url, schema, query))
    with closing(sqlite3.connect(server.data_dir / "gatewatch.db")) as connection:
        return connection.execute(query).fetchall()


async def _on_postgres(url: str, schema: str, query: str) -> Rows:
    connection = await asyncpg.connect(url, server_settings={"search_path": schema})
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()
