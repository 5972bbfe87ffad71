"""Typed values in columns equal the scalar rules, whatever stands in the column."""

import json
import string
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.spec import values as rules
from syncer.spec.context import NOTHING_KNOWN, Context
from syncer.spec.fields import PARAMETERS, Group, Parameter
from syncer.spec.text import PLACEHOLDERS, is_blank
from syncer.transform.json_text import json_of
from syncer.transform.typed import typed

THINGS: dict[str, Parameter] = {
    name: PARAMETERS[group][name]
    for group, names in {
        Group.CUSTOM_DATA: ("value", "num_items", "currency", "content_ids", "order_id", "trim", "delivery_category"),
        Group.SERVER_EVENT: ("event_time", "event_id", "event_source_url", "opt_out", "event_name", "action_source"),
        Group.ATTRIBUTION_DATA: ("attribution_share",),
        Group.APP_DATA: ("advertiser_tracking_enabled",),
    }.items()
    for name in names
}
"""A parameter of every kind."""
ZONES = st.sampled_from(
    ["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata"]
)
FORMATS = ["%Y-%m-%d %H:%M:%S", "%d/%m/%Y", "%m/%d/%Y %H:%M:%S", "%Y%m%d%H%M%S", "%d.%m.%y", "%d/%d/%Y", "dmy"]
CONTEXTS = st.builds(
    Context, timezone=ZONES.map(ZoneInfo), date_format=st.none() | st.none() | st.sampled_from(FORMATS)
)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)) | st.datetimes()  # noqa: DTZ001

EDGES = st.sampled_from(["", "", "", " ", "\u00a0", "\u200b", "\ufeff ", "\t", "\x1f"])
NUMBERS = (
    st.from_regex(r"\A[+-]?[0-9]{0,20}\.?[0-9]{0,14}(?:[eE][+-]?[0-9]{1,3})?\Z")
    | st.integers().map(str)
    | st.floats().map(str)
    | st.decimals().map(str)
    | st.sampled_from(
        ["0", "-0", "0.0", "-0.000", "007", "1,234.5", "1 000", "9223372036854775808", "9" * 30, "9" * 31]
    )
)
TIMES = (
    MOMENTS.map(str)
    | st.builds(datetime.strftime, MOMENTS, st.sampled_from(FORMATS[:-1]))
    | st.datetimes(timezones=st.sampled_from([UTC, ZoneInfo("Asia/Kolkata")])).map(datetime.isoformat)
    | st.from_regex(
        r"\A[0-9]{4}-[01][0-9]-[0-3][0-9](?:[T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](?:Z|[+-][0-2][0-9]:[0-9]{2})?)?\Z"
    )
    | st.integers(0, 10**19).map(str)
)
WORDS = st.sampled_from(
    ["true", "No", "1", "physicalStore", "Home-Delivery", "WEBSITE", " usd", "EUR ", "MRU", *sorted(PLACEHOLDERS)]
)
URLS = st.from_regex(r"\A(?:https?|HTTPS|ftp)://[a-zA-Z0-9./?#é -]{0,12}\Z")
LISTS = st.lists(st.text(string.ascii_letters + ' "\\é', max_size=4) | st.integers(0, 9), max_size=4).flatmap(
    lambda items: st.sampled_from(
        [json.dumps(items), json.dumps(items, ensure_ascii=False, separators=(",", ":")), str(items)]
    )
)
TEXTS = st.builds(
    lambda before, text, behind: before + text + behind,
    EDGES,
    st.one_of(st.text(), NUMBERS, TIMES, WORDS, URLS, LISTS, st.text("aé", min_size=48, max_size=52)),
    EDGES,
)


def in_columns(column: pl.Series, parameter: Parameter, context: Context) -> tuple[list[str | None], list[bool]]:
    found = typed(column, parameter, context)
    return found.text.to_list(), [False] * len(column) if found.problem is None else found.problem.to_list()


