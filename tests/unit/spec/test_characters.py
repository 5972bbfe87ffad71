"""The classes of characters against Python's own tables."""

import re
import sys
import unicodedata

import pytest

from syncer.spec import characters
from syncer.spec.text import REMOVED, is_blank, lowered, trim, western_digits

ALL = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
ADDED = "\u02bb\u02bc\U0001f100-\U0001f10c"


def test_what_is_removed_agrees_with_the_general_categories() -> None:
    """Where they differ it is by choice: apostrophes that are letters, and numbers in the block of emoji."""
    ignorable = re.compile(f"[{characters.INVISIBLE}]")
    differ = [
        letter
        for letter in ALL
        if unicodedata.category(letter) != "Cn"
        and (unicodedata.category(letter)[0] in "PSZC") != bool(REMOVED.match(letter))
        and not ignorable.match(letter)
    ]

    assert all(re.match(f"[{ADDED}]", letter) for letter in differ), differ


def test_white_space_is_what_python_strips_but_for_four_controls() -> None:
    white_space = re.compile(f"[{characters.WHITE_SPACE}]")

    assert {letter for letter in ALL if letter.isspace()} == {letter for letter in ALL if white_space.match(letter)} | {
        "\x1c",
        "\x1d",
        "\x1e",
        "\x1f",
    }


def test_the_classes_contain_each_other() -> None:
    edges = re.compile(f"[{characters.WHITE_SPACE}{characters.INVISIBLE}]")

    assert all(REMOVED.match(letter) for letter in ALL if edges.match(letter))


@pytest.mark.parametrize("text", ["", " \u00a0\u3000", "\ufeff\u200b", "\x00\x1f", b" ", None, float("nan")])
def test_blank_has_many_forms(text: object) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("value", ["x", 0, False, "-", b"\xff", [], float("inf")])
def test_what_is_there_is_not_blank(value: object) -> None:
    assert not is_blank(value)


def test_trimming_takes_edges_alone() -> None:
    assert trim("\ufeff\u2003a \u200b b\u3000\x00") == "a \u200b b"
    assert trim(" " * 200_000 + "a" + "\u3000" * 200_000) == "a"


def test_lower_case_follows_unicode_without_a_locale() -> None:
    assert lowered("ΠΑΠΑΔΟΠΟΥΛΟΣ") == "παπαδοπουλος"
    assert lowered("I\u0307STANBUL") == lowered("\u0130STANBUL") == "i\u0307stanbul"
    assert lowered("STRASSE ß ẞ") == "strasse ß ß"


def test_digits_of_every_script_are_digits() -> None:
    assert western_digits("０１２ ٣٤٥ ६७८ Ａ－") == "012 345 678 A-"
