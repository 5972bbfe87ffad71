"""The batches of a query, read so that a stop is heard and no state waits for the warehouse."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from connectors.base import Query, Source
from syncer.ports import Stop, doing

if TYPE_CHECKING:
    import pyarrow as pa


def batches(source: Source, query: Query, stop: Stop) -> "Iterator[pa.RecordBatch]":
    """Yield the batches of `query` until a stop is wanted; no state is written while the warehouse works."""
    coming = iter(source.read(query))
    while True:
        with doing("read"):
            rows = stop.wait_for(lambda: next(coming, None))
        if rows is None:
            return
        yield rows
