"""The user's SQL as Postgres splits it into words; pure."""

import re
from typing import Final

from connectors.errors import QueryError
from connectors.statements import Syntax, Token

NESTING: Final = 4
"""Comments inside comments are told apart as deep as this."""


def _comment(depth: int) -> str:
    inner = f"|{_comment(depth - 1)}" if depth else ""
    return rf"/\*(?:(?!/\*|\*/).{inner})*\*/"


SYNTAX: Final = Syntax(
    re.compile(
        rf"(?P<nothing>[ \t\n\r\f\v]+|--[^\n\r]*|{_comment(NESTING)})"
        r"|(?P<closed>[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag))"
        r"|(?P<open>/\*|[eE]?'|\"|\$(?:[^\W\d]\w*)?\$)"
        r"|(?P<word>\w[\w$]*)"
        r"|(?P<sign>.)",
        re.DOTALL,
    ),
    first_words=("select", "with", "values", "table"),
)
_EXPRESSION: Final = Syntax(SYNTAX.token, first_words=("select", "with", "values"))


def one_select(sql: str) -> str:
    """Return `sql` without semicolons at its end and brackets around it; raises `QueryError` if it is no one SELECT."""
    found = SYNTAX.one_select(sql)
    _refuse_parameters(SYNTAX.tokens(found, "the query"))
    return found


def require_expression(sql: str) -> None:
    """Raise `QueryError` where `sql`, put between brackets, would reach out of them or make a row of several values."""
    _EXPRESSION.require_expression(sql)
    tokens = SYNTAX.tokens(sql, "it")
    _refuse_parameters(tokens)
    if any(token.depth == 0 and token.text == "," for token in tokens):
        raise QueryError("it is not one expression", remedy="write one value as SELECT takes it")


def _refuse_parameters(tokens: list[Token]) -> None:
    if any(token.text == "$" for token in tokens):
        raise QueryError("the SQL has parameters ($1), which nothing fills", remedy="write the values")


def strings(sql: str) -> frozenset[str]:
    """Return the quoted texts of `sql`, names apart."""
    found = (token.text for token in SYNTAX.tokens(sql, "the query"))
    return frozenset(text for text in found if text[0] in "'$" or text[:2] in {"e'", "E'"})
