from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.incremental import CursorKind, CursorValue
from syncer.duration import Duration
from syncer.engine.plan import first_event_time, plan, starts_by_clock
from syncer.pipeline import Column, Cursor, Delivery, Mapping, Pipeline
from syncer.spec.limits import PHYSICAL_STORE_WINDOW_S
from syncer.watermark import Watermark

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def pipeline(cursor: Cursor | None) -> Pipeline:
    return Pipeline(
        name="orders",
        source="warehouse",
        query="SELECT 1",
        key=("id",),
        start="now",
        destinations=("meta",),
        mapping=Mapping(server_event={}, customer_info={"em": Column(column="email")}),
        cursor=cursor,
        file=Path("orders.yaml"),
        fingerprint="",
    )


def watermark(kind: CursorKind, text: str) -> Watermark:
    return Watermark(CursorValue(kind, text))


def test_first_run_reads_everything() -> None:
    query = plan(pipeline(Cursor(column="at")), None, columns=["id", "at"], cursor_column="AT", key_columns=["id"])
    assert (query.ranges, query.cursor_column, query.order_by) == ((), "AT", ("id",))


def test_a_batch_whose_rows_all_give_one_event_fills_its_requests() -> None:
    query = plan(pipeline(None), None, columns=["id"], cursor_column=None, key_columns=["id"])
    assert query.batch_rows % Delivery().events_per_request == 0


def test_later_runs_read_from_the_lookback_inclusively_and_rows_without_cursor_always() -> None:
    stored = watermark(CursorKind.TIMESTAMP_TZ, "2026-11-22T10:00:00.123456789Z")
    query = plan(pipeline(Cursor(column="at")), stored, columns=["id"], cursor_column="at")
    (read,) = query.ranges
    assert read.low == CursorValue(CursorKind.TIMESTAMP_TZ, "2026-11-22T09:00:00.123456789Z")
    assert read.high is None
    assert read.with_null


@pytest.mark.parametrize(
    ("kind", "text", "lookback", "low"),
    [
        (CursorKind.INTEGER, "100", None, "100"),
        (CursorKind.INTEGER, "100", 30, "70"),
        (CursorKind.DECIMAL, "10.50", 1, "9.50"),
        (CursorKind.TEXT, "b", 5, "b"),
        (CursorKind.DATE, "2026-11-22", None, "2026-11-21"),
        (CursorKind.TIMESTAMP, "2026-11-22T00:30:00", Duration(7_200), "2026-11-21T22:30:00"),
        (CursorKind.TIMESTAMP, "0001-01-01T00:00:05", 60, "0001-01-01T00:00:00"),
    ],
)
def test_lookback_is_seconds_for_times_and_units_for_numbers(
    kind: CursorKind, text: str, lookback: int | None, low: str
) -> None:
    query = plan(
        pipeline(Cursor(column="at", lookback=lookback)), watermark(kind, text), columns=["id"], cursor_column="at"
    )
    assert query.ranges[0].low == CursorValue(kind, low)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("now", int(NOW.timestamp())),
        ("window", int(NOW.timestamp()) - PHYSICAL_STORE_WINDOW_S),
        ("beginning", 0),
        ("-3d", int(NOW.timestamp()) - 3 * 86_400),
        ("2026-11-01", 1_793_487_600),
        ("2026-11-01T00:00:00Z", 1_793_491_200),
    ],
)
def test_start_becomes_a_time_at_the_first_run(start: str, expected: int) -> None:
    assert first_event_time(start, NOW, timezone="Europe/Paris") == expected


@pytest.mark.parametrize("start", ["now", "window", "beginning", "-3d", "2026-11-01", "2026-11-01T00:00:00Z"])
def test_a_start_hangs_on_the_clock_where_another_time_gives_another(start: str) -> None:
    times = {first_event_time(start, now, timezone="Europe/Paris") for now in (NOW, NOW + timedelta(days=1))}
    assert starts_by_clock(start) is (len(times) > 1)
