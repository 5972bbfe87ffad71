"""A pipeline's own tests: what would become of rows that its file holds; no warehouse, no destination, no state."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from syncer.errors import ConfigError
from syncer.pipeline import Json, Pipeline
from syncer.spec import times
from syncer.spec.context import Context
from syncer.transform.binding import named_columns, sql_expressions
from syncer.transform.built import BuiltEvent, BuiltReject
from syncer.transform.identity import Scope
from syncer.transform.reference_rules import References
from syncer.transform.texts import text_of

LATEST = 253_402_300_799
"""The end of 9999, in Unix seconds."""
DIGEST = re.compile(r"sha256\((.*)\)", re.DOTALL)
"""What an expected value writes for the digest of a text."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one test."""

    pipeline: str
    test: str
    failures: tuple[str, ...]
    """What is not as it should be; empty: the test passed."""


def run_tests(pipeline: Pipeline, scope: Scope) -> Iterator[Verdict]:
    """Yield a verdict for each test of `pipeline`, in their order.

    The rows hold values by column; a column that a row does not name is NULL, and the value of an `sql` expression
    stands under its text. Events are compared with `expect` in the order of the rows: what is expected must be there,
    further members may be. Raises nothing: what cannot be done fails the test.
    """
    for test in pipeline.tests:
        try:
            failures = tuple(_failures(pipeline, scope, test))
        except ConfigError as error:
            failures = tuple(str(problem) for problem in error.problems)
        yield Verdict(pipeline.name, str(test["name"]), failures)


def _failures(pipeline: Pipeline, scope: Scope, test: Mapping[str, Any]) -> Iterator[str]:
    rows, columns = _rows(pipeline, test["rows"])
    references = References.of(pipeline, columns, scope)
    now = _now(references, rows, test.get("now"))
    each = zip(rows, references.build_batch(rows, now=now), strict=True)
    built = [(row, one) for row, found in each for one in found]
    events = [one.event for _, one in built if isinstance(one, BuiltEvent)]
    rejects = [(_key(pipeline, row), one) for row, one in built if isinstance(one, BuiltReject)]
    yield from _compared("event", events, test.get("expect") or [])
    found = [{"key": key, "reason": one.reason} for key, one in rejects]
    expected = [{**each, "key": text_of(each.get("key"))} for each in test.get("expect_rejected") or []]
    for number, reject in enumerate(found):
        if number >= len(expected):
            yield f"key {reject['key']} was rejected: {reject['reason']}"
    yield from _compared("reject", found[: len(expected)], expected)


def _rows(pipeline: Pipeline, given: list[dict[str, Json]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows with every column that the pipeline needs, and the columns."""
    aliases = {sql: alias for alias, sql in sql_expressions(pipeline)}
    named = [{aliases.get(name, name): value for name, value in row.items()} for row in given]
    columns = list(dict.fromkeys(name for row in named for name in row))
    known = {name.casefold() for name in columns}
    columns += [name for name in named_columns(pipeline) if name.casefold() not in known]
    return [{name: row.get(name) for name in columns} for row in named], columns


def _now(references: References, rows: list[dict[str, Any]], written: Any) -> int:
    """Return the moment of the test: the one it names, else that of its newest event."""
    if written is not None:
        return _in_calendar(times.unix_seconds(written, Context()) or 0)
    built = (one for row in rows for one in references.build(row, now=0))
    steps = [step for one in built for step in one.steps if step.field == "event_time"]
    return _in_calendar(max((int(step.sent) for step in steps if step.sent is not None), default=0))


def _in_calendar(at: int) -> int:
    """Return the nearest moment that has a date in UTC: the last evening of 9999 in America has none."""
    return max(0, min(at, LATEST))


def _key(pipeline: Pipeline, row: Mapping[str, Any]) -> str | None:
    folded = {name.casefold(): value for name, value in row.items()}
    parts = [text_of(folded.get(name.casefold())) for name in pipeline.key]
    return None if None in parts else ",".join(part for part in parts if part is not None)


def _compared(what: str, found: list[Any], expected: list[Any]) -> Iterator[str]:
    if len(found) != len(expected):
        yield f"{len(found)} {what}s instead of {len(expected)}"
    for number, (one, wanted) in enumerate(zip(found, expected, strict=False), start=1):
        yield from _differences(one, wanted, f"{what} {number}")


def _differences(found: Any, wanted: Any, place: str) -> Iterator[str]:
    """Yield each place where `found` lacks or contradicts what is wanted."""
    match wanted:
        case dict() if isinstance(found, dict):
            for name, value in wanted.items():
                yield from _differences(found.get(name), value, f"{place}.{name}")
        case list() if isinstance(found, list) and len(found) == len(wanted):
            for number, value in enumerate(wanted):
                yield from _differences(found[number], value, f"{place}[{number}]")
        case _ if not _equal(found, wanted):
            yield f"{place} is {_shown(found)}, expected {_shown(wanted)}"


def _equal(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, str) and (text := DIGEST.fullmatch(wanted)):
        return bool(found == hashlib.sha256(text[1].encode()).hexdigest())
    numbers = (int, float, Decimal)
    if isinstance(found, numbers) and isinstance(wanted, numbers) and bool not in {type(found), type(wanted)}:
        return Decimal(str(found)) == Decimal(str(wanted))
    return bool(found == wanted and type(found) is type(wanted))


def _shown(value: Any) -> str:
    return "missing" if value is None else repr(value) if isinstance(value, str) else str(value)
