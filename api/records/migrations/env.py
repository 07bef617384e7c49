"""What Alembic runs: the steps, on the connection and inside the transaction it was handed."""

from alembic import context

from api.records.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table="steppedcare_log_version",
)
context.run_migrations()
