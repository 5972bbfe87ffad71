"""What Postgres's errors mean for the reader of a message; pure.

The code of an error (SQLSTATE) decides, since texts come in the server's language. Only what Postgres says while it
understands the query is passed on, without the user's literals; all else may hold values of rows. libpq gives no code
of errors of connecting: there the text decides, and where it is not known, whether it is the server's.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from connectors.errors import QueryError, SourceError, SourceRefusedError, SourceUnavailableError
from connectors.postgres_text import strings

LONGEST = 400
"""Characters of Postgres's own text in a message."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Who asked whom, as messages say it; no secret."""

    place: str
    """Such as `db.example:5432/shop`."""
    user: str


@dataclass(frozen=True, slots=True)
class Said:
    """What Postgres said."""

    code: str | None
    text: str
    hint: str = ""
    line: int | None = None
    """Line of the user's SQL it points at."""


_CONNECTING: Final[tuple[tuple[str, type[SourceError], str, str], ...]] = (
    (
        r"database \"[^\"]*\" does not exist",
        SourceRefusedError,
        "{place}: there is no such database",
        "mend `database`",
    ),
    (r"role \"[^\"]*\" does not exist", SourceRefusedError, "{place}: there is no role {user}", "mend `user`"),
    (
        r"no password supplied|password authentication failed|[Aa]uthentication failed|authentication requested",
        SourceRefusedError,
        "{place} refuses the password of {user}",
        "mend `user` or `password`",
    ),
    (
        r"no pg_hba.conf entry.*no encryption",
        SourceRefusedError,
        "{place} lets {user} in over TLS only, or not at all",
        "set sslmode: require, or ask for an entry in pg_hba.conf",
    ),
    (
        r"no pg_hba.conf entry|pg_hba.conf rejects",
        SourceRefusedError,
        "{place} does not let {user} in from here",
        "ask for an entry in pg_hba.conf, or for the network's address to be allowed",
    ),
    (
        r"permission denied for database",
        SourceRefusedError,
        "{place}: {user} may not connect to this database",
        "GRANT CONNECT ON DATABASE ... TO {user}",
    ),
    (
        r"role \"[^\"]*\" is not permitted to log in",
        SourceRefusedError,
        "{place}: {user} may not log in",
        "ALTER ROLE ... LOGIN, or take another user",
    ),
    (
        r"too many (clients|connections)|connection slots|max_client_conn",
        SourceUnavailableError,
        "{place} has too many connections",
        "try again later, or raise max_connections or the limit of {user}",
    ),
    (
        r"unsupported startup parameter",
        SourceRefusedError,
        "{place} is a pooler that refuses `options`, or a parameter of `url`",
        "leave it out, or set it for the role: ALTER ROLE {user} SET search_path = ...",
    ),
    (
        r"does not support SSL",
        SourceRefusedError,
        "{place} offers no TLS",
        "switch it on there, or set sslmode: disable where the network is trusted",
    ),
    (
        r"root certificate file",
        SourceRefusedError,
        "{place}: the file with the certificate authority cannot be read",
        "mend `sslrootcert`",
    ),
    (
        r"certificate|SSL error",
        SourceRefusedError,
        "{place}: the server's certificate does not pass, or TLS fails",
        "give its authority with sslrootcert, and the name it is for with host",
    ),
    (
        r"could not translate host name|Name or service not known",
        SourceUnavailableError,
        "{place}: there is no host of this name",
        "mend `host`, or try again when names can be resolved",
    ),
    (
        r"starting up|shutting down|recovery",
        SourceUnavailableError,
        "{place} is starting or stopping",
        "try again later",
    ),
    (
        r"failed: [^\s:]+:  ",  # the server's severity and two blanks, in whatever language
        SourceUnavailableError,
        "{place} answers but does not let {user} in, and says why in words that are not known here",
        "mend `user`, `password` or `database`, or look into the server's log",
    ),
)
_BY_CODE: Final[tuple[tuple[str, type[SourceError], str, str], ...]] = (
    (
        "55P03",
        SourceUnavailableError,
        "a table at {place} is locked for longer than lock_timeout",
        "try again later, or raise lock_timeout",
    ),
    (
        "57014",
        SourceUnavailableError,
        "{place} cancelled the query: it took longer than statement_timeout, or somebody ended it",
        "raise statement_timeout, or give the cursor's column an index",
    ),
    (
        "25006",
        QueryError,
        "the query does more than read the database",
        "leave that part out; nothing but reading is allowed",
    ),
    (
        "25P0",
        SourceUnavailableError,
        "{place} ended the reading: its transaction took longer than transaction_timeout",
        "raise that where it is set: ALTER ROLE {user} SET transaction_timeout = '2h'",
    ),
    ("28", SourceRefusedError, "{place} does not let {user} in", "mend `user` or `password`"),
    ("3D000", SourceRefusedError, "{place}: there is no such database", "mend `database`"),
    ("53300", SourceUnavailableError, "{place} has too many connections", "try again later"),
    ("53100", SourceUnavailableError, "{place} has no disk space left for the query", "select fewer columns or rows"),
    ("53", SourceUnavailableError, "{place} lacks the means for the query", "try again later"),
    ("40", SourceUnavailableError, "{place} gave up the query for the sake of others", "try again"),
    ("57", SourceUnavailableError, "{place} ended the connection", "try again later"),
    ("08", SourceUnavailableError, "the connection to {place} was lost", "try again"),
    ("58", SourceUnavailableError, "{place} could not read or write a file", "look into the server's log"),
    (
        "22",
        QueryError,
        "the query failed while rows were read: a value does not fit a cast or function of the query",
        "leave such rows out, or test the value first: CASE WHEN x ~ '^[0-9]+$' THEN CAST(x AS integer) END",
    ),
    ("21000", QueryError, "a sub-select of the query gave more than one row", "limit it to one"),
    ("P0", QueryError, "a function of the query raised an error", "try the query in psql"),
)
_REMEDIES: Final = {
    "42601": "mend the SQL there or just before it",
    "42702": "name the table of the column, or give one of the two another name with AS",
    "42P02": "write the values: nothing fills parameters ($1)",
    "0A000": "write that part of the query in another way",
}
_REMEDY: Final = "compare its names and types with the tables: \\d in psql shows theirs"
OF_NAMES: Final = frozenset({"42703", "42P01", "42804", "42883", "42846"})
"""Codes of columns, tables, types, functions and casts that are not there."""
_DENIED = re.compile(r"permission denied for ([a-z ]+) (\S+)")


