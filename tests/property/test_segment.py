"""A file of identities knows each that it was made of, and no other, however they lie: one not found is sent twice."""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.state import segment
from syncer.state.segment_head import Covered
from syncer.state.words import words_of

WORDS = st.one_of(st.integers(0, 3), st.integers(2**64 - 4, 2**64 - 1), st.integers(0, 2**64 - 1))
IDENTITIES = st.lists(
    st.builds(lambda low, high: low.to_bytes(8, "little") + high.to_bytes(8, "little"), WORDS, WORDS), max_size=200
)
COVERED = Covered(after=0, upto=5, first=1, erased=0, checksum=bytes(16))


def written(path: Path, *sources: segment.Part, count: int, sieve_above: int = 0) -> segment.Segment:
    segment.write(
        path, COVERED, lambda *of: b"".join(source(*of) for source in sources), count, sieve_above=sieve_above
    )
    return segment.Segment(path)


@settings(max_examples=100, deadline=None)
@given(
    stored=st.tuples(IDENTITIES, IDENTITIES),
    others=IDENTITIES,
    count=st.integers(0, 5_000),
    sieve_above=st.sampled_from([0, 1_000]),
)
def test_every_look_up_equals_that_of_a_set(
    stored: tuple[list[bytes], list[bytes]], others: list[bytes], count: int, sieve_above: int
) -> None:
    """However many a file is told to expect: so its groups are full, or mostly empty; with a sieve and without."""
    asked = [*stored[0], *others, *stored[1]]
    with TemporaryDirectory() as folder:
        few, more = (
            written(Path(folder) / str(place), source, count=count, sieve_above=sieve_above)
            for place, source in enumerate(segment.in_memory(*words_of(b"".join(each))) for each in stored)
        )
        both = written(Path(folder) / "both", few.part, more.part, count=len(asked))
        for made, known in ((few, {*stored[0]}), (more, {*stored[1]}), (both, {*stored[0], *stored[1]})):
            assert made.count == len(known)
            for file in (made, segment.Segment(made.path, kept_lines=0)):
                found = file.has(segment.Asked.of(b"".join(asked)))
                assert found.to_list() == [identity in known for identity in asked]


@settings(max_examples=100, deadline=None)
@given(stored=IDENTITIES, low=st.integers(0, 2**64 - 1), size=st.integers(1, 2**64))
def test_a_part_has_what_lies_between_two_numbers(stored: list[bytes], low: int, size: int) -> None:
    high = min(2**64, low + size)
    with TemporaryDirectory() as folder:
        made = written(Path(folder) / "a", segment.in_memory(*words_of(b"".join(stored))), count=len(stored))
        packed = made.part(low, high)
    found = [packed[at : at + 16] for at in range(0, len(packed), 16)]
    assert sorted(found) == sorted(each for each in {*stored} if low <= int.from_bytes(each[8:], "little") < high)


@given(lines=st.integers(1, 2**28), data=st.data())
def test_the_lowest_word_of_a_line_is_its_own_and_the_one_before_it_is_not(lines: int, data: st.DataObject) -> None:
    line = data.draw(st.integers(1, lines - 1)) if lines > 1 else 0
    lowest = segment._lowest(line, lines)
    around = pl.Series([max(0, lowest - 1), lowest, 2**64 - 1], dtype=pl.UInt64)
    assert segment._line_of(around, lines).to_list() == [max(0, line - 1), line, lines - 1]
    assert segment._lowest(lines, lines) == 2**64
