"""Typed values in columns: Meta's published cases, and each kind of column beside the scalar rule."""

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from syncer.spec import values as rules
from syncer.spec.context import NOTHING_KNOWN, Context
from syncer.spec.fields import PARAMETERS, Group, Parameter
from syncer.spec.text import is_blank
from syncer.transform.json_text import json_of
from syncer.transform.typed import typed

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "data" / "normalization_vectors.json").read_text())
CUSTOM = PARAMETERS[Group.CUSTOM_DATA]
EVENT = PARAMETERS[Group.SERVER_EVENT]
PARIS = Context(timezone=ZoneInfo("Europe/Paris"))


def cases() -> list[Any]:
    return [
        pytest.param(PARAMETERS[group][name], case, id=case["id"])
        for group in (Group.CUSTOM_DATA, Group.SERVER_EVENT)
        for name, found in VECTORS[group].items()
        for case in found
    ]


def texts(values: list[Any] | pl.Series, parameter: Parameter, context: Context = NOTHING_KNOWN) -> list[str | None]:
    return typed(pl.Series(values), parameter, context).text.to_list()


@pytest.mark.parametrize(("parameter", "case"), cases())
def test_a_column_of_one_value_is_sent_as_the_case_says(parameter: Parameter, case: dict[str, Any]) -> None:
    given = case["given"]
    column = pl.Series([given if not isinstance(given, list) else json.dumps(given)])

    found = typed(column, parameter, NOTHING_KNOWN)

    text = found.text.item()
    assert (json.loads(text) if found.is_json and text else text) == case["normalized"]


TEXTS = (
    *(
        "1",
        "12.50",
        "-3",
        "+4",
        ".5",
        "5.",
        "007",
        "1e3",
        "1,234.5",
        "abc",
        " 7 ",
        "",
        "  ",
        "0",
        "-0",
        "0.00",
        "1" * 40,
    ),
    *("NaN", "true", "Yes", "no", "0.1", "999999999999999999", "9223372036854775808", "9223372036854775807", "1.0"),
    *("Purchase", "purchase", "physicalStore", "Physical Store", "website", "eur", " USD ", "US Dollar"),
    *("http://a.de/x?y#z", "HTTPS://Shop.example", "ftp://x", "shop.example", "https://日本.jp/", "http://"),
    *("2024-04-04 16:33:16", "2024-04-04T16:33:16Z", "2024-04-04T16:33:16.123+02:00", "2024-04-04", "20240404"),
    *("1712248396", "1712248396123", "1712248396123456", "2024-02-30", "2024-03-31 02:30:00", "2024-10-27 02:30:00"),
    *(
        "0000-01-01",
        "2024-04-04 16:33:60",
        "1712248396.5",
        "yesterday",
        "04/04/2024",
        "4/4/2024",
        "2024-04-04 24:00:00",
    ),
    *('["A","B"]', '["A", "B"]', '["A", 12]', "[]", "[1", "[null]", '{"id":"A"}', '[{"id":"A","quantity":"2"}]'),
    *("x" * 51, "x" * 50, "é" * 50, "名前", "\u200bx", "N/A", "null", "LDU", "ldu", "Android", "a2", 'a"b\\c\n\x07'),
)
COLUMNS = {
    "text": pl.Series([*TEXTS, None]),
    "integers": pl.Series(
        [0, 1, -5, None, 20240404, 1712248396, 1712248396123, 10**15, -(10**18), 2**63 - 1, -(2**63)]
    ),
    "large integers": pl.Series([0, 2**64 - 1, 5, None], dtype=pl.UInt64),
    "huge integers": pl.Series([10**37, 5, None], dtype=pl.Int128),
    "floats": pl.Series(
        [0.0, -0.0, 1.5, 2.0, 1e16, 1e-5, 1e300, 5e-324, float("nan"), float("inf"), None, 1712248396.5, -1.5, 2.0**60]
    ),
    "short floats": pl.Series([0.1, 1.5, 1e10], dtype=pl.Float32),
    "decimals": pl.Series(
        [
            Decimal("12.50"),
            Decimal(0),
            Decimal("-3.00"),
            None,
            Decimal("1712248396.99"),
            Decimal("-0.5"),
            Decimal(10) ** 29,
        ],
        dtype=pl.Decimal(38, 2),
    ),
    "whole decimals": pl.Series([Decimal(10) ** 37, Decimal(5), None], dtype=pl.Decimal(38, 0)),
    "tiny decimals": pl.Series([Decimal("1e-36"), Decimal("1e-30"), Decimal(0), None], dtype=pl.Decimal(38, 36)),
    "booleans": pl.Series([True, False, None]),
    "dates": pl.Series([date(2024, 4, 4), date(1, 1, 1), None]),
    "naive times": pl.Series(
        [datetime(2024, 4, 4, 16, 33, 16, 5), datetime(2024, 3, 31, 2, 30), datetime(2024, 10, 27, 2, 30), None]  # noqa: DTZ001
    ),
    "times of nanoseconds": pl.Series([datetime(1969, 12, 31, 23, 59, 59, 999999)]).cast(pl.Datetime("ns")),  # noqa: DTZ001
    "times with zone": pl.Series([datetime(2024, 4, 4, 16, 33, 16, 5)]).dt.replace_time_zone("Asia/Tokyo"),  # noqa: DTZ001
    "times of day": pl.Series([time(1, 2, 3)]),
    "durations": pl.Series([timedelta(1)]),
    "bytes": pl.Series([b"12", b"\xff", b"", None]),
    "lists": pl.Series([["A", " B ", None, ""], [], None, ["", None], ['a"b']]),
    "lists of integers": pl.Series([[1, 2], [], None]),
    "lists of floats": pl.Series([[1.5, 2.0, 1e16], [float("nan")]]),
    "lists of structs": pl.Series([[{"id": "A", "quantity": 2}], None]),
    "structs": pl.Series([{"id": "A", "quantity": 2}, None]),
    "nothing": pl.Series([None, None]),
    "categories": pl.Series(["usd", "x", None], dtype=pl.Categorical),
}
CONTEXTS = [
    NOTHING_KNOWN,
    PARIS,
    Context(date_format="%Y-%m-%d %H:%M:%S"),
    Context(date_format="%d/%m/%Y", timezone=ZoneInfo("Australia/Lord_Howe")),
    Context(date_format="%y"),
]
THINGS = [
    pytest.param(parameter, id=f"{group.value}.{parameter.name}")
    for group, parameters in PARAMETERS.items()
    if group is not Group.CUSTOMER_INFO
    for parameter in parameters.values()
]


