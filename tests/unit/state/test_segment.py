"""A file of identities has what was written and nothing else, and says so where a disk has spoiled it."""

import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from syncer.state import segment
from syncer.state.segment_head import LINE_BYTES, Covered, SpoiledError
from syncer.state.words import words_of

COVERED = Covered(after=0, upto=5, first=1, erased=0, checksum=bytes(16))
IN_LINES, IN_GROUPS = 3 * 4096, 12 * 4096
"""Of a file with 16,384 identities: within its 513 lines of 64 bytes, and within the groups behind them."""


def spread(numbers: range) -> bytes:
    return b"".join((number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128).to_bytes(16, "little") for number in numbers)


def has(file: segment.Segment, digests: bytes) -> list[bool]:
    answers: list[bool] = file.has(segment.Asked.of(digests)).to_list()
    return answers


@pytest.mark.parametrize("family", ["spread", "high words alike", "low words alike"])
@pytest.mark.parametrize("many", [1, 2, 300])
def test_a_file_has_what_was_written_and_nothing_else(tmp_path: Path, family: str, many: int) -> None:
    def identity(number: int) -> bytes:
        spread = number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128
        high, low = (spread >> 64, spread % 2**64) if family == "spread" else (7, number)
        words = (high, low) if family != "low words alike" else (low, high)
        return b"".join(word.to_bytes(8, "little") for word in reversed(words))

    def packed(numbers: Any) -> bytes:
        return b"".join(map(identity, numbers))

    covered = Covered(after=0, upto=5, first=1, erased=0, checksum=bytes(16))
    segment.write(tmp_path / "a", covered, segment.in_memory(*words_of(packed(range(0, 2 * many, 2)))), many)
    made = segment.Segment(tmp_path / "a")
    assert (made.covered, made.count) == (covered, many)
    assert has(made, packed(range(2 * many))) == [number % 2 == 0 for number in range(2 * many)]
    sources = [made.part, segment.in_memory(*words_of(packed(range(1, 2 * many, 2))))]
    segment.write(tmp_path / "b", covered, lambda *of: b"".join(source(*of) for source in sources), 2 * many)
    assert has(segment.Segment(tmp_path / "b"), packed(range(3 * many))) == [
        number < 2 * many for number in range(3 * many)
    ]


