"""Rows that lie in a DuckDB file in the order that is asked for are read without a sort.

A table that only grows mostly lies in the order of its cursor, and its sort would go through an encrypted folder.
Only a query that takes each row of one table by itself is read so: it gives the same rows in the same order within one
transaction, so the columns of the order alone tell beforehand. The rows then come of one statement, as sorted ones do,
and it fails rather than give a row that belongs before one that it gave.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from connectors.base import Query
from connectors.duckdb_errors import OUT_OF_ORDER
from connectors.duckdb_select import Column, Select, literal, select
from connectors.wrapping import INNER, ordered, quoted, selected

if TYPE_CHECKING:
    import duckdb

ORDER: Final = "_syncer order"
"""The column that DuckDB would sort by: one BLOB of cursor and key."""
ROW_BY_ROW: Final = frozenset({"LOGICAL_GET", "LOGICAL_FILTER", "LOGICAL_PROJECTION"})
VOLATILE: Final = frozenset(
    {"current_connection_id", "current_query", "current_query_id", "current_transaction_id", "currval"}
    | {"gen_random_uuid", "nextval", "random", "setseed", "setval", "sleep_ms", "stats", "uuid", "uuidv4", "uuidv7"}
    | {"vector_type", "write_log"}
)
"""Functions that may give something else each time that they are called within a transaction."""
_STEP: Final = re.compile(r'"(LOGICAL_\w+)"')
_FUNCTION: Final = re.compile(r'"(?:name":|path":\[(?:"[^"]*",)*)"(\w+)"')
"""DuckDB 1.5 writes `"name":"random"`, DuckDB 2.0 `"path":["system","main","random"]`; quotes within text have a backslash before."""


@dataclass(frozen=True, slots=True)
class AsItLies:
    """A query without a sort."""

    plain: str
    """The rows with `ORDER`, unchecked."""
    select: Select
    """The rows; DuckDB fails with `OUT_OF_ORDER` before one that belongs before another that it gave."""
    disorder: str
    """One row where the rows are out of order, else none."""

    def is_in_order(self, connection: "duckdb.DuckDBPyConnection") -> bool:
        """Return whether `select` will give the rows in order; its variables are set. Begins the transaction in which it will."""
        if not self._takes_row_by_row(connection):
            return False
        connection.begin()
        return connection.execute(self.disorder).fetchall() == []

    def _takes_row_by_row(self, connection: "duckdb.DuckDBPyConnection") -> bool:
        import duckdb

        try:
            ((plan,),) = connection.execute("SELECT json_serialize_plan($1)", [self.plain]).fetchall()
        except duckdb.Error:  # not every plan can be written down: then it is sorted
            return False
        return takes_row_by_row(plan)


def as_it_lies(query: Query, inner: str, columns: Mapping[str, Column]) -> AsItLies:
    """Return the slice `query` of `inner`, whose columns are `columns`; raises `ColumnError`, `QueryError`."""
    import duckdb

    names = [column.name for column in selected(query, columns)]
    ranks = ", ".join(f"{column.rank}, 'ASC NULLS FIRST'" for column in ordered(query, columns))
    keyed = f"SELECT {INNER}.*, create_sort_key({ranks}) AS {quoted(ORDER)} FROM ({inner}) AS {INNER}"
    asked = replace(query, columns=(*names, ORDER), cursor_column=None, order_by=())
    plain = select(asked, keyed, {**columns, ORDER: Column(ORDER, duckdb.sqltypes.BLOB)}, limit=None)
    descends = f"{quoted(ORDER)} < lag({quoted(ORDER)}) OVER ()"
    checked = f"CASE WHEN {descends} THEN error({literal(OUT_OF_ORDER)}) ELSE TRUE END"
    return AsItLies(
        plain=plain.text,
        select=replace(plain, text=f"SELECT {', '.join(map(quoted, names))} FROM ({plain.text}) QUALIFY {checked}"),
        disorder=f"SELECT 1 FROM ({plain.text}) QUALIFY {descends} LIMIT 1",
    )


def takes_row_by_row(plan: str) -> bool:
    """Return whether `plan`, DuckDB's as JSON, makes of each row of one table what it always makes of it, in its place."""
    functions = set(_FUNCTION.findall(plan))
    return "seq_scan" in functions and functions.isdisjoint(VOLATILE) and ROW_BY_ROW.issuperset(_STEP.findall(plan))
