"""The columns make of every row what the reference makes of it."""

import json
from collections import Counter
from collections.abc import Mapping as AnyMapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.duration import Duration
from syncer.mapping import AllOf, Column, Constant, Entry, FirstOf, Items, Json, Mapping
from syncer.pipeline import Consent, LimitedDataUse, Pii, Pipeline, Require, Settings
from syncer.report import Tally
from syncer.spec.fields import PARAMETERS, Group, names, parameter, short_name
from syncer.spec.normalize import OF_NOTHING
from syncer.transform import Scope, Transformed, compile_transform
from syncer.transform.built import BuiltEvent, BuiltReject
from syncer.transform.reference import Reference
from syncer.transform.reference_rules import left_unsent
from tests import both_ways
from tests.counts import count

NOW = 1_795_700_000
NOW_AT = datetime.fromtimestamp(NOW, UTC)
SCOPE = Scope("prod", "meta", b"0123456789abcdef")
TILES = 100
"""So often a batch is repeated: then distinct values are worked on instead of rows."""

# --- rows ----------------------------------------------------------------------------------------

DIGEST = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
ODD_TEXT = [
    *("de", "Frankreich", "xx"),
    *(
        "",
        "   ",
        "\u200b",
        "null",
        "N/A",
        "0",
        "-1",
        "12.50",
        " 7 ",
        "1e3",
        "true",
        "No",
        "Purchase",
        "purchase",
        "Lead",
    ),
    *("website", "physicalStore", "app", "business_messaging", "nowhere", "eur", " USD ", "dollars", "MRU", "LDU"),
    *(
        " A@B.co ",
        "a@b",
        "José@example.es",
        "+44 (0)20 7946 0958",
        "06 12 34 56 78",
        "O'Brien",
        "Ünïcode 정",
        "NEW york",
    ),
    *("California", "94035-1234", "M1 1AE", "1997-02-16", "05-03-1995", "US", "Germany", "f", "Female", "203.0.113.7"),
    *(
        DIGEST,
        DIGEST.upper(),
        DIGEST + ".AQ",
        OF_NOTHING,
        OF_NOTHING.upper(),
        "d41d8cd98f00b204e9800998ecf8427e",
        "fb.1.1554763741205.AbCdEf",
        "fb.1.2.x",
    ),
    *("https://shop.example/p?fbclid=IwAR0123456789abcdef_-x&b=%C3%A9+1#x", "shop.example", "https://a.b/?fbclid=a.b"),
    *(
        "_fbp=fb.1.1554763741205.123; _fbc=fb.1.1554763741205.AbC",
        "_fbp=; x=1",
        "a2",
        "Android",
        "whatsapp",
        "2026-11-20",
    ),
    *(
        'quote " back \\ slash',
        "tab\tnew\nline\r\x00\x1f\x7f",
        "\u2028\u2029",
        "😀",
        "x" * 60,
        "5",
        "1795699000",
        "1795699000123",
    ),
    *(
        '{"a": {"b": [1.50, "x", true, null]}, "id": "A"}',
        '[{"id": "A", "quantity": "2", "price": 9.90}]',
        "[1, 2",
        "[]",
        "{}",
    ),
    *(
        "write to jane.doe@example.com, please",
        "https://shop.example/p?a=1&mail=jane%40example.com&b=2#c=+49 151 12345678",
        "https://shop.example/jane@example.com?x=%2B49%20151%2012345678",
        "0151 12345678",
        "612 34 56 78",
        "4111 1111 1111 1111",
        "4111111111111111",
        '{"a": {"jane@example.com": 1, "b": ["0049 151 23456789", 4111111111111111, 4111111111111111.0]}}',
        "tab\t0151\u00a02345678\n+49151\t12345678",
    ),
    *(
        '["LDU"]',
        '["x", "x", 3]',
        '{"id": 12345678901234567890123, "t": "\\ud83d"}',
        "[null, {}]",
        "2026-11-21T10:00:00Z",
    ),
    *(
        "fb.1.1554763741205.ada%40shop",
        "https://a.b/?fbclid=ada%2540shop",
        '[{"id": "A", "t": ' + "[" * 199 + "]" * 199 + "}]",
    ),
]
TEXT = st.sampled_from(ODD_TEXT) | st.text(max_size=12)
SOON = st.sampled_from([-60, 0, -3_600, -80_000, -90_000, -500_000] * 4 + [-604_700, 61, -5_000_000, -6_000_000]).map(
    lambda seconds: NOW + seconds
)
MOMENTS = SOON.map(lambda seconds: datetime.fromtimestamp(seconds, UTC)) | st.datetimes(
    datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2090-01-01"), timezones=st.just(UTC)
)
ITEM = st.fixed_dictionaries(
    {
        "id": st.none() | TEXT,
        "quantity": st.none() | st.integers(-1, 9),
        "price": st.none() | st.decimals(0, 999, places=2),
    }
)
COLUMNS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "text": (pa.string(), TEXT),
    "Text_2": (pa.large_string(), TEXT),
    "word": (pa.string(), st.sampled_from(["paid", "gold", "eur", "us", "", "1"])),
    "integer": (
        pa.int64(),
        st.sampled_from([0, 1, 2, -5, 16505551212, 4111111111111111, 2**53 + 1, NOW - 50])
        | st.integers(-(2**63), 2**63 - 1),
    ),
    "small": (pa.int16(), st.integers(0, 1013)),
    "float": (
        pa.float64(),
        st.sampled_from([0.0, 1.0, 12.5, 0.1, 1e16, 1e300, float("nan"), float("inf")]) | st.floats(),
    ),
    "decimal": (pa.decimal128(12, 2), st.decimals(-(10**9), 10**9, places=2)),
    "whole": (pa.decimal128(38, 0), st.integers(-(10**37), 10**37).map(Decimal)),
    "flag": (pa.bool_(), st.booleans()),
    "day": (pa.date32(), st.dates(date(1890, 1, 1), date(2030, 1, 1))),
    "seconds": (pa.int64(), SOON),
    "moment": (pa.timestamp("us", "UTC"), MOMENTS),
    "zoned": (pa.timestamp("ms", "Europe/Paris"), MOMENTS.map(lambda at: at.replace(microsecond=0))),
    "naive": (pa.timestamp("us"), MOMENTS.map(lambda at: at.replace(tzinfo=None))),
    "clock": (pa.time64("us"), st.times()),
    "texts": (pa.list_(pa.string()), st.lists(st.none() | TEXT, max_size=3)),
    "numbers": (pa.list_(pa.int64()), st.lists(st.integers(0, 5), max_size=3)),
    "thing": (
        pa.struct({"name": pa.string(), "tags": pa.list_(pa.string()), "n": pa.float64()}),
        st.fixed_dictionaries(
            {
                "name": st.none() | TEXT,
                "tags": st.none() | st.lists(TEXT, max_size=2),
                "n": st.none() | st.floats(-9, 9),
            }
        ),
    ),
    "items": (
        pa.list_(pa.struct({"id": pa.string(), "quantity": pa.int32(), "price": pa.decimal128(8, 2)})),
        st.lists(ITEM, max_size=3),
    ),
    "bytes": (pa.binary(), TEXT.map(str.encode) | st.binary(max_size=4) | st.just(bytes(range(200, 232)))),
    "document": (
        pa.json_(),
        st.sampled_from([text for text in ODD_TEXT if text[:1] in "[{1"] + ['"x"', "true", "1.50", "null"]),
    ),
    "nothing": (pa.null(), st.none()),
}
SCHEMA = pa.schema([("key", pa.int64()), *((name, kind) for name, (kind, _) in COLUMNS.items())])


