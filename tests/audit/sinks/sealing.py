"""Seals the log as the sealer does, at the moment that a test says."""

from datetime import UTC, datetime

from gatewatch.audit import leaf, seal_store
from gatewatch.audit.seal_store import CheckpointRow, SealRow, TreeRow
from gatewatch.backends.database import Database

SALT = bytes(16)
BEGUN = datetime(2026, 2, 8, tzinfo=UTC)


async def seal(database: Database) -> None:
    """Give every event without one a position."""
    tree = await seal_store.tree(database)
    if tree is None:
        tree = TreeRow(1, "test", "key", 0, 0, {}, BEGUN)
        await database.commit(seal_store.beginning(tree, None, None))
    found = await seal_store.stretch(database, after="", most=100_000)
    size = tree.size + len(found.unsealed)
    leaves = [
        SealRow(tree.first + place, row.id, leaf.digest(row, SALT), SALT, None)
        for place, row in enumerate(found.unsealed, tree.size)
    ]
    if leaves:
        checkpoint = CheckpointRow(tree.epoch, size, b"", "", BEGUN)
        growth = seal_store.growth(tree.epoch, tree.size, {}, leaves, checkpoint)
        assert await database.commit(growth)
