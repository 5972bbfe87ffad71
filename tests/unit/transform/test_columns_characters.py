"""The classes of characters that columns rely on, against Python's own tables, over every character there is."""

import re
import sys
import unicodedata
from datetime import date

import polars as pl
import pytest

from syncer.spec import normalize
from syncer.spec.characters import INVISIBLE, REMOVED, UNSETTLED, WHITE_SPACE
from syncer.spec.context import NOTHING_KNOWN
from syncer.spec.text import is_blank
from syncer.transform.claims import VISIBLE, Around
from syncer.transform.columns_text import ODD, UNSTABLE, name

LETTERS = "".join(chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF)
ALL = list(LETTERS)
COLUMN = pl.Series(ALL)
SETTLED = list(re.sub(f"[{UNSETTLED}]", "", LETTERS))
IN_USE = "".join(letter for letter in LETTERS if ord(letter) < 0x40000 or 0xE0000 <= ord(letter) < 0xF0000)
"""Without the planes in which Unicode has put nothing, and those for private use."""
SETTLED_IN_USE = list(re.sub(f"[{UNSETTLED}]", "", IN_USE))
NOBODY = Around(countries=None, date_format=None, today=date(2026, 11, 22))


@pytest.mark.parametrize("characters", [WHITE_SPACE, INVISIBLE, REMOVED, UNSETTLED])
def test_a_class_means_the_same_to_columns_as_to_python(characters: str) -> None:
    expected = set(re.findall(f"[{characters}]", LETTERS))

    found = COLUMN.str.contains(f"[{characters}]").to_list()

    assert found == [letter in expected for letter in ALL]


def test_every_character_is_visible_to_columns_unless_it_is_blank() -> None:
    assert COLUMN.str.contains(VISIBLE).to_list() == [not is_blank(letter) for letter in ALL]


def test_lower_case_is_pythons_where_nothing_is_unsettled() -> None:
    assert pl.Series(SETTLED).str.to_lowercase().to_list() == [letter.lower() for letter in SETTLED]


@pytest.mark.parametrize("context", ["aΣ{}", "{}Σ", "aΣ{}a", "a{}Σ", "aΣ{}Σ", "İ{}"])
def test_lower_case_is_pythons_beside_letters_that_look_around(context: str) -> None:
    """A sigma is written differently at the end of a word; a line break ends one, so each line stands alone."""
    lines = [context.format(letter) for letter in SETTLED_IN_USE if letter != "\n"]

    assert pl.Series(lines).str.to_lowercase().to_list() == "\n".join(lines).lower().split("\n")


def test_normal_form_is_pythons_where_nothing_is_unsettled() -> None:
    normal = [unicodedata.normalize("NFC", letter) for letter in SETTLED]

    assert pl.Series(SETTLED).str.normalize("NFC").to_list() == normal


@pytest.mark.parametrize("context", ["e\u0323{}", "\u1100{}", "{}\u0301", "\uac00{}", "a\u0345{}", "{}\u0345\u0301"])
def test_normal_form_is_pythons_beside_letters_that_compose(context: str) -> None:
    lines = [context.format(letter) for letter in SETTLED_IN_USE if letter != "\n"]

    normal = unicodedata.normalize("NFC", "\n".join(lines)).split("\n")

    assert pl.Series(lines).str.normalize("NFC").to_list() == normal


def test_text_without_unstable_characters_is_in_normal_form() -> None:
    """A character may change alone, be put in order (combining class), or compose with the one before it."""
    taken_apart = [unicodedata.normalize("NFD", letter) for letter in ALL if unicodedata.is_normalized("NFC", letter)]
    behind = {letter for parts in taken_apart for letter in parts[1:]}
    unstable = re.compile("[" + UNSTABLE.replace(r"\p{M}", "") + "]")

    stable = [letter for letter in SETTLED if not unstable.match(letter) and unicodedata.category(letter)[0] != "M"]

    assert [letter for letter in stable if unicodedata.normalize("NFC", letter) != letter] == []
    assert [letter for letter in stable if unicodedata.combining(letter)] == []
    assert behind.isdisjoint(stable)


def test_marks_of_columns_are_all_that_python_knows() -> None:
    marks = [letter for letter in SETTLED if unicodedata.category(letter)[0] == "M"]

    assert pl.Series(marks).str.contains(f"[{UNSTABLE}]").all()


def test_what_is_not_odd_stays_in_normal_form_in_lower_case() -> None:
    plain = COLUMN.filter(~COLUMN.str.contains(ODD))

    lowered = plain.str.to_lowercase()

    assert not lowered.str.contains(f"[{UNSTABLE}{UNSETTLED}]").any()


def test_a_name_of_one_character_is_what_the_scalar_rule_makes_of_it() -> None:
    column = pl.Series(list(IN_USE))

    claim = name(column, NOBODY)

    assert claim.open is not None
    claimed = column.filter(~claim.open).to_list()
    assert set(claimed) >= set(SETTLED_IN_USE) - {"n", "N"}
    assert claim.text.filter(~claim.open).to_list() == [normalize.name(letter, NOTHING_KNOWN) for letter in claimed]
