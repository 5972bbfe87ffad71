"""What Snowflake's errors mean for the reader of a message; pure.

What Snowflake says may hold values of rows, literals of the query and names of users. Nothing of it is passed on but
the names in a few known sentences about the query; the query's id leads to the whole text in the account's history.
"""

import re
from typing import Any, Final

from connectors.errors import QueryError, SourceError, SourceRefusedError, SourceUnavailableError

_SIGN_IN: Final = (
    ("390100", "incorrect username or password", "Snowflake refuses the user or its password", "mend `user`, `password`"),
    ("390144", "jwt token is invalid", "Snowflake refuses the private key", "compare it with RSA_PUBLIC_KEY_FP in DESC USER, and `user` and `account` with the key's; check the clock of this machine"),
    ("390189", "role .* does not exist or not authorized", "the role does not exist, or the user has not been granted it", "mend `role`, or GRANT ROLE ... TO USER ..."),
    ("390303", "invalid oauth access token", "Snowflake refuses the OAuth token", "get a new `token`"),
    ("390318", "oauth access token expired", "the OAuth token has expired", "get a new `token`"),
    ("394400", "programmatic access token is invalid", "Snowflake refuses the programmatic access token", "make a new `token`; a service user also needs a network policy"),
    ("390102", "user account has been temporarily locked", "the user is locked", "unlock it: ALTER USER ... SET MINS_TO_UNLOCK = 0"),
    ("390101", "user access disabled", "the user is disabled", "enable it: ALTER USER ... SET DISABLED = FALSE"),
    ("390420", "is not allowed to access snowflake", "the network policy does not let this machine in", "add its address to the policy of the account or the user"),
    ("390127", "multi-factor|mfa|duo", "Snowflake asks this user for a second factor", "use a service user with `private_key`"),
    ("390422", "ip .* is not allowed", "the network policy does not let this machine in", "add its address to the policy"),
)  # fmt: skip
"""The code, words where the driver hides it, what happened, what mends it."""

_NO_ANSWER: Final = re.compile(r"Failed to login: (HTTP request failed|.*end of file before message)", re.DOTALL)
"""How version 5 tells that nobody answered when its class says that the server refused: its last try was in time."""

_REFUSED: Final = {
    606: ("no warehouse runs the query", "set `warehouse`, let its role have USAGE on it, and leave AUTO_RESUME on"),
    90073: ("the warehouse is suspended and a resource monitor keeps it so", "raise the monitor's quota, or set another `warehouse`"),
    90105: ("the query names no database", "set `database`, or write database.schema.table"),
    90106: ("the query names no schema", "set `schema`, or write database.schema.table"),
    3001: ("the role may not read what the query names", "grant it: USAGE on database and schema, SELECT on the table"),
    3540: ("the account is suspended", "ask who administers it"),
}  # fmt: skip
_SUSPENDED = re.compile(r"warehouse .*(cannot be resumed|is suspended|cannot be resized)", re.IGNORECASE | re.DOTALL)
_TIMED_OUT = re.compile(r"statement reached its statement or warehouse timeout", re.IGNORECASE)
_ROW_VALUES: Final = {
    100035: "a text is no timestamp",
    100037: "a text is no boolean",
    100038: "a text is no number",
    100039: "a number does not fit its type",
    100040: "a text is no date",
    100051: "a division by zero",
    100069: "a text is no JSON",
    100078: "a text is longer than its type",
    100132: "a number does not fit its type",
}
_ROWS_REMEDY: Final = "leave such rows out, or give NULL instead: TRY_CAST, TRY_TO_NUMBER, NULLIF"

