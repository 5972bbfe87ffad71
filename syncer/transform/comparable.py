"""Conditions held against the types of their columns: a value that none of a column can meet is a mistake of writing."""

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from zoneinfo import ZoneInfo

import pyarrow as pa

from connectors.columns import resolve
from syncer.errors import Problem
from syncer.mapping import Json
from syncer.pipeline import Pipeline
from syncer.spec.times import EPOCH
from syncer.transform.condition import Clause, Condition, compared


def incomparable(pipeline: Pipeline, shape: pa.Schema) -> Iterator[Problem]:
    """Yield a problem for each column of a condition of which no value can be compared with what is written.

    Such a condition is met by no row, whatever it holds. Text and JSON may hold anything. `shape` has the columns.
    """
    zone = ZoneInfo(pipeline.settings.timezone)
    for path, when in _conditions(pipeline):
        for name, wanted in when.items():
            kind = shape.field(resolve(name, shape.names)).type
            for clause in Condition.of({name: wanted}).clauses:
                if wrong := _wrong(clause, kind, zone):
                    what = f'{wrong[0]} can be compared with no value of "{name}", a column of type {kind}'
                    yield Problem(file=pipeline.file, path=f"{path}.{name}", what=what, remedy=wrong[1])


def _conditions(pipeline: Pipeline) -> Iterator[tuple[str, Mapping[str, Json]]]:
    for number, rule in enumerate(pipeline.events):
        yield f"events[{number}].when", rule.when or {}
    if pipeline.consent is not None:
        yield "consent.applies_to", pipeline.consent.applies_to or {}
    if pipeline.limited_data_use is not None:
        yield "limited_data_use.when", pipeline.limited_data_use.when or {}


def _wrong(clause: Clause, kind: pa.DataType, zone: tzinfo) -> tuple[str, str] | None:
    """Return a value that spoils the clause, and how to mend it; of a list for `is` one that fits is enough."""
    sample, remedy = _sample(kind)
    if sample is None or clause.comparison == "is_null":
        return None
    wrong = [each for each in clause.values if not compared(sample, each, zone)]
    if not wrong or (clause.comparison != "not" and len(wrong) < len(clause.values)):
        return None
    return str(wrong[0]).lower() if isinstance(wrong[0], bool) else str(wrong[0]), remedy


def _sample(kind: pa.DataType) -> tuple[object, str]:
    """Return a value of a type, and what is written beside such; None where what it holds is not known."""
    if pa.types.is_boolean(kind):
        return True, "write true or false"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return 1, "write a number"
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        at = EPOCH if pa.types.is_timestamp(kind) and kind.tz else EPOCH.replace(tzinfo=None)
        return at, "write a day or a time, such as 2026-11-20 or 2026-11-20T10:00:00Z"
    return None, ""
