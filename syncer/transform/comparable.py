"""What is compared held against the types of the columns: a value that none of a column can meet is a mistake of writing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import time, tzinfo
from decimal import Decimal
from typing import TypeAlias
from zoneinfo import ZoneInfo

import pyarrow as pa

from connectors.batches import MET
from connectors.columns import resolve
from syncer.errors import Problem
from syncer.mapping import AllOf, Column, Entry, FirstOf, Json, Modifiers, Scalar, Sql
from syncer.pipeline import Pipeline, mappings_of
from syncer.spec.times import EPOCH
from syncer.spec.values import WRITTEN_NUMBER, boolean
from syncer.transform.binding import sql_expressions
from syncer.transform.condition import Clause, Condition, compared
from syncer.transform.texts import text_of

Names: TypeAlias = tuple[str, ...]

GROUPS = ("server_event", "customer_info", "custom_data", "user_defined")
BOOLEANS = ("true", "false")
"""The texts of booleans, with which the keys of `map` are compared."""
NUMBERS = "write numbers, as short as they can be: 12.5, not 12.50"


def incomparable(pipeline: Pipeline, shape: pa.Schema) -> Iterator[Problem]:
    """Yield a problem for each column of a condition of which no value can be compared with what is written.

    Such a condition is met by no row, whatever it holds. Text and JSON may hold anything. `shape` has the columns.
    """
    zone = ZoneInfo(pipeline.settings.timezone)
    for path, when in _conditions(pipeline):
        for name, wanted in when.items():
            kind = _told_type(shape.field(resolve(name, shape.names)))
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
    if pa.types.is_time(kind):
        return time(), "write a time of day, such as 09:30, in quotation marks"
    return None, ""


def _told_type(field: pa.Field) -> pa.DataType:
    """Return the type of a column; that of nothing where only its values tell, for others may come."""
    return pa.null() if field.metadata == MET else field.type


def unmatched(pipeline: Pipeline, shape: pa.Schema) -> Iterator[Problem]:
    """Yield a problem for each `map` over booleans or numbers of whose keys none, such as `one` or `1.50`, is a text of one.

    Over booleans `True` is one beside `false`, too. Other keys beside one that can be met may be meant for the same column
    elsewhere, and where each key means yes or no and becomes just that, what is there is right as it is. `shape` has the
    columns.
    """
    aliases = {sql: alias for alias, sql in sql_expressions(pipeline)}
    for path, columns, keys in dict.fromkeys(_maps(pipeline, aliases)):
        names = [resolve(column, shape.names) for column in columns]
        kinds = [_told_type(shape.field(name)) for name in names]
        wrong = [_no_text_of(kind, keys) for kind in kinds]
        if wrong and None not in wrong:
            of = "the expression," if columns[0] in aliases.values() else f'"{names[0]}", a column'
            what = f'the key "{wrong[0]}" is no value of {of} of type {kinds[0]}'
            remedy = _sample(kinds[0])[1] if pa.types.is_boolean(kinds[0]) else NUMBERS
            yield Problem(file=pipeline.file, path=f"{path}.map", what=what, remedy=remedy)


def _no_text_of(kind: pa.DataType, keys: Sequence[str]) -> str | None:
    """Return a key that no value of `kind` meets; None where another is met, but for one in the place of a boolean."""
    if pa.types.is_boolean(kind):
        return _no_boolean(keys)
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if not is_number or any(_is_number(key, is_whole=pa.types.is_integer(kind)) for key in keys):
        return None
    return next(iter(keys), None)


def _no_boolean(keys: Sequence[str]) -> str | None:
    """Return a key that stands in the place of `true` or `false`; None where one of them is written and the other may be."""
    if {*BOOLEANS}.isdisjoint(keys):
        return next(iter(keys), None)
    return next((key for key in keys if key.lower() in BOOLEANS and key.lower() not in keys), None)


def _is_number(key: str, *, is_whole: bool) -> bool:
    """Return whether the key is the text of a number."""
    return bool(WRITTEN_NUMBER.fullmatch(key)) and text_of(Decimal(key)) == key and not (is_whole and "." in key)


def _maps(pipeline: Pipeline, aliases: Mapping[str, str]) -> Iterator[tuple[str, Names, Names]]:
    """Yield each `map` over whole values of columns: its place, the columns, its keys."""
    if pipeline.route is not None:
        yield "destination", (pipeline.route.column,), tuple(pipeline.route.map)
    for number, mapping in enumerate(mappings_of(pipeline.mapping, pipeline.events)):
        entries = {
            f"mapping.{group}.{name}": entry for group in GROUPS for name, entry in getattr(mapping, group).items()
        }
        for place, entry in entries.items():
            own = f"events[{number}].{place}"
            for columns, keys in _mapped(entry, aliases):
                yield own if own in pipeline.places else place, columns, keys


def _mapped(entry: Entry, aliases: Mapping[str, str]) -> Iterator[tuple[Names, Names]]:
    """Yield columns with the keys of a `map` over them; what a preset takes is left out, it knows its columns."""
    if isinstance(entry, Modifiers) and entry.map is not None and not (entry.otherwise == "keep" and _keeps(entry.map)):
        columns = _whole(replace(entry, map=None, default=None), aliases)
        if all(columns):
            yield tuple(filter(None, columns)), tuple(entry.map)
    if isinstance(entry, FirstOf | AllOf):
        for inner in entry.first_of if isinstance(entry, FirstOf) else entry.entries:
            yield from _mapped(inner, aliases)


def _whole(entry: Entry, aliases: Mapping[str, str]) -> tuple[str | None, ...]:
    """Return the columns of which the entry takes one whole and unchanged; None in them: it may be something else."""
    match entry:
        case Column(column=name, map=None, default=None, cookie=None, query_parameter=None, path=None, template=None):
            return (name,)
        case Sql(sql=sql, map=None, default=None):
            return (aliases[sql],)
        case FirstOf(first_of=entries, map=None, default=None):
            return tuple(column for inner in entries for column in _whole(inner, aliases))
    return (None,)


def _keeps(targets: Mapping[str, Scalar]) -> bool:
    """Return whether a map makes of each yes and no what it is, and nothing of other words."""
    return all(
        (target is None or isinstance(target, bool)) and boolean(key) is target for key, target in targets.items()
    )
