"""A sieve lets through all that is in a file and little else, and is believed only where a disk has not spoiled it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from syncer.state import segment, sieve
from syncer.state.segment_head import LINE_BYTES, Covered, SpoiledError
from syncer.state.words import words_of

COVERED = Covered(after=0, upto=5, first=1, erased=0, checksum=bytes(16))
COUNT = 2 * segment.AT_ONCE + 100
"""Such a file is written in three parts."""
LINES = COUNT // segment.IN_GROUP + 1
SIEVE = slice(COVERED.lines_at + LINES * LINE_BYTES, COVERED.lines_at + LINES * (LINE_BYTES + sieve.MOST_OF_LINE))
PAYS = (SIEVE.stop - SIEVE.start) // segment.SIEVE_BYTES + 1
"""How many must be asked for before the sieve is read."""


def spread(numbers: range) -> bytes:
    return b"".join((number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128).to_bytes(16, "little") for number in numbers)


def has(file: segment.Segment, digests: bytes) -> list[bool]:
    answers: list[bool] = file.has(segment.Asked.of(digests)).to_list()
    return answers


@pytest.fixture
def path(tmp_path: Path) -> Path:
    identities = segment.in_memory(*words_of(spread(range(1, COUNT + 1))))
    segment.write(tmp_path / "a", COVERED, identities, COUNT, sieve_above=0)
    return tmp_path / "a"


def spoil(path: Path, place: slice, by: bytes) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: place.start] + by + whole[place.stop :])


def test_all_that_is_in_a_file_gets_through_and_four_in_five_of_the_others_do_not(path: Path) -> None:
    bits = sieve.unpacked(path.read_bytes()[SIEVE])
    through = [
        bits.gather(segment._line_of(words_of(spread(numbers))[1], len(bits))).sum()
        for numbers in (range(1, COUNT + 1), range(COUNT + 1, 2 * COUNT + 1))
    ]
    assert through[0] == COUNT
    assert through[1] < COUNT * 0.24


def test_of_what_does_not_get_through_nothing_is_read(path: Path) -> None:
    spoil(path, slice(COVERED.lines_at, SIEVE.start), bytes(SIEVE.start - COVERED.lines_at))
    made = segment.Segment(path, kept_lines=0)
    new = [spread(range(number, number + 1)) for number in range(COUNT + 1, COUNT + 101)]
    answers = []
    for identity in new:
        try:
            answers += has(made, identity * PAYS)
        except SpoiledError:
            continue
    assert answers == [False] * len(answers)
    assert len(answers) > 60 * PAYS
    with pytest.raises(SpoiledError, match="not as it was written"):
        has(made, spread(range(1, 2)))


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(lambda was: bytes(len(was)), id="zeros"),
        pytest.param(lambda was: bytes([was[0] ^ 4]) + was[1:], id="one bit"),
        pytest.param(lambda was: was[8:16] + was[:8] + was[16:], id="changed places"),
    ],
)
def test_a_spoiled_sieve_is_noticed_by_who_reads_it_and_before_that_nobody_believes_it(
    path: Path, spoilt: Callable[[bytes], bytes]
) -> None:
    spoil(path, SIEVE, spoilt(path.read_bytes()[SIEVE]))
    made = segment.Segment(path, kept_lines=0)
    assert has(made, spread(range(1, PAYS))) == [True] * (PAYS - 1)
    for _ in range(2):
        with pytest.raises(SpoiledError, match="not as it was written"):
            has(made, spread(range(1, 2)))


def test_a_sieve_of_another_file_is_noticed(path: Path, tmp_path: Path) -> None:
    others = segment.in_memory(*words_of(spread(range(COUNT + 1, 2 * COUNT + 1))))
    segment.write(tmp_path / "b", COVERED, others, COUNT, sieve_above=0)
    spoil(path, SIEVE, (tmp_path / "b").read_bytes()[SIEVE])
    with pytest.raises(SpoiledError, match="not as it was written"):
        has(segment.Segment(path), spread(range(1, COUNT + 1)))


def test_a_sieve_stays_as_it_was_read(path: Path) -> None:
    made = segment.Segment(path, kept_lines=0)
    asked = spread(range(1, 101)) + spread(range(COUNT + 1, COUNT + 101))
    for _ in range(2):
        assert has(made, asked) == [True] * 100 + [False] * 100
        with path.open("r+b") as file:
            file.seek(SIEVE.start)
            file.write(bytes(SIEVE.stop - SIEVE.start))


@pytest.mark.parametrize(
    ("identities", "bytes_a_line"), [(5_000_000, 16), (25_000_000, 16), (50_000_000, 8), (100_000_000, 4), (10**9, 0)]
)
def test_a_sieve_has_a_few_bits_for_an_identity_and_at_most_twelve_mebibytes(
    identities: int, bytes_a_line: int
) -> None:
    lines = identities // segment.IN_GROUP + 1
    assert sieve.bytes_a_line(lines) == bytes_a_line
    assert lines * bytes_a_line <= 12 * 2**20


def test_a_file_whose_lines_are_kept_has_no_sieve(tmp_path: Path) -> None:
    for lines, size in ((LINES, 0), (LINES - 1, LINES * sieve.MOST_OF_LINE)):
        segment.write(tmp_path / "a", COVERED, segment.in_memory(*words_of(b"")), COUNT, sieve_above=lines)
        assert (tmp_path / "a").stat().st_size == COVERED.lines_at + LINES * (LINE_BYTES + 16) + size
