"""A pipeline held against the columns of its query."""

from typing import TYPE_CHECKING

from connectors.base import Query, Source
from connectors.incremental import cursor_kind
from syncer.config.places import locate
from syncer.errors import ConfigError, Problem
from syncer.pipeline import Pipeline
from syncer.state.open_requests import require_fit
from syncer.transform import Transform, compile_transform, sql_expressions
from syncer.transform.identity import Scope
from syncer.watermark import Watermark

if TYPE_CHECKING:
    import pyarrow as pa

    from syncer.transform.consent import Unsent


def compiled(
    pipeline: Pipeline, source: Source, scope: Scope, *, suppressed: "Unsent" = ()
) -> "tuple[Transform, pa.Schema]":
    """Return the transform of `pipeline` and the columns of its query, reading no row.

    `suppressed` tells which events an earlier run left unsent for want of consent.
    Raises `ConfigError` with every mapped column that the query lacks, `QueryError` where the query is refused.
    """
    shape = source.schema(Query(sql=pipeline.query, expressions=sql_expressions(pipeline)))
    try:
        transform = compile_transform(pipeline, shape, scope).knowing(suppressed)
        _require_order(transform.cursor_column, shape)
    except ConfigError as error:
        raise ConfigError(locate(pipeline, problem) for problem in error.problems) from None
    source.schema(
        Query(
            sql=pipeline.query,
            columns=transform.columns,
            expressions=transform.expressions,
            cursor_column=transform.cursor_column,
            order_by=transform.key_columns,
        )
    )
    return transform, shape


def require_old_type(cursor: str | None, shape: "pa.Schema", watermark: Watermark | None) -> None:
    """Raise `StateError`, before anything is sent, where what is sent could not move the watermark."""
    kind = None if cursor is None else cursor_kind(shape.field(cursor).type)
    if kind is not None:
        require_fit(watermark, kind)


def _require_order(cursor: str | None, shape: "pa.Schema") -> None:
    """Raise `ConfigError` where the cursor's type has no order that a watermark could keep."""
    if cursor is None or cursor_kind(shape.field(cursor).type) is not None:
        return
    known = str(shape.field(cursor).type)
    kind = "JSON" if known == "extension<arrow.json>" else known
    what = f'the cursor "{cursor}" is of type {kind}, in which no watermark can be kept'
    remedy = "name a column of integers, decimals, text, dates or times, or cast it in the query"
    raise ConfigError([Problem(file=None, path="cursor.column", what=what, remedy=remedy)])
