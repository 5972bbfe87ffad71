"""Batches are full, so that what a batch costs is paid for as many rows as may be."""

import pyarrow as pa
import pytest

from connectors.batches import joined


def pieces(*sizes: int) -> list[pa.RecordBatch]:
    """Return pieces of so many rows, numbered throughout."""
    numbers = iter(range(sum(sizes)))
    return [
        pa.record_batch({"n": [next(numbers) for _ in range(size)]}, pa.schema([("n", pa.int64())])) for size in sizes
    ]


@pytest.mark.parametrize(
    ("sizes", "found"),
    [
        ((6, 6, 6), [10, 8]),
        ((10, 10), [10, 10]),
        ((4, 6, 1), [10, 1]),
        ((1, 0, 10, 9), [10, 10]),
        ((3,), [3]),
        ((0, 0), []),
        ((), []),
    ],
)
def test_batches_are_full_and_keep_every_row_in_order(sizes: tuple[int, ...], found: list[int]) -> None:
    given = list(joined(pieces(*sizes), 10))
    assert [batch.num_rows for batch in given] == found
    assert [number for batch in given for number in batch["n"].to_pylist()] == list(range(sum(sizes)))
