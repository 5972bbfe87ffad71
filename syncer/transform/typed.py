"""Values of every group but customer information in columns. Twin of `values.read`.

A rule in columns claims what it is certain about; what it leaves open goes through the scalar rule, once for each
distinct value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

import polars as pl

from syncer.spec import values as rules
from syncer.spec.context import Context
from syncer.spec.fields import Group, Parameter
from syncer.transform import slow, typed_list, typed_number, typed_text, typed_time
from syncer.transform.claims import Claim, all_open, lost, placed
from syncer.transform.distinct import WORTH_UNHASHED, Distinct
from syncer.transform.masks import certain
from syncer.transform.signs import Signs

TypedRule: TypeAlias = Callable[[pl.Series, Parameter], Claim]
SPECIAL: Final = frozenset({"data_processing_options", "contents"})
"""Parameters with a rule of their own, which no column states."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What is sent for each row of a column."""

    text: pl.Series
    """NULL where there is nothing."""
    is_json: bool
    """Whether the text is JSON: a number, a boolean, a list, an object; otherwise it still needs quotation marks."""
    problem: pl.Series | None
    """Where a value that is not blank gives nothing; None: nowhere."""


def typed(values: pl.Series, parameter: Parameter, context: Context, *, signs: Signs | None = None) -> Typed:
    """Return what is sent for `values`, of any type, as `parameter` wants them; times are Unix seconds.

    `signs` are those of which text is made; None: not known.
    """
    if values.dtype in (pl.Categorical, pl.Enum):
        values = values.cast(pl.String)
    is_nested = values.dtype.is_nested() or values.dtype == pl.Object
    distinct = Distinct(values, None, None) if is_nested else Distinct.of(values, None, worth=WORTH_UNHASHED)
    claim = _claim(distinct.values, parameter, context, signs)
    text = claim.text
    if claim.open is not None and claim.open.any():
        places = claim.open.arg_true()
        given = distinct.values[places].to_list()
        read = partial(slow.text_of, parameter, context) if is_nested else slow.reader(parameter, context)
        found = map(read, given)  # lists and structs cannot be remembered
        text = placed(text, places, pl.Series(list(found), dtype=pl.String))
    problem = lost(text, distinct.values)
    return Typed(
        text=distinct.spread(text).alias(parameter.name),
        is_json=slow.is_json(parameter),
        problem=None if problem is None else certain(distinct.spread(problem)),
    )


def _claim(values: pl.Series, parameter: Parameter, context: Context, signs: Signs | None) -> Claim:
    if parameter.name in rules.TIMES and parameter.type == "integer":
        return typed_time.unix_seconds(values, context)
    return _rule(parameter, signs)(values, parameter)


def _rule(parameter: Parameter, signs: Signs | None) -> TypedRule:
    if parameter.name in SPECIAL:
        return _nothing_claimed
    if parameter.group is Group.EXTINFO:
        return _nothing_claimed if parameter.name == "version" else partial(typed_text.string, signs=signs)
    if parameter.is_list:
        return typed_list.strings
    if parameter.type == "string":
        return _rule_of_text(parameter, signs)
    return BY_TYPE.get(parameter.type, _nothing_claimed)


def _rule_of_text(parameter: Parameter, signs: Signs | None) -> TypedRule:
    match parameter.name:
        case "event_id":
            return partial(typed_text.identifier, signs=signs)
        case "event_source_url":
            return partial(typed_text.url, signs=signs)
        case "currency":
            return _nothing_claimed
    return _nothing_claimed if parameter.allowed else partial(typed_text.string, signs=signs)


def _booleans(values: pl.Series, parameter: Parameter) -> Claim:
    if values.dtype != pl.Boolean:
        return all_open(values)
    return Claim((values.cast(pl.Int8) if parameter.allowed else values).cast(pl.String))


def _nothing_claimed(values: pl.Series, _parameter: Parameter) -> Claim:
    return all_open(values)


BY_TYPE: Final[Mapping[str, TypedRule]] = {
    "number": typed_number.number,
    "integer": typed_number.integer,
    "boolean": _booleans,
}