@st.composite
def batches(draw: st.DrawFn) -> pa.RecordBatch:
    rows = draw(st.integers(1, 5))
    columns = {
        name: [draw(values) if draw(st.integers(0, 3)) else None for _ in range(rows)]
        for name, (_, values) in COLUMNS.items()
    }
    columns["key"] = [draw(st.sampled_from([None, *range(100, 110)])) if rows > 4 else number for number in range(rows)]
    return pa.RecordBatch.from_pydict(columns, schema=SCHEMA)


# --- pipelines -----------------------------------------------------------------------------------

NAMES = st.sampled_from([*COLUMNS, "TEXT"])
MODIFIERS = st.fixed_dictionaries(
    {},
    optional={
        "map": st.dictionaries(
            st.sampled_from(["paid", "1", "true", "eur", "12.5", ""]),
            st.sampled_from(["website", 5, 2.5, True, None, "x"]),
            min_size=1,
            max_size=3,
        ),
        "otherwise": st.sampled_from(["keep", "drop", "reject"]),
        "default": st.sampled_from(["website", 7, 1.5, False, ["a", "b"], {"id": "d"}, "2026-11-20"]),
        "format": st.sampled_from(["%d/%m/%Y", "%Y-%m-%d", "dmy"]),
        "already_hashed": st.booleans(),
        "hash": st.booleans(),
        "country_column": st.sampled_from(["word", "text", *COLUMNS]),
        "only_for": st.sampled_from([("Lead",), ("Purchase", "purchase")]),
    },
)
PARTS = st.one_of(
    st.just({}),
    st.just({}),
    st.fixed_dictionaries({"cookie": st.sampled_from(["_fbp", "_fbc"])}),
    st.fixed_dictionaries({"query_parameter": st.sampled_from(["fbclid", "b"])}, optional={"clicked_at": NAMES}),
    st.fixed_dictionaries({"clicked_at": NAMES}),
    st.fixed_dictionaries(
        {"path": st.sampled_from(["a.b[0]", "a", "[0].id", "name", "tags[1]", "id", "[-1]", "#", "b.#", "tags.#"])}
    ),
    st.fixed_dictionaries({"template": st.sampled_from(["order_{}", "{}{}", '"{}"\n'])}),
)


