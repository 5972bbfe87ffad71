"""What became of text is remembered: judged once, given up when there is too much of it, never half."""

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

from syncer.transform.memory import MANY, MEMORIES, MOST_BYTES, SOME, Judged, remembered, remembered_days

Asked = list[list[str]]


def upper(asked: Asked) -> Callable[[pl.Series], Judged]:
    """Return a rule that keeps what it was asked: upper case, none for `-`, a warning for `?`."""

    def judge(texts: pl.Series) -> Judged:
        asked.append(texts.to_list())
        return Judged(texts.str.to_uppercase().replace("-", None), texts == "-", {"odd": texts == "?"})

    return judge


def test_a_text_is_judged_once_also_where_it_comes_again_in_a_later_batch() -> None:
    asked: Asked = []

    first = remembered("once", pl.Series(["b", None, "a", "b"]), upper(asked))
    second = remembered("once", pl.Series(["c", "a", None]), upper(asked))

    assert (first.wire.to_list(), second.wire.to_list()) == (["B", None, "A", "B"], ["C", "A", None])
    assert asked == [["b", "a"], ["c"]]


def test_what_is_dropped_and_odd_is_so_in_every_row_and_no_gap_is() -> None:
    remembered("masks", pl.Series(["a", "-"]), upper([]))
    found = remembered("masks", pl.Series(["?", "-", None, "?", "a"]), upper([]))

    assert found.dropped is not None
    assert found.dropped.to_list() == [False, True, False, False, False]
    assert found.warned["odd"].to_list() == [True, False, False, True, False]


def test_a_warning_that_is_new_is_none_of_what_was_known() -> None:
    def silent(texts: pl.Series) -> Judged:
        return Judged(texts, None, {})

    remembered("later", pl.Series(["?"]), silent)
    found = remembered("later", pl.Series(["a", "?", "-"]), upper([]))

    assert found.warned["odd"].to_list() == [False, False, False]
    assert found.dropped is not None
    assert found.dropped.to_list() == [False, False, True]


def test_rules_have_memories_of_their_own() -> None:
    remembered("one", pl.Series(["a"]), upper([]))
    asked: Asked = []

    remembered("other", pl.Series(["a"]), upper(asked))

    assert asked == [["a"]]


def test_a_column_of_gaps_asks_nothing() -> None:
    asked: Asked = []

    found = remembered("gaps", pl.Series([None, None], dtype=pl.String), upper(asked))

    assert (found.wire.to_list(), asked) == ([None, None], [])


def test_a_rule_that_fails_leaves_nothing_half_remembered() -> None:
    def failing(_texts: pl.Series) -> Judged:
        raise RuntimeError

    remembered("fails", pl.Series(["a"]), upper([]))
    with pytest.raises(RuntimeError):
        remembered("fails", pl.Series(["b"]), failing)

    assert remembered("fails", pl.Series(["b", "c", "a"]), upper([])).wire.to_list() == ["B", "C", "A"]


def test_a_memory_that_grows_too_large_is_given_up() -> None:
    many = pl.int_range(SOME + 1, eager=True).cast(pl.String)
    asked: Asked = []

    remembered("large", many, upper([]))
    found = remembered("large", pl.Series(["7"]), upper(asked))

    assert (found.wire.to_list(), asked) == (["7"], [["7"]])


def test_a_memory_of_long_texts_is_given_up_sooner() -> None:
    asked: Asked = []
    long = "a" * (MOST_BYTES + 1)

    remembered("long", pl.Series([long]), upper([]))
    remembered("long", pl.Series([long]), upper(asked))

    assert asked == [[long]]


def test_a_rule_that_costs_much_may_have_a_larger_memory() -> None:
    asked: Asked = []

    remembered("costly", pl.int_range(SOME + 1, eager=True).cast(pl.String), upper([]), most=MANY)
    remembered("costly", pl.Series(["7"]), upper(asked), most=MANY)

    assert asked == []


def test_the_rule_that_was_not_used_for_longest_is_forgotten() -> None:
    asked: Asked = []
    for number in range(MEMORIES + 1):
        remembered(("many", number), pl.Series(["a"]), upper([]))

    remembered(("many", MEMORIES), pl.Series(["a"]), upper(asked))
    remembered(("many", 0), pl.Series(["a"]), upper(asked))

    assert asked == [["a"]]


def test_a_rule_that_asks_for_itself_begins_a_memory_of_its_own() -> None:
    def judge(texts: pl.Series) -> Judged:
        return remembered("again", texts, upper([]))

    assert remembered("again", pl.Series(["a", "b"]), judge).wire.to_list() == ["A", "B"]
    assert remembered("again", pl.Series(["b", "c"]), judge).wire.to_list() == ["B", "C"]


def test_a_day_is_judged_once_and_those_beyond_the_ends_as_one() -> None:
    asked: list[list[date]] = []
    first, last = date(1900, 1, 1), date(2026, 11, 30)

    def judge(days: pl.Series) -> Judged:
        asked.append(sorted(days.to_list()))
        outside = ~days.is_between(first, last)
        return Judged(days.dt.to_string("%Y").set(outside, None), outside, {})

    days = [date(1, 1, 1), date(1899, 12, 31), first, None, last, date(2026, 12, 1), date(9999, 12, 31), first]
    one = remembered_days("days", pl.Series(days), judge, first=first, last=last)
    other = remembered_days("days", pl.Series([last, None, date(1980, 2, 29)]), judge, first=first, last=last)

    assert one.wire.to_list() == [None, None, "1900", None, "2026", None, None, "1900"]
    assert one.dropped is not None
    assert one.dropped.to_list() == [True, True, False, False, False, True, True, False]
    assert other.wire.to_list() == ["2026", None, "1980"]
    assert asked == [[date(1899, 12, 31), first, last, date(2026, 12, 1)], [date(1980, 2, 29)]]
