"""A sieve lets through all that is in a file and little else."""

from pathlib import Path

import pytest

from syncer.state import segment, sieve
from syncer.state.segment_head import LINE_BYTES, Covered
from syncer.state.words import words_of

COVERED = Covered(after=0, upto=5, first=1, erased=0, checksum=bytes(16))
COUNT = 2 * segment.AT_ONCE + 100
"""Such a file is written in three parts."""
LINES = COUNT // segment.IN_GROUP + 1
SIEVE = slice(COVERED.lines_at + LINES * LINE_BYTES, COVERED.lines_at + LINES * (LINE_BYTES + sieve.MOST_OF_LINE))


def spread(numbers: range) -> bytes:
    return b"".join((number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128).to_bytes(16, "little") for number in numbers)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    identities = segment.in_memory(*words_of(spread(range(1, COUNT + 1))))
    segment.write(tmp_path / "a", COVERED, identities, COUNT, sieve_above=0)
    return tmp_path / "a"


def test_all_that_is_in_a_file_gets_through_and_four_in_five_of_the_others_do_not(path: Path) -> None:
    bits = sieve.unpacked(path.read_bytes()[SIEVE])
    through = [
        bits.gather(segment._line_of(words_of(spread(numbers))[1], len(bits))).sum()
        for numbers in (range(1, COUNT + 1), range(COUNT + 1, 2 * COUNT + 1))
    ]
    assert through[0] == COUNT
    assert through[1] < COUNT * 0.24


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
