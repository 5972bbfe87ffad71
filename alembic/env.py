"""Runs the migrations on the connection that syncer hands over; there is no URL of its own."""

from alembic import context

from syncer.state.tables import METADATA, VERSION_TABLE

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("the state store is migrated by syncer itself: run `syncer state upgrade`")

context.configure(
    connection=connection,
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transaction_per_migration=True,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
