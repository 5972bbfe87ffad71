"""The ledger answers as a plain set would, in memory and read through, whatever was stored and added before."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.state import ledger as ledgers
from syncer.state.ledger import Ledger

NUMBERS = st.integers(min_value=0, max_value=60)
BATCHES = st.lists(st.lists(NUMBERS, max_size=12), max_size=12)
FAMILIES = st.sampled_from(["low words alike", "high words alike", "spread"])


def identity(number: int, family: str) -> bytes:
    """16 bytes; families in which the parts that the ledger sorts and filters by collide."""
    match family:
        case "low words alike":
            return bytes(8) + number.to_bytes(8, "little")
        case "high words alike":
            return number.to_bytes(8, "little") + b"\xff" * 8
        case _:
            return (number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128).to_bytes(16, "big")


def packed(numbers: list[int], family: str) -> bytes:
    return b"".join(identity(number, family) for number in numbers)


def stored_ledger(stored: list[list[int]], family: str, *, in_memory: int, recent: int) -> Ledger:
    rows = [(number, packed(batch, family)) for number, batch in enumerate(stored, start=1)]
    return Ledger(lambda after: rows[after : after + 2], in_memory=in_memory, recent=recent)


@settings(max_examples=150, deadline=None)
@given(stored=BATCHES, asked=BATCHES, family=FAMILIES, recent=st.sampled_from([1, 4, 1_000]))
def test_in_memory_every_look_up_equals_that_of_a_set(
    stored: list[list[int]], asked: list[list[int]], family: str, recent: int
) -> None:
    ledger = stored_ledger(stored, family, in_memory=10_000, recent=recent)
    known = {number for batch in stored for number in batch}
    for batch in asked:
        assert list(ledger.settled(packed(batch, family))) == [number in known for number in batch]
        ledger.add(packed(batch, family))
        known.update(batch)


@settings(max_examples=100, deadline=None)
@given(stored=BATCHES, asked=BATCHES, family=FAMILIES)
def test_read_through_every_look_up_equals_that_of_a_set(
    stored: list[list[int]], asked: list[list[int]], family: str
) -> None:
    ledger = stored_ledger(stored, family, in_memory=0, recent=1_000)
    known = {number for batch in stored for number in batch}
    for batch in asked:
        assert list(ledger.settled(packed(batch, family))) == [number in known for number in batch]
        ledger.add(packed(batch, family))
        known.update(batch)


@settings(max_examples=50, deadline=None)
@given(batches=st.lists(st.lists(NUMBERS, min_size=1, max_size=5), max_size=20), family=FAMILIES)
def test_what_outgrows_memory_is_found_in_the_store_and_the_newest_in_memory(
    batches: list[list[int]], family: str
) -> None:
    rows: list[tuple[int, bytes]] = []
    ledger = Ledger(lambda after: rows[after : after + 3], in_memory=12, recent=20)
    known: set[int] = set()
    for batch in batches:
        assert list(ledger.settled(packed(batch, family))) == [number in known for number in batch]
        ledger.add(packed(batch, family))
        known.update(batch)
        rows.append((len(rows) + 1, packed(batch, family)))


@given(st.lists(st.binary(min_size=16, max_size=16), max_size=20), st.integers(0, 20), st.integers(0, 20))
def test_packed_identities_are_those_of_the_series_in_its_order(every: list[bytes], first: int, count: int) -> None:
    series = pl.Series(every, dtype=pl.Binary)
    assert ledgers.packed(series.slice(first, count)) == b"".join(every[first : first + count])
    both = pl.concat([series, series], rechunk=False)
    assert ledgers.packed(both) == b"".join(every + every)


def test_a_missing_identity_is_not_left_out_in_silence() -> None:
    with pytest.raises(ValueError, match="missing"):
        ledgers.packed(pl.Series([bytes(16), None], dtype=pl.Binary))