@st.composite
def columns(draw: st.DrawFn) -> Column:
    modifiers: dict[str, Any] = draw(MODIFIERS) if draw(st.integers(0, 3)) == 0 else {}
    return Column(column=draw(NAMES), **draw(PARTS), **modifiers)


VALUES: list[Json] = ["x", "Purchase", "EUR", 5, 2.5, True, ["a", "a"], {"a": [1, "b"]}, "2026-11-20"]
CONSTANTS = st.sampled_from(VALUES).map(lambda value: Constant(value=value))
SINGLES: st.SearchStrategy[Entry] = columns() | columns() | CONSTANTS


@st.composite
def firsts(draw: st.DrawFn) -> FirstOf:
    modifiers: dict[str, Any] = draw(MODIFIERS) if draw(st.booleans()) else {}
    return FirstOf(first_of=tuple(draw(st.lists(SINGLES, min_size=1, max_size=3))), **modifiers)


ENTRIES: st.SearchStrategy[Entry] = SINGLES | SINGLES | firsts()
LISTS = ENTRIES | st.lists(SINGLES | firsts(), min_size=1, max_size=3).map(lambda found: AllOf(entries=tuple(found)))
ITEMS = st.builds(
    Items,
    source=st.sampled_from(["items", "text", "texts", "thing"]),
    fields=st.sampled_from([{}, {"id": "id", "quantity": "quantity", "item_price": "price"}]),
)


def entries_of(group: Group, name: str) -> st.SearchStrategy[Entry]:
    found = parameter(group, name)
    if name == "contents":
        return LISTS | ITEMS
    return LISTS if found is not None and found.is_list else ENTRIES


@st.composite
def groups(draw: st.DrawFn, group: Group, known: list[str], most: int) -> dict[str, Entry]:
    chosen = draw(st.lists(st.sampled_from(known), max_size=most, unique=True))
    return {name: draw(entries_of(group, name)) for name in chosen}


WHOLE = {
    "store_data",
    "user_data",
    "custom_data",
    "app_data",
    "app_data.extinfo",
    "original_event_data",
    "attribution_data",
}
LONG = {long for found in PARAMETERS[Group.SERVER_EVENT].values() for long in found.long_names}
SERVER = [
    name
    for name in names(Group.SERVER_EVENT)
    if name not in WHOLE | LONG and short_name(Group.SERVER_EVENT, name) == name
]
WHEN = FirstOf(first_of=(Column(column="seconds"), Column(column="moment")), default="2026-11-26T10:00:00Z")
TIMES: st.SearchStrategy[Entry] = ENTRIES | (
    st.sampled_from(["moment", "seconds", "naive", "zoned"]).map(lambda name: Column(column=name))
)
EVENT_NAMES: st.SearchStrategy[Entry] = st.sampled_from(["Purchase", "Lead", "purchase", "AppendAttribution"]).map(
    lambda name: Constant(value=name)
)
EMAILS: st.SearchStrategy[Entry] = st.just(Constant(value="someone@example.com"))


POLICIES = st.sampled_from(["block", "warn", "allow"])
GUARDS = st.builds(
    Pii,
    email=POLICIES,
    phone=POLICIES,
    card=POLICIES,
    url_parameters=st.sampled_from(["strip", "strip", "block", "warn", "allow"]),
    allow=st.sampled_from([(), (), ("tier", "referrer_url")]),
)


def read_first(entry: Entry) -> Entry:
    """Return an entry of what is read before the event has its name."""
    match entry:
        case FirstOf(first_of=entries):
            return replace(entry, only_for=(), first_of=tuple(map(read_first, entries)))
        case Column():
            return replace(entry, only_for=())
    return entry


