"""The distinct values of a column, where that saves work: countries, names and cities repeat, addresses do not."""

from dataclasses import dataclass
from typing import Final, Self

import polars as pl

WORTH: Final = 0.6
"""Share of distinct values up to which finding them costs less than working on every row and hashing it."""
WORTH_UNHASHED: Final = 0.25
"""The same where nothing is hashed and patterns are few."""
FEW_ROWS: Final = 256
"""Below this the bookkeeping costs more than the rows."""
SAMPLE: Final = 1_024
"""Values looked at to estimate how many are distinct; counting them all costs half of a pattern, for each column."""
LARGE_SAMPLE: Final = 2 * SAMPLE
"""The same where the question is whether a memory holds them all, which may be many times as many."""

FIRST: Final = pl.Series([0], dtype=pl.UInt32)
WITHOUT_ARROW: Final = (pl.Int128, pl.UInt128)


@dataclass(frozen=True, slots=True)
class Distinct:
    """Values to work on, each with its country where the rule needs one, and the rows they stand for."""

    values: pl.Series
    countries: pl.Series | None
    places: pl.Series | None
    """For each row the place of its value, NULL for NULL; None: the values are the rows themselves."""

    @classmethod
    def of(cls, values: pl.Series, countries: pl.Series | None, *, worth: float = WORTH) -> Self:
        """Return the distinct ones of `values`, which Arrow must be able to compare, or of the pairs with countries."""
        rows = len(values) - values.null_count()
        if len(values) < FEW_ROWS or values.dtype in WITHOUT_ARROW:
            return cls(values, countries, None)
        if countries is None and _is_constant(values):
            return cls(values.head(1), None, FIRST.new_from_index(0, len(values)))
        if _estimate(values.head(SAMPLE)) > worth * rows:
            return cls(values, countries, None)
        found, places = _encoded(values)
        if countries is None:
            return cls(found, None, places)
        known, country_places = _encoded(countries)
        unknown = len(known)
        pairs, places = _encoded(places.cast(pl.Int64) * (unknown + 1) + country_places.fill_null(unknown))
        known = known.extend(pl.Series([None], dtype=pl.String))
        return cls(found.gather(pairs // (unknown + 1)), known.gather(pairs % (unknown + 1)), places)

    def spread(self, found: pl.Series) -> pl.Series:
        """Return for each row what was found for its value."""
        return found if self.places is None else found[self.places]

    def rows(self, mask: pl.Series) -> int:
        """Return how many rows have a value that `mask` marks."""
        return int(self.spread(mask).sum())


def is_worth_remembering(values: pl.Series, *, most: int) -> bool:
    """Return whether values are text of which a memory of so many would hold all there are."""
    return values.dtype == pl.String and len(values) >= FEW_ROWS and _estimate(values.head(LARGE_SAMPLE)) <= most


def _is_constant(values: pl.Series) -> bool:
    """Return whether every row has the same text: what a mapping states itself, the country of a shop."""
    if values.dtype != pl.String or values.null_count() or values.item(0) != values.item(-1):
        return False
    return bool((values == values.item(0)).all())


def _estimate(sample: pl.Series) -> float:
    """Return about how many values there are where a column has these, judged by how often two of them are equal."""
    size, distinct = len(sample) - sample.null_count(), sample.n_unique() - min(1, sample.null_count())
    repeated = size - distinct
    return distinct if 2 * distinct <= size else size * size / max(2 * repeated, 1)


def _encoded(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the distinct values, and for each row the place of its own, NULL for NULL."""
    encoded = values.to_arrow().dictionary_encode()
    return pl.Series(encoded.dictionary), pl.Series(encoded.indices).cast(pl.UInt32)
