"""What a driver's errors mean for the reader of a message; pure.

Only what the database says while it understands the query is passed on, without the user's literals and without any
quoted text that is no plain name; what it says while it connects or reads rows may hold secrets or values, and is
named by what is known of it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from connectors.errors import QueryError, SourceError, SourceRefusedError, SourceUnavailableError
from connectors.sqlalchemy_syntax import literals

LONGEST = 300
"""Characters of the database's own text in a message."""
REFUSED: Final = re.compile(
    r"password|authenti|access denied|login failed|logon denied|permission denied|not authorized|certificate"
    r"|(database|role|user|catalog) .*(does not exist|not exist)|unknown database|no pg_hba|not a database"
    r"|unable to open|error 40[13]\b|unauthorized|forbidden|credential",
    re.IGNORECASE,
)
"""What drivers say of options and credentials, and never of a server that is away."""
NO_COLLATION: Final = re.compile(r"type \w+ is invalid for COLLATE")
"""How SQL Server refuses to order a column by the bytes of its text: drivers tell a uniqueidentifier as a text."""
SERVER_SAYS: Final = re.compile(r"connection to server .* failed: [^\s:]+:  ")
"""How libpq begins what a Postgres server says in its own language: its severity and two blanks."""
NO_DRIVERS: Final = frozenset({"builtins", "connectors", "decimal", "json", "pyarrow", "sqlalchemy", "syncer"})
"""Packages whose errors are mistakes in what a value is made into, or are told already."""

