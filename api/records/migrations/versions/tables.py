"""The chain, the entries and the head."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LONG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "chain",
        sa.Column("seq", LONG, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("at", LONG, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("mac", sa.String(64), nullable=False),
    )
    op.create_table(
        "entries",
        sa.Column("seq", LONG, sa.ForeignKey("chain.seq"), primary_key=True, autoincrement=False),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("at", LONG, nullable=False),
        sa.Column("level", sa.String(8), nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("about", sa.String(36)),
        sa.Column("patient", sa.String(64)),
        sa.Column("key", sa.String(64)),
        sa.Column("request", sa.String(64)),
        sa.Column("through", LONG),
    )
    op.create_index("entries_about", "entries", ["about"])
    op.create_index("entries_patient", "entries", ["tenant", "patient", "seq"])
    op.create_index("entries_key", "entries", ["tenant", "key"])
    op.create_table(
        "head",
        sa.Column(
            "one", sa.Integer, sa.CheckConstraint("one = 1"), primary_key=True, autoincrement=False
        ),
        sa.Column("seq", LONG, nullable=False),
        sa.Column("mac", sa.String(64), nullable=False),
        sa.Column("seal", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    """Remove the tables; a log that holds anything is not thrown away by a step back."""
    if op.get_bind().execute(sa.text("SELECT count(*) FROM chain")).scalar():
        raise RuntimeError("the log is not empty: keep a copy and remove the database yourself")
    for table in ("head", "entries", "chain"):
        op.drop_table(table)
