"""Where a reset puts the watermark."""

import pytest

from connectors.incremental import CursorKind, CursorValue
from syncer.engine.reset import Reset, parse_position
from syncer.watermark import Watermark

K = CursorKind


def at(kind: CursorKind, text: str) -> Watermark:
    return Watermark(CursorValue(kind, text))


@pytest.mark.parametrize(
    ("kind", "given", "text"),
    [
        (K.INTEGER, " 0042 ", "42"),
        (K.INTEGER, "-7", "-7"),
        (K.DECIMAL, "1e2", "100"),
        (K.DECIMAL, "4711.50", "4711.50"),
        (K.TEXT, "2026-11", "2026-11"),
        (K.DATE, "2026-11-20", "2026-11-20"),
        (K.TIMESTAMP, "2026-11-20 10:00:00.123456789", "2026-11-20T10:00:00.123456789"),
        (K.TIMESTAMP, "2026-11-20", "2026-11-20T00:00:00"),
        (K.TIMESTAMP_TZ, "2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"),
        (K.TIMESTAMP_TZ, "2026-11-20 01:00:00.5+02:00", "2026-11-19T23:00:00.5Z"),
        (K.TIMESTAMP_TZ, "2026-11-20T23:00:00.000000001-03:30", "2026-11-21T02:30:00.000000001Z"),
    ],
)
def test_a_value_is_read_as_its_column_would_be(kind: CursorKind, given: str, text: str) -> None:
    assert parse_position(given, kind) == at(kind, text)


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        (K.INTEGER, "4.5", "whole number"),
        (K.INTEGER, "2026-11-20", "whole number"),
        (K.DECIMAL, "NaN", "a number"),
        (K.DECIMAL, "x", "a number"),
        (K.DATE, "20.11.2026", "a day"),
        (K.TIMESTAMP, "2026-11-20T10:00:00Z", "without zone"),
        (K.TIMESTAMP_TZ, "2026-11-20T10:00:00", "with its zone"),
        (K.TIMESTAMP_TZ, "2026-11-20", "with its zone"),
        (K.TIMESTAMP_TZ, "2026-13-20T10:00:00Z", "with its zone"),
        (K.TIMESTAMP_TZ, "0001-01-01T00:00:00+05:00", "with its zone"),
    ],
)
def test_a_value_of_another_type_is_refused_with_an_example(kind: CursorKind, given: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_position(given, kind)


@pytest.mark.parametrize(
    ("before", "after", "direction", "says"),
    [
        ("5", "3", "back", "the ledger skips it"),
        ("5", None, "back", "the ledger skips it"),
        ("5", "9", "forward", "skipped"),
        (None, "9", "forward", "skipped"),
        ("5", "5", "none", "already"),
        (None, None, "none", "already"),
    ],
)
def test_what_a_reset_costs_depends_on_its_direction(
    before: str | None, after: str | None, direction: str, says: str
) -> None:
    reset = Reset(*(None if text is None else at(K.INTEGER, text) for text in (before, after)))
    assert reset.direction == direction
    assert says in reset.cost
    assert parse_position("start", K.INTEGER) is None