def one_by_one(values: list[Any], parameter: Parameter, context: Context) -> tuple[list[Any], list[bool]]:
    read = [rules.read(parameter, value, context) for value in values]
    is_text = parameter.type == "string" and not parameter.is_list
    sent = read if is_text else [json_of(value) for value in read]
    return sent, [found is None and not is_blank(value) for found, value in zip(read, values, strict=True)]


@settings(max_examples=150, deadline=None)
@given(texts=st.lists(st.none() | TEXTS, max_size=25), context=CONTEXTS)
def test_text_is_read_as_the_scalar_rules_do(texts: list[str | None], context: Context) -> None:
    column = pl.Series(texts, dtype=pl.String)

    for name, parameter in THINGS.items():
        assert (name, in_columns(column, parameter, context)) == (name, one_by_one(texts, parameter, context))


NOT_TEXT: dict[str, tuple[st.SearchStrategy[Any], Any]] = {
    "Int64": (st.integers(-(2**63), 2**63 - 1) | st.integers(-5, 10**18), pl.Int64),
    "UInt64": (st.integers(0, 2**64 - 1), pl.UInt64),
    "Int128": (st.integers(-(10**37), 10**38 - 1), pl.Int128),
    "Float64": (st.floats() | st.floats(-1e6, 1e6) | st.integers(0, 2**60).map(float), pl.Float64),
    "Float32": (st.floats(width=32), pl.Float32),
    "Decimal": (st.decimals(-(10**12), 10**12, places=2), pl.Decimal(38, 2)),
    "long Decimal": (st.decimals(-(10**28), 10**28, places=6), pl.Decimal(38, 6)),
    "whole Decimal": (st.integers(-(10**37), 10**38 - 1).map(Decimal), pl.Decimal(38, 0)),
    "Boolean": (st.booleans(), pl.Boolean),
    "Date": (st.dates(), pl.Date),
    "Datetime": (MOMENTS, pl.Datetime("us")),
    "Datetime ms": (MOMENTS, pl.Datetime("ms")),
    "Time": (st.times(), pl.Time),
    "Duration": (st.timedeltas(-timedelta(9999), timedelta(9999)), pl.Duration("us")),
    "Binary": (st.binary(max_size=8) | TEXTS.map(str.encode), pl.Binary),
    "List": (st.lists(st.none() | TEXTS, max_size=3), pl.List(pl.String)),
    "List of numbers": (st.lists(st.none() | st.floats(), max_size=3), pl.List(pl.Float64)),
    "Struct": (st.fixed_dictionaries({"id": st.text()}), pl.Struct({"id": pl.String})),
    "Categorical": (TEXTS, pl.Categorical),
}


@pytest.mark.parametrize("kind", sorted(NOT_TEXT))
@settings(max_examples=25, deadline=None)
@given(data=st.data(), context=CONTEXTS)
def test_a_column_of_any_type_is_read_as_the_scalar_rules_do(kind: str, data: st.DataObject, context: Context) -> None:
    values, dtype = NOT_TEXT[kind]
    column = pl.Series(data.draw(st.lists(st.none() | values, max_size=15)), dtype=dtype)

    for name, parameter in THINGS.items():
        assert (name, in_columns(column, parameter, context)) == (
            name,
            one_by_one(column.to_list(), parameter, context),
        )


@settings(max_examples=100, deadline=None)
@given(
    numbers=st.lists(st.floats() | NUMBERS.filter(lambda text: len(text) < 18), max_size=15).map(
        lambda some: [str(one) for one in some]
    )
)
def test_every_number_that_is_sent_is_json_and_the_number_that_was_given(numbers: list[str]) -> None:
    sent = typed(pl.Series(numbers, dtype=pl.String), THINGS["value"], NOTHING_KNOWN).text

    for given_text, text in zip(numbers, sent, strict=True):
        assert text is None or json.loads(text, parse_float=Decimal, parse_int=Decimal) == Decimal(given_text.strip())
