"""Batches are full, so that what a batch costs is paid for as many rows as may be, and none stays longer than it must."""

from collections.abc import Iterator
from weakref import ref

import pyarrow as pa
import pytest

from connectors.batches import given, joined
from connectors.readings import Readings

SCHEMA = pa.schema([("n", pa.int64())])


def pieces(*sizes: int) -> list[pa.RecordBatch]:
    """Return pieces of so many rows, numbered throughout."""
    numbers = iter(range(sum(sizes)))
    return [pa.record_batch({"n": [next(numbers) for _ in range(size)]}, SCHEMA) for size in sizes]


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


def test_what_a_batch_was_made_of_is_gone_while_it_is_worked_on_and_the_batch_once_the_next_is_read() -> None:
    read: list[ref[pa.RecordBatch]] = []
    given_so_far: list[ref[pa.RecordBatch]] = []
    left_at_reading: list[int] = []

    def reading() -> Iterator[pa.RecordBatch]:
        for piece in (pa.record_batch({"n": [number] * 5}, SCHEMA) for number in range(6)):
            left_at_reading.append(sum(batch() is not None for batch in given_so_far))
            read.append(ref(piece))
            yield piece

    coming = given(reading(), SCHEMA, batch_rows=10, readings=Readings())
    while (batch := next(coming, None)) is not None:
        assert sum(piece() is not None for piece in read[:-1]) == 0
        given_so_far.append(ref(batch))
        del batch
    assert len(given_so_far) == 3
    assert left_at_reading == [0] * 6
