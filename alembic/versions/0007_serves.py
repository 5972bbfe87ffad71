"""Which runs a daemon begins by its files; NULL of one of an earlier release, which may begin any."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("daemons", sa.Column("serves", sa.Text))


def downgrade() -> None:
    op.drop_column("daemons", "serves")
