"""How dialects split SQL into words: strings, comments, names; pure.

A dialect that is not known here is read in both ways that there are for a backslash, and has to mean one SELECT in
either of them.
"""

import re
from typing import Final

from connectors.errors import QueryError
from connectors.statements import Syntax

_PLAIN: Final = r"'(?:[^']|'')*'"
_ESCAPED: Final = r"'(?:[^'\\]|''|\\.)*'"
_NAME: Final = r'"(?:[^"]|"")*"'
_ESCAPED_NAME: Final = r'"(?:[^"\\]|""|\\.)*"'
_TICKED: Final = r"`(?:[^`]|``)*`"
_BLOCK: Final = r"/\*.*?\*/"
_NESTED: Final = r"/\*(?:[^*/]|\*(?!/)|/(?!\*)|/\*(?:[^*/]|\*(?!/)|/(?!\*))*\*/)*\*/"
"""One comment inside another; more of them are an open comment here."""


def _syntax(*, comments: str, closed: str, quotes: str, first_words: tuple[str, ...] = ()) -> Syntax:
    token = rf"(?P<nothing>\s+|{comments})|(?P<closed>{closed})|(?P<open>/\*|[{quotes}])|(?P<word>\w+)|(?P<sign>.)"
    return Syntax(re.compile(token, re.DOTALL), first_words=("select", "with", "values", *first_words))


_STANDARD: Final = _syntax(comments=rf"--[^\n]*|{_BLOCK}", closed=f"{_PLAIN}|{_NAME}|{_TICKED}", quotes="'\"`")
_BACKSLASH: Final = _syntax(
    comments=rf"--[^\n]*|{_BLOCK}", closed=f"{_ESCAPED}|{_ESCAPED_NAME}|{_TICKED}", quotes="'\"`"
)
_SQLITE: Final = _syntax(
    comments=rf"--[^\n]*|{_BLOCK}", closed=rf"{_PLAIN}|{_NAME}|{_TICKED}|\[[^\]]*\]", quotes="'\"`\\["
)
_MSSQL: Final = _syntax(
    comments=rf"--[^\n]*|{_NESTED}", closed=rf"{_PLAIN}|{_NAME}|\[(?:[^\]]|\]\])*\]", quotes="'\"\\["
)
_POSTGRES: Final = _syntax(
    comments=rf"--[^\n]*|{_NESTED}",
    closed=rf"(?<!\w)[eE]{_ESCAPED}|{_PLAIN}|{_NAME}|(?<!\w)(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag)",
    quotes="'\"",
    first_words=("table",),
)
_MYSQL: Final = _syntax(  # `/*! code */` is no comment to it, so it is open here
    comments=r"--(?=\s|$)[^\n]*|#[^\n]*|/\*(?!M?!).*?\*/",
    closed=f"{_ESCAPED}|{_ESCAPED_NAME}|{_TICKED}",
    quotes="'\"`",
    first_words=("table",),
)
_DUCKDB: Final = _syntax(
    comments=rf"--[^\n]*|{_NESTED}",
    closed=rf"(?<!\w)[eE]{_ESCAPED}|{_PLAIN}|{_NAME}|(?<!\w)(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag)",
    quotes="'\"",
    first_words=("table", "from"),
)
_BY_DIALECT: Final = {
    "sqlite": _SQLITE,
    "mssql": _MSSQL,
    "postgresql": _POSTGRES,
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "oracle": _STANDARD,
    "duckdb": _DUCKDB,
}


def one_select(sql: str, dialect: str) -> str:
    """Return `sql` without semicolons at its end and brackets around it; raises `QueryError` if it is no one SELECT."""
    found = {syntax.one_select(sql) for syntax in _syntaxes(dialect)}
    if len(found) > 1:
        what = "the query has a backslash in a text, and it is not known what that means there"
        raise QueryError(what, remedy="write the text without it")
    (only,) = found
    return only


def require_expression(sql: str, dialect: str) -> None:
    """Raise `QueryError` where `sql`, put between brackets, would be several values or reach out of them."""
    for syntax in _syntaxes(dialect):
        syntax.require_expression(sql)
        if any(token.text == "," and token.depth == 0 for token in syntax.tokens(sql, "it")):
            raise QueryError("it is not one expression", remedy="write an expression for each value")


def literals(sql: str, dialect: str) -> frozenset[str]:
    """Return the strings of `sql` with their quotes."""
    texts = ("'", '"', "$", "e'", "E'") if dialect in {"mysql", "mariadb"} else ("'", "$", "e'", "E'")
    return frozenset(
        found.group()
        for syntax in _syntaxes(dialect)
        for found in syntax.token.finditer(sql)
        if found["closed"] is not None and found.group().startswith(texts)
    )


def _syntaxes(dialect: str) -> tuple[Syntax, ...]:
    known = _BY_DIALECT.get(dialect)
    return (known,) if known else (_STANDARD, _BACKSLASH)
