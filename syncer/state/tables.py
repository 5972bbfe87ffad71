"""The tables of the state store, as the newest migration leaves them."""

from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

from syncer.errors import StateError

SCHEMA = "0007"
"""Revision of the newest migration."""
VERSION_TABLE = "syncer_schema"
"""Where Alembic keeps the revision; a name of our own, so that a shared database may hold another Alembic."""


class Instant(TypeDecorator[datetime]):
    """A moment in UTC as ISO text, which sorts by time; SQLite has no type that keeps a zone."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the text that is stored."""
        return None if value is None else instant_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return an aware time in UTC; raises `StateError` for a text that is none."""
        try:
            return None if value is None else datetime.fromisoformat(value)
        except (ValueError, TypeError):
            raise StateError("state: a row is damaged: a time in it cannot be read; restore a copy") from None


def instant_text(at: datetime) -> str:
    """Return `at` in UTC with microseconds: `2026-11-22T10:00:00.000000+00:00`."""
    return _utc_text(at.astimezone(UTC))  # elsewhere two hours of a year are one and the same to a cache


@lru_cache(maxsize=64)
def _utc_text(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


METADATA = MetaData()
BIG_ID = BigInteger().with_variant(Integer, "sqlite")
COUNT = BigInteger().with_variant(Numeric(38, 0), "postgresql")

INSTALL = Table(
    "install",
    METADATA,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("salt", LargeBinary, nullable=False),
    Column("checksum", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)

PIPELINES = Table(
    "pipelines",
    METADATA,
    Column("id", BIG_ID, primary_key=True),
    Column("target", Text, nullable=False),
    Column("pipeline", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("holder", Text),
    Column("held_since", Instant),
    Column("watermark_kind", Text),
    Column("watermark_text", Text),
    Column("start", BigInteger),
    Column("checksum", LargeBinary, nullable=False),
    Column("pause_reason", Text),
    Column("paused_at", Instant),
    Column("config_fingerprint", Text),
    Column("source_fingerprint", Text),
    Column("cursor_fingerprint", Text),
    Column("key_fingerprint", Text),
    Column("created_at", Instant, nullable=False),
    Column("ids_name", Text),
    UniqueConstraint("target", "pipeline", "destination", name="pipelines_scope"),
)

RUNS = Table(
    "runs",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("pipeline_id", BIG_ID, ForeignKey("pipelines.id"), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("elapsed_s", Float),
    Column("message", Text, nullable=False, server_default=""),
    Column("pause_reason", Text),
    Column("watermark_before", Text),
    Column("watermark_after", Text),
    Column("crashed", Integer),
    Index("runs_by_pipeline", "pipeline_id", "started_at"),
)

RUN_COUNTS = Table(
    "run_counts",
    METADATA,
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("count", COUNT, nullable=False),
    CheckConstraint("kind = 'value' OR count >= 0", name="run_counts_not_negative"),
)

RUN_REQUESTS = Table(
    "run_requests",
    METADATA,
    Column("id", BIG_ID, primary_key=True),
    Column("target", Text, nullable=False),
    Column("pipeline", Text, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("options", Text, nullable=False, server_default="{}"),
    Column("state", Text, nullable=False),
    Column("run_id", Text),
    Column("message", Text),
    Index("run_requests_open", "target", "pipeline", "state"),
)

IS_UNFINISHED = text("state IN ('planned', 'armed', 'retry', 'doubt')")
"""Written out, as the next is, so that the databases see that the index on it fits the question."""
IS_GIVEN_UP = text("state = 'superseded'")

REQUESTS = Table(
    "requests",
    METADATA,
    Column("id", BIG_ID, primary_key=True),
    Column("pipeline_id", BIG_ID, ForeignKey("pipelines.id"), nullable=False),
    Column("run_id", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("parent_id", BIG_ID),
    Column("attempts", Integer, nullable=False),
    Column("events", Integer, nullable=False),
    Column("event_time_min", BigInteger, nullable=False),
    Column("event_time_max", BigInteger, nullable=False),
    Column("cursor_kind", Text),
    Column("cursor_low", Text),
    Column("cursor_high", Text),
    Column("first_armed_at", Instant),
    Column("armed_at", Instant),
    Column("finished_at", Instant),
    Column("status", Integer),
    Column("code", BigInteger),
    Column("subcode", BigInteger),
    Column("fbtrace_id", Text),
    Column("reason", Text),
    Column("checksum", LargeBinary, nullable=False),
    Column("digests", LargeBinary, nullable=False),
    Column("consent", Text),
    Index("requests_by_pipeline", "pipeline_id", "id"),
    Index("requests_unfinished", "pipeline_id"),  # of the unfinished ones: to say it here would load every dialect
    Index("requests_given_up", "pipeline_id"),  # of these alone, as well
    Index("requests_by_end", "finished_at"),
    Index("requests_by_run", "run_id"),
)

QUARANTINE = Table(
    "quarantine",
    METADATA,
    Column("id", BIG_ID, primary_key=True),
    Column("pipeline_id", BIG_ID, ForeignKey("pipelines.id"), nullable=False),
    Column("identity", LargeBinary),
    Column("run_id", Text, nullable=False),
    Column("request_id", BIG_ID),
    Column("bucket", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("field", Text),
    Column("cursor_kind", Text),
    Column("cursor_text", Text),
    Column("code", BigInteger),
    Column("subcode", BigInteger),
    Column("fbtrace_id", Text),
    Column("at", Instant, nullable=False),
    UniqueConstraint("pipeline_id", "identity", name="quarantine_identity"),
    Index("quarantine_by_run", "run_id"),
)

SUPPRESSED = Table(
    "suppressed",
    METADATA,
    Column("id", BIG_ID, primary_key=True),
    Column("pipeline_id", BIG_ID, ForeignKey("pipelines.id"), nullable=False),
    Column("run_id", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("checksum", LargeBinary, nullable=False),
    Column("digests", LargeBinary, nullable=False),
    Index("suppressed_by_pipeline", "pipeline_id", "id"),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("id", BIG_ID, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("pipeline", Text),
    Column("destination", Text),
    Column("before", Text),
    Column("after", Text),
)

ERASED = Table(
    "erased",
    METADATA,
    Column("pipeline_id", BIG_ID, ForeignKey("pipelines.id"), primary_key=True),
    Column("identity", LargeBinary, primary_key=True),
    Column("at", Instant, nullable=False),
)

DAEMONS = Table(
    "daemons",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("target", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("problems", Text, nullable=False, server_default=""),
    Column("serves", Text),
)

SCHEDULES = Table(
    "schedules",
    METADATA,
    Column("target", Text, primary_key=True),
    Column("pipeline", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("schedule", Text, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("next_at", Instant),
)

MISSED_TIMES = Table(
    "missed_times",
    METADATA,
    Column("id", BIG_ID, primary_key=True),
    Column("target", Text, nullable=False),
    Column("pipeline", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("times", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("noticed_at", Instant, nullable=False),
    Index("missed_times_by_pipeline", "target", "pipeline", "noticed_at"),
)

ALERTS = Table(
    "alerts",
    METADATA,
    Column("target", Text, primary_key=True),
    Column("about", Text, primary_key=True),
    Column("condition", Text, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("text", Text, nullable=False),
)

ALERT_MESSAGES = Table(
    "alert_messages",
    METADATA,
    Column("id", BIG_ID, primary_key=True),
    Column("target", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Instant, nullable=False),
    Index("alert_messages_by_target", "target", "id"),
)
