"""What signs the text of a column is made of."""

import polars as pl
import pyarrow as pa
import pytest

from syncer.transform.rows import read_column
from syncer.transform.signs import Signs
from syncer.transform.typed_text import trimmed


def test_signs_of_a_slice_are_those_of_its_own_texts() -> None:
    whole = pa.array(["a@b", 'say "no"', "ü\\", None, ""])

    signs = Signs.of_arrow(whole.slice(1, 1))

    assert signs.is_ascii
    assert signs.has_any(b'"')
    assert not signs.has_any(b"@\\")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_signs_of_arrow_are_those_of_the_series(kind: pa.DataType) -> None:
    array = pa.array(["a b", None, "\n"], kind)

    from_arrow, from_series = Signs.of_arrow(array), Signs.of(pl.Series(array))

    assert (from_arrow.lowest, from_arrow.highest) == (from_series.lowest, from_series.highest) == (10, 98)


@pytest.mark.parametrize("array", [pa.array([], pa.string()), pa.array([None, None], pa.string()), pa.array([""])])
def test_text_without_signs_needs_no_escape(array: pa.Array) -> None:
    signs = Signs.of_arrow(array)

    assert signs.stays()
    assert not signs.needs_escape()
    assert not signs.has_edges()


@pytest.mark.parametrize("text", [" a", "a\t", "a\x7f", "\ufeffa", "a\u00a0"])
def test_text_with_an_edge_is_trimmed_whatever_is_known_of_its_signs(text: str) -> None:
    values = pl.Series([text, "", None])

    assert trimmed(values, Signs.of(values)).to_list() == trimmed(values).to_list() == ["a", None, None]


def test_text_of_a_batch_knows_its_signs() -> None:
    signs = read_column(pa.array(["50 %"])).signs

    assert signs is not None
    assert signs.has_any(b"%")


def test_bytes_that_are_no_text_are_read_one_by_one() -> None:
    read = read_column(pa.array([b"ab", b"\xff"], pa.binary()))

    assert read.values.to_list() == ["ab", None]
    assert read.signs is None
