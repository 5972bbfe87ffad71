"""A pipeline held against the columns of its query."""

from typing import TYPE_CHECKING

from connectors.base import Query, Source
from syncer.config.places import locate
from syncer.errors import ConfigError
from syncer.pipeline import Pipeline
from syncer.transform import Transform, compile_transform, sql_expressions
from syncer.transform.identity import Scope

if TYPE_CHECKING:
    import pyarrow as pa


def compiled(pipeline: Pipeline, source: Source, scope: Scope) -> "tuple[Transform, pa.Schema]":
    """Return the transform of `pipeline` and the columns of its query, reading no row.

    Raises `ConfigError` with every mapped column that the query lacks, `QueryError` where the query is refused.
    """
    shape = source.schema(Query(sql=pipeline.query, expressions=sql_expressions(pipeline)))
    try:
        return compile_transform(pipeline, shape, scope), shape
    except ConfigError as error:
        raise ConfigError(locate(pipeline, problem) for problem in error.problems) from None
