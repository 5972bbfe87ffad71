"""A renamed pipeline keeps the name that the ids of its events are made of."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("pipelines", sa.Column("ids_name", sa.Text))


def downgrade() -> None:
    op.drop_column("pipelines", "ids_name")
