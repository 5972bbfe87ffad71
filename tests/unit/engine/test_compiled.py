"""What a run compiled before is used again for the same pipeline and columns, and for nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pytest

from connectors.base import Query
from connectors.batches import with_met
from connectors.errors import QueryError
from syncer.engine.compiled import compiled, compiled_again
from syncer.errors import ConfigError
from syncer.mapping import Column, Constant, Entry, FirstOf, Json, Mapping, Otherwise, Scalar, Sql
from syncer.pipeline import Cursor, EventRule, Pipeline
from syncer.transform import Transform
from syncer.transform.identity import Scope

NOW = 1_795_350_000
COLUMNS = pa.schema([("id", pa.int64()), ("at", pa.int64()), ("note", pa.string()), ("other", pa.string())])
ROWS = pa.RecordBatch.from_pylist([{"id": 1, "at": NOW - 60, "note": "a", "other": "b"}], schema=COLUMNS)
SCOPE = Scope(target="default", destination="meta", salt=bytes(16))
NUMBERS = count()


@dataclass
class Warehouse:
    """Gives no rows; notes what it is asked for. Mutable."""

    columns: pa.Schema = COLUMNS
    refuses_order: bool = False
    asked: list[Query] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def schema(self, query: Query) -> pa.Schema:
        self.asked.append(query)
        if query.cursor_column is not None and self.refuses_order:
            raise QueryError("no order")
        return self.columns

    def read(self, query: Query) -> Iterator[pa.RecordBatch]:
        raise NotImplementedError


@pytest.fixture
def pipeline() -> Pipeline:
    """One that no other test compiled."""
    return Pipeline(
        name=f"orders{next(NUMBERS)}",
        source="warehouse",
        query="SELECT * FROM orders",
        key=("id",),
        start="beginning",
        destinations=("meta",),
        mapping=Mapping(
            server_event={
                "event_name": Constant(value="Lead"),
                "event_time": Column(column="at"),
                "action_source": Constant(value="system_generated"),
            },
            customer_info={"external_id": Column(column="id")},
            user_defined={"one": Constant(value=1), "two": Column(column="note")},
        ),
        cursor=Cursor(column="id"),
        file=Path("pipelines/orders.yaml"),
        fingerprint="f",
    )


@pytest.mark.parametrize(
    ("column", "wanted", "said"),
    [
        (
            "on",
            {"gte": "2026-02-30"},
            '2026-02-30 can be compared with no value of "on", a column of type timestamp[us]',
        ),
        ("on", {"gt": 20261101}, '20261101 can be compared with no value of "on", a column of type timestamp[us]'),
        ("hour", {"gte": "9:00"}, '9:00 can be compared with no value of "hour", a column of type time64[us]'),
        ("hour", {"gte": "09:00"}, None),
        ("day", ["today"], 'today can be compared with no value of "day", a column of type date32[day]'),
        ("at", "1,000", '1,000 can be compared with no value of "at", a column of type int64'),
        ("at", {"not": [5, "five"]}, 'five can be compared with no value of "at", a column of type int64'),
        ("AT", "yes", 'yes can be compared with no value of "AT", a column of type int64'),
        ("ok", "paid", 'paid can be compared with no value of "ok", a column of type bool'),
        ("ok", ["yes", 0, False], None),
        ("at", ["1", 2.5, True], None),
        ("at", ["five", 5], None),
        ("on", {"gte": "2026-02-28", "lt": "2026-03-01T10:00:00+01:00"}, None),
        ("note", {"gt": "2026-02-30"}, None),
        ("day", {"is_null": True}, None),
    ],
)
def test_a_condition_that_no_value_of_its_column_can_meet_is_a_mistake(
    pipeline: Pipeline, column: str, wanted: Json, said: str | None
) -> None:
    """As no row would give the event, and none would be refused."""
    types = [*COLUMNS, ("on", pa.timestamp("us")), ("day", pa.date32()), ("ok", pa.bool_()), ("hour", pa.time64("us"))]
    rule = EventRule(id="a", when={column: wanted}, mapping=pipeline.mapping)
    ruled, warehouse = replace(pipeline, events=(rule,)), Warehouse(pa.schema(types))
    if said is None:
        compiled(ruled, warehouse, SCOPE)
        return
    with pytest.raises(ConfigError) as told:
        compiled(ruled, warehouse, SCOPE)
    (problem,) = told.value.problems
    assert (problem.path, problem.what) == (f"events[0].when.{column}", said)
    assert problem.remedy.startswith("write ")


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        (("True", "False"), "True"),
        (("true", "FALSE"), "FALSE"),
        (("1", "0"), "1"),
        (("true", "false"), None),
        (("false",), None),
        (("true", "t", "True"), None),
    ],
)
@pytest.mark.parametrize("is_sql", [False, True], ids=["column", "sql"])
def test_a_map_over_booleans_that_no_value_meets_is_a_mistake(
    pipeline: Pipeline, keys: tuple[str, ...], wrong: str | None, *, is_sql: bool
) -> None:
    """As every value would be kept as it is, or dropped."""
    targets: dict[str, Scalar] = dict.fromkeys(keys, "large")
    entry = Sql(sql="at > 1", map=targets) if is_sql else Column(column="OK", map=targets)
    mapped = replace(pipeline, mapping=replace(pipeline.mapping, user_defined={"size": FirstOf(first_of=(entry,))}))
    warehouse = Warehouse(pa.schema([*COLUMNS, ("ok", pa.bool_()), ("syncer_expression_1", pa.bool_())]))
    if wrong is None:
        compiled(mapped, warehouse, SCOPE)
        return
    with pytest.raises(ConfigError) as told:
        compiled(mapped, warehouse, SCOPE)
    (problem,) = told.value.problems
    assert problem.path == "mapping.user_defined.size.map"
    of = "the expression," if is_sql else '"ok", a column'
    assert problem.what == f'the key "{wrong}" is no value of {of} of type bool'
    assert problem.remedy == "write true or false"


@pytest.mark.parametrize(
    ("kind", "keys", "wrong"),
    [
        (pa.int64(), ("one",), "one"),
        (pa.int64(), ("",), ""),
        (pa.int64(), ("1", "01"), None),
        (pa.int64(), ("1", "2.0"), None),
        (pa.int64(), ("1", "one"), None),
        (pa.int64(), ("1.5",), "1.5"),
        (pa.decimal128(12, 2), ("12.5", "-3"), None),
        (pa.decimal128(12, 2), ("12.50",), "12.50"),
        (pa.decimal128(12, 2), ("3", "12.50"), None),
        (pa.decimal128(12, 2), ("-0", "+3"), "-0"),
        (pa.decimal128(38, 0), ("12345678901234567890123456789012345678",), None),
        (pa.float64(), ("1e3",), "1e3"),
        (pa.float64(), ("0.1",), None),
        (pa.float64(), ("10000000000000000000000",), None),
        (pa.float64(), ("nan",), "nan"),
        (pa.date32(), ("one",), None),
        (pa.dictionary(pa.int8(), pa.string()), ("one",), None),
    ],
)
def test_a_map_over_numbers_that_no_value_meets_is_a_mistake(
    pipeline: Pipeline, kind: pa.DataType, keys: tuple[str, ...], wrong: str | None
) -> None:
    entry = Column(column="size", map=dict.fromkeys(keys, "large"))
    mapped = replace(pipeline, mapping=replace(pipeline.mapping, user_defined={"size": entry}))
    warehouse = Warehouse(pa.schema([*COLUMNS, ("size", kind)]))
    if wrong is None:
        compiled(mapped, warehouse, SCOPE)
        return
    with pytest.raises(ConfigError, match=f'the key "{wrong}" is no value of "size", a column of type') as told:
        compiled(mapped, warehouse, SCOPE)
    assert told.value.problems[0].remedy == "write numbers, as short as they can be: 12.5, not 12.50"


@pytest.mark.parametrize(
    ("second", "is_wrong"),
    [
        (Column(column="ok"), True),
        (Column(column="size"), True),
        (FirstOf(first_of=(Column(column="size"), Column(column="ok"))), True),
        (Column(column="note"), False),
        (Column(column="ok", map={"true": "True"}), False),
        (Column(column="ok", default="True"), False),
        (Column(column="ok", template="{}"), False),
        (Constant(value="True"), False),
    ],
)
def test_a_map_over_the_first_of_columns_is_a_mistake_where_no_value_of_any_meets_it(
    pipeline: Pipeline, second: Column | Constant | FirstOf, *, is_wrong: bool
) -> None:
    entry = FirstOf(first_of=(Column(column="ok"), second), map={"True": "large"}, default="small")
    mapped = replace(pipeline, mapping=replace(pipeline.mapping, user_defined={"size": entry}))
    warehouse = Warehouse(pa.schema([*COLUMNS, ("ok", pa.bool_()), ("size", pa.int64())]))
    if not is_wrong:
        compiled(mapped, warehouse, SCOPE)
        return
    with pytest.raises(
        ConfigError, match='the key "True" is no value of "ok", a column of type bool; write true or false'
    ):
        compiled(mapped, warehouse, SCOPE)


def test_what_is_compared_may_be_met_by_other_values_where_values_told_the_type(pipeline: Pipeline) -> None:
    mapping = replace(pipeline.mapping, user_defined={"size": Column(column="size", map={"one": "large"})})
    ruled = replace(pipeline, mapping=mapping, events=(EventRule(id="a", when={"ok": "paid"}, mapping=mapping),))
    types = pa.schema([*COLUMNS, ("size", pa.int64()), ("ok", pa.bool_())])
    compiled(ruled, Warehouse(with_met(types, frozenset({"size", "ok"}))), SCOPE)


def over_booleans(pipeline: Pipeline, targets: dict[str, Scalar], otherwise: Otherwise = "keep") -> None:
    entry = Column(column="ok", map=targets, otherwise=otherwise)
    mapped = replace(pipeline, mapping=replace(pipeline.mapping, user_defined={"member": entry}))
    compiled(mapped, Warehouse(pa.schema([*COLUMNS, ("ok", pa.bool_())])), SCOPE)


def test_a_map_that_makes_booleans_of_words_is_right_over_booleans_that_it_keeps(pipeline: Pipeline) -> None:
    over_booleans(pipeline, {"1": True, "0": False, "n/a": None})
    with pytest.raises(ConfigError, match='the key "1" is no value of "ok"'):
        over_booleans(pipeline, {"1": True, "0": False}, "drop")


@pytest.mark.parametrize("targets", [{"1": False, "0": True}, {"1": 1, "0": 0}, {"True": None}])
def test_but_not_one_that_makes_something_else_of_them(pipeline: Pipeline, targets: dict[str, Scalar]) -> None:
    with pytest.raises(ConfigError, match="is no value of"):
        over_booleans(pipeline, targets)


def test_a_map_over_text_takes_any_key(pipeline: Pipeline) -> None:
    entry = Column(column="note", map={"True": "large"})
    mapped = replace(pipeline, mapping=replace(pipeline.mapping, user_defined={"size": entry}))
    compiled(mapped, Warehouse(pa.schema(COLUMNS)), SCOPE)


def test_a_constant_in_the_place_of_a_column_is_told_how_to_write_one(pipeline: Pipeline) -> None:
    mapping = replace(
        pipeline.mapping,
        server_event={**pipeline.mapping.server_event, "event_name": Column(column="Purchase")},
        customer_info={"em": Column(column="email")},
        custom_data={"content_name": Column(column="notes")},
    )
    with pytest.raises(ConfigError) as told:
        compiled(replace(pipeline, mapping=mapping), Warehouse(), SCOPE)
    assert [(problem.path.rpartition(".")[2], problem.remedy) for problem in told.value.problems] == [
        ("event_name", "for a constant write {value: Purchase}; columns: id, at, note, other"),
        ("em", "columns: id, at, note, other"),
        ("content_name", 'did you mean "note"? columns: id, at, note, other'),
    ]


def event(transform: Transform) -> tuple[str, bytes]:
    made = transform(ROWS, now=NOW, start=None).events
    return made["json"][0], made["identity"][0]


def user_defined(pipeline: Pipeline, **entries: Entry) -> Pipeline:
    return replace(pipeline, mapping=replace(pipeline.mapping, user_defined=entries))


def test_the_second_run_asks_for_the_columns_and_nothing_else(pipeline: Pipeline) -> None:
    first, second = Warehouse(), Warehouse()

    before, after = (compiled_again(pipeline, warehouse, SCOPE) for warehouse in (first, second))

    assert [query.cursor_column for query in first.asked] == [None, "id"]
    assert [query.cursor_column for query in second.asked] == [None]
    assert event(before[0]) == event(after[0])
    assert before[1] == after[1]


def test_who_only_checks_asks_for_all_of_it_each_time(pipeline: Pipeline) -> None:
    compiled_again(pipeline, Warehouse(), SCOPE)

    with pytest.raises(QueryError, match="no order"):
        compiled(pipeline, Warehouse(refuses_order=True), SCOPE)


def test_what_was_refused_once_is_asked_for_again(pipeline: Pipeline) -> None:
    with pytest.raises(QueryError, match="no order"):
        compiled_again(pipeline, Warehouse(refuses_order=True), SCOPE)

    warehouse = Warehouse()
    compiled_again(pipeline, warehouse, SCOPE)
    assert [query.cursor_column for query in warehouse.asked] == [None, "id"]


@pytest.mark.parametrize(
    ("edited", "json"),
    [
        ({"one": Constant(value=True), "two": Column(column="note")}, '{"one":true,"two":"a"}'),
        ({"one": Constant(value=1.0), "two": Column(column="note")}, '{"one":1.0,"two":"a"}'),
        ({"one": Constant(value=1), "two": Column(column="other")}, '{"one":1,"two":"b"}'),
        ({"two": Column(column="note"), "one": Constant(value=1)}, '{"two":"a","one":1}'),
    ],
)
def test_an_edited_mapping_counts_at_once(pipeline: Pipeline, edited: dict[str, Entry], json: str) -> None:
    compiled_again(pipeline, Warehouse(), SCOPE)

    transform, _ = compiled_again(user_defined(pipeline, **edited), Warehouse(), SCOPE)

    assert json in event(transform)[0]


def test_other_columns_count_at_once(pipeline: Pipeline) -> None:
    compiled_again(pipeline, Warehouse(), SCOPE)
    fewer = Warehouse(COLUMNS.remove(COLUMNS.get_field_index("note")))
    with pytest.raises(ConfigError, match="note"):
        compiled_again(pipeline, fewer, SCOPE)

    numbers = Warehouse(COLUMNS.set(2, pa.field("note", pa.int64())))
    _, shape = compiled_again(pipeline, numbers, SCOPE)
    assert shape.field("note").type == pa.int64()
    assert len(numbers.asked) == 2


def test_another_install_and_another_destination_have_identities_of_their_own(pipeline: Pipeline) -> None:
    scopes = (SCOPE, replace(SCOPE, salt=bytes(15) + b"1"), replace(SCOPE, destination="other"))

    found = {event(compiled_again(pipeline, Warehouse(), scope)[0])[1] for scope in scopes}

    assert len(found) == 3


def test_what_no_run_used_for_long_is_forgotten(pipeline: Pipeline) -> None:
    compiled_again(pipeline, Warehouse(), SCOPE)
    for number in range(32):
        compiled_again(replace(pipeline, name=f"{pipeline.name}-{number}"), Warehouse(), SCOPE)

    warehouse = Warehouse()
    compiled_again(pipeline, warehouse, SCOPE)
    assert len(warehouse.asked) == 2
