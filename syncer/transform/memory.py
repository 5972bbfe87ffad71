"""What became of values in earlier batches: people come back, and what is sent for a value stays the same.

Polars numbers the texts of a category as they come, also those of later columns, in a fifth of the time of a pattern.
Days have numbers already. What was judged lies under these numbers.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple, TypeAlias

import polars as pl

from syncer.transform.masks import Mask, certain, nowhere

SOME: Final = 2**15
"""Texts that a memory may hold before it is given up: about 6 MB."""
MANY: Final = 2**16
"""The same for a rule that costs several times as much as others."""
MOST_BYTES: Final = 2**23
"""Bytes of text after which a memory is given up as well."""
EPOCH: Final = date(1970, 1, 1)
ONE_DAY: Final = timedelta(days=1)
MEMORIES: Final = 16
"""Rules whose texts are remembered; those for dates are new every day."""


class Judged(NamedTuple):
    """What is sent for each value."""

    wire: pl.Series
    """Text, NULL where nothing is sent."""
    dropped: Mask
    """Where a value that is not blank was given and nothing is sent."""
    warned: Mapping[str, pl.Series]
    """Warning codes, each with its values."""

    def behind(self, known: "Judged") -> "Judged":
        """Return what is known already with this behind it."""
        rows, more = len(known.wire), len(self.wire)
        codes = dict.fromkeys((*known.warned, *self.warned))
        return Judged(
            pl.concat([known.wire, self.wire], rechunk=True),
            _joined(known.dropped, rows, self.dropped, more),
            {code: _masks(known.warned.get(code), rows, self.warned.get(code), more) for code in codes},
        )


Judge: TypeAlias = Callable[[pl.Series], Judged]


class Memory:
    """The texts that one rule met, numbered as they came, and what became of them; grows."""

    def __init__(self) -> None:
        self._kind = pl.Categorical(pl.Categories.random())
        self._keeps_numbers = pl.Series([], dtype=self._kind)
        self.known = Judged(pl.Series([], dtype=pl.String), None, {})
        self.text_bytes = 0

    def numbers(self, texts: pl.Series, judge: Judge) -> pl.Series:
        """Return the place in `known` of each text, NULL for NULL; `judge` is asked about those that are new."""
        numbers = texts.cast(self._kind).to_physical()
        end, known = 1 + int(numbers.max() or 0), len(self.known.wire)  # type: ignore[arg-type]  # numbers are integers
        if numbers.null_count() < len(numbers) and end > known:
            new = pl.int_range(known, end, dtype=pl.UInt32, eager=True).cat.to(self._kind).cast(pl.String)
            self.known = judge(new).behind(self.known)
            self.text_bytes += int(new.str.len_bytes().sum())
        return numbers


class Days:
    """The days that one rule met, and what became of them; grows. Days before `first` are all alike to it, and so are those behind `last`."""

    def __init__(self, first: date, last: date) -> None:
        self._low, self._high = ((day - EPOCH).days for day in (first - ONE_DAY, last + ONE_DAY))
        self._places = pl.Series([None], dtype=pl.UInt32).new_from_index(0, self._high - self._low + 1)
        self.known = Judged(pl.Series([], dtype=pl.String), None, {})

    def numbers(self, days: pl.Series, judge: Judge) -> pl.Series:
        """Return the place in `known` of each day, NULL for NULL; `judge` is asked about those that are new."""
        own = (days.cast(pl.Int32).clip(self._low, self._high) - self._low).cast(pl.UInt32)
        numbers = self._places[own]
        if numbers.null_count() == own.null_count():
            return numbers
        new, known = own.filter(numbers.is_null()).drop_nulls().unique(), len(self.known.wire)
        self.known = judge((new.cast(pl.Int32) + self._low).cast(pl.Date)).behind(self.known)
        places = pl.int_range(known, known + len(new), dtype=pl.UInt32, eager=True)
        self._places = self._places.clone().scatter(new, places)
        return self._places[own]


_SHELF: Final[OrderedDict[Hashable, Memory | Days]] = OrderedDict()


def remembered(rule: Hashable, texts: pl.Series, judge: Judge, *, most: int = SOME) -> Judged:
    """Return what is sent for each of `texts`, which `judge` decides by the text alone, and as `rule` says.

    Whoever uses a memory has it for himself; who finds none begins one, and one that fails is not put back.
    """
    found = _SHELF.pop(rule, None)
    memory = found if isinstance(found, Memory) else Memory()
    numbers = memory.numbers(texts, judge)
    if len(memory.known.wire) <= most and memory.text_bytes <= MOST_BYTES:
        _put_back(rule, memory)
    return _of(memory.known, numbers)


def remembered_days(rule: Hashable, days: pl.Series, judge: Judge, *, first: date, last: date) -> Judged:
    """Return what is sent for each of `days`, native dates, as `remembered` does; `rule` names `first` and `last` as well."""
    found = _SHELF.pop(rule, None)
    memory = found if isinstance(found, Days) else Days(first, last)
    numbers = memory.numbers(days, judge)
    _put_back(rule, memory)
    return _of(memory.known, numbers)


def _put_back(rule: Hashable, memory: Memory | Days) -> None:
    _SHELF[rule] = memory
    if len(_SHELF) > MEMORIES:
        _SHELF.popitem(last=False)


def _of(known: Judged, numbers: pl.Series) -> Judged:
    return Judged(
        known.wire[numbers],
        None if known.dropped is None else _spread(known.dropped, numbers),
        {code: _spread(mask, numbers) for code, mask in known.warned.items()},
    )


def _spread(mask: pl.Series, numbers: pl.Series) -> pl.Series:
    return certain(mask[numbers])


def _joined(one: Mask, rows: int, other: Mask, more: int) -> Mask:
    return None if one is None and other is None else _masks(one, rows, other, more)


def _masks(one: Mask, rows: int, other: Mask, more: int) -> pl.Series:
    parts = [nowhere(rows) if one is None else one, nowhere(more) if other is None else other]
    return pl.concat([part.alias("") for part in parts], rechunk=True)
