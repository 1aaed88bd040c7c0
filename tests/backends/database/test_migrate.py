"""The schema: how a database gets to it, and that it gets to the one the stores describe."""

import asyncio
import importlib
import pkgutil
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from tests.backends.database.processes import lines, start

import gatewatch
from gatewatch.backends.database import Database, metadata, migrate

BROKEN = '''
"""Fails half way."""
from alembic import op
from sqlalchemy import Column, Integer
revision = "9999"
down_revision = "{before}"
def upgrade():
    op.create_table("half", Column("id", Integer))
    op.execute("SELECT * FROM nowhere")
'''


def import_stores() -> None:
    """Import every module that describes tables."""
    for module in pkgutil.walk_packages(gatewatch.__path__, "gatewatch."):
        if module.name.rpartition(".")[2].endswith("store"):
            importlib.import_module(module.name)


def differences(connection: Connection) -> list[object]:
    """What autogeneration would still do; the index of words is each engine's own affair."""
    options = {"include_name": lambda name, _kind, _parents: "audit_words" not in str(name)}
    context = MigrationContext.configure(connection, opts=options)
    return [each for each in compare_metadata(context, metadata) if "audit_terms" not in str(each)]


def tables(connection: Connection) -> list[str]:
    """The tables of the schema."""
    return sorted(connection.dialect.get_table_names(connection))


# Nobody can read an index on an expression back from SQLite.
@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_migrating_an_empty_database_makes_the_tables_that_the_stores_describe(url: str):
    import_stores()
    migrate.up(url)
    assert migrate.with_connection(url, "gatewatch", differences) == []


def test_up_and_down_and_up_again(url: str):
    assert migrate.Status(None, migrate.head(), migrate.status(url).pending) == migrate.status(url)
    assert migrate.head() == migrate.status(url).pending[-1]
    assert migrate.Status(migrate.head(), migrate.head(), []) == migrate.up(url)
    assert migrate.Status(migrate.head(), migrate.head(), []) == migrate.status(url)
    assert [migrate.head()] == migrate.down(url, steps=1).pending
    assert migrate.up(url).pending == []


def test_taking_everything_back_leaves_no_table(url: str):
    import_stores()
    migrate.up(url)
    while migrate.status(url).current:
        migrate.down(url)
    assert migrate.with_connection(url, "gatewatch", tables) == ["alembic_version"]


def test_asking_for_the_status_makes_nothing(sqlite_url: str, tmp_path: Path):
    assert None is migrate.status(sqlite_url).current
    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_can_read_the_file(sqlite_url: str, tmp_path: Path):
    migrate.up(sqlite_url)
    assert (tmp_path / "ledger.db").stat().st_mode & 0o777 == 0o600


async def test_a_migration_may_be_run_within_an_event_loop(url: str):
    assert migrate.up(url).pending == []


async def test_four_processes_may_start_at_once(url: str):
    starters = [await start("starter", url) for _ in range(4)]
    said = await asyncio.gather(*map(lines, starters))
    assert [[migrate.head()]] * 4 == said
    assert [await starter.wait() for starter in starters] == [0] * 4


async def test_a_server_knows_whether_its_schema_is_there(url: str):
    migrate.up(url)
    for applied in (True, False):
        database = Database.build(url)
        await database.open()
        assert applied is await migrate.head_is_applied(database)
        await database.close()
        while migrate.status(url).current:
            migrate.down(url)


def test_a_revision_that_fails_leaves_nothing(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    migrate.up(url)
    before = migrate.with_connection(url, "gatewatch", tables)
    _add_revision(tmp_path, monkeypatch, BROKEN.format(before=migrate.head()))
    with pytest.raises(DBAPIError, match="nowhere"):
        migrate.up(url)
    assert before == migrate.with_connection(url, "gatewatch", tables)
    assert migrate.status(url).pending == ["9999"]


def test_an_older_release_leaves_a_newer_schema_alone(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    newer = BROKEN.format(before=migrate.head()).replace('op.execute("SELECT * FROM nowhere")', "")
    with monkeypatch.context() as release:
        _add_revision(tmp_path, release, newer)
        assert migrate.up(url).current == "9999"
    assert migrate.Status("9999", migrate.head(), []) == migrate.up(url)


def _add_revision(folder: Path, patch: pytest.MonkeyPatch, text: str) -> None:
    """Let migrations be those there are, and one more."""
    migrations = folder / "migrations"
    (migrations / "versions").mkdir(parents=True)
    for file in migrate._FOLDER.rglob("*.py"):
        (migrations / file.relative_to(migrate._FOLDER)).write_bytes(file.read_bytes())
    (migrations / "versions" / "9999_broken.py").write_text(text)
    patch.setattr(migrate, "_FOLDER", migrations)