WANTED = st.dictionaries(
    st.sampled_from(["word", "flag", "small", "day", "document", "TEXT"]),
    st.sampled_from(["paid", "EUR", True, 5, {"not": "gold"}, {"gt": "2000-01-01"}, {"is_null": False}, [1, "us"]]),
    min_size=1,
    max_size=2,
)
CONSENTS = st.none() | st.builds(
    Consent,
    column=st.sampled_from(["flag", "word", "texts", "document", "small"]),
    category=st.sampled_from([None, "paid", "1"]),
    granted=st.sampled_from([(), ("paid", "gold", "eur", "us", 5)]),
    applies_to=st.none() | WANTED,
)
LIMITS = st.none() | st.builds(
    LimitedDataUse,
    when=st.none() | WANTED,
    country=st.sampled_from([1, 1, "integer", "document"]),
    state=st.sampled_from([0, 1000, "small", "text"]),
)
REQUIRED = st.lists(
    st.builds(
        Require,
        any=st.lists(st.sampled_from(["em", "ph", "fbp", "zp", "country"]), min_size=1, max_size=3).map(tuple),
        count=st.integers(1, 2),
    ),
    max_size=2,
).map(tuple)


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    server = draw(groups(Group.SERVER_EVENT, SERVER, 4))
    name = draw(EVENT_NAMES | ENTRIES) if draw(st.integers(0, 2)) else Constant(value="Lead")
    mapping = Mapping(
        server_event={
            **{name: read_first(entry) if name == "action_source" else entry for name, entry in server.items()},
            "event_name": read_first(name),
            "event_time": read_first(draw(TIMES)) if draw(st.integers(0, 5)) == 5 else WHEN,
        },
        customer_info={
            **draw(groups(Group.CUSTOMER_INFO, list(PARAMETERS[Group.CUSTOMER_INFO]), 4)),
            **({"em": draw(EMAILS)} if draw(st.integers(0, 3)) else {}),
        },
        custom_data=draw(
            groups(
                Group.CUSTOM_DATA,
                [
                    "value",
                    "currency",
                    "contents",
                    "content_ids",
                    "num_items",
                    *(name for name in PARAMETERS[Group.CUSTOM_DATA] if name not in WHOLE),
                ],
                4,
            )
        ),
        user_defined=draw(st.dictionaries(st.sampled_from(["tier", 'odd "name"', "ключ"]), ENTRIES, max_size=2)),
        rest=draw(st.integers(0, 4)) == 0,
    )
    choices = Settings(
        action_source=draw(
            st.sampled_from([None, "website", "website", "app", "physical_store", "business_messaging"])
        ),
        browser_pixel=draw(st.sampled_from([None, "same_events"])),
        hashing=draw(st.sampled_from(["auto", "auto", "always", "never"])),
        default_country=draw(st.sampled_from([None, "us", "DE"])),
        timezone=draw(st.sampled_from(["UTC", "Europe/Paris"])),
        strict=draw(st.sampled_from([False] * 3 + [True])),
        delay=draw(st.sampled_from([Duration(0)] * 4 + [Duration(3_600)])),
        max_age=draw(st.sampled_from([None] * 4 + [Duration(86_400)])),
    )
    return Pipeline(
        name="orders",
        source="warehouse",
        query="SELECT 1",
        key=("key",),
        start="beginning",
        destinations=("meta",),
        mapping=mapping,
        settings=choices,
        pii=draw(GUARDS),
        consent=draw(CONSENTS),
        limited_data_use=None if any("data_processing" in name for name in mapping.server_event) else draw(LIMITS),
        require=draw(REQUIRED),
        file=Path("orders.yaml"),
        fingerprint="0",
    )


# --- the property --------------------------------------------------------------------------------


