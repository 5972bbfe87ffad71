"""Limited Data Use: the three options of `limited_data_use` as columns, which the mapping then treats like any others."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from syncer.pipeline import Pipeline
from syncer.transform.claims import only
from syncer.transform.condition import Clause, Condition, Judged, JudgedRow
from syncer.transform.folded import WORDS, folded_clause, folded_row, folded_rows
from syncer.transform.lookup import Row
from syncer.transform.masks import nowhere
from syncer.transform.rows import Rows
from syncer.transform.validate import COUNTRY, OPTIONS, STATE

COLUMNS: Final = {
    OPTIONS: "syncer_limited_data_use",
    COUNTRY: "syncer_limited_data_use_country",
    STATE: "syncer_limited_data_use_state",
}
"""Parameter to the column that is added to the rows."""
FLAG: Final = "LDU"
NO_FLAG: Final = "?"
"""No option of Meta's: where nobody can say whether the flag is wanted, the event is refused."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`limited_data_use:` of a pipeline, with the exact names of its columns."""

    when: Condition
    places: dict[str, int | str]
    """COUNTRY and STATE to a number of Meta's or a column."""
    zone: tzinfo

    def of_rows(self, rows: Rows) -> Rows:
        """Return the rows with the columns of `COLUMNS`; NULL where the flag is not wanted."""
        judged = self._judged(rows)
        odd = pl.zeros(rows.frame.height, pl.Boolean, eager=True) if judged.odd is None else judged.odd
        words = pl.select(
            pl.when(pl.lit(odd)).then(pl.lit(NO_FLAG)).when(pl.lit(judged.holds)).then(pl.lit(FLAG)).otherwise(None)
        ).to_series()
        added, flagged = [words.cast(pl.String).alias(COLUMNS[OPTIONS])], judged.holds | odd
        for name, place in self.places.items():
            values = rows.frame.get_column(place) if isinstance(place, str) else _everywhere(place, len(flagged))
            added.append(only(values, flagged).alias(COLUMNS[name]))
        return replace(rows, frame=rows.frame.with_columns(added), json_columns=self._json(rows.json_columns))

    def of_row(self, row: Row) -> Row:
        """Return one row with the columns. Twin of `of_rows`."""
        judged = self._judged_row(row)
        word = NO_FLAG if judged.odd else FLAG if judged.met else None
        added: dict[str, Any] = {COLUMNS[OPTIONS]: word}
        for name, place in self.places.items():
            added[COLUMNS[name]] = None if word is None else row.values[place] if isinstance(place, str) else place
        return replace(row, values={**row.values, **added}, json_columns=self._json(row.json_columns))

    def _judged(self, rows: Rows) -> Judged:
        """Return where the flag is wanted: where a word is another one only by case or blanks, too."""
        judged = self.when.judge(rows, self.zone)
        if not self._has_words:
            return judged
        folded, also = folded_rows(rows, self.when.columns), ~nowhere(rows.frame.height)
        for clause in self.when.clauses:
            also &= Condition((clause,)).judge(rows, self.zone).holds | _in_words(clause, folded, self.zone)
        return Judged(judged.met | also, None if judged.odd is None else judged.odd & ~also)

    def _judged_row(self, row: Row) -> JudgedRow:
        """Return whether the flag is wanted for one row. Twin of `_judged`."""
        judged = self.when.judge_row(row, self.zone)
        if judged.met or not self._has_words:
            return judged
        folded = folded_row(row, self.when.columns)
        also = all(
            Condition((clause,)).judge_row(row, self.zone).met or _is_in_words(clause, folded, self.zone)
            for clause in self.when.clauses
        )
        return JudgedRow(met=True) if also else judged

    @property
    def _has_words(self) -> bool:
        return any(
            isinstance(word, str)
            for clause in self.when.clauses
            if clause.comparison in WORDS
            for word in clause.values
        )

    def _json(self, known: frozenset[str]) -> frozenset[str]:
        return known | {COLUMNS[name] for name, place in self.places.items() if place in known}


def _in_words(clause: Clause, folded: Rows, zone: tzinfo) -> pl.Series:
    if clause.comparison not in WORDS:
        return nowhere(folded.frame.height)
    return Condition((folded_clause(clause),)).judge(folded, zone).holds


def _is_in_words(clause: Clause, folded: Row, zone: tzinfo) -> bool:
    """Return whether one row meets the clause in words. Twin of `_in_words`."""
    return clause.comparison in WORDS and bool(Condition((folded_clause(clause),)).judge_row(folded, zone).met)


def limit_of(pipeline: Pipeline, column: Callable[..., str]) -> Limit | None:
    """Return the limit of a pipeline; `column` gives the exact name of a column, with the `path` where it is named."""
    limited = pipeline.limited_data_use
    if limited is None:
        return None
    names = {name: column(name, path=f"limited_data_use.when.{name}") for name in limited.when or {}}
    places = {
        name: column(place, path=f"limited_data_use.{key}") if isinstance(place, str) else place
        for name, key, place in ((COUNTRY, "country", limited.country), (STATE, "state", limited.state))
    }
    return Limit(Condition.of(limited.when, names.__getitem__), places, ZoneInfo(pipeline.settings.timezone))


def _everywhere(number: int, rows: int) -> pl.Series:
    return pl.Series([number], dtype=pl.Int64).new_from_index(0, rows)
