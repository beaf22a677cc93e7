"""Run by Alembic with the connection that `upgrade.py` hands over, inside its transaction."""

from alembic import context

from engine.context.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite can, once transactions begin where we say (see database.py)
    render_as_batch=True,
)
context.run_migrations()
