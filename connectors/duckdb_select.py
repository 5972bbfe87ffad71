"""The SELECT around the user's query, as DuckDB's SQL; pure text, the values to bind beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from connectors.base import Query
from connectors.bounds import Grid
from connectors.errors import QueryError
from connectors.incremental import CursorKind
from connectors.wrapping import INNER, quoted, selected, wrapped

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

LONGEST_TYPE = 80
"""Characters of a type in a message."""
SAME: Final = frozenset(
    {"boolean", "float", "double", "decimal", "varchar", "blob", "date", "time", "time_ns"}
    | {"tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint"}
    | {"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone", "timestamptz_ns"}
)
"""Types that Arrow and what reads it know as they are."""
AS_JSON: Final = frozenset({"map", "variant"})
"""Types that become JSON text, lists of them as well; all others become what DuckDB prints of them."""
LISTS: Final = frozenset({"list", "array"})
INTEGERS: Final = {
    "tinyint": (-(2**7), 2**7 - 1),
    "smallint": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
    "hugeint": (-(2**127), 2**127 - 1),
    "utinyint": (0, 2**8 - 1),
    "usmallint": (0, 2**16 - 1),
    "uinteger": (0, 2**32 - 1),
    "ubigint": (0, 2**64 - 1),
}
FIRST_NANOSECOND: Final = -9_223_286_400 * 10**9
"""1677-09-22, the first day of which DuckDB 1.5 reads nanoseconds; infinity is one step behind the last."""
LAST_NANOSECOND: Final = 2**63 - 2
TIMES: Final = {
    "date": Grid(kind=CursorKind.DATE, has_earlier=True),
    "timestamp_s": Grid(kind=CursorKind.TIMESTAMP, digits=0, has_earlier=True),
    "timestamp_ms": Grid(kind=CursorKind.TIMESTAMP, digits=3, has_earlier=True),
    "timestamp": Grid(kind=CursorKind.TIMESTAMP, digits=6, has_earlier=True),
    "timestamp_ns": Grid(
        kind=CursorKind.TIMESTAMP, digits=9, lowest=FIRST_NANOSECOND, highest=LAST_NANOSECOND, has_earlier=True
    ),
    "timestamp with time zone": Grid(kind=CursorKind.TIMESTAMP_TZ, digits=6, has_earlier=True),
    "timestamptz_ns": Grid(
        kind=CursorKind.TIMESTAMP_TZ, digits=9, lowest=FIRST_NANOSECOND, highest=LAST_NANOSECOND, has_earlier=True
    ),
}
CURSORS: Final = frozenset({"decimal", "varchar", "uuid"} | INTEGERS.keys() | TIMES.keys())
"""Types whose values ascend as their cursor values do; what travels as the text of something else does not."""
CASTS: Final = {
    "uhugeint": "cast it to HUGEINT in the query",
    "bignum": "cast it to HUGEINT in the query",
    "float": "cast it to a DECIMAL in the query",
    "double": "cast it to a DECIMAL in the query",
    "blob": "give hex() of it in the query",
    "time": "add its date in the query, which makes a TIMESTAMP",
    "time_ns": "add its date in the query, which makes a TIMESTAMP",
    "time with time zone": "add its date in the query, which makes a TIMESTAMPTZ",
    "interval": "add it to a TIMESTAMP in the query",
    "enum": "cast it to VARCHAR in the query, if new rows come behind in the alphabet",
}
ANY_CAST: Final = "cast it, or a part of it, to a whole number, DECIMAL, VARCHAR, DATE or TIMESTAMP in the query"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the user's query."""

    name: str
    type: "DuckDBPyType"

    @property
    def is_json(self) -> bool:
        """Whether its text is JSON."""
        return _is_json(self.type)

    @property
    def type_name(self) -> str:
        """The type for a message: without the words of an ENUM, and no longer than a line."""
        name = "ENUM" if self.type.id == "enum" else str(self.type)
        return name if len(name) <= LONGEST_TYPE else name[:LONGEST_TYPE] + "…"

    @property
    def can_be_cursor(self) -> bool:
        """Whether its order is that of its cursor values."""
        return self.type.id in CURSORS and not self.is_json

    @property
    def cursor_remedy(self) -> str:
        """What makes a cursor of it where it is none."""
        return CASTS.get(self.type.id, ANY_CAST)

    @property
    def value(self) -> str:
        """The expression that is selected: the column itself, or cast to a type that Arrow has."""
        name = f"{INNER}.{quoted(self.name)}"
        target = travels_as(self.type)
        if target is None:
            return name
        if self.type.id in LISTS and target == "JSON":  # a cast writes `NULL` for a missing item
            return f"to_json({name})"
        cast = f"CAST({name} AS {target})"
        return f"CASE WHEN {name} IS NOT NULL THEN {cast} END" if self.type.id == "variant" else cast

    @property
    def rank(self) -> str:
        """The expression that is compared and sorted: text by its bytes, whatever the column's collation."""
        if self.is_json:  # DuckDB fails on a collation of JSON itself
            return f'CAST({self.value} AS VARCHAR) COLLATE "C"'
        return f'{self.value} COLLATE "C"' if self._is_text else self.value

    @property
    def grid(self) -> tuple[Grid, str]:
        """The values it can hold, and the SQL type to bind others as; raises `QueryError` where it has no order."""
        kind = self.type.id
        if self._is_text:
            return Grid(kind=CursorKind.TEXT), "VARCHAR"
        if kind in INTEGERS:
            lowest, highest = INTEGERS[kind]
            return Grid(kind=CursorKind.INTEGER, lowest=lowest, highest=highest), kind
        if kind == "decimal":
            sizes = dict(self.type.children)
            digits, most = int(str(sizes["scale"])), 10 ** int(str(sizes["precision"])) - 1
            grid = Grid(kind=CursorKind.DECIMAL, digits=digits, lowest=-most, highest=most)
            return grid, f"DECIMAL({sizes['precision']},{digits})"
        if kind in TIMES:
            return TIMES[kind], kind
        if kind in {"float", "double"}:
            return Grid(kind=CursorKind.DECIMAL, digits=None), "DOUBLE"
        raise QueryError(f'"{self.name}" is of type {self.type_name}, whose values have no order to read by')

    @property
    def _is_text(self) -> bool:
        return self.type.id == "varchar" or travels_as(self.type) in {"VARCHAR", "JSON"}


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that is bound before the query runs, since DuckDB 1.5 keeps whole results of queries with parameters."""

    name: str
    type: str
    text: str

    @property
    def assignment(self) -> str:
        """The statement that sets it; its one parameter is `text`."""
        return f"SET VARIABLE {self.name} = CAST($1 AS {self.type})"


@dataclass(frozen=True, slots=True)
class Select:
    """The whole statement."""

    text: str
    variables: tuple[Variable, ...]
    json_columns: frozenset[str]
    """Selected columns whose text is JSON."""


def literal(text: str) -> str:
    """Return `text` as a string of SQL, where no value can be bound."""
    return "'" + text.replace("'", "''") + "'"


def select(query: Query, inner: str, columns: Mapping[str, Column], *, limit: int | None) -> Select:
    """Return the slice `query` of `inner`, whose columns are `columns`; raises `ColumnError`, `QueryError`."""
    variables: list[Variable] = []

    def bind(text: str, sql_type: str) -> str:
        variables.append(Variable(f"syncer_{len(variables)}", sql_type, text))
        return f"getvariable({literal(variables[-1].name)})"

    text = wrapped(query, f"({inner})", columns, bind, limit=limit)
    json_columns = frozenset(column.name for column in selected(query, columns) if column.is_json)
    return Select(text, tuple(variables), json_columns)


def travels_as(kind: "DuckDBPyType") -> str | None:
    """Return the SQL type to cast `kind` to for Arrow, None where it can stay as it is."""
    match kind.id:
        case name if name in SAME:
            return None
        case name if name in AS_JSON or (name in LISTS and _is_json(kind)):
            return "JSON"
        case "list":
            item = travels_as(_children(kind)[0][1])
            return None if item is None else f"{item}[]"
        case "array":
            item_kind = _children(kind)[0][1]
            return f"{travels_as(item_kind) or item_kind}[]"
        case "struct" | "tuple":
            return _struct(kind)
        case _:
            return "VARCHAR"


def _is_json(kind: "DuckDBPyType") -> bool:
    if kind.id in LISTS:
        return _is_json(_children(kind)[0][1])
    return kind.id in AS_JSON or str(kind) == "JSON"


def _struct(kind: "DuckDBPyType") -> str | None:
    members = [(name, member, travels_as(member)) for name, member in _children(kind)]
    if all(name and target is None for name, _, target in members):
        return None
    named = (
        f"{quoted(name or f'element{place}')} {target or member}"
        for place, (name, member, target) in enumerate(members, start=1)
    )
    return f"STRUCT({', '.join(named)})"


def _children(kind: "DuckDBPyType") -> "list[tuple[str, DuckDBPyType]]":
    return cast("list[tuple[str, DuckDBPyType]]", kind.children)  # sizes and words are those of types asked elsewhere
