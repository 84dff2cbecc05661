"""Alembic's door: called by `tradewarn.database` with an engine, never with a configuration file."""

from alembic import context

from tradewarn.database import all_metadata

engine = context.config.attributes["engine"]

with engine.connect() as connection:
    # Two commands may start on a fresh home at once: on PostgreSQL one waits for the other; SQLite's own lock does it there.
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_lock(7214001)")
    context.configure(
        connection=connection,
        target_metadata=all_metadata(),
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_unlock(7214001)")
        connection.commit()
