"""The batches of a query, read so that a stop is heard and no state waits for the warehouse."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from connectors.base import Query, Source
from syncer.ports import NO_SPANS, Spans, Stop, doing

if TYPE_CHECKING:
    import pyarrow as pa


def batches(
    source: Source, query: Query, stop: Stop, spans: Spans = NO_SPANS, *, first_rows: int | None = None
) -> "Iterator[pa.RecordBatch]":
    """Yield the batches of `query` until a stop is wanted; no state is written while the warehouse works.

    Of a full one that comes first, `first_rows` rows come by themselves, and the others behind them: what is made of
    these is on its way while the others are made into events. None: it stays whole, as does all that fits one batch.
    """
    coming = iter(source.read(query))
    while True:
        with doing("read"), spans.span("read") as note:
            rows = stop.wait_for(lambda: next(coming, None))
            note(rows=rows.num_rows if rows is not None else 0)
        if rows is None:
            return
        if first_rows is not None and first_rows < rows.num_rows == query.batch_rows:
            yield rows.slice(0, first_rows)
            rows = rows.slice(first_rows)
        first_rows = None
        yield rows
        del rows  # or they stay in memory while the next ones are read