@pytest.mark.parametrize("parameter", THINGS)
def test_every_parameter_reads_every_type_of_column_as_the_scalar_rule_does(parameter: Parameter) -> None:
    for context in CONTEXTS if parameter.name in rules.TIMES else CONTEXTS[:1]:
        for kind, column in COLUMNS.items():
            found = typed(column, parameter, context)

            read = [rules.read(parameter, value, context) for value in column.to_list()]
            expected = [json_of(value) for value in read] if found.is_json else read
            lost = [sent is None and not is_blank(raw) for sent, raw in zip(read, column.to_list(), strict=True)]
            problem = [False] * len(column) if found.problem is None else found.problem.to_list()
            assert (kind, found.text.to_list(), problem) == (kind, expected, lost)


def test_decimals_keep_every_digit() -> None:
    column = pl.Series([Decimal("12345678901234567890.12"), Decimal("0.10")], dtype=pl.Decimal(38, 2))

    assert texts(column, CUSTOM["value"]) == ["12345678901234567890.12", "0.10"]


def test_no_number_is_written_that_json_does_not_know() -> None:
    column = pl.Series([float("nan"), float("inf"), -float("inf"), 1e16, 1e-7, 1e300])

    found = typed(column, CUSTOM["value"], NOTHING_KNOWN)

    assert found.text.to_list() == [None, None, None, "10000000000000000", "0.0000001", None]
    assert found.problem is not None
    assert found.problem.to_list() == [False, True, True, False, False, True]


def test_times_without_zone_are_read_in_the_pipelines_own() -> None:
    written = ["2024-07-01 12:00:00", "2024-01-01 12:00:00", "2024-07-01T12:00:00Z", "2024-07-01 12:00:00+05:30"]

    assert texts(written, EVENT["event_time"], PARIS) == ["1719828000", "1704106800", "1719835200", "1719815400"]


def test_where_clocks_go_back_the_first_hour_counts_and_where_they_go_forward_the_old_one() -> None:
    hours = pl.Series([datetime(2024, 10, 27, 2, 30), datetime(2024, 3, 31, 2, 30)])  # noqa: DTZ001

    assert texts(hours, EVENT["event_time"], PARIS) == ["1729989000", "1711848600"]


def test_a_long_column_is_read_by_distinct_values() -> None:
    column = ["usd", " EUR ", "US Dollar", None] * 100

    found = typed(pl.Series(column), CUSTOM["currency"], NOTHING_KNOWN)

    assert found.text.to_list() == ["USD", "EUR", None, None] * 100
    assert found.problem is not None
    assert found.problem.sum() == 100


@pytest.mark.parametrize("column", [[None] * 300, ["EUR"] * 300, ["EUR", None] * 150])
def test_a_long_column_of_nulls_or_of_one_value_is_read_like_a_short_one(column: list[str | None]) -> None:
    found = typed(pl.Series(column, dtype=pl.String), CUSTOM["currency"], NOTHING_KNOWN)

    assert found.text.to_list() == column
    assert found.problem is None
