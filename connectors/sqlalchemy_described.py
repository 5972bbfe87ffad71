"""What a driver tells of a column before any row is read (PEP 249's `description`), as a kind; pure.

None stands for "not told": then values of the query decide.
"""

import re
from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any, Final, NamedTuple

from connectors.sqlalchemy_columns import DECIMAL_DIGITS, Column, Kind

POSTGRES: Final = {
    16: Kind.BOOLEAN,
    **dict.fromkeys((20, 21, 23, 26), Kind.INTEGER),
    **dict.fromkeys((700, 701), Kind.REAL),
    1700: Kind.DECIMAL,
    **dict.fromkeys((18, 19, 25, 1043), Kind.TEXT),
    17: Kind.BLOB,
    1082: Kind.DATE,
    1083: Kind.TIME,
    1114: Kind.TIMESTAMP,
    1184: Kind.TIMESTAMP_TZ,
    **dict.fromkeys((114, 3802), Kind.JSON),
}
"""Types by their object id, as in its catalogue `pg_type`."""
POSTGRES_TEXTS: Final = frozenset({1042, 2950})
"""CHAR(n), whose blanks at the end say nothing, and UUID: their text sorts as they do."""
POSTGRES_ARRAYS: Final = {
    1000: Kind.BOOLEAN,
    **dict.fromkeys((1005, 1007, 1016), Kind.INTEGER),
    **dict.fromkeys((1021, 1022), Kind.REAL),
    **dict.fromkeys((1009, 1015), Kind.TEXT),
}
MYSQL: Final = {
    **dict.fromkeys((1, 2, 3, 8, 9, 13), Kind.INTEGER),
    **dict.fromkeys((4, 5), Kind.REAL),
    **dict.fromkeys((0, 246), Kind.DECIMAL),
    **dict.fromkeys((10, 14), Kind.DATE),
    11: Kind.TIME,
    12: Kind.TIMESTAMP,
    7: Kind.TIMESTAMP_TZ,
    245: Kind.JSON,
    **dict.fromkeys((16, 255), Kind.BLOB),
}
"""Types by the number of the protocol; `MYSQL_TEXTS` has others."""
MYSQL_TEXTS: Final = frozenset({15, 247, 248, 249, 250, 251, 252, 253, 254})
"""Texts, and bytes where their character set is `MYSQL_BYTES`."""
MYSQL_BIGINT: Final = 8
MYSQL_UNSIGNED: Final = 32
"""Flag of a column."""
MYSQL_BYTES: Final = 63
PYTHON: Final[dict[type, Kind]] = {
    bool: Kind.BOOLEAN,
    int: Kind.INTEGER,
    float: Kind.REAL,
    Decimal: Kind.DECIMAL,
    str: Kind.TEXT,
    bytes: Kind.BLOB,
    bytearray: Kind.BLOB,
    date: Kind.DATE,
    time: Kind.TIME,
}
NAMES: Final = {
    **dict.fromkeys(("boolean", "bool"), Kind.BOOLEAN),
    **dict.fromkeys(("tinyint", "smallint", "integer", "int", "bigint", "int64"), Kind.INTEGER),
    **dict.fromkeys(("utinyint", "usmallint", "uinteger"), Kind.INTEGER),
    "ubigint": Kind.UNSIGNED,
    **dict.fromkeys(("real", "float", "double", "double precision", "float64"), Kind.REAL),
    **dict.fromkeys(("decimal", "numeric", "number"), Kind.DECIMAL),
    **dict.fromkeys(("varchar", "char", "text", "string"), Kind.TEXT),
    **dict.fromkeys(("blob", "binary", "varbinary", "bytes"), Kind.BLOB),
    "date": Kind.DATE,
}
DUCKDB: Final = {
    **NAMES,
    "time": Kind.TIME,
    "timestamp": Kind.TIMESTAMP,
    "timestamp with time zone": Kind.TIMESTAMP_TZ,
    "json": Kind.JSON,
}
"""Elsewhere TIMESTAMP may be an instant."""

_NAME = re.compile(r"([a-z][a-z0-9_ ]*?) *(?:\( *(\d+) *(?:, *(\d+) *)?\))?", re.ASCII)


class Facts(NamedTuple):
    """What MySQL tells of a column beside PEP 249."""

    flags: int = 0
    charset: int | None = None


def described(dialect: str, told: Sequence[Any], facts: Facts = Facts()) -> Column | None:  # noqa: B008  # immutable
    """Return the column that one entry of `description` tells of."""
    name, code = str(told[0]), told[1]
    if isinstance(code, type):
        return _with_digits(name, PYTHON.get(code), told[4], told[5])
    if isinstance(code, int):
        of_dialect = {"postgresql": _postgres, "mysql": _mysql, "mariadb": _mysql}.get(dialect)
        return of_dialect(name, told, facts) if of_dialect else None
    found = _NAME.fullmatch(str(code).lower())
    if found is None:
        return None
    kind = (DUCKDB if dialect == "duckdb" else NAMES).get(found[1])
    return _with_digits(name, kind, found[2] and int(found[2]), int(found[3] or 0))


def facts_of(cursor: Any) -> Sequence[Facts]:
    """Return what PyMySQL keeps to itself; nothing where there is no such driver."""
    fields = getattr(getattr(cursor, "_result", None), "fields", None) or ()
    return [Facts(field.flags, field.charsetnr) for field in fields]


def _postgres(name: str, told: Sequence[Any], _facts: Facts) -> Column:
    code = told[1]
    if code in POSTGRES_ARRAYS:
        return Column(name, Kind.LIST, item=POSTGRES_ARRAYS[code])
    if code in POSTGRES_TEXTS:
        return Column(name, Kind.TEXT, as_text=True)
    kind = POSTGRES.get(code, Kind.OTHER)
    found = _with_digits(name, kind, told[4], told[5]) or Column(name, kind)
    is_odd = found.kind in {Kind.OTHER, Kind.JSON, Kind.NUMBER}
    return Column(name, found.kind, found.digits, found.scale, as_text=is_odd)


def _mysql(name: str, told: Sequence[Any], facts: Facts) -> Column | None:
    code, length, scale = told[1], told[4], told[5]
    if code == MYSQL_BIGINT and facts.flags & MYSQL_UNSIGNED:
        return Column(name, Kind.UNSIGNED)
    if code in MYSQL_TEXTS and facts.charset is not None:
        return Column(name, Kind.BLOB if facts.charset == MYSQL_BYTES else Kind.TEXT)
    if MYSQL.get(code) is Kind.DECIMAL:  # the length counts a sign and a point
        digits = DECIMAL_DIGITS if isinstance(length, int) and length <= DECIMAL_DIGITS + 1 + bool(scale) else None
        return _with_digits(name, Kind.DECIMAL, digits, scale)
    return _with_digits(name, MYSQL.get(code), None, None)


def _with_digits(name: str, kind: Kind | None, digits: Any, scale: Any) -> Column | None:
    if kind is not Kind.DECIMAL:
        return None if kind is None else Column(name, kind)
    if isinstance(digits, int) and isinstance(scale, int) and 0 < digits <= DECIMAL_DIGITS and 0 <= scale <= digits:
        return Column(name, Kind.DECIMAL, digits, scale)
    return Column(name, Kind.NUMBER)
