"""The index of words: FTS5 on SQLite, text search on Postgres.

It is behind the log by moments, so that recording an event costs nothing for it. SQLite knows
an event there by the first digits of its id, a number that grows with time.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Integer, Table, Text, bindparam, select, text, update

from gatewatch.audit.span import Span
from gatewatch.audit.words import Wanted
from gatewatch.backends.database import (
    Database,
    Document,
    Engine,
    Insert,
    Lookup,
    Statement,
    Work,
    metadata,
)
from gatewatch.backends.database.dialect import Array

RARE: Final = 5_000
"""Events that are told one by one; words that more have are met soon by reading the log itself."""

MOST_TERMS: Final = 64
"""Words with one beginning that are looked for one by one, which is quicker while they are few."""

LONGEST_INDEXED: Final = 3
"""Characters of the beginnings that FTS5 has an index of their own for."""

FOLLOWER: Final = "index"
"""The name under which it is kept how far the index has come."""

_NUMBERED: Final = slice(4, 21)
"""The digits of an event's id that SQLite knows it by: its time, and 20 random bits."""

audit_progress: Final = Table(
    "audit_progress",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("newest", Text, nullable=False),
)
"""How far those who follow the log have come, and the newest event that they have seen."""


def _spelled(sql: str, **kinds: Any) -> Any:
    return text(sql).bindparams(*(bindparam(name, type_=kind) for name, kind in kinds.items()))


_TEXTS: Final = Array(Text())
_ADD: Final = Statement(
    _spelled(
        "INSERT OR REPLACE INTO audit_words (rowid, words) SELECT json_extract(value, '$[0]'), "
        "json_extract(value, '$[1]') FROM json_each(:rows)",
        rows=Document,
    ),
    postgres=_spelled(
        "INSERT INTO audit_words (id, words) SELECT id, array_to_tsvector(string_to_array("
        "words, ' ')) FROM unnest(CAST(:ids AS text[]), CAST(:texts AS text[])) AS given(id, words)"
        " ON CONFLICT (id) DO UPDATE SET words = excluded.words",
        ids=_TEXTS,
        texts=_TEXTS,
    ),
)
_REMOVE: Final = Statement(
    _spelled(
        "DELETE FROM audit_words WHERE rowid IN (SELECT value FROM json_each(:rows))",
        rows=Document,
    ),
    postgres=_spelled("DELETE FROM audit_words WHERE id = ANY(CAST(:ids AS text[]))", ids=_TEXTS),
)
_TERMS: Final = Statement(
    _spelled(
        "SELECT term FROM audit_terms WHERE term >= :lowest AND term < :highest LIMIT :most",
        lowest=Text,
        highest=Text,
        most=Integer,
    )
)
_FOUND: Final = """
SELECT id FROM (SELECT rowid AS number FROM audit_words WHERE audit_words MATCH :words
                AND rowid >= :lowest AND rowid <= :highest ORDER BY rowid {order} LIMIT {most})
JOIN audit_logs ON id > printf('evt_%017x', number) AND id < printf('evt_%017xg', number)
"""
_MATCHING: Final = {
    newest: Statement(
        _spelled(
            _FOUND.format(order="DESC" if newest else "ASC", most=RARE),
            words=Text,
            lowest=Integer,
            highest=Integer,
        ),
        # The limit is said literally: without, Postgres would rather read the whole table.
        postgres=_spelled(
            "SELECT id FROM audit_words WHERE words @@ CAST(:words AS tsquery)"
            " AND id > :lowest AND id < :highest LIMIT 5000",
            words=Text,
            lowest=Text,
            highest=Text,
        ),
    )
    for newest in (True, False)
}
_BY_NAME: Final = Lookup(
    select(audit_progress.c.position, audit_progress.c.newest), key=audit_progress.c.name
)
_BEGIN: Final = Insert(audit_progress)
_ADVANCE: Final = Statement(
    update(audit_progress)
    .where(
        audit_progress.c.name == bindparam("follower", type_=Text),
        audit_progress.c.position == bindparam("before", type_=BigInteger),
    )
    .values(position=bindparam("after", type_=BigInteger), newest=bindparam("seen", type_=Text))
)


async def progress(database: Database) -> tuple[int, str] | None:
    """How far the index has come: the last position, and the newest event's id."""
    row = await database.look.find(_BY_NAME, FOLLOWER)
    return None if row is None else (int(row[0]), str(row[1]))


async def begin(work: Work, position: int, newest: str) -> None:
    """Let the index begin."""
    await work.add(_BEGIN, {"name": FOLLOWER, "position": position, "newest": newest})


async def advance(work: Work, *, before: int, after: int, newest: str) -> bool:
    """Say that the index has come further, if it is where it was seen."""
    moved = await work.run(_ADVANCE, follower=FOLLOWER, before=before, after=after, seen=newest)
    return moved == 1


async def add(work: Work, engine: Engine, words: Sequence[tuple[str, str]]) -> None:
    """Index events: the id of each, and its words with spaces between them."""
    if engine is Engine.SQLITE:
        await work.run(_ADD, rows=[(_number(event_id), text) for event_id, text in words])
    else:
        ids, texts = [event_id for event_id, _ in words], [text for _, text in words]
        await work.run(_ADD, ids=ids, texts=texts)


async def remove(work: Work, engine: Engine, event_ids: Sequence[str]) -> None:
    """Forget events' words."""
    if engine is Engine.SQLITE:
        await work.run(_REMOVE, rows=[_number(event_id) for event_id in event_ids])
    else:
        await work.run(_REMOVE, ids=list(event_ids))


async def matching(database: Database, wanted: Wanted, span: Span, *, newest: bool) -> list[str]:
    """The ids of events that have the words that are wanted: `RARE` at most.

    On SQLite they are the newest, or the oldest, of the span; on Postgres they are any.
    """
    params: dict[str, object] = {"lowest": span.lowest, "highest": span.highest}
    if database.engine is Engine.SQLITE:
        params |= {"lowest": _number(span.lowest), "highest": _number(span.highest)}
        params["words"] = await _sqlite_query(database, wanted)
    else:
        terms = [f"'{word}'" for word in wanted.whole]
        terms += [f"'{wanted.beginning}':*"] if wanted.beginning else []
        params["words"] = " & ".join(terms)
    return [event_id for (event_id,) in await database.scan(_MATCHING[newest], **params)]


async def _sqlite_query(database: Database, wanted: Wanted) -> str:
    """FTS5 gathers all events of a beginning before it gives the first; of words it need not."""
    terms = [f'"{word}"' for word in wanted.whole]
    if (word := wanted.beginning) is not None and len(word) <= LONGEST_INDEXED:
        terms.append(f'"{word}" *')
    elif word is not None:
        bounds = {"lowest": word, "highest": word + "\U0010ffff"}
        rows = await database.scan(_TERMS, most=MOST_TERMS, **bounds)
        few = 0 < len(rows) < MOST_TERMS
        each = " OR ".join(f'"{term}"' for (term,) in rows)
        terms.append(f"({each})" if few else f'"{word}" *')
    return " AND ".join(terms)


def _number(event_id: str) -> int:
    digits = event_id[_NUMBERED]
    if "g" in digits:
        return (1 << 63) - 1
    return int(digits.ljust(17, "0"), 16)
