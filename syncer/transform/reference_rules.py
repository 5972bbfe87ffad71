"""One row made into all of its events: the readable twin of `rules`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypeAlias, TypeVar

from syncer.pipeline import Pipeline
from syncer.report import ELSEWHERE, Tally
from syncer.transform.built import BuiltEvent, BuiltReject
from syncer.transform.consent import REASONS as REFUSED_FOR
from syncer.transform.duplicates import OTHER, SAME, TWIN
from syncer.transform.identity import Scope
from syncer.transform.reference import Reference
from syncer.transform.verdicts import KEY_MISSING, OF_ROWS

Built: TypeAlias = BuiltEvent | BuiltReject
One = TypeVar("One", bound=Built)


@dataclass(frozen=True, slots=True)
class References:
    """Makes all events of rows, one row at a time."""

    kinds: tuple[Reference, ...]
    """One for each rule, in the order of the file."""

    @classmethod
    def of(cls, pipeline: Pipeline, columns: Iterable[str], scope: Scope, *, json_columns: Iterable[str] = ()) -> Self:
        """Return those for rows with `columns`; raises `ConfigError` where a mapped one is missing."""
        return cls(Reference.each_of(pipeline, columns, scope, json_columns=json_columns))

    def build_batch(
        self, rows: Sequence[Mapping[str, Any]], *, now: int, start: int | None = None
    ) -> tuple[tuple[Built, ...], ...]:
        """Return what each row gives where all are read together: of rows with one key the first is sent.

        None of them is where one has no consent.
        """
        knowing = References(tuple(replace(kind, unsent=left_unsent(kind, rows)) for kind in self.kinds))
        sent: dict[bytes, BuiltEvent] = {}
        built = (knowing._each(row, now=now, start=start) for row in rows)
        return tuple(tuple(_without_twins(_once(one, sent) for one in of_row)) for of_row in built)

    def build(self, row: Mapping[str, Any], *, now: int, start: int | None = None) -> tuple[Built, ...]:
        """Return what each rule that matches gives, at least one reject; `now` and `start` in Unix seconds."""
        return tuple(_without_twins(self._each(row, now=now, start=start)))

    def _each(self, row: Mapping[str, Any], *, now: int, start: int | None) -> tuple[Built, ...]:
        """Return the same without asking whether two rules give one event."""
        first = self.kinds[0]
        if first.is_away(row):
            return (BuiltReject(identity=first.identity(row), reason=ELSEWHERE, field=None, tally=Tally(rows_read=1)),)
        built = [kind.build(row, now=now, start=start) for kind in self.kinds if kind.matches(row)]
        if not built:
            return (without_rule(first.build(row, now=now, start=start)),)
        return tuple(once_a_row(built))


def left_unsent(kind: Reference, rows: Iterable[Mapping[str, Any]]) -> frozenset[bytes]:
    """Return the identities of the rows that have no consent, which none of their key is sent without."""
    gate = kind.binding.consent
    if gate is None:
        return frozenset()
    theirs = (row for row in rows if kind.matches(row) and not kind.is_away(row))
    found = (kind.identity(row) for row in theirs if gate.judge_row(kind.as_read(row)) in REFUSED_FOR)
    return frozenset(each for each in found if each is not None)


def _once(built: Built, sent: dict[bytes, BuiltEvent]) -> Built:
    """Return an event whose identity is new, else the reject of a repeated one."""
    if isinstance(built, BuiltReject):
        return built
    first = sent.setdefault(built.identity, built)
    if first is built:
        return built
    return _refused(built, SAME if first.event == built.event else OTHER)


def without_rule(first: Built) -> BuiltReject:
    """Return the reject of a row that no rule gives an event of; `first` is what the first rule would have given."""
    if isinstance(first, BuiltReject) and first.reason in ("unreadable", KEY_MISSING):
        return first  # consent is not asked for: there is no event that would need it
    return BuiltReject(identity=first.identity, reason="no_rule", field=None, tally=Tally(rows_read=1))


def _is_of_row(built: Built) -> bool:
    return isinstance(built, BuiltReject) and (built.bucket in OF_ROWS or built.reason == KEY_MISSING)


def once_a_row(built: Iterable[One]) -> Iterable[One]:
    """Yield what each rule gives; what is said of the whole row by several stands once, as the first of them says it."""
    seen: set[object] = set()
    for one in built:
        if not (isinstance(one, BuiltReject) and _is_of_row(one)):
            yield one
        elif one.bucket not in seen:
            seen.add(one.bucket)
            yield one


def _without_twins(built: Iterable[Built]) -> Iterable[Built]:
    seen: set[tuple[str, str]] = set()
    for one in built:
        if isinstance(one, BuiltEvent):
            mark = (one.event["event_name"], one.event_id)
            if mark in seen:
                yield _refused(one, TWIN)
                continue
            seen.add(mark)
        yield one


def _refused(one: BuiltEvent, reason: str) -> BuiltReject:
    return BuiltReject(
        identity=one.identity, reason=reason, field=None, tally=one.tally, steps=one.steps, rule=one.rule
    )