def test_few_identities_become_one_file_with_very_many(tmp_path: Path) -> None:
    few, many = spread(range(1, 3)), spread(range(3, 3 * segment.AT_ONCE))
    for name, identities in (("few", few), ("many", many)):
        segment.write(tmp_path / name, COVERED, segment.in_memory(*words_of(identities)), len(identities) // 16)
    parts = [segment.Segment(tmp_path / name).part for name in ("few", "many")]
    segment.write(tmp_path / "all", COVERED, lambda *of: b"".join(part(*of) for part in parts), 3 * segment.AT_ONCE - 1)
    made = segment.Segment(tmp_path / "all")
    assert made.count == 3 * segment.AT_ONCE - 1
    assert has(made, few + many[: 62 * 16] + spread(range(1))) == [True] * 64 + [False]


@pytest.mark.parametrize(("begin", "lost"), [(IN_LINES, 64), (IN_GROUPS, 8)])
def test_zeros_where_identities_were_are_noticed(tmp_path: Path, begin: int, lost: int) -> None:
    """A disk that lost a block gives zeros for it, and their sum is 0."""
    path, identities = tmp_path / "a", spread(range(1, 16_385))
    segment.write(path, COVERED, segment.in_memory(*words_of(identities)), 16_384)
    whole = path.read_bytes()
    path.write_bytes(whole[:begin] + bytes(4096) + whole[begin + 4096 :])
    made, answers = segment.Segment(path, kept_lines=0), []
    for start in range(0, len(identities), 32 * 16):
        with suppress(SpoiledError):
            answers += has(made, identities[start : start + 16])
    assert 512 - 2 * lost < len(answers) < 512 - lost // 2
    assert all(answers)


def test_lines_that_changed_places_are_noticed_where_both_are_asked_for(tmp_path: Path) -> None:
    """Their sums together are as they were."""
    path, identities = tmp_path / "a", spread(range(1, 16_385))
    segment.write(path, COVERED, segment.in_memory(*words_of(identities)), 16_384)
    whole = path.read_bytes()
    one, other = (slice(COVERED.lines_at + at, COVERED.lines_at + at + 4096) for at in (64 * 64, 192 * 64))
    path.write_bytes(
        whole[: one.start] + whole[other] + whole[one.stop : other.start] + whole[one] + whole[other.stop :]
    )
    of_line = {}
    for identity in (identities[at : at + 16] for at in range(0, len(identities), 16)):
        of_line[(int.from_bytes(identity[12:], "little") * 513) >> 32] = identity
    for line in range(64, 128):
        with pytest.raises(SpoiledError, match="not as it was written"):
            has(segment.Segment(path, kept_lines=0), of_line[line] + of_line[line + 128])
    with pytest.raises(SpoiledError, match="not as it was written"):
        has(segment.Segment(path), identities[: 129 * 16])  # all lines are read, to be kept


def test_a_mistake_is_noticed_however_often_its_group_is_asked_for(tmp_path: Path) -> None:
    """Twice 2 ** 63 is nothing, where sums are of 64 bits."""
    path, identity = tmp_path / "a", spread(range(1, 2))
    segment.write(path, COVERED, segment.in_memory(*words_of(identity)), 1)
    whole = bytearray(path.read_bytes())
    whole[whole.index(identity) + 7] ^= 0x80
    path.write_bytes(whole)
    for times in (1, 2, 3, 4):
        with pytest.raises(SpoiledError, match="not as it was written"):
            has(segment.Segment(path), identity * times)


def test_lines_are_kept_once_one_in_four_was_asked_for_and_only_of_a_small_file(tmp_path: Path) -> None:
    path, identities = tmp_path / "a", spread(range(1, 16_385))
    segment.write(path, COVERED, segment.in_memory(*words_of(identities)), 16_384)
    some, others = identities[: 128 * 16], spread(range(16_385, 16_385 + 128))
    keeping, reading = segment.Segment(path), segment.Segment(path, kept_lines=512)
    for file in (keeping, reading):
        assert has(file, some) == [True] * 128
        assert has(file, others) == [False] * 128
    whole = path.read_bytes()
    path.write_bytes(whole[: COVERED.lines_at] + bytes(513 * 64) + whole[COVERED.lines_at + 513 * 64 :])
    assert has(keeping, some) == [True] * 128
    with pytest.raises(SpoiledError, match="not as it was written"):
        has(reading, some)


@pytest.mark.parametrize("bit", [0, 17, 31, 32, 40, 63])
@pytest.mark.parametrize("what", ["line", "group"])
def test_two_mistakes_that_a_plain_sum_would_not_show_are_noticed(tmp_path: Path, what: str, bit: int) -> None:
    """One bit, in two words: it falls in the one and rises in the other, or both do the same at the highest."""
    path, identities = tmp_path / "a", spread(range(1, 51))
    segment.write(path, COVERED, segment.in_memory(*words_of(identities)), 30)
    whole = path.read_bytes()
    begin = COVERED.lines_at + (8 if what == "line" else LINE_BYTES + 16)
    words = struct.unpack_from("<6Q", whole, begin)
    bits = [word >> bit & 1 for word in words]
    places = (0, 1) if bit == 63 else (bits.index(0), bits.index(1))
    spoilt = [word ^ 1 << bit if place in places else word for place, word in enumerate(words)]
    path.write_bytes(whole[:begin] + struct.pack("<6Q", *spoilt) + whole[begin + 48 :])
    assert sum(spoilt) % 2**64 == sum(words) % 2**64
    with pytest.raises(SpoiledError, match="not as it was written"):
        has(segment.Segment(path), identities)


@pytest.mark.parametrize(("begin", "size"), [(8, 8), (LINE_BYTES + 16, 16), (LINE_BYTES + 16, 8)])
def test_words_and_identities_that_changed_places_are_noticed(tmp_path: Path, begin: int, size: int) -> None:
    path, identities = tmp_path / "a", spread(range(1, 31))
    segment.write(path, COVERED, segment.in_memory(*words_of(identities)), 30)
    whole = path.read_bytes()
    first, second = COVERED.lines_at + begin, COVERED.lines_at + begin + size
    after = second + size
    path.write_bytes(whole[:first] + whole[second:after] + whole[first:second] + whole[after:])
    made = segment.Segment(path)
    with pytest.raises(SpoiledError, match="not as it was written"):
        has(made, identities)
    with pytest.raises(SpoiledError, match="not as it was written"):
        made.part(0, 2**64)


def test_what_makes_a_sum_right_is_no_identity(tmp_path: Path) -> None:
    """The group is so full that its filter leaves nothing out."""
    path = tmp_path / "a"
    digests = b"".join(spread(range(number, number + 1))[:8] + bytes(8) for number in range(1, 3_000))
    segment.write(path, COVERED, segment.in_memory(*words_of(digests)), 1)
    head = path.read_bytes()[COVERED.lines_at + LINE_BYTES :][:16]
    assert has(segment.Segment(path), head + digests[:16]) == [False, True]
