"""Small pieces of a result joined to batches of a bounded size."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from connectors.readings import Readings

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_BYTES = 64 * 1024 * 1024
"""A batch of wide rows ends here, before its rows are complete."""
PIECE_ROWS: Final = 1024
PIECE_BYTES: Final = 4 * 1024 * 1024
FIRST_ROWS: Final = 64
"""Rows in the first piece, which tells how wide they are."""

MET: Final = {b"syncer.type": b"met"}
"""Marks a column of whose type only the values tell that are there now."""

Row = TypeVar("Row")


def pieces(
    fetch: Callable[[int], Sequence[Row]],
    build: "Callable[[Sequence[Row]], pa.RecordBatch]",
    batch_rows: int,
    *,
    piece_rows: int = PIECE_ROWS,
) -> "Iterator[pa.RecordBatch]":
    """Yield what `build` makes of the rows that `fetch` gives, until it gives none.

    No piece has more than `batch_rows` or `piece_rows` rows nor, once their width is known, many bytes.
    """
    rows = min(FIRST_ROWS, batch_rows)
    while found := fetch(rows):
        piece = build(found)
        yield piece
        wide = max(1, piece.nbytes // piece.num_rows)
        rows = max(1, min(piece_rows, batch_rows, PIECE_BYTES // wide))


def given(
    pieces: "Iterable[pa.RecordBatch]", schema: "pa.Schema", *, batch_rows: int, readings: Readings
) -> "Iterator[pa.RecordBatch]":
    """Yield the rows of `pieces` as a source gives them: `joined`, of the types of `schema`; raises once it is closed."""
    for batch in joined(pieces, batch_rows):
        yield as_typed(batch, schema)
        del batch  # or it stays in memory while the next one is read
        readings.refuse_if_closed()


def joined(pieces: "Iterable[pa.RecordBatch]", batch_rows: int) -> "Iterator[pa.RecordBatch]":
    """Yield the rows of `pieces` in non-empty batches of `batch_rows` rows, fewer at the end and where rows are wide.

    A batch has about `BATCH_BYTES` bytes at most; no piece has more than `batch_rows` rows. A batch costs the same
    whatever its rows: a piece that does not fit is cut, so that none is left half empty.
    """
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for piece in pieces:
        rest = piece
        if waiting and size + piece.nbytes > BATCH_BYTES:
            yield from _as_one(waiting)
            rows = size = 0
        elif rows + piece.num_rows > batch_rows:
            waiting.append(piece.slice(0, batch_rows - rows))
            rest = piece.slice(batch_rows - rows)
            yield from _as_one(waiting)
            rows = size = 0
        waiting.append(rest)
        rows, size = rows + rest.num_rows, size + rest.nbytes
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


def with_met(schema: "pa.Schema", met: frozenset[str]) -> "pa.Schema":
    """Return `schema` with the columns `met` marked as such."""
    import pyarrow as pa

    return pa.schema(field.with_metadata(MET) if field.name in met else field for field in schema)


def texts(values: "Sequence[bytes | None]") -> "pa.Array":
    """Return bytes as text; what is no UTF-8 is NULL."""
    import pyarrow as pa

    raw: Any = pa.array(values, pa.binary())
    try:
        return raw.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([_decoded(value) for value in values], pa.string())


def _decoded(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _as_one(pieces: "list[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
    """Yield all rows as one batch, which is a copy; `pieces` are let go before it is worked on."""
    import pyarrow as pa

    if any(piece.num_rows for piece in pieces):
        whole = pa.Table.from_batches(pieces).combine_chunks().to_batches()
        pieces.clear()
        yield from whole
