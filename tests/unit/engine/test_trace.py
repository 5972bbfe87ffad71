"""A row found by its key, whatever Arrow type a connector gives."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from connectors.base import Query
from syncer.engine.preview import preview
from syncer.engine.trace import Position, find_rows
from syncer.mapping import Column, Constant, Mapping
from syncer.pipeline import Cursor, Pipeline
from syncer.transform.identity import Scope

AT = 1_795_350_000
NOW = datetime.fromtimestamp(AT + 60, UTC)
SCOPE = Scope(target="default", destination="meta", salt=bytes(16))


@dataclass
class Warehouse:
    """Gives its rows, so many in a batch, whatever it is asked for."""

    rows: pa.RecordBatch
    batch_rows: int = 3

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def schema(self, query: Query) -> pa.Schema:
        del query
        return self.rows.schema

    def read(self, query: Query) -> Iterator[pa.RecordBatch]:
        del query
        yield from pa.Table.from_batches([self.rows]).to_batches(max_chunksize=self.batch_rows)


PIPELINE = Pipeline(
    name="traced",
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
        customer_info={"external_id": Column(column="person")},
    ),
    cursor=Cursor(column="cursor"),
    file=Path("pipelines/traced.yaml"),
    fingerprint="f",
)


PERSONS = pa.array(["a", "a", "b"])


@pytest.mark.parametrize(("ids", "key"), [([7, 7, 8], "7"), ([7.5, 7.5, 8.0], "7.5")])
@pytest.mark.parametrize("person", [PERSONS, PERSONS.cast(pa.string_view()), pc.run_end_encode(PERSONS)])
@pytest.mark.parametrize("batch_rows", [3, 1])
def test_rows_with_one_key_are_judged_in_the_order_of_a_run_whatever_batches_and_arrow_types_they_come_in(
    person: pa.Array, ids: list[float], key: str, batch_rows: int
) -> None:
    columns = {
        "id": pa.array(ids),
        "at": pa.array([AT + 3, AT + 1, AT]),
        "cursor": pa.array([2, 1, 3]),
        "person": person,
    }
    warehouse, position = Warehouse(pa.record_batch(columns), batch_rows), Position(None, None)
    rows = find_rows(PIPELINE, warehouse, SCOPE, [key], position=position, now=NOW)
    assert [(row.event_time, row.reason) for row in rows] == [(AT + 1, None), (None, "key_conflict")]
    shown = preview(PIPELINE, warehouse, SCOPE, now=AT + 60, limit=5, key=[key])
    assert [json.loads(event)["event_time"] for event in shown.events] == [AT + 1]
    assert [refused.reason for refused in shown.refused] == ["key_conflict"]
