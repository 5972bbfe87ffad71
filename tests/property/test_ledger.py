"""The ledger answers as a plain set would, in memory and read through, whatever was stored and added before."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.errors import StateError
from syncer.state import ledger as ledgers
from syncer.state.ledger import Ledger
from syncer.state.ledger_sizes import LedgerSizes
from syncer.state.many_settled import ManySettled
from syncer.state.words import identities

NUMBERS = st.integers(min_value=0, max_value=60)
BATCHES = st.lists(st.lists(NUMBERS, max_size=12), max_size=12)
FEW = st.sampled_from([0, 3, 15, 1_000])
"""How many make a set, with columns from some look-up or addition on; 1,000 are never reached."""
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


def stored_ledger(stored: list[list[int]], family: str, *, in_memory: int, recent: int, few: int) -> Ledger:
    rows = [(number, packed(batch, family)) for number, batch in enumerate(stored, start=1)]
    return Ledger(
        lambda after: rows[after : after + 2],
        sizes=LedgerSizes(in_memory=in_memory, recent=recent, part=recent, few=few),
    )


@settings(max_examples=150, deadline=None)
@given(stored=BATCHES, asked=BATCHES, family=FAMILIES, recent=st.sampled_from([1, 4, 1_000]), few=FEW)
def test_in_memory_every_look_up_equals_that_of_a_set(
    stored: list[list[int]], asked: list[list[int]], family: str, recent: int, few: int
) -> None:
    ledger = stored_ledger(stored, family, in_memory=10_000, recent=recent, few=few)
    known = {number for batch in stored for number in batch}
    for batch in asked:
        assert list(ledger.settled(packed(batch, family))) == [number in known for number in batch]
        ledger.add(packed(batch, family))
        known.update(batch)


@settings(max_examples=100, deadline=None)
@given(stored=BATCHES, asked=BATCHES, family=FAMILIES, in_memory=st.sampled_from([0, 6]))
def test_read_through_every_look_up_equals_that_of_a_set(
    stored: list[list[int]], asked: list[list[int]], family: str, in_memory: int
) -> None:
    ledger = stored_ledger(stored, family, in_memory=in_memory, recent=1_000, few=1_000)
    known = {number for batch in stored for number in batch}
    for batch in asked:
        assert list(ledger.settled(packed(batch, family))) == [number in known for number in batch]
        ledger.add(packed(batch, family))
        known.update(batch)


@settings(max_examples=50, deadline=None)
@given(batches=st.lists(st.lists(NUMBERS, min_size=1, max_size=5), max_size=20), family=FAMILIES, few=FEW)
def test_what_outgrows_memory_is_found_in_the_store_and_the_newest_in_memory(
    batches: list[list[int]], family: str, few: int
) -> None:
    rows: list[tuple[int, bytes]] = []
    ledger = Ledger(lambda after: rows[after : after + 3], sizes=LedgerSizes(in_memory=12, recent=20, few=few))
    known: set[int] = set()
    for batch in batches:
        assert list(ledger.settled(packed(batch, family))) == [number in known for number in batch]
        ledger.add(packed(batch, family))
        known.update(batch)
        rows.append((len(rows) + 1, packed(batch, family)))


class Files:
    """Stands for the files of the requests before the first that is under way."""

    is_untidy, held = False, ()

    def __init__(self, covered: dict[int, bytes]) -> None:
        self.upto = max(covered, default=0)
        self.segments = tuple(covered)
        self._known = {packed[at : at + 16] for packed in covered.values() for at in range(0, len(packed), 16)}

    def settled(self, digests: bytes) -> pl.Series:
        found = [digests[at : at + 16] in self._known for at in range(0, len(digests), 16)]
        return pl.Series(found, dtype=pl.Boolean)


@settings(max_examples=150, deadline=None)
@given(
    stored=BATCHES,
    turns=st.lists(st.tuples(st.lists(NUMBERS, min_size=1, max_size=5), st.integers(0, 3)), max_size=25),
    family=FAMILIES,
    few=FEW,
    recent=st.sampled_from([1, 4]),
)
def test_what_is_on_its_way_is_known_however_late_it_lands_as_the_ledger_goes_into_files(
    stored: list[list[int]], turns: list[tuple[list[int], int]], family: str, few: int, recent: int
) -> None:
    requests = dict(enumerate((packed(batch, family) for batch in stored), 1))
    under_way: list[int] = []

    def pages(after: int) -> list[tuple[int, bytes]]:
        later = sorted(number for number in requests if number > after)[:2]
        return [(number, b"" if number in under_way else requests[number]) for number in later]

    def cover(is_covered: Callable[[bytes], None]) -> Any:
        upto = min(under_way, default=len(requests) + 1)
        files = Files({number: digests for number, digests in requests.items() if number < upto})
        is_covered(b"".join(requests[number] for number in files.segments))
        return files

    ledger = Ledger(pages, cover=cover, sizes=LedgerSizes(few=few, recent=recent, part=recent, in_file=8))
    known = {number for batch in stored for number in batch}
    for batch, landing in turns:
        assert list(ledger.settled(packed(batch, family))) == [number in known for number in batch]
        ledger.add(packed(batch, family))
        known.update(batch)
        requests[len(requests) + 1] = packed(batch, family)
        under_way.append(len(requests))
        del under_way[landing : landing + 2]
    every = list(range(61))
    assert list(ledger.settled(packed(every, family))) == [number in known for number in every]


def test_what_was_added_is_known_where_the_files_that_would_have_it_could_not_be_made() -> None:
    def cover(_: Callable[[bytes], None]) -> Any:
        raise StateError("state: the disk is full")

    ledger = Ledger(lambda _: [], cover=cover, sizes=LedgerSizes(few=0, part=2, in_file=8))
    ledger.settled(packed([], "spread"))
    ledger.settled(packed([0], "spread"))
    for number in range(1, 12):
        with suppress(StateError):
            ledger.add(packed([number], "spread"))
    assert list(ledger.settled(packed(list(range(14)), "spread"))) == [0 < number < 12 for number in range(14)]


def test_what_was_added_is_known_although_sorting_it_was_interrupted() -> None:
    class Interrupted(int):
        def __le__(self, other: int) -> bool:
            raise KeyboardInterrupt

    many = ManySettled(identities(packed([1], "spread")), part=Interrupted(2))
    with pytest.raises(KeyboardInterrupt):
        many.add(packed([2, 3], "spread"))
    assert list(many.has(packed([1, 2, 3, 4], "spread"))) == [True, True, True, False]


@settings(max_examples=100, deadline=None)
@given(
    known=st.lists(NUMBERS, unique=True),
    told=BATCHES,
    family=FAMILIES,
    part=st.sampled_from([1, 4, 1_000]),
    ends_well=st.booleans(),
)
def test_what_was_told_is_forgotten_and_nothing_else(
    known: list[int], told: list[list[int]], family: str, part: int, *, ends_well: bool
) -> None:
    def tell_all(tell: Callable[[bytes], None]) -> bool:
        for batch in told:
            tell(packed(batch, family))
        return ends_well

    many = ManySettled(part=part)
    for first in range(0, len(known), 3):
        many.add(packed(known[first : first + 3], family))
    left, every = many.without_told(tell_all), packed(list(range(61)), family)
    gone = {number for batch in told for number in batch} if ends_well else set()
    assert list(left.has(every)) == [number in known and number not in gone for number in range(61)]
    assert list(many.has(every)) == [number in known for number in range(61)]


def test_what_a_ledger_without_a_store_was_told_it_knows_however_much_it_is() -> None:
    """As that of a resend."""
    ledger, every = Ledger(lambda _: [], sizes=LedgerSizes(few=2, recent=20, in_memory=200)), list(range(1, 400))
    ledger.settled(packed([1], "spread"))
    for number in every:
        assert not ledger.settled(packed([number], "spread")).any()
        ledger.add(packed([number], "spread"))
    assert ledger.settled(packed(every, "spread")).all()


@given(stored=BATCHES, added=BATCHES, asked=st.lists(NUMBERS, max_size=12), few=FEW)
def test_what_was_added_before_the_first_look_up_is_found(
    stored: list[list[int]], added: list[list[int]], asked: list[int], few: int
) -> None:
    ledger = stored_ledger(stored, "spread", in_memory=10_000, recent=1_000, few=few)
    for batch in added:
        ledger.add(packed(batch, "spread"))
    known = {number for batch in stored + added for number in batch}
    assert list(ledger.settled(packed(asked, "spread"))) == [number in known for number in asked]
    assert list(ledger.settled(packed(asked[::-1], "spread"))) == [number in known for number in asked[::-1]]


@pytest.mark.parametrize("few", [0, 1, 1_000])
@pytest.mark.parametrize("failing", range(6))
def test_a_ledger_that_could_not_be_read_to_its_end_is_read_again(few: int, failing: int) -> None:
    """Else what lies behind the mistake would be sent again: whether the first look-up meets it, or the one that loads."""
    rows = [(1, packed([1], "spread")), (2, packed([2], "spread"))]
    fails = [number == failing for number in range(6)]

    def pages(after: int) -> list[tuple[int, bytes]]:
        if fails and fails.pop(0):
            raise StateError("state: the disk failed")
        return rows[after : after + 1]

    ledger = Ledger(pages, sizes=LedgerSizes(few=few))
    for _ in range(3):
        with suppress(StateError):
            assert list(ledger.settled(packed([2, 3], "spread"))) == [True, False]
    assert list(ledger.settled(packed([2, 3], "spread"))) == [True, False]


@pytest.mark.parametrize("stored", [[], [9, 10, 11]])
def test_what_could_not_be_put_into_columns_is_not_forgotten(stored: list[int]) -> None:
    """Half an identity stands for a lack of memory: the ledger fails again, and does not say that all is new."""
    ledger = Ledger(lambda after: [(1, packed(stored, "spread"))][after:], sizes=LedgerSizes(few=2))
    ledger.add(packed([1], "spread") + b"half")
    for _ in range(2):
        with pytest.raises(ValueError, match="16 bytes"):
            ledger.settled(packed([1, 2, 3], "spread"))


@given(st.lists(st.binary(min_size=16, max_size=16), max_size=20), st.integers(0, 20), st.integers(0, 20))
def test_packed_identities_are_those_of_the_series_in_its_order(every: list[bytes], first: int, count: int) -> None:
    series = pl.Series(every, dtype=pl.Binary)
    assert ledgers.packed(series.slice(first, count)) == b"".join(every[first : first + count])
    both = pl.concat([series, series], rechunk=False)
    assert ledgers.packed(both) == b"".join(every + every)


def test_a_missing_identity_is_not_left_out_in_silence() -> None:
    with pytest.raises(ValueError, match="missing"):
        ledgers.packed(pl.Series([bytes(16), None], dtype=pl.Binary))
