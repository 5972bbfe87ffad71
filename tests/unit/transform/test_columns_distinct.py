"""Distinct values of a column, elements of lists, and text put into text."""

import polars as pl

from syncer.transform.claims import edited, placed
from syncer.transform.distinct import FEW_ROWS, Distinct
from syncer.transform.lists import elements, regrouped, repeated, where_any

MANY = FEW_ROWS


def test_few_rows_are_worked_on_as_they_are() -> None:
    values = pl.Series(["a", "a"])

    assert Distinct.of(values, None).places is None


def test_values_that_hardly_repeat_are_worked_on_as_they_are() -> None:
    values = pl.Series([str(number) for number in range(MANY)])

    assert Distinct.of(values, None).places is None


def test_values_that_repeat_are_worked_on_once_and_spread_over_their_rows() -> None:
    values = pl.Series(["a", None, "b"] * MANY)

    distinct = Distinct.of(values, None)

    assert sorted(distinct.values.to_list()) == ["a", "b"]
    assert distinct.spread(distinct.values.str.to_uppercase()).to_list() == ["A", None, "B"] * MANY
    assert distinct.rows(distinct.values == "a") == MANY


def test_a_value_with_two_countries_is_worked_on_twice() -> None:
    values = pl.Series(["a", "a", "a", None] * MANY)
    countries = pl.Series(["de", "fr", None, "de"] * MANY)

    distinct = Distinct.of(values, countries)

    assert distinct.countries is not None
    pairs = set(zip(distinct.values.to_list(), distinct.countries.to_list(), strict=True))
    assert pairs == {("a", "de"), ("a", "fr"), ("a", None)}
    assert distinct.spread(distinct.countries).to_list() == ["de", "fr", None, None] * MANY


def test_lists_go_apart_and_come_together_again() -> None:
    lists = pl.Series([["a", None], None, [], ["b"]])

    assert elements(lists).to_list() == ["a", None, "b"]
    assert regrouped(elements(lists), lists).to_list() == [["a", None], [], [], ["b"]]
    assert repeated(pl.Series([1, 2, 3, 4]), lists).to_list() == [1, 1, 4]
    assert where_any(pl.Series([False, True, False]), lists).to_list() == [True, False, False, False]


def test_slices_of_lists_keep_to_their_rows() -> None:
    lists = pl.Series([["a"], ["b", "c"], ["d"]]).slice(1, 1)

    assert elements(lists).to_list() == ["b", "c"]
    assert regrouped(elements(lists), lists).to_list() == [["b", "c"]]


def test_text_is_edited_where_a_pattern_finds_something() -> None:
    assert edited(pl.Series(["a-b", "c", None]), "-", "").to_list() == ["ab", "c", None]
    assert edited(pl.Series(["c", None]), "-", "").to_list() == ["c", None]


def test_long_text_put_among_short_text_equals_itself() -> None:
    digest = "b" * 64

    text = placed(pl.Series(["x", "y", None]), pl.Series([0, 2]), pl.Series([digest, digest]))

    assert text.to_list() == [digest, "y", digest]
    assert text.implode().list.unique().list.len().item() == 2


def test_what_text_is_put_into_stays_as_it_is() -> None:
    for before in (["x", "y"], ["x" * 20, "y" * 20]):
        values = pl.Series(before)

        placed(values, pl.Series([0]), pl.Series(["z"]))

        assert values.to_list() == before
