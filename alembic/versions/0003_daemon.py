"""What daemons share: who serves, when pipelines are due, which due times were missed, which runs crashed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("run_requests", sa.Column("message", sa.Text))
    op.add_column("runs", sa.Column("crashed", sa.Integer))
    op.create_table(
        "daemons",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("started_at", sa.Text, nullable=False),
        sa.Column("seen_at", sa.Text, nullable=False),
        sa.Column("problems", sa.Text, nullable=False, server_default=""),
    )
    op.create_table(
        "schedules",
        sa.Column("target", sa.Text, primary_key=True),
        sa.Column("pipeline", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("schedule", sa.Text, nullable=False),
        sa.Column("due_at", sa.Text, nullable=False),
        sa.Column("next_at", sa.Text),
    )
    op.create_table(
        "missed_times",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("pipeline", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("first_at", sa.Text, nullable=False),
        sa.Column("last_at", sa.Text, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("noticed_at", sa.Text, nullable=False),
    )
    op.create_index("missed_times_by_pipeline", "missed_times", ["target", "pipeline", "noticed_at"])


def downgrade() -> None:
    op.drop_table("missed_times")
    op.drop_table("schedules")
    op.drop_table("daemons")
    op.drop_column("runs", "crashed")
    op.drop_column("run_requests", "message")
