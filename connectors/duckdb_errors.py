"""What DuckDB's errors mean for the reader of a message; pure.

DuckDB puts values of rows and the user's literals into its texts. Only what it says while it understands the query
is passed on, without the literals; what it says while rows are read is named by its class alone.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from connectors.database_file import other_table
from connectors.errors import QueryError, SourceError, SourceRefusedError, SourceUnavailableError

LONGEST = 400
"""Characters of DuckDB's own text in a message."""

OUT_OF_ORDER: Final = "syncer: rows out of order"
"""What DuckDB is told to say where rows that seemed to lie in order do not."""

_SYNTAX: Final = ("Parser Error", "Syntax Error")
_BEFORE_READING: Final = {
    **dict.fromkeys(_SYNTAX, "mend the SQL there or just before it"),
    "Binder Error": "compare its names and types with the tables: DESCRIBE in DuckDB shows theirs",
    "Catalog Error": "mend the name",
    "Not implemented Error": "write that part of the query in another way",
}
_WHILE_READING: Final = {
    "Conversion Error": ("a value does not fit a cast of the query", "use TRY_CAST, which gives NULL instead"),
    "Out of Range Error": ("a number of the query left the range of its type", "cast to a wider type"),
    "Invalid Input Error": ("a function of the query refused a value", "use its TRY form, or leave such rows out"),
    "Not implemented Error": (
        "a function of the query does not know a value, such as a time zone",
        "leave such rows out",
    ),
}
_STRING = re.compile(r"'(?:[^']|'')*'")
_LINE = re.compile(r"\n\nLINE (\d+): (.*)")
_NO_TABLE = re.compile(r'Table with name "?(.+?)"? does not exist')
_FILE_NAME = re.compile(r"\.(parquet|csv|tsv|json|ndjson|jsonl)\b", re.IGNORECASE)
_PROCESS = re.compile(r"\(PID (\d+)\)")


class Reading(NamedTuple):
    """What was being done when DuckDB refused."""

    file: Path
    memory_limit: str
    sql: Sequence[str] = ()
    """Texts of the user that DuckDB was given; the query comes first."""
    tables: Sequence[str] = ()
    """Tables of the file, as a query names them."""


def explain(text: str, reading: Reading) -> SourceError:
    """Return the error for DuckDB's message `text`, which begins with the class of the error."""
    return _about_file(text, reading.file) or _about_means(text, reading) or _about_query(text, reading)


def about_rows(text: str, reading: Reading) -> SourceError:
    """Return the error for what DuckDB says while rows are read, of which no word is passed on."""
    return _about_file(text, reading.file) or _about_means(text, reading) or _by_class(text)


def _about_file(text: str, file: Path) -> SourceError | None:
    for mark, kind, what, remedy in (
        (
            "Could not set lock on file",
            SourceUnavailableError,
            f"another process{_holder(text)} has {file} open for writing",
            "close it there: DuckDB lets nobody read a file while one process writes it; or read a copy",
        ),
        (
            "already attached by database",
            SourceUnavailableError,
            f"this very process has {file} open for writing",
            "close that connection first",
        ),
        ("database does not exist", SourceRefusedError, f"there is no file {file}", "mend `path`"),
        ("not a valid DuckDB database", SourceRefusedError, f"{file} is no DuckDB database", "mend `path`"),
        (
            "a newer version of DuckDB",
            SourceRefusedError,
            f"{file} was written by a newer DuckDB than the one installed here",
            "run: pip install --upgrade duckdb",
        ),
        (
            "an older version of DuckDB",
            SourceRefusedError,
            f"{file} was written by a DuckDB too old to be read here",
            "export it there with EXPORT DATABASE and import it with a newer one",
        ),
        ("Cannot open encrypted", SourceRefusedError, f"{file} is encrypted", "read an unencrypted copy"),
        ("Permission denied", SourceRefusedError, f"this user may not read {file}", "change its rights"),
        ("Is a directory", SourceRefusedError, f"{file} is a folder", "mend `path`"),
        ("Corrupt database file", SourceRefusedError, f"{file} is damaged", "restore it from a backup"),
        ("Could not read enough bytes", SourceRefusedError, f"{file} is cut short", "restore it from a backup"),
    ):
        if mark in text:
            return kind(what, remedy=remedy)
    return None


def _about_means(text: str, reading: Reading) -> SourceError | None:
    if text.startswith("Out of Memory Error"):
        return SourceRefusedError(
            f"the query needs more than the memory_limit of {reading.memory_limit} and the disk space for sorting",
            remedy="raise memory_limit, or point temp_directory to a larger disk",
        )
    is_file = text.startswith("Catalog Error") and _FILE_NAME.search(text.partition("\n")[0])
    if is_file or "file system operations are disabled" in text:
        return QueryError("the query reads files beside the database", remedy="allow it with external_files: true")
    if text.startswith("IO Error"):
        return SourceUnavailableError(f"a file could not be read or written while {reading.file} was queried")
    if text.startswith("INTERRUPT"):
        return SourceUnavailableError("the query was interrupted")
    return None


def _about_query(text: str, reading: Reading) -> SourceError:
    name, _, rest = text.partition(": ")
    if name in _BEFORE_READING:
        line = _line(rest, reading.sql, is_syntax=name in _SYNTAX)
        where = f" in line {line}" if line else ""
        missing = _NO_TABLE.match(rest)
        said = rest.partition("\nDid you mean")[0] if missing else rest
        remedy = other_table(missing[1], reading.tables, reading.file) if missing else _BEFORE_READING[name]
        return QueryError(f"DuckDB refuses the query{where}: {_said(said, reading.sql)}", remedy=remedy)
    return _by_class(text)


def _by_class(text: str) -> SourceError:
    name, _, rest = text.partition(": ")
    if OUT_OF_ORDER in rest:
        what = "the query gave its rows in another order than a moment before"
        return QueryError(what, remedy="put ORDER BY with the cursor at its end: then its rows are always sorted")
    if name in _WHILE_READING:
        what, remedy = _WHILE_READING[name]
        return QueryError(f"the query failed while rows were read: {what}", remedy=remedy)
    kind = name if re.fullmatch(r"[A-Za-z ]{1,40} Error", name) else "an error without a name"
    return QueryError(f"the query failed in DuckDB: {kind}", remedy="try it in DuckDB itself")


def _said(text: str, sql: Sequence[str]) -> str:
    """Return DuckDB's own words without its picture of the query and without the user's literals."""
    said = text.partition("\n\nLINE")[0].partition("\n\tCandidate")[0]
    for literal in {found for part in sql for found in _STRING.findall(part)}:
        said = said.replace(literal, "'…'")
    line = " ".join(said.split()).rstrip("!")
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"


def _line(text: str, sql: Sequence[str], *, is_syntax: bool) -> int | None:
    """Return the line of the user's query that DuckDB points at, None where it points at none of it.

    Syntax is checked on the query alone; whatever else is refused stands one line below the SELECT around it.
    """
    pointer = _LINE.search(text)
    lines = sql[0].split("\n") if sql else []
    if pointer is None:
        return None
    number, shown = int(pointer[1]) - (not is_syntax), pointer[2].strip(". \r\t")
    return number if 1 <= number <= len(lines) and shown in lines[number - 1] else None


def _holder(text: str) -> str:
    found = _PROCESS.search(text)
    return f" (pid {found[1]})" if found else ""
