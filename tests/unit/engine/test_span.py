"""Rows by the time of their events are counted once each."""

import polars as pl

from syncer.engine.span import Survey
from syncer.state.ledger import empty_ledger


def names(*numbers: int) -> pl.DataFrame:
    return pl.DataFrame({"identity": [*(number.to_bytes(16, "big") for number in numbers), None]})


def test_a_key_that_comes_in_two_batches_is_counted_once() -> None:
    ledger, found = empty_ledger(), Survey()
    ledger.add(b"".join(names(2, 5)["identity"].drop_nulls()))
    found.add(names(1, 2, 2), ledger)
    found.add(names(2, 3, 1), ledger)
    found.add(names(1), ledger)
    assert (found.events, found.settled) == (3, 1)
