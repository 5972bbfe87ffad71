"""Batches as a run takes them: what comes first is small enough to be sent soon, what fits one batch stays whole."""

from collections.abc import Iterator
from types import TracebackType
from typing import Self

import pyarrow as pa
import pytest

from connectors.base import Query
from syncer.engine.batches import batches
from syncer.ports import Stop

QUERY = Query(sql="SELECT n FROM numbers", batch_rows=10)


class Numbers:
    """A warehouse that gives the numbers from 0 on in batches of these sizes."""

    def __init__(self, sizes: list[int]) -> None:
        self._sizes = sizes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def schema(self, query: Query) -> pa.Schema:
        del query
        return pa.schema({"n": pa.int64()})

    def read(self, query: Query) -> Iterator[pa.RecordBatch]:
        first = 0
        for size in self._sizes:
            yield pa.RecordBatch.from_pydict({"n": list(range(first, first + size))}, schema=self.schema(query))
            first += size


@pytest.mark.parametrize(
    ("sizes", "first_rows", "taken"),
    [
        ([10, 10, 3], 4, [4, 6, 10, 3]),
        ([10], 4, [4, 6]),
        ([9], 4, [9]),  # all there is: whoever has a key twice is told
        ([10, 10], 10, [10, 10]),
        ([10, 10], 16, [10, 10]),
        ([10, 10], None, [10, 10]),
        ([], 4, []),
    ],
)
def test_a_full_batch_that_comes_first_is_taken_in_two(
    sizes: list[int], first_rows: int | None, taken: list[int]
) -> None:
    found = list(batches(Numbers(sizes), QUERY, Stop(), first_rows=first_rows))
    assert [batch.num_rows for batch in found] == taken
    assert [n for batch in found for n in batch.column("n").to_pylist()] == list(range(sum(sizes)))
