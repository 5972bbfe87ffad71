"""Which rows go to the destinations that a run sends to, where a column chooses: `destination: {column: ..., map: ...}`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Final

import polars as pl

from syncer.mapping import Column
from syncer.pipeline import Pipeline
from syncer.transform.lookup import Row
from syncer.transform.mapping import Finder
from syncer.transform.masks import nowhere
from syncer.transform.rows import Rows
from syncer.transform.texts import texts

UNKNOWN: Final = "route_unknown"


@dataclass(frozen=True, slots=True)
class Way:
    """`destination:` of a pipeline that routes, as far as one of its ways goes; values are looked up as any `map` does."""

    entry: Column
    """Gives the name of a destination; nothing for NULL and values that the map does not have."""
    here: frozenset[str]
    """The destinations that are sent to."""
    keeps_unknown: bool
    """Whether rows without a destination are judged here, so that they are counted once and not by every way."""

    @property
    def column(self) -> str:
        """Return the exact name of the column that chooses."""
        return self.entry.column

    def away(self, rows: Rows) -> pl.Series:
        """Return which rows are the business of another way."""
        found = self._destinations(rows)
        is_away = ~found.is_in(sorted(self.here))
        return is_away.fill_null(value=not self.keeps_unknown)

    def unknown(self, rows: Rows) -> pl.Series:
        """Return which rows have no destination."""
        return self._destinations(rows).is_null()

    def is_away(self, row: Row) -> bool:
        """Return whether one row is the business of another way. Twin of `away`."""
        found = row.look(self.entry).value
        return not self.keeps_unknown if found is None else found not in self.here

    def is_unknown(self, row: Row) -> bool:
        """Return whether one row has no destination. Twin of `unknown`."""
        return row.look(self.entry).value is None

    def _destinations(self, rows: Rows) -> pl.Series:
        pieces = Finder(rows).find(self.entry).pieces
        nothing = pl.Series([None], dtype=pl.String).new_from_index(0, rows.frame.height)
        return reduce(lambda found, piece: found.zip_with(found.is_not_null(), texts(piece.values)), pieces, nothing)


def way_of(pipeline: Pipeline, column: Callable[..., str]) -> Way | None:
    """Return the way of a pipeline that routes; `column` gives the exact name of a column, with the `path` where it is named.

    Rows without a destination belong to the way of the first one in the map.
    """
    route = pipeline.route
    if route is None:
        return None
    entry = Column(column=column(route.column, path="destination.column"), map={**route.map}, otherwise="drop")
    return Way(entry, frozenset(pipeline.destinations), next(iter(route.map.values())) in pipeline.destinations)


def away_of(way: Way | None, rows: Rows) -> pl.Series:
    """Return which rows are the business of another way; nowhere where there is one way alone."""
    return nowhere(rows.frame.height) if way is None else way.away(rows)
