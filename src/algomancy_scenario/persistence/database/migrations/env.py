"""Called by Alembic: migrates over the connection that whoever calls Alembic has opened."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="algomancy_version",
    transactional_ddl=False,  # The caller's transaction is around everything.
)
context.run_migrations()
