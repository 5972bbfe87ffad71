"""Ways to the few requests that every run asks for among all that were settled: those given up, and those long over."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    given_up = sa.text("state = 'superseded'")
    op.create_index("requests_given_up", "requests", ["pipeline_id"], sqlite_where=given_up, postgresql_where=given_up)
    op.create_index("requests_by_end", "requests", ["finished_at"])


def downgrade() -> None:
    op.drop_index("requests_by_end", "requests")
    op.drop_index("requests_given_up", "requests")