def changed(peer: Peer) -> SourceError:
    """Return the error for a table that is not as the query was described a moment ago."""
    return SourceUnavailableError(f"a table at {peer.place} was changed as its reading began", remedy="try again")


def about_connecting(text: str, peer: Peer) -> SourceError:
    """Return the error for what libpq says when it cannot connect."""
    for mark, kind, what, remedy in _CONNECTING:
        if re.search(mark, text):
            return _filled(kind, what, remedy, peer)
    return SourceUnavailableError(
        f"{peer.place} cannot be reached", remedy="try again later, or mend `host` and `port`"
    )


def explain(said: Said, peer: Peer, *, sql: Sequence[str] = ()) -> SourceError:
    """Return the error for what Postgres says of the user's texts `sql`, or while it reads rows."""
    if not said.code:
        return SourceUnavailableError(f"the connection to {peer.place} was lost", remedy="try again")
    if said.code == "42501":
        return _denied(said.text, peer)
    for code, kind, what, remedy in _BY_CODE:
        if said.code.startswith(code):
            return _filled(kind, what, remedy, peer)
    if said.code[:2] not in {"42", "0A", "54"} or not sql:
        return QueryError(f"the query failed in Postgres with code {said.code}", remedy="try it in psql")
    where = f" in line {said.line}" if said.line else ""
    remedy = said.hint or _REMEDIES.get(said.code, _REMEDY)
    return QueryError(f"Postgres refuses the query{where}: {_without_literals(said.text, sql)}", remedy=remedy)


def _filled(kind: type[SourceError], what: str, remedy: str, peer: Peer) -> SourceError:
    names = {"place": peer.place, "user": peer.user}
    return kind(what.format_map(names), remedy=remedy.replace("{user}", peer.user))


def _denied(text: str, peer: Peer) -> SourceRefusedError:
    found = _DENIED.search(text)
    thing, name = (found[1], found[2]) if found else ("table", "")
    right = {"schema": "USAGE ON SCHEMA", "function": "EXECUTE ON FUNCTION"}.get(thing, "SELECT ON")
    what = (
        f"{peer.place}: {peer.user} may not read the {thing} {name}" if found else f"{peer.place}: a right is missing"
    )
    return SourceRefusedError(what, remedy=f"GRANT {right} {name or '...'} TO {peer.user}")


def _without_literals(text: str, sql: Sequence[str]) -> str:
    for literal in sorted({found for part in sql for found in strings(part)}, key=len, reverse=True):
        text = text.replace(literal, "'…'")
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"
