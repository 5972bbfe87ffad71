"""A key as one text."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl
import pytest

from syncer.cli.common import split_key
from syncer.transform.key_text import key_text, key_texts
from tests.unit.transform.conftest import MakePipeline

KEYS = [("1", "a"), ("1", "a, b"), ("", 'say "so"'), ("two\nlines", "x"), (" ", "'"), ("", "")]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_several_columns_is_taken_back_as_it_was_shown(pipeline: MakePipeline, key: Sequence[str]) -> None:
    assert split_key(replace(pipeline(), key=("one", "two")), key_text(key)) == key


def test_columns_say_what_a_scalar_says_and_nothing_where_a_part_is_missing() -> None:
    several = pl.DataFrame([*KEYS, (None, "a")], schema={"one": pl.String, "two": pl.String}, orient="row")
    assert key_texts(several).to_list()[:-1] == [key_text(key) for key in KEYS]
    assert key_texts(several).to_list()[-1] is None
    assert key_texts(pl.DataFrame({"one": ["a, b", None]})).to_list() == [key_text(("a, b",)), None]
