"""Small pieces of a result joined to batches of a bounded size."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_BYTES = 64 * 1024 * 1024
"""A batch of wide rows ends here, before its rows are complete."""


def joined(pieces: "Iterable[pa.RecordBatch]", batch_rows: int) -> "Iterator[pa.RecordBatch]":
    """Yield the rows of `pieces` in non-empty batches of at most `batch_rows` rows and about `BATCH_BYTES` bytes.

    No piece has more than `batch_rows` rows.
    """
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for piece in pieces:
        if waiting and (rows + piece.num_rows > batch_rows or size + piece.nbytes > BATCH_BYTES):
            yield from _as_one(waiting)
            waiting, rows, size = [], 0, 0
        waiting.append(piece)
        rows, size = rows + piece.num_rows, size + piece.nbytes
    yield from _as_one(waiting)


def as_typed(batch: "pa.RecordBatch", schema: "pa.Schema") -> "pa.RecordBatch":
    """Return `batch` with the types of `schema`, whose extension types lie over those of the batch."""
    import pyarrow as pa

    if batch.schema == schema:
        return batch
    arrays = (
        column if column.type == field.type else pa.ExtensionArray.from_storage(field.type, column)
        for column, field in zip(batch.columns, schema, strict=True)
    )
    return pa.RecordBatch.from_arrays(list(arrays), schema=schema)


def with_json(schema: "pa.Schema", json_columns: frozenset[str]) -> "pa.Schema":
    """Return `schema` with `json_columns` marked as JSON text, where this pyarrow knows how."""
    import pyarrow as pa

    if not hasattr(pa, "json_"):
        return schema
    fields = (field.with_type(pa.json_()) if field.name in json_columns else field for field in schema)
    return pa.schema(fields)


def _as_one(pieces: "Sequence[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa

    if sum(piece.num_rows for piece in pieces):
        yield from pa.Table.from_batches(pieces).combine_chunks().to_batches()
