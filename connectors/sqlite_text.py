"""The user's SQL as SQLite splits it into words: one SELECT without what stands behind it; pure."""

import re
from dataclasses import dataclass
from typing import Final

from connectors.errors import QueryError

FIRST_WORDS: Final = ("select", "with", "values")

_TOKEN = re.compile(
    r"(?P<nothing>[ \t\n\f\r]+|--[^\n]*|/\*.*?\*/)"
    r"|(?P<closed>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|\[[^\]]*\])"
    r"|(?P<open>/\*|['\"`\[])"
    r"|(?P<word>\w+)"
    r"|(?P<sign>.)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a sign or a quoted text of the SQL; comments and spaces are none."""

    text: str
    start: int
    depth: int
    """Brackets that are open around it; those of a bracket are the ones around both."""

    @property
    def end(self) -> int:
        """The place behind it."""
        return self.start + len(self.text)


def one_select(sql: str) -> str:
    """Return `sql` without semicolons at its end and brackets around it; raises `QueryError` if it is no one SELECT."""
    tokens = _tokens(sql, "the query")
    while tokens and tokens[-1].text == ";":
        tokens.pop()
    if any(token.text == ";" for token in tokens):
        raise QueryError("the query holds several statements", remedy="leave one SELECT")
    while _is_bracketed(tokens):
        tokens = tokens[1:-1]
    if not tokens:
        raise QueryError("the query is empty", remedy="write one SELECT")
    if tokens[0].text.lower() not in FIRST_WORDS:
        raise QueryError("the query is no SELECT", remedy="write one SELECT, or begin with WITH or VALUES")
    return sql[tokens[0].start : tokens[-1].end]


def require_expression(sql: str) -> None:
    """Raise `QueryError` where `sql`, put between brackets, would reach out of them."""
    tokens = _tokens(sql, "it")
    if not tokens or tokens[0].text.lower() in FIRST_WORDS or any(token.text == ";" for token in tokens):
        raise QueryError("it is not one expression", remedy="write one value as SELECT takes it")


def literals(sql: str) -> frozenset[str]:
    """Return the strings of `sql` with their quotes."""
    return frozenset(found.group() for found in _TOKEN.finditer(sql) if found.group().startswith("'"))


def _is_bracketed(tokens: list[Token]) -> bool:
    """Return whether one pair of brackets stands around all `tokens`."""
    if len(tokens) < 2 or tokens[0].text != "(" or tokens[-1].text != ")":
        return False
    return all(token.depth > tokens[0].depth for token in tokens[1:-1])


def _tokens(sql: str, what: str) -> list[Token]:
    if "\0" in sql:
        raise QueryError("the SQL holds a NUL character", remedy="take it out")
    if any("\ud800" <= character <= "\udfff" for character in sql):
        raise QueryError("the SQL is no valid text", remedy="take the surrogates out")
    tokens: list[Token] = []
    depth = 0
    for found in _TOKEN.finditer(sql):
        if found.lastgroup == "open":
            raise QueryError(f"{what} holds a quote or a comment without an end", remedy="close it")
        if found.lastgroup == "nothing":
            continue
        depth -= found.group() == ")"
        if depth < 0:
            raise QueryError(f"{what} closes a bracket that it does not open", remedy="mend the brackets")
        tokens.append(Token(found.group(), found.start(), depth))
        depth += found.group() == "("
    if depth:
        raise QueryError(f"{what} opens a bracket that it does not close", remedy="mend the brackets")
    return tokens