_BY_SQLSTATE: Final = {
    "08": "away",
    "08004": "busy",  # too many connections, in MySQL
    "28": "rights",
    "40": "busy",
    "53": "busy",
    "55": "busy",
    "57": "busy",
    "58": "away",
    "22": "value",
    "21": "value",
    "45": "value",  # what a function of somebody's own raises; so is P0, and 1644 in MySQL
    "P0": "value",
    "25006": "writes",
    "42501": "rights",
    "3D": "rights",
}
"""Meanings by the code of the SQL standard, as Postgres uses it, or its first two signs."""
_BY_MYSQL_CODE: Final = {
    **dict.fromkeys((1040, 1203, 1205, 1213, 1317, 1969, 3024), "busy"),
    **dict.fromkeys((1053, 2002, 2003, 2006, 2013, 2055), "away"),
    **dict.fromkeys((1044, 1045, 1049, 1142, 1143, 1227, 1370), "rights"),
    **dict.fromkeys((1290, 1792, 1836), "writes"),
    **dict.fromkeys((1242, 1264, 1292, 1365, 1366, 1411, 1644, 1690), "value"),
}
_BY_SQLITE_NAME: Final = {
    **dict.fromkeys(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR", "SQLITE_SCHEMA", "SQLITE_PROTOCOL"), "busy"),
    **dict.fromkeys(("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_CANTOPEN", "SQLITE_PERM"), "rights"),
    **dict.fromkeys(("SQLITE_AUTH", "SQLITE_READONLY"), "writes"),
}
_KINDS: Final[dict[str, tuple[type[SourceError], str, str]]] = {
    "away": (SourceUnavailableError, "the connection to the database was lost", "try again later"),
    "busy": (SourceUnavailableError, "the database is busy, locked or stopped the query", "try again later"),
    "rights": (SourceRefusedError, "the database refuses this user", "grant the right to read, or mend `url`"),
    "writes": (QueryError, "the query does more than read the database", "leave that part out"),
    "value": (
        QueryError,
        "the query failed while rows were read: a value does not fit a cast or a function of the query",
        "leave such rows out, or make NULL of them",
    ),
}
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|'.*")
_NAME: Final = re.compile(r".[A-Za-z_][A-Za-z0-9_.]{0,62}.")
_MYSQL_NEAR: Final = re.compile(r" near '.*?' at line (\d+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the database was asked when it refused."""

    dialect: str
    sql: tuple[str, ...]
    """Texts of the user."""
    secret: str = ""
    """The password, which no message may hold."""


def about_connection(error: Any, address: str) -> SourceError:
    """Return the error for a connection to `address` that cannot be made."""
    kind = _kind(error)
    if kind == "rights" or (kind is None and REFUSED.search(str(error))):
        what = f"{address} refuses the connection: user, password, rights or the name of the database"
        return SourceRefusedError(what, remedy="mend `url`")
    if kind is None and type(error).__name__ == "TypeError":
        return SourceRefusedError("the driver does not know an option of the url", remedy="mend what stands behind `?`")
    if kind == "busy":
        what = f"{address} is busy, starting or stopping, or has too many connections"
        return SourceUnavailableError(what, remedy="try again later")
    if kind is None and SERVER_SAYS.search(str(error)):
        what = f"{address} answers but refuses the connection, and says why in words that are not known here"
        return SourceUnavailableError(what, remedy="mend `url`, or look into the log of the database")
    what = f"{address} cannot be reached"
    return SourceUnavailableError(what, remedy="try again later; if that does not help, mend host and port of `url`")


def about_query(error: Any, asked: Asked) -> SourceError:
    """Return the error for what the database says of SQL that it was to understand, reading no row."""
    kind = _kind(error)
    if kind is not None:
        return _known(kind)
    said = _said(_text(error), asked)
    if _is_about_parameters(said):
        return QueryError("the SQL has parameters (? or :name or $1), which nothing fills", remedy="write the values")
    return QueryError(
        f"the database refuses the query: {said}", remedy="try it in the database itself; mend its names and its SQL"
    )


def about_rows(error: Any, *, is_disconnected: bool) -> SourceError:
    """Return the error for what the database says while it reads rows, of which no word is passed on."""
    kind = "away" if is_disconnected else _kind(error)
    if kind is not None:
        return _known(kind)
    if NO_COLLATION.search(str(error)):
        what = "a column of the key or the cursor is told as a text and is none, such as a uniqueidentifier"
        return QueryError(what, remedy="cast it in the query: CAST(... AS NVARCHAR(36))")
    what = "the query failed while rows were read: a function of the query refused a value"
    return QueryError(what, remedy="leave such rows out")


def about_driver(error: Exception) -> SourceError | None:
    """Return the error for what a driver raises past its own of PEP 249, such as that of its HTTP client.

    None where it is none of a driver: of a class that Python, its data or this project has.
    """
    if not isinstance(error, OSError) and type(error).__module__.partition(".")[0] in NO_DRIVERS:
        return None
    if REFUSED.search(str(error)):
        return _known("rights")
    what = f"the driver lost the database ({type(error).__name__})"
    return SourceUnavailableError(
        what, remedy="try again later; if that does not help, mend `url` or update the driver"
    )


def _known(kind: str) -> SourceError:
    error, what, remedy = _KINDS[kind]
    return error(what, remedy=remedy)


def _kind(error: Any) -> str | None:
    """Return what the code of a driver's error means, None where it says nothing or is about the SQL."""
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or _fields(error).get("C")
    if isinstance(state, str) and (known := _BY_SQLSTATE.get(state) or _BY_SQLSTATE.get(state[:2])):
        return known
    name = getattr(error, "sqlite_errorname", None)
    if isinstance(name, str):
        return _BY_SQLITE_NAME.get("_".join(name.split("_")[:2]))
    code = error.args[0] if getattr(error, "args", ()) else None
    if isinstance(code, int):
        return _BY_MYSQL_CODE.get(code)
    return "away" if "Connection" in type(error).__name__ else None  # such as Trino's


def _fields(error: Any) -> dict[str, Any]:
    """Return what pg8000 hands on of a Postgres server's answer: its fields by their letters."""
    given = error.args[0] if getattr(error, "args", ()) else None
    return given if isinstance(given, dict) else {}


def _text(error: Any) -> str:
    """Return the driver's own words, the first paragraph of them."""
    named = (getattr(error, "diag", None), "message_primary"), (error, "message"), (error, "msg")
    found = [*(getattr(place, name, None) for place, name in named), _fields(error).get("M")]
    told = [text for text in found if isinstance(text, str)]
    texts = [part for part in getattr(error, "args", ()) if isinstance(part, str)]
    return next(filter(None, (*told, *texts[-1:], str(error))), type(error).__name__).strip()


def _said(text: str, asked: Asked) -> str:
    """Return `text` without what may be a value: literals, quoted texts that are no names, the password."""
    near = _MYSQL_NEAR.search(text)
    if near:  # a line break stands before the user's SQL
        text = f"{text[: near.start()]} in line {max(1, int(near[1]) - 1)}"
    text = text.partition("\n")[0].replace("n't ", " not ")
    for literal in _longest_first(asked):
        text = text.replace(literal, "…")
    text = _QUOTED.sub(lambda found: found.group() if _NAME.fullmatch(found.group()) else "…", text)
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"


def _longest_first(asked: Asked) -> Sequence[str]:
    found = {literal for sql in asked.sql for literal in literals(sql, asked.dialect)}
    bare = {literal.strip("'\"") for literal in found if len(literal) > 3}
    return sorted({*found, *bare, asked.secret} - {""}, key=len, reverse=True)


def _is_about_parameters(text: str) -> bool:
    marks = ("no parameter", "data type of parameter", "bindings supplied", "bind parameter", "parameters are not")
    return any(mark in text for mark in marks)
