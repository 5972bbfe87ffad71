"""What SQLite's errors mean for the reader of a message; pure.

Only what SQLite says while it understands the query is passed on, without the user's literals; what it says while
rows are read may hold their values and is named by what is known of it.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from connectors.database_file import other_table
from connectors.errors import QueryError, SourceError, SourceRefusedError, SourceUnavailableError
from connectors.sqlite_text import literals

LONGEST = 400
"""Characters of SQLite's own text in a message."""

_FILE: Final[dict[str, tuple[type[SourceError], str, str]]] = {
    "SQLITE_BUSY": (
        SourceUnavailableError,
        "another process is writing {file}",
        "try again later; with PRAGMA journal_mode = WAL in the file readers and writers do not wait for each other",
    ),
    "SQLITE_LOCKED": (SourceUnavailableError, "{file} is locked", "try again later"),
    "SQLITE_SCHEMA": (SourceUnavailableError, "the tables of {file} were just changed", "try again"),
    "SQLITE_PROTOCOL": (SourceUnavailableError, "{file} is locked by many at once", "try again later"),
    "SQLITE_IOERR": (SourceUnavailableError, "a file could not be read or written while {file} was queried", ""),
    "SQLITE_NOTADB": (SourceRefusedError, "{file} is no SQLite database, or it is encrypted", "mend `path`"),
    "SQLITE_CORRUPT": (SourceRefusedError, "{file} is damaged", "restore it from a backup"),
    "SQLITE_FORMAT": (SourceRefusedError, "{file} is damaged", "restore it from a backup"),
    "SQLITE_PERM": (SourceRefusedError, "this user may not read {file}", "change its rights"),
    "SQLITE_AUTH": (QueryError, "the query does more than read the database", "leave that part out"),
    "SQLITE_CANTOPEN": (
        SourceRefusedError,
        "{file} cannot be opened",
        "change its rights; a file in WAL mode also needs a folder in which this user may write",
    ),
    "SQLITE_READONLY": (
        SourceRefusedError,
        "{file} waits to be recovered, since its writer was killed",
        "open it once with the program that writes it, or let this user write its folder",
    ),
    "SQLITE_FULL": (
        SourceRefusedError,
        "the disk has no room to sort the rows",
        "point the environment variable SQLITE_TMPDIR to a larger disk",
    ),
    "SQLITE_NOMEM": (SourceRefusedError, "there is not enough memory for the query", "select fewer or shorter columns"),
    "SQLITE_TOOBIG": (QueryError, "a text of the query is too long for SQLite", "shorten it"),
}
_WHILE_READING: Final = {
    "malformed JSON": ("a value is no JSON", "give NULL instead: CASE WHEN json_valid(x) THEN ... END"),
    "integer overflow": ("a number of the query left the range of its type", "calculate with REAL: 1.0 * x"),
}
_NO_TABLE = re.compile(r"no such table: (.+)")


def about_file(name: str, file: Path) -> SourceError | None:
    """Return the error for the error code `name`, None where it is about the query."""
    code = "_".join(name.split("_")[:2])
    if code not in _FILE:
        return None
    kind, what, remedy = _FILE[code]
    return kind(what.format(file=file), remedy=remedy)


def about_query(text: str, sql: Iterable[str], tables: Sequence[str], file: Path) -> QueryError:
    """Return the error for what SQLite says of SQL that it does not understand."""
    if "parameters are not allowed" in text or "bindings supplied" in text:
        return QueryError("the SQL has parameters (? or :name), which nothing fills", remedy="write the values")
    missing = _NO_TABLE.match(text)
    remedy = "compare its names with the tables: PRAGMA table_info(...) shows theirs"
    if missing:
        remedy = other_table(missing[1], tables, file)
    elif "syntax error" in text or "incomplete input" in text:
        remedy = "mend the SQL there or just before it"
    return QueryError(f"SQLite refuses the query: {_said(text, sql)}", remedy=remedy)


def about_rows(text: str) -> QueryError:
    """Return the error for what SQLite says while it reads rows, of which no word is passed on."""
    what, remedy = _WHILE_READING.get(text, ("a function of the query refused a value", "leave such rows out"))
    return QueryError(f"the query failed while rows were read: {what}", remedy=remedy)


def _said(text: str, sql: Iterable[str]) -> str:
    for literal in sorted({literal for part in sql for literal in literals(part)}, key=len, reverse=True):
        text = text.replace(literal, "'…'")
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"
