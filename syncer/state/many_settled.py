"""Settled events once they are many: sorted columns, and a filter that most new events do not get past."""

from collections.abc import Callable
from functools import reduce
from operator import or_

import polars as pl

from syncer.state.requests import IDENTITY_BYTES
from syncer.state.words import NONE, identities

MOST_PARTS = 16
"""Sorted parts that are looked through one after the other; more become one."""
SLOTS = 16
"""Bits of the filter for each identity: about one look-up in sixteen of a new event gets past it."""
FIRST_SLOTS = 1 << 22
NO = pl.Series([False])
EVERY = pl.Series([True])
"""A filter that all get past."""
AT_ONCE = 262_144
"""Identities that are put into the filter at a time."""

Tell = Callable[[bytes], None]
"""Is told packed identities, some at a time."""


class ManySettled:
    """Identities in memory. Grows."""

    def __init__(self, known: pl.Series = NONE, *, part: int) -> None:
        self._part = part
        self._sorted, self._new = [_sorted(known)] if known.len() else [], NONE
        """In parts: to sort what is new in among all costs several times as much, and room for all of it once more."""
        self._filter = _filter_of(known) if known.len() else EVERY

    def __len__(self) -> int:
        return sum(map(len, self._sorted)) + self._new.len()

    def has(self, digests: bytes) -> pl.Series:
        """Return, for each of the packed `digests`, whether it is known."""
        asked = identities(digests)
        maybe = self._filter[_slots(asked, self._filter.len())]
        if not maybe.any():
            return maybe
        is_known = self.among(asked.filter(maybe))
        return maybe.scatter(maybe.arg_true().filter(~is_known), values=False) if is_known.any() else maybe & ~maybe

    def among(self, asked: pl.Series) -> pl.Series:
        """Return, for each identity, whether it is known, without the filter."""
        found = [_is_there(pl.lit(asked), part) for part in self._sorted]
        common = self._new.filter(self._new.is_in(asked.implode())) if len(self._new) else NONE
        if len(common):
            found.append(pl.lit(asked.is_in(common.implode())))
        # in one go: each call of polars costs as much as a hundred look-ups
        return pl.select(reduce(or_, found)).to_series() if found else NO.new_from_index(0, asked.len())

    def add(self, digests: bytes) -> None:
        """Take note of packed identities."""
        if not digests:
            return
        added = identities(digests)
        new = pl.concat([self._new, added])
        if (len(self) + len(digests) // IDENTITY_BYTES) * SLOTS > self._filter.len():
            self._filter = _filter_of(pl.concat([*self._sorted, new]))
        else:
            self._filter = self._filter.scatter(_slots(added, self._filter.len()), values=True)
        self._new = new  # not before: what is known gets past the filter, whatever failed
        if new.len() >= self._part:
            self._sort()

    def _sort(self) -> None:
        self._sorted, self._new = [*self._sorted, _sorted(self._new)], NONE
        if len(self._sorted) > MOST_PARTS:
            self._sorted = [_sorted(pl.concat(self._sorted))]

    def without_told(self, tell_all: Callable[[Tell], bool]) -> "ManySettled":
        """Return those that `tell_all` does not tell; all, where it ends with a no.

        This one knows all however that ends.
        """
        left = pl.concat([*self._sorted, self._new]) if self._sorted else self._new

        def tell(digests: bytes) -> None:
            nonlocal left
            if left.len():
                left = left.filter(~left.is_in(identities(digests).implode()))

        return ManySettled(left, part=self._part) if tell_all(tell) else self


def _sorted(known: pl.Series) -> pl.Series:
    return known.sort(multithreaded=False)  # as long as it takes, without a word to other threads


def _is_there(asked: pl.Expr, part: pl.Series) -> pl.Expr:
    known = pl.lit(part)
    return known.gather(known.search_sorted(asked, "left").clip(upper_bound=part.len() - 1)) == asked


def _slots(known: pl.Series, size: int) -> pl.Series:
    return known.cast(pl.UInt32, wrap_numerical=True) & (size - 1)


def _filter_of(known: pl.Series) -> pl.Series:
    size = FIRST_SLOTS
    while size < known.len() * SLOTS:
        size *= 2
    made = pl.zeros(size, pl.Boolean, eager=True)
    for part in known.to_frame().iter_slices(AT_ONCE):
        made = made.scatter(_slots(part.to_series(), size), values=True)
    return made
