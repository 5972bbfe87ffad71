"""Which watermark is a time, and which."""

from datetime import UTC, datetime, timedelta

import pytest

from syncer.watermark import Watermark

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "text", "at"),
    [
        ("timestamptz", "2026-11-28T12:00:00.000001Z", NOON + timedelta(microseconds=1)),
        ("timestamp", "2026-11-28T12:00:00", NOON),
        ("timestamp", "2026-11-28T12:00:00.123456789", NOON + timedelta(microseconds=123_456)),
        ("date", "2026-11-28", NOON.replace(hour=0)),
        ("text", "2026-11-28", None),
        ("integer", "20261128", None),
        ("date", "29991-01-01", None),
    ],
)
def test_a_watermark_is_a_time_only_where_its_column_is(kind: str, text: str, at: datetime | None) -> None:
    assert Watermark.parse(kind, text).at == at
