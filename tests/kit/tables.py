"""What a server's tables hold, read past the server."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import asyncpg

from tests.kit.server import Server

Rows = list[tuple[Any, ...]]


def rows(server: Server, query: str) -> Rows:
    """The rows of a query, whose tables are named without their schema; or do what it says."""
    if on_postgres(server):
        url = server.environment["GATEWATCH_DATABASE_URL"]
        return asyncio.run(_on_postgres(url, _schema(server), query))
    with closing(sqlite3.connect(server.data_dir / "gatewatch.db")) as connection:
        return connection.execute(query).fetchall()


def names(server: Server) -> list[str]:
    """Every table there is."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    if on_postgres(server):
        query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    return [name for (name,) in rows(server, query)]


def on_postgres(server: Server) -> bool:
    """Whether its tables are in Postgres."""
    return server.environment.get("GATEWATCH_DATABASE_URL", "").startswith("postgresql:")


def _schema(server: Server) -> str:
    return server.environment.get("GATEWATCH_DATABASE_SCHEMA", "gatewatch")


async def _on_postgres(url: str, schema: str, query: str) -> Rows:
    connection = await asyncpg.connect(url, server_settings={"search_path": schema})
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()
