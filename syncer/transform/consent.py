"""Consent: which rows may be sent at all. Whatever is not a clear yes is a no."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import polars as pl

from syncer.pipeline import Consent, Pipeline
from syncer.spec.text import is_blank, trim
from syncer.spec.values import boolean
from syncer.transform.condition import Clause, Condition
from syncer.transform.distinct import WORTH_UNHASHED, Distinct
from syncer.transform.extract import read_json
from syncer.transform.folded import WORDS, folded_clause, folded_row, folded_rows
from syncer.transform.identity import Scope
from syncer.transform.lists import elements, regrouped
from syncer.transform.lookup import Row
from syncer.transform.masks import certain, nowhere
from syncer.transform.rows import Rows
from syncer.transform.texts import text_of
from syncer.transform.verdicts import Verdicts


class Answer(StrEnum):
    """What a row says about consent; kept with each request, with no value beside it."""

    GRANTED = "granted"
    NOT_ASKED = "not_asked"
    """The row is none of those that need consent."""
    DENIED = "denied"
    MISSING = "missing"
    """NULL, blank, or NaN."""
    UNKNOWN = "unknown"
    """A value that means neither yes nor no."""


ANSWERS: Final = tuple(Answer)
"""By their number in columns."""
REASONS: Final[Mapping[Answer, str]] = {
    Answer.DENIED: "consent_denied",
    Answer.MISSING: "consent_missing",
    Answer.UNKNOWN: "consent_unknown",
}
LATER: Final = "consent_came_later"
"""The reason of rows that say yes, but said otherwise before."""
Known: TypeAlias = Callable[[bytes], pl.Series]
"""Tells of packed identities which are known: Boolean."""
Unsent: TypeAlias = Sequence[tuple[Scope, Known]]
"""For each destination what was left unsent for want of consent, by identities of its scope."""
NUMBER: Final = {answer: number for number, answer in enumerate(ANSWERS)}
REFUSED: Final = tuple(NUMBER[answer] for answer in REASONS)


@dataclass(frozen=True, slots=True)
class Gate:
    """`consent:` of a pipeline, with the exact names of its columns."""

    column: str
    category: str | None
    granted: frozenset[str]
    """Further words for yes, folded."""
    applies_to: Condition | None
    retroactive: bool
    zone: tzinfo

    @classmethod
    def of(cls, consent: Consent, column: str, applies_to: Condition | None, zone: tzinfo) -> "Gate":
        """Return the gate."""
        words = frozenset(word for value in consent.granted if (word := _word(value)) is not None)
        category = None if consent.category is None else trim(consent.category)
        return cls(column, category, words, applies_to, consent.retroactive, zone)

    def judge(self, rows: Rows) -> pl.Series:
        """Return the number in `ANSWERS` of what each row says."""
        values = rows.frame.get_column(self.column)
        found = self._answers(values, is_json=self.column in rows.json_columns)
        if self.applies_to is None:
            return found
        return _put(found, _are_others(self.applies_to, rows, self.zone), Answer.NOT_ASKED)

    def judge_row(self, row: Row) -> Answer:
        """Return what one row says. Twin of `judge`."""
        if self.applies_to is not None and _is_other(self.applies_to, row, self.zone):
            return Answer.NOT_ASKED
        return self._answer(row.values[self.column], is_json=self.column in row.json_columns)

    def came_later(
        self, said: pl.Series, identities: pl.Series, was_unsent: Callable[[pl.Series], pl.Series]
    ) -> pl.Series | None:
        """Return which rows have their consent only since an earlier run left them unsent, where that is too late.

        `was_unsent` tells of the rows of a mask which an earlier run left so. A row of the same batch with the same key
        that has none counts as an earlier one, wherever it stands.
        """
        if self.retroactive:
            return None
        is_granted = (said == NUMBER[Answer.GRANTED]) & identities.is_not_null()
        if not is_granted.any():
            return None
        granted = identities.filter(is_granted)
        is_unsent = granted.is_in(identities.filter(said.is_in(REFUSED)).drop_nulls().implode())
        return is_granted.scatter(is_granted.arg_true(), is_unsent | was_unsent(is_granted))

    def _answers(self, values: pl.Series, *, is_json: bool) -> pl.Series:
        dtype = values.dtype
        if isinstance(dtype, pl.List) and self.category is not None and not dtype.inner.is_nested():
            return self._of_lists(values)
        distinct = Distinct(values, None, None) if dtype.is_nested() else _distinct(values)
        found = [NUMBER[self._answer(value, is_json=is_json)] for value in distinct.values.to_list()]
        spread = distinct.spread(pl.Series(found, dtype=pl.UInt8))
        return spread.fill_null(NUMBER[Answer.MISSING])

    def _of_lists(self, lists: pl.Series) -> pl.Series:
        distinct = _distinct(elements(lists))
        is_it = pl.Series([_name(value) == self.category for value in distinct.values.to_list()], dtype=pl.Boolean)
        is_in = regrouped(certain(distinct.spread(is_it)), lists).list.any()
        said = _put(everywhere(Answer.DENIED, len(lists)), is_in, Answer.GRANTED)
        return _put(said, lists.is_null(), Answer.MISSING)

    def _answer(self, value: object, *, is_json: bool) -> Answer:
        if is_blank(value):
            return Answer.MISSING
        try:
            plain = _plain(value, is_json=is_json)
        except ValueError:
            return Answer.UNKNOWN
        return self._yes_or_no(plain) if self.category is None else self._member(plain, self.category)

    def _yes_or_no(self, value: object) -> Answer:
        if is_blank(value):
            return Answer.MISSING
        if isinstance(value, list | dict):
            return Answer.UNKNOWN
        said = True if _word(value) in self.granted else boolean(value)
        return Answer.UNKNOWN if said is None else Answer.GRANTED if said else Answer.DENIED

    def _member(self, value: object, category: str) -> Answer:
        match value:
            case None | bool():
                return Answer.MISSING if value is None else Answer.UNKNOWN
            case dict():
                return self._yes_or_no(value[category]) if category in value else Answer.DENIED
            case list():
                items = value
            case str():
                items = value.split(",")
            case _:
                items = [value]
        if category in map(_name, items):
            return Answer.GRANTED
        return Answer.UNKNOWN if any(isinstance(item, list | dict) for item in items) else Answer.DENIED


def gate_of(pipeline: Pipeline, column: Callable[..., str]) -> Gate | None:
    """Return the gate of a pipeline; `column` gives the exact name of a column, with the `path` where it is named."""
    consent = pipeline.consent
    if consent is None:
        return None
    exact = column(consent.column, path="consent.column")
    names = {name: column(name, path=f"consent.applies_to.{name}") for name in consent.applies_to or {}}
    applies_to = Condition.of(consent.applies_to, names.__getitem__) if consent.applies_to else None
    return Gate.of(consent, exact, applies_to, ZoneInfo(pipeline.settings.timezone))


def refuse_without_consent(verdicts: Verdicts, gate: Gate, said: pl.Series) -> None:
    """Refuse the rows that say anything but yes; `said` is from `Gate.judge`."""
    for answer, reason in REASONS.items():
        verdicts.refuse(said == NUMBER[answer], reason, gate.column)


def in_words(column: str | None, said: pl.Series) -> str | None:
    """Return what the rows of a request said of consent, such as `marketing: granted`; None where they were not asked."""
    if column is None:
        return None
    return f"{column}: {', '.join(ANSWERS[number] for number in said.unique().sort())}"


def everywhere(answer: Answer, rows: int) -> pl.Series:
    """Return the number of `answer` in every row."""
    return pl.Series([NUMBER[answer]], dtype=pl.UInt8).new_from_index(0, rows)


def _put(found: pl.Series, where: pl.Series, answer: Answer) -> pl.Series:
    return everywhere(answer, len(found)).zip_with(where, found)


def _distinct(values: pl.Series) -> Distinct:
    return Distinct.of(values, None, worth=WORTH_UNHASHED)


def _plain(value: object, *, is_json: bool) -> object:
    """Return what JSON text holds, and other values as they are; raises `ValueError` for JSON that is none."""
    is_document = isinstance(value, str) and (is_json or trim(value).startswith(("[", "{")))
    return read_json(value) if is_document and isinstance(value, str) else value


def _name(item: object) -> str | None:
    text = None if isinstance(item, list | dict) else text_of(item)
    return None if text is None else trim(text)


def _word(value: object) -> str | None:
    text = text_of(value)
    return None if text is None else trim(text).lower()


# --- who needs consent ----------------------------------------------------------------------------
#
# A row is another only where a clause certainly does not hold of it, compared without regard to case and blanks, lest
# `DE` needs none. Neither does a clause about order or NULL as it stands.


def _are_others(condition: Condition, rows: Rows, zone: tzinfo) -> pl.Series:
    """Return which rows certainly do not meet the condition."""
    folded, others = folded_rows(rows, condition.columns), nowhere(rows.frame.height)
    for clause in condition.clauses:
        missed = _missed(folded_clause(clause), folded, zone)
        others |= missed if clause.comparison in WORDS else missed & _missed(clause, rows, zone)
    return others


def _missed(clause: Clause, rows: Rows, zone: tzinfo) -> pl.Series:
    return ~Condition((clause,)).judge(rows, zone).met.fill_null(value=True)


def _is_other(condition: Condition, row: Row, zone: tzinfo) -> bool:
    """Return whether one row certainly does not meet the condition. Twin of `_are_others`."""
    folded = folded_row(row, condition.columns)
    return any(
        _is_missed(folded_clause(clause), folded, zone)
        and (clause.comparison in WORDS or _is_missed(clause, row, zone))
        for clause in condition.clauses
    )


def _is_missed(clause: Clause, row: Row, zone: tzinfo) -> bool:
    return Condition((clause,)).judge_row(row, zone).met is False
