"""Statements: what the drivers are given."""

import pytest
from sqlalchemy import bindparam, select, text
from tests.backends.database.ledger import ADD_TICKET, NOW, SPEND, TICKET, entries, tickets

from gatewatch.backends.database import Insert, Lookup, Statement


def words(sql: str) -> str:
    return " ".join(sql.split())


def test_a_statement_is_compiled_once():
    statement = Statement(select(tickets.c.id))
    assert statement.sqlite is statement.sqlite
    assert statement.postgres is statement.postgres


def test_constants_and_parameters_are_laid_out_in_the_order_of_the_text():
    statement = Statement(
        select(tickets.c.id).where(
            tickets.c.state == "live", tickets.c.spent_at < bindparam("now"), tickets.c.id != "x"
        )
    ).sqlite
    assert list(statement.bind({"now": NOW})) == ["live", "2026-02-08 10:00:00.123456", "x"]


def test_a_list_of_constants_is_spelled_out():
    statement = Statement(select(tickets.c.id).where(tickets.c.id.in_(["a", "b"])))
    assert "IN (?, ?)" in statement.sqlite.sql
    assert "IN ($1::VARCHAR, $2::VARCHAR)" in statement.postgres.sql
    assert list(statement.postgres.bind({})) == ["a", "b"]


def test_a_spelling_of_its_own_keeps_the_types_of_the_clause():
    statement = Statement(
        select(entries.c.at).where(entries.c.at < bindparam("now")),
        sqlite="SELECT at FROM entries WHERE at < :now AND :now > 0",
        postgres=select(entries.c.at).where(text("false")),
    )
    assert statement.sqlite.sql == "SELECT at FROM entries WHERE at < ? AND ? > 0"
    written = "2026-02-08 10:00:00.123456"
    assert [written, written] == list(statement.sqlite.bind({"now": NOW}))
    assert statement.sqlite.read((written,)) == (NOW,)
    assert "false" in statement.postgres.sql


def test_a_lookup_asks_for_one_key_or_for_many():
    assert words(TICKET.sqlite.sql).endswith("WHERE tickets.id = ?")
    assert words(TICKET.postgres.sql).endswith("WHERE tickets.id = ANY ($1::TEXT[])")


def test_a_lookup_may_join_and_filter():
    lookup = Lookup(
        select(entries.c.id, tickets.c.state)
        .join(tickets, tickets.c.id == entries.c.ticket_id)
        .where(tickets.c.state == "live"),
        key=entries.c.id,
    )
    assert list(lookup.sqlite.bind({"key": "e"})) == ["live", "e"]
    assert "live" in lookup.postgres.bind({"key": ["e"]})


def test_an_insert_writes_the_columns_that_it_is_given_whatever_their_order():
    row = {"state": "live", "id": "one"}
    filled = ADD_TICKET.form(row).sqlite
    assert words(filled.sql) == "INSERT INTO tickets (id, state) VALUES (?, ?)"
    assert filled.bind(tuple(row.values())) == ["one", "live"]
    assert ADD_TICKET.form(row) is ADD_TICKET.form({"state": "dead", "id": "two"})


def test_an_insert_of_a_column_that_is_not_there_is_refused():
    with pytest.raises(KeyError, match="colour"):
        Insert(tickets).form({"colour": "red"})


def test_a_guard_names_its_parameters_with_the_key_first():
    assert list(SPEND.parameters) == ["key", "now"]
    assert (
        words(SPEND.sqlite.sql)
        == "UPDATE tickets SET state=?, spent_at=? WHERE tickets.id = ? AND tickets.state = ?"
    )
