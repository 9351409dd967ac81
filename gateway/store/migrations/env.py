"""Alembic's entry. It runs inside the transaction that `gateway.store.migrate` holds, and opens nothing itself."""

from alembic import context

from gateway.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # the caller's BEGIN IMMEDIATE: a migration happens whole or not at all
    render_as_batch=True,
)
context.run_migrations()
