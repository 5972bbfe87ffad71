"""A pipeline held against the columns of its query."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from connectors.base import Query, Source
from connectors.incremental import cursor_kind
from syncer.config.places import locate
from syncer.errors import ConfigError, Problem
from syncer.pipeline import Pipeline
from syncer.state.open_requests import require_fit
from syncer.transform import Transform, compile_transform, sql_expressions
from syncer.transform.comparable import incomparable, unmatched
from syncer.transform.identity import Scope
from syncer.watermark import Watermark

if TYPE_CHECKING:
    from syncer.transform.consent import Unsent

REMEMBERED: Final = 32
"""Transforms of a process: those of the pipelines that it runs again and again."""


def compiled(
    pipeline: Pipeline, source: Source, scope: Scope, *, suppressed: "Unsent" = ()
) -> tuple[Transform, pa.Schema]:
    """Return the transform of `pipeline` and the columns of its query, reading no row.

    `suppressed` tells which events an earlier run left unsent for want of consent.
    Raises `ConfigError` with every mapped column that the query lacks, `QueryError` where the query is refused.
    """
    fit = _held_against(pipeline, source, scope)
    _ask(pipeline, source, fit.transform)
    return fit.transform.knowing(suppressed), fit.shape


def compiled_again(
    pipeline: Pipeline, source: Source, scope: Scope, *, suppressed: "Unsent" = ()
) -> tuple[Transform, pa.Schema]:
    """Return and raise what `compiled` does, for who reads at once: what fitted in this process is not asked for twice.

    The columns of the query always are; a warehouse that has changed without a change of them refuses the reading.
    """
    fit = _held_against(pipeline, source, scope)
    if not fit.is_proven:
        _ask(pipeline, source, fit.transform)
        fit.is_proven = True
    return fit.transform.knowing(suppressed), fit.shape


@dataclass(slots=True)
class _Fit:
    """A transform for the columns of a query. Mutable: it knows whether a warehouse took what it reads by."""

    transform: Transform
    shape: pa.Schema
    is_proven: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    """All that a transform is made of."""

    written: str
    """The pipeline as Python writes it: in one order, and 1 is not true."""
    shape: pa.Schema
    scope: Scope
    pipeline: Pipeline = field(compare=False)


def _held_against(pipeline: Pipeline, source: Source, scope: Scope) -> _Fit:
    shape = source.schema(Query(sql=pipeline.query, expressions=sql_expressions(pipeline)))
    try:
        return _fit(_Asked(repr(pipeline), shape, scope, pipeline))
    except ConfigError as error:
        raise ConfigError(locate(pipeline, problem) for problem in error.problems) from None


@lru_cache(maxsize=REMEMBERED)
def _fit(asked: _Asked) -> _Fit:
    transform = compile_transform(asked.pipeline, asked.shape, asked.scope)
    _require_order(transform.cursor_column, asked.shape)
    if problems := [*incomparable(asked.pipeline, asked.shape), *unmatched(asked.pipeline, asked.shape)]:
        raise ConfigError(problems)
    return _Fit(transform, asked.shape)


def _ask(pipeline: Pipeline, source: Source, transform: Transform) -> None:
    """Let the warehouse refuse the order in which its rows are read."""
    source.schema(
        Query(
            sql=pipeline.query,
            columns=transform.columns,
            expressions=transform.expressions,
            cursor_column=transform.cursor_column,
            order_by=transform.key_columns,
        )
    )


def require_old_type(cursor: str | None, shape: pa.Schema, watermark: Watermark | None) -> None:
    """Raise `StateError`, before anything is sent, where what is sent could not move the watermark."""
    kind = None if cursor is None else cursor_kind(shape.field(cursor).type)
    if kind is not None:
        require_fit(watermark, kind)


def _require_order(cursor: str | None, shape: pa.Schema) -> None:
    """Raise `ConfigError` where the cursor's type has no order that a watermark could keep."""
    if cursor is None or cursor_kind(shape.field(cursor).type) is not None:
        return
    known = str(shape.field(cursor).type)
    kind = "JSON" if known == "extension<arrow.json>" else known
    what = f'the cursor "{cursor}" is of type {kind}, in which no watermark can be kept'
    remedy = "name a column of integers, decimals, text, dates or times, or cast it in the query"
    raise ConfigError([Problem(file=None, path="cursor.column", what=what, remedy=remedy)])
