"""Where a condition is met, by the type of the column and of what is written beside it."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from syncer.mapping import Json
from syncer.transform.condition import Condition, Judged
from syncer.transform.lookup import Row
from syncer.transform.rows import read_rows

PARIS = ZoneInfo("Europe/Paris")


def judged(when: dict[str, Json], **columns: Any) -> Judged:
    arrays = {name: value if isinstance(value, pa.Array) else pa.array(value) for name, value in columns.items()}
    rows = read_rows(pa.RecordBatch.from_pydict(arrays), list(columns))
    return Condition.of(when).judge(rows, PARIS)


@pytest.mark.parametrize(
    ("wanted", "values", "met"),
    [
        ("paid", ["paid", "Paid", "paid ", "", None], [True, False, False, False, None]),
        (["paid", "sent"], ["paid", "sent", "open", None], [True, True, False, None]),
        ({"not": "paid"}, ["paid", "open", None], [False, True, None]),
        ({"not": ["paid", "sent"]}, ["paid", "sent", "open", None], [False, False, True, None]),
        ({"gte": "b"}, ["a", "b", "é", None], [False, True, True, None]),
        ({"is_null": True}, ["a", "", None], [False, False, True]),
        ({"is_null": False}, ["a", "", None], [True, True, False]),
        ({"not": "a", "is_null": False}, ["a", "b", None], [False, True, False]),
    ],
)
def test_text_is_compared_as_it_is(wanted: Json, values: list[str | None], met: list[bool | None]) -> None:
    assert judged({"a": wanted}, a=values).met.to_list() == met


@pytest.mark.parametrize(
    ("wanted", "values", "met"),
    [
        (5, pa.array([5, 6, None]), [True, False, None]),
        (5.0, pa.array([5, 6, None]), [True, False, None]),
        ({"gt": 5.5}, pa.array([5, 6, None]), [False, True, None]),
        ([5, 6], pa.array([5, 6, 7], pa.uint64()), [True, True, False]),
        ({"lte": 2**62}, pa.array([2**62, 2**62 + 1]), [True, False]),
        ({"gt": 0.1}, pa.array([0.1, 0.2, float("nan"), float("inf"), None]), [False, True, None, True, None]),
        ({"is_null": True}, pa.array([0.1, float("nan"), None]), [False, True, True]),
        ({"is_null": False}, pa.array([0.1, float("nan"), None]), [True, False, False]),
        (0.1, pa.array([Decimal("0.10"), Decimal("0.11"), None]), [True, False, None]),
        ({"lt": 10**25}, pa.array([Decimal("1.5")]), [True]),
        ({"gt": 1}, pa.array([Decimal("1.5")], pa.decimal128(38, 30)), [True]),
        ("5", pa.array([5, 6]), [True, False]),
        ({"gt": 9}, pa.array(["10", " 9.5 ", "8", "many", "", None]), [True, True, False, None, None, None]),
        (1, pa.array([True, False]), [True, False]),
        (0.1, pa.array(["0.1", "0.10", "0.1000000000000000055", "1e-1", None]), [True, True, False, True, None]),
        (
            {"not": [1, 2.5]},
            pa.array(["1.0", "2.50", "3", "many", "0123456789012345678"]),
            [False, False, True, None, True],
        ),
        ({"gt": 10**14}, pa.array(["100000000000000.001"]), [True]),
        ({"lte": 2**53}, pa.array(["9007199254740992", "9007199254740993"]), [True, False]),
        ({"lt": 1e300}, pa.array([5, None]), [True, None]),
    ],
)
def test_numbers_are_compared_by_what_they_are_worth(wanted: Json, values: pa.Array, met: list[bool | None]) -> None:
    assert judged({"a": wanted}, a=values).met.to_list() == met


@pytest.mark.parametrize(
    ("wanted", "values", "met"),
    [
        (True, [True, False, None], [True, False, None]),
        ({"not": True}, [True, False, None], [False, True, None]),
        (True, [1, 0, 2, None], [True, False, None, None]),
        (False, ["no", "YES", "f", "maybe", "", None], [True, False, True, None, None, None]),
        ("yes", [True, False], [True, False]),
    ],
)
def test_yes_and_no_are_understood_in_numbers_and_words(
    wanted: Json, values: list[Any], met: list[bool | None]
) -> None:
    assert judged({"a": wanted}, a=values).met.to_list() == met


NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ONE_O_CLOCK = datetime(2026, 11, 1, 13)  # noqa: DTZ001  # of a column without zone


@pytest.mark.parametrize(
    ("wanted", "values", "met"),
    [
        ({"gte": "2026-11-01"}, pa.array([date(2026, 10, 31), date(2026, 11, 1), None]), [False, True, None]),
        ("2026-11-01", pa.array([date(2026, 11, 1), date(2026, 11, 2)]), [True, False]),
        ({"gt": "2026-11-01T12:00:00Z"}, pa.array([NOON, NOON.replace(microsecond=1)]), [False, True]),
        # Without zone it is 13:00 in Paris, which is noon in UTC, and the clock of a column without zone.
        ("2026-11-01 13:00:00", pa.array([NOON]), [True]),
        ("2026-11-01T12:00:00Z", pa.array([ONE_O_CLOCK], pa.timestamp("ns")), [True]),
        ("2026-11-01T13:00:00", pa.array([ONE_O_CLOCK], pa.timestamp("s")), [True]),
        ({"lt": "9999-12-31"}, pa.array([NOON, None], pa.timestamp("ns", "UTC")), [True, None]),
        ({"gt": "0001-01-01"}, pa.array([ONE_O_CLOCK], pa.timestamp("ns")), [True]),
        ("2026-11-01t12:00:00z", pa.array([NOON]), [True]),
        ({"gt": "soon"}, pa.array([NOON]), [None]),
        (5, pa.array([NOON]), [None]),
        ({"lt": "12:00:00"}, pa.array([time(11), time(13)]), [True, False]),
        ("10:00", pa.array([time(10), time(10, 0, 0, 5), None]), [True, False, None]),
        ({"gte": "10:00"}, pa.array([time(10)], pa.time32("s")), [True]),
        ({"lt": "10:00:00.000"}, pa.array([time(10)], pa.time64("ns")), [False]),
        ({"gt": "9:00"}, pa.array([time(10)]), [None]),
        ("10:00Z", pa.array([time(10)]), [None]),
    ],
)
def test_times_are_compared_as_moments(wanted: Json, values: pa.Array, met: list[bool | None]) -> None:
    assert judged({"a": wanted}, a=values).met.to_list() == met


@pytest.mark.parametrize(
    ("wanted", "values", "met"),
    [
        ("paid", ['"paid"', '"open"', "null", None], [True, False, None, None]),
        ({"gt": 5}, ["6", "5.5", '"7"', "[1]"], [True, True, True, None]),
        (True, ["true", "false", "{"], [True, False, None]),
        ({"is_null": True}, ["null", None, '""'], [True, True, False]),
    ],
)
def test_json_is_compared_by_the_value_that_it_writes(
    wanted: Json, values: list[str | None], met: list[bool | None]
) -> None:
    assert judged({"a": wanted}, a=pa.array(values, pa.json_())).met.to_list() == met


def test_lists_and_structs_cannot_be_compared_but_may_be_null() -> None:
    lists = pa.array([["paid"], None])
    assert judged({"a": "paid"}, a=lists).met.to_list() == [None, None]
    assert judged({"a": {"is_null": True}}, a=lists).met.to_list() == [False, True]
    assert judged({"a": "paid"}, a=pa.nulls(2)).met.to_list() == [None, None]


def test_all_clauses_must_be_met_and_one_that_is_missed_decides() -> None:
    found = judged({"a": "x", "b": {"gt": 1, "lt": 3}}, a=["x", "x", "y", None, None], b=[2, 3, None, 2, 9])
    assert found.met.to_list() == [True, False, False, None, False]
    assert found.holds.to_list() == [True, False, False, False, False]


def test_a_value_that_cannot_be_compared_is_odd_unless_another_clause_is_missed() -> None:
    found = judged({"a": True, "b": 1}, a=["yes", "maybe", "maybe", None, " "], b=[1, 1, 2, 1, 1])
    assert found.met.to_list() == [True, None, False, None, None]
    assert found.odd is not None
    assert found.odd.to_list() == [False, True, False, False, False]


def test_without_clauses_every_row_meets_it() -> None:
    assert judged({}, a=["x", None]).met.to_list() == [True, True]
    assert Condition.of(None).judge_row(Row(values={}), UTC) == (True, False)


def test_columns_get_their_exact_names() -> None:
    condition = Condition.of({"status": "paid", "total": {"gt": 1, "lt": 3}}, str.upper)
    assert condition.columns == ("STATUS", "TOTAL")


def test_repeated_values_are_judged_once_each_and_spread_to_their_rows() -> None:
    found = judged({"a": True}, a=["yes", "no", None, "maybe"] * 500)
    assert found.met.to_list() == [True, False, None, None] * 500
    assert found.odd is not None
    assert found.odd.to_list() == [False, False, False, True] * 500


def test_a_zone_of_a_value_does_not_matter() -> None:
    there = pa.array([NOON], pa.timestamp("us", "+02:00"))
    assert judged({"a": "2026-11-01T12:00:00+00:00"}, a=there).met.to_list() == [True]
    row = Row(values={"a": NOON.astimezone(UTC)})
    assert Condition.of({"a": "2026-11-01T13:00"}).judge_row(row, PARIS) == (True, False)
