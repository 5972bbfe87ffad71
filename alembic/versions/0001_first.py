"""Installs, pipelines, runs, requests with their ledger, quarantine, audit."""

import hashlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
COUNT = sa.BigInteger().with_variant(sa.Numeric(38, 0), "postgresql")


def upgrade() -> None:
    _create_pipelines()
    _create_runs()
    _create_requests()
    _create_records()
    _create_install()


def downgrade() -> None:
    for table in (
        "erased",
        "audit",
        "quarantine",
        "requests",
        "run_requests",
        "run_counts",
        "runs",
        "pipelines",
        "install",
    ):
        op.drop_table(table)


def _create_pipelines() -> None:
    op.create_table(
        "pipelines",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("pipeline", sa.Text, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.Text),
        sa.Column("held_since", sa.Text),
        sa.Column("watermark_kind", sa.Text),
        sa.Column("watermark_text", sa.Text),
        sa.Column("start", sa.BigInteger),
        sa.Column("checksum", sa.LargeBinary, nullable=False),
        sa.Column("pause_reason", sa.Text),
        sa.Column("paused_at", sa.Text),
        sa.Column("config_fingerprint", sa.Text),
        sa.Column("source_fingerprint", sa.Text),
        sa.Column("cursor_fingerprint", sa.Text),
        sa.Column("key_fingerprint", sa.Text),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.UniqueConstraint("target", "pipeline", "destination", name="pipelines_scope"),
    )


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("pipeline_id", BIG_ID, sa.ForeignKey("pipelines.id"), nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("trigger", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("started_at", sa.Text, nullable=False),
        sa.Column("finished_at", sa.Text),
        sa.Column("elapsed_s", sa.Float),
        sa.Column("message", sa.Text, nullable=False, server_default=""),
        sa.Column("pause_reason", sa.Text),
        sa.Column("watermark_before", sa.Text),
        sa.Column("watermark_after", sa.Text),
    )
    op.create_index("runs_by_pipeline", "runs", ["pipeline_id", "started_at"])
    op.create_table(
        "run_counts",
        sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("count", COUNT, nullable=False),
        sa.CheckConstraint("kind = 'value' OR count >= 0", name="run_counts_not_negative"),
    )
    op.create_table(
        "run_requests",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("pipeline", sa.Text, nullable=False),
        sa.Column("requested_at", sa.Text, nullable=False),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("options", sa.Text, nullable=False, server_default="{}"),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text),
    )
    op.create_index("run_requests_open", "run_requests", ["target", "pipeline", "state"])


def _create_requests() -> None:
    op.create_table(
        "requests",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("pipeline_id", BIG_ID, sa.ForeignKey("pipelines.id"), nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("parent_id", BIG_ID),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("event_time_min", sa.BigInteger, nullable=False),
        sa.Column("event_time_max", sa.BigInteger, nullable=False),
        sa.Column("cursor_kind", sa.Text),
        sa.Column("cursor_low", sa.Text),
        sa.Column("cursor_high", sa.Text),
        sa.Column("first_armed_at", sa.Text),
        sa.Column("armed_at", sa.Text),
        sa.Column("finished_at", sa.Text),
        sa.Column("status", sa.Integer),
        sa.Column("code", sa.BigInteger),
        sa.Column("subcode", sa.BigInteger),
        sa.Column("fbtrace_id", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("checksum", sa.LargeBinary, nullable=False),
        sa.Column("digests", sa.LargeBinary, nullable=False),
    )
    op.create_index("requests_by_pipeline", "requests", ["pipeline_id", "id"])
    unfinished = sa.text("state IN ('planned', 'armed', 'retry', 'doubt')")
    op.create_index(
        "requests_unfinished", "requests", ["pipeline_id"], sqlite_where=unfinished, postgresql_where=unfinished
    )
    op.create_index("requests_by_run", "requests", ["run_id"])
    op.create_table(
        "quarantine",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("pipeline_id", BIG_ID, sa.ForeignKey("pipelines.id"), nullable=False),
        sa.Column("identity", sa.LargeBinary),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("request_id", BIG_ID),
        sa.Column("bucket", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("field", sa.Text),
        sa.Column("cursor_kind", sa.Text),
        sa.Column("cursor_text", sa.Text),
        sa.Column("code", sa.BigInteger),
        sa.Column("subcode", sa.BigInteger),
        sa.Column("fbtrace_id", sa.Text),
        sa.Column("at", sa.Text, nullable=False),
        sa.UniqueConstraint("pipeline_id", "identity", name="quarantine_identity"),
    )
    op.create_index("quarantine_by_run", "quarantine", ["run_id"])


def _create_records() -> None:
    op.create_table(
        "audit",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("pipeline", sa.Text),
        sa.Column("destination", sa.Text),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
    )
    op.create_table(
        "erased",
        sa.Column("pipeline_id", BIG_ID, sa.ForeignKey("pipelines.id"), primary_key=True),
        sa.Column("identity", sa.LargeBinary, primary_key=True),
        sa.Column("at", sa.Text, nullable=False),
    )


def _create_install() -> None:
    """Make the salt in the commit that makes its table: a second one would make every settled event look new."""
    install = op.create_table(
        "install",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("checksum", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
    )
    salt = os.urandom(16)
    checksum = hashlib.blake2b(salt, digest_size=16).digest()
    created_at = datetime.now(UTC).isoformat(timespec="microseconds")
    op.bulk_insert(install, [{"id": 1, "salt": salt, "checksum": checksum, "created_at": created_at}])
