"""Columns: how values rest."""

import sqlite3
from datetime import UTC, datetime, timedelta, timezone

import pytest

from gatewatch.backends.database import Digest, Document, Moment
from gatewatch.backends.database.dialect import POSTGRES, SQLITE, Array, binder, reader

NOON = datetime(2026, 2, 8, 12, tzinfo=timezone(timedelta(hours=2)))


def test_a_moment_rests_in_utc_and_sorts_by_time_on_sqlite():
    write, read = binder(Moment(), SQLITE), reader(Moment(), SQLITE)
    assert write
    assert read
    assert write(NOON) == "2026-02-08 10:00:00.000000"
    assert read(write(NOON)) == NOON
    assert read(write(NOON)).tzinfo == UTC
    assert None is write(None)
    assert None is read(None)


def test_a_moment_compares_with_what_sqlite_says():
    write = binder(Moment(), SQLITE)
    assert write
    with sqlite3.connect(":memory:") as connection:
        asked = "SELECT ? < datetime('now'), ? > datetime('now')"
        past, future = write(NOON.replace(year=2000)), write(NOON.replace(year=2999))
        assert connection.execute(asked, (past, future)).fetchone() == (1, 1)
    connection.close()


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRES])
def test_a_moment_without_a_zone_is_refused(dialect):
    write = binder(Moment(), dialect)
    assert write
    with pytest.raises(ValueError, match="time zone"):
        write(NOON.replace(tzinfo=None))


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRES])
def test_a_document_rests_as_json(dialect):
    write, read = binder(Document(), dialect), reader(Document(), dialect)
    assert write
    assert read
    assert write({"a": [1, None]}) == '{"a":[1,null]}'
    assert read('{"a":[1,null]}') == {"a": [1, None]}
    assert None is write(None)
    assert None is read(None)


@pytest.mark.parametrize(
    ("kind", "sqlite", "postgres", "array"),
    [
        (Moment(), "TEXT", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE[]"),
        (Document(), "TEXT", "JSONB", "JSONB[]"),
        (Digest(), "BLOB", "BYTEA", "BYTEA[]"),
    ],
)
def test_each_column_has_one_spelling_per_engine(kind, sqlite, postgres, array):
    assert sqlite == kind.compile(SQLITE)
    assert postgres == kind.compile(POSTGRES)
    assert array == Array(kind).compile(POSTGRES)
