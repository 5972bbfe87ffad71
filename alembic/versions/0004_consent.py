"""Rows that were not sent for want of consent, and what each request's rows said of it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("requests", sa.Column("consent", sa.Text))
    op.create_table(
        "suppressed",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("pipeline_id", BIG_ID, sa.ForeignKey("pipelines.id"), nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("checksum", sa.LargeBinary, nullable=False),
        sa.Column("digests", sa.LargeBinary, nullable=False),
    )
    op.create_index("suppressed_by_pipeline", "suppressed", ["pipeline_id", "id"])


def downgrade() -> None:
    op.drop_table("suppressed")
    op.drop_column("requests", "consent")
