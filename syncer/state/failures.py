"""What a database says when it fails, as a StateError that names the place and the remedy and holds nothing secret."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from syncer.errors import StateError
from syncer.state.place import Place

SQLITE_WORDS = {
    "SQLITE_BUSY": "another program keeps it locked; close that program, or wait and run again",
    "SQLITE_LOCKED": "another program keeps it locked; close that program, or wait and run again",
    "SQLITE_CORRUPT": "the file is damaged; restore a copy of it, nothing was overwritten",
    "SQLITE_NOTADB": "the file is damaged or no database; restore a copy of it, nothing was overwritten",
    "SQLITE_FULL": "the disk is full; make room and run again",
    "SQLITE_READONLY": "the file cannot be written; give this user the right to write it and its folder",
    "SQLITE_PERM": "permission denied; give this user the right to write the file and its folder",
    "SQLITE_CANTOPEN": "the file cannot be opened; check that its folder exists and may be written",
    "SQLITE_IOERR": "the disk failed or is full; check it and run again",
    "SQLITE_CONSTRAINT": "a write would contradict what is stored, and was refused",
    "SQLITE_INTERRUPT": "the work was interrupted",
}
POSTGRES_WORDS = {
    "08": "the server cannot be reached; check host, port and network",
    "28": "the server refused user or password; check the URL in `state:`",
    "3D": "the database does not exist; create it or correct `state:`",
    "42501": "the user may not do this; grant it CREATE on the schema, and SELECT, INSERT, UPDATE, DELETE on its tables",
    "25006": "the server is read-only; name the primary server in `state:`",
    "53100": "the server's disk is full; make room and run again",
    "53300": "the server has no connection left; close some or raise max_connections",
    "55P03": "another session keeps a lock; wait and run again",
    "57P": "the server is shutting down or starting; run again when it is up",
    "57014": "the server cancelled the statement; raise statement_timeout for this user",
    "23": "a write would contradict what is stored, and was refused",
    "XX001": "the server reports damaged data; restore a backup",
    "XX002": "the server reports a damaged index; REINDEX it or restore a backup",
}
CONNECT_WORDS = (
    (r"password authentication failed|no password supplied|authentication failed", POSTGRES_WORDS["28"]),
    (r"no pg_hba\.conf entry", POSTGRES_WORDS["28"]),
    (r'database ".*" does not exist', POSTGRES_WORDS["3D"]),
    (r"role .* does not exist", POSTGRES_WORDS["28"]),
    (
        r"could not translate host name|failed to resolve|Name or service not known|nodename nor servname",
        "the host name is unknown; correct `state:`",
    ),
    (r"timeout expired|timed out", "the server did not answer in time; check host, port and network"),
    (r"too many clients|too many connections|remaining connection slots", POSTGRES_WORDS["53300"]),
    (r"starting up|shutting down|terminating connection", POSTGRES_WORDS["57P"]),
    (r"SSL|certificate", "the encrypted connection failed; check sslmode and the certificates"),
    (
        r"connection to server .* failed: [^\s:]+:  ",  # libpq gives no SQLSTATE, but the server's severity in its language
        "the server answers but refuses the connection; check user, password and database in `state:`, or look into its log",
    ),
    (
        r"refused|No such file or directory|closed the connection|connection to server|is closed|lost|EOF",
        POSTGRES_WORDS["08"],
    ),
)


@contextmanager
def explained(place: Place) -> Iterator[None]:
    """Turn a driver's failure into a `StateError`; the failure itself, which may quote values, is not chained to it."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, UnicodeDecodeError) as error:
        failure = explain(error, place)
        try:
            raise failure from None
        finally:
            failure.__context__ = None


def explain(error: Exception, place: Place) -> StateError:
    """Return the error that a user sees."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(cause, sqlite3.Error):
        return StateError(f"state: {place}: {_sqlite_words(cause)}")
    if isinstance(error, UnicodeDecodeError):  # SQLite quotes the name of a table that it cannot read any more
        return StateError(f"state: {place}: {SQLITE_WORDS['SQLITE_CORRUPT']}")
    if isinstance(error, DBAPIError):
        return StateError(f"state: {place}: {_postgres_words(cause)}")
    return StateError(f"state: {place}: the store failed ({type(error).__name__})")


def _sqlite_words(error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    words = next((words for code, words in SQLITE_WORDS.items() if name.startswith(code)), "the store failed")
    return f"{words} ({name})"


def _postgres_words(error: BaseException) -> str:
    """Only the server's code is quoted: its texts hold values of rows, and libpq's may hold parts of a password."""
    code = getattr(error, "sqlstate", None)
    if code:
        known = sorted(POSTGRES_WORDS, key=len, reverse=True)
        words = next((POSTGRES_WORDS[prefix] for prefix in known if code.startswith(prefix)), "the store failed")
        return f"{words} (SQLSTATE {code})"
    text = str(error)
    for pattern, words in CONNECT_WORDS:
        if re.search(pattern, text):
            return words
    return f"the store failed ({type(error).__name__})"
