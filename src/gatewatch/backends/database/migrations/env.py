"""Runs revisions on the connection that `gatewatch.backends.database.migrate` hands over."""

from alembic import context

from gatewatch.backends.database.columns import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