def exact(text: str) -> Any:
    """Return what JSON says, with numbers as they are written."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def expected(built: list[BuiltEvent | BuiltReject]) -> tuple[list[Any], list[Any]]:
    """Return the events and rejects of a batch, keys met again set aside."""
    events: list[Any] = []
    rejects: list[Any] = []
    sent: dict[bytes, AnyMapping[str, Any]] = {}
    for row, one in enumerate(built):
        if isinstance(one, BuiltReject):
            rejects.append((row, one.identity, str(one.bucket), one.reason, one.field))
        elif one.identity not in sent:
            sent[one.identity] = one.event
            events.append((row, one.identity, one.event_id, one.event))
        elif one.event == sent[one.identity]:
            rejects.append((row, one.identity, "duplicate_skipped", "duplicate_skipped", None))
        else:
            rejects.append((row, one.identity, "key_problem", "key_conflict", None))
    return events, rejects


@given(pipeline=pipelines(), batch=batches(), start=st.sampled_from([None, None, NOW - 86_400]))
@pytest.mark.faults
@pytest.mark.timeout(600)
@settings(max_examples=count(500), deadline=None)
def test_F27_columns_build_what_the_reference_builds(
    pipeline: Pipeline, batch: pa.RecordBatch, start: int | None
) -> None:
    require_the_same(pipeline, batch, start)


@given(
    batch=batches(),
    by_column=st.none() | NAMES,
    mapped=st.none() | LISTS,
    default=st.sampled_from([None, "FR"]),
    hash_id=st.booleans(),
)
@pytest.mark.faults
@pytest.mark.timeout(600)
@settings(max_examples=count(200), deadline=None)
def test_values_of_every_type_may_say_the_country(
    batch: pa.RecordBatch, by_column: str | None, mapped: Entry | None, default: str | None, *, hash_id: bool
) -> None:
    people: dict[str, Entry] = {
        "ph": Column(column="nothing", default="06 12 34 56 78", country_column=by_column),
        "zp": Column(column="small"),
        "external_id": Column(column="text", hash=hash_id),
    }
    if mapped is not None:
        people["country"] = mapped
    server: dict[str, Entry] = {"event_name": Constant(value="Lead"), "event_time": WHEN}
    pipeline = Pipeline(
        name="orders", source="warehouse", query="SELECT 1", key=("key",), start="beginning", destinations=("meta",),
        mapping=Mapping(server_event=server, customer_info=people),
        settings=Settings(action_source="app", default_country=default), file=Path("orders.yaml"), fingerprint="0",
    )  # fmt: skip
    require_the_same(pipeline, batch, None)


def require_the_same(pipeline: Pipeline, batch: pa.RecordBatch, start: int | None) -> None:
    transformed = both_ways.transformed(pipeline, batch, SCOPE, now=NOW, start=start)
    reference = Reference.of(pipeline, batch.schema.names, SCOPE, json_columns=["document"])
    rows = batch.to_pylist()
    reference = replace(reference, unsent=left_unsent(reference, rows))
    built = [reference.build(row, now=NOW, start=start) for row in rows]
    events, rejects = expected(built)
    found = transformed.events.select("row", "identity", "event_id", "json").rows()
    assert [(*row[:3], exact(row[3])) for row in found] == events
    assert transformed.rejects.rows() == rejects
    tally = Tally()
    for one in built:
        tally.add(one.tally)
    assert transformed.tally.rows_read == len(built)
    assert transformed.tally.dropped_fields == tally.dropped_fields
    assert transformed.tally.filled_defaults == tally.filled_defaults
    assert transformed.tally.warnings == tally.warnings
    assert (transformed.tally.covered, transformed.tally.coverage) == (tally.covered, tally.coverage)
    assert transformed.tally.match_keys() == tally.match_keys()
    assert transformed.tally.reasons == Counter(reason for *_, reason, _ in rejects)
    assert transformed.events.height + transformed.rejects.height == len(built)


@given(pipeline=pipelines(), batch=batches())
@settings(max_examples=40, deadline=None)
def test_an_event_does_not_depend_on_the_rows_around_it(pipeline: Pipeline, batch: pa.RecordBatch) -> None:
    rows = batch.num_rows
    keys = pa.array(range(rows * TILES), pa.int64())
    one = batch.set_column(0, "key", keys.slice(0, rows))
    repeated = pa.Table.from_batches([one] * TILES).combine_chunks().set_column(0, "key", keys).to_batches()[0]
    transform = compile_transform(pipeline, batch.schema, SCOPE, few=0)
    few, many = transform(one, now=NOW, start=None), transform(repeated, now=NOW, start=None)
    assert without_ids(many, rows) == without_ids(few, rows) * TILES
    assert many.tally.dropped_fields == {name: count * TILES for name, count in few.tally.dropped_fields.items()}
    assert many.tally.warnings == {code: count * TILES for code, count in few.tally.warnings.items()}


def without_ids(transformed: Transformed, rows: int) -> list[Any]:
    """Return what became of each row, in order, without the ids that follow from its key."""
    events = [(row, {**exact(text), "event_id": ""}) for row, text in transformed.events.select("row", "json").rows()]
    rejects = transformed.rejects.select("row", "reason", "field").rows()
    found = sorted([*events, *((row, (reason, field)) for row, reason, field in rejects)], key=lambda one: one[0])
    return [(row % rows, what) for row, what in found]