_NAME = r'[\w$."<>]{1,120}'
_KNOWN: Final = (
    (re.compile(rf"invalid identifier '({_NAME})'"), "the query has no column {}", "compare it with the tables: DESC TABLE shows their columns"),
    (re.compile(rf"(?:Object|Table|View|Schema|Database) '({_NAME})' does not exist or not authorized"), "{} does not exist, or the role may not see it", "mend its name, set `database` and `schema`, or grant the role USAGE on both and SELECT on it"),
    (re.compile(rf"Unknown (?:user-defined )?(?:table )?function:? ({_NAME})"), "there is no function {}", "mend its name"),
    (re.compile(rf"unexpected '({_NAME})'"), "a syntax error at {}", "mend the SQL there or just before it"),
    (re.compile(rf"[Ii]nvalid argument types for function '({_NAME})'"), "the function {} takes other types", "cast what it is given"),
    (re.compile(rf"ambiguous column name '({_NAME})'"), "the column {} could be that of several tables", "write the table before it"),
)  # fmt: skip
_NO_OBJECT: Final = (2003, 2043)
_PLACE = re.compile(r"line (\d+) at position \d+")
_ROW_CODES: Final = range(100_000, 110_000)
_SESSION_CODES: Final = range(390_000, 391_000)


def about_sign_in(error: Any, *, is_network: bool) -> SourceError:
    """Return the error for what the driver says while it connects; `is_network`: its class says that nobody answered."""
    text = str(error)
    for code, words, what, remedy in _SIGN_IN:
        if str(error.errno) == code or re.search(words, text, re.IGNORECASE | re.DOTALL):
            return SourceRefusedError(what, remedy=remedy)
    if re.search(r"\b(403|404)\b|verify the account name", text, re.IGNORECASE):
        return SourceRefusedError("Snowflake knows no such account there", remedy="mend `account`, or `host`")
    if is_network or _NO_ANSWER.search(text):
        what = "Snowflake does not answer"
        return SourceUnavailableError(what, remedy="try again later; check `account` and the network of this machine")
    return SourceRefusedError(f"Snowflake refuses to sign in{_number(error)}", remedy="mend the options of the source")


def about_query(error: Any, *, lines: int = 0, first: int = 2, is_network: bool) -> SourceError:
    """Return the error for what the driver says of a query.

    The user's query of so many `lines` begins in the line `first` of what was sent; without `lines` no place is told.
    """
    text, code = str(error), error.errno if isinstance(error.errno, int) else -1
    if code in _REFUSED:
        what, remedy = _REFUSED[code]
        return SourceRefusedError(what, remedy=remedy)
    if _SUSPENDED.search(text):
        return SourceRefusedError(*_REFUSED[90073][:1], remedy=_REFUSED[90073][1])
    if _TIMED_OUT.search(text) or (code == 630):
        remedy = "raise `statement_timeout_s`, use a larger `warehouse`, or let the query read less"
        return QueryError(f"the query took longer than it may{_query(error)}", remedy=remedy)
    if code in _ROW_CODES:
        what = _ROW_VALUES.get(code, f"a value of a row was refused{_number(error)}")
        return QueryError(f"the query failed while rows were read: {what}{_query(error)}", remedy=_ROWS_REMEDY)
    if code in _SESSION_CODES:
        return SourceUnavailableError("the session with Snowflake has ended", remedy="try again")
    if is_network:
        return SourceUnavailableError(f"Snowflake broke off{_number(error)}{_query(error)}", remedy="try again later")
    return _refused(error, text, code, _line(text, lines, first))


def _refused(error: Any, text: str, code: int, line: int | None) -> QueryError:
    where = f" in line {line}" if line else ""
    for pattern, what, remedy in _KNOWN:
        if found := pattern.search(text):
            said = what.format(found[1])
            return QueryError(f"Snowflake refuses the query{where}: {said}{_query(error)}", remedy=remedy)
    if code in _NO_OBJECT:
        what, remedy = "a table or column does not exist, or the role may not see it", _KNOWN[1][2]
        return QueryError(f"Snowflake refuses the query{where}: {what}{_query(error)}", remedy=remedy)
    what = f"Snowflake refuses the query{where}{_number(error)}{_query(error)}"
    return QueryError(what, remedy="the account's query history has the whole text")


def _line(text: str, lines: int, first: int) -> int | None:
    found = _PLACE.search(text)
    number = int(found[1]) - first + 1 if found else 0
    return number if 1 <= number <= lines else None


def _number(error: Any) -> str:
    return f" (error {error.errno:06d})" if isinstance(error.errno, int) and error.errno > 0 else ""


def _query(error: Any) -> str:
    found = getattr(error, "sfqid", None)
    return f" (query id {found})" if isinstance(found, str) and re.fullmatch(r"[\w-]{8,40}", found) else ""
