"""The user's SQL as Snowflake splits it into words; pure."""

import re
from typing import Final

from connectors.errors import QueryError
from connectors.statements import Syntax, Token

SYNTAX: Final = Syntax(
    re.compile(
        r"(?P<nothing>\s+|(?:--|//)[^\n]*|/\*.*?\*/)"
        r"|(?P<closed>'(?:[^'\\]|''|\\.)*'|\"(?:[^\"]|\"\")*\"|\$\$.*?\$\$)"
        r"|(?P<open>/\*|['\"]|\$\$)"
        r"|(?P<word>\w[\w$]*)"
        r"|(?P<sign>->>|.)",
        re.DOTALL,
    ),
    first_words=("select", "with"),
)
NO_EXPRESSION: Final = frozenset(
    {"as", "from", "where", "group", "having", "qualify", "order", "limit", "union", "intersect", "except", "minus"}
)
"""Words that end an expression where they stand outside of brackets."""


def one_select(sql: str) -> str:
    """Return `sql` without semicolons at its end and brackets around it; raises `QueryError` if it is no one SELECT."""
    found = SYNTAX.one_select(sql)
    _refuse_parameters(SYNTAX.tokens(found, "the query"))
    return found


def require_expression(sql: str) -> None:
    """Raise `QueryError` where `sql`, put between brackets, would be anything but one value."""
    SYNTAX.require_expression(sql)
    tokens = SYNTAX.tokens(sql, "it")
    _refuse_parameters(tokens)
    outer = [token.text.lower() for token in tokens if token.depth == 0]
    if outer == ["*"] or "," in outer or not NO_EXPRESSION.isdisjoint(outer):
        raise QueryError("it is not one expression", remedy="write one value as SELECT takes it")


def _refuse_parameters(tokens: list[Token]) -> None:
    """Refuse what Snowflake would fill with a value bound for another place, and what chains statements."""
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        if token.text == "->>":
            raise QueryError("the query chains statements with ->>", remedy="leave one SELECT")
        touching = after.text if after is not None and after.start == token.end else ""
        is_place = token.text == ":" and touching.isdecimal()
        if token.text == "?" or is_place or (token.text == "$" and touching):
            raise QueryError("the SQL has parameters (?, :1 or $name), which nothing fills", remedy="write the values")
