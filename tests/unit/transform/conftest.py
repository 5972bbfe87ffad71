"""One pipeline of orders; a test says only what is different about it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pytest

from syncer.mapping import Column, Constant, Entry, Mapping
from syncer.pipeline import Cursor, Pipeline, Settings
from syncer.transform import Scope, Transformed
from tests.both_ways import transformed

NOW = 1_795_700_000
SCOPE = Scope("prod", "meta", b"salt")


class MakePipeline(Protocol):
    """Builds a pipeline from the parts of its mapping and its settings."""

    def __call__(self, **parts: Any) -> Pipeline: ...


class Run(Protocol):
    """Transforms rows of plain values, or a batch, by a pipeline."""

    def __call__(
        self, pipeline: Pipeline, rows: list[dict[str, Any]] | pa.RecordBatch, *, start: int | None = None
    ) -> Transformed: ...


@pytest.fixture
def pipeline() -> MakePipeline:
    def make(
        *,
        server: dict[str, Entry] | None = None,
        customer: dict[str, Entry] | None = None,
        custom: dict[str, Entry] | None = None,
        own: dict[str, Entry] | None = None,
        rest: bool = False,
        cursor: Cursor | None = None,
        key: tuple[str, ...] = ("id",),
        **choices: Any,
    ) -> Pipeline:
        mapping = Mapping(
            server_event={"event_name": Constant(value="Lead"), "event_time": Column(column="at"), **(server or {})},
            customer_info={"em": Constant(value="a@b.co")} if customer is None else customer,
            custom_data=custom or {},
            user_defined=own or {},
            rest=rest,
        )
        return Pipeline(
            name="orders",
            source="warehouse",
            query="SELECT 1",
            key=key,
            start="beginning",
            destinations=("meta",),
            mapping=mapping,
            cursor=cursor,
            settings=Settings(**{"action_source": "other", **choices}),
            file=Path("pipelines/orders.yaml"),
            fingerprint="0",
        )

    return make


@pytest.fixture
def run() -> Run:
    def transform(
        pipeline: Pipeline, rows: list[dict[str, Any]] | pa.RecordBatch, *, start: int | None = None
    ) -> Transformed:
        if isinstance(rows, list):
            rows = pa.RecordBatch.from_pylist([{"id": n, "at": NOW - 60, **row} for n, row in enumerate(rows)])
        batch: pa.RecordBatch = rows
        return transformed(pipeline, batch, SCOPE, now=NOW, start=start)

    return transform


@pytest.fixture
def events(run: Run) -> Callable[..., list[Any]]:
    """Return the events of rows as parsed JSON."""
    return lambda pipeline, rows: [json.loads(text) for text in run(pipeline, rows).events["json"]]


@pytest.fixture
def reasons(run: Run) -> Callable[..., list[tuple[str, str | None]]]:
    """Return reason and field of each reject of rows."""
    return lambda pipeline, rows: run(pipeline, rows).rejects.select("reason", "field").rows()
