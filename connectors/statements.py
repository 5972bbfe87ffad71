"""The user's SQL split into words as one dialect splits it: one SELECT without what stands behind it; pure."""

import re
from dataclasses import dataclass
from typing import Final

from connectors.errors import QueryError

BEHIND_BRACKETS: Final = frozenset({"union", "intersect", "except", "minus", "order", "limit", "offset", "fetch"})
"""What may follow a SELECT between brackets that goes on; a name there would make a list of tables of it."""


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


@dataclass(frozen=True, slots=True)
class Syntax:
    """How a dialect splits SQL into words."""

    token: re.Pattern[str]
    """Matches at every place; its groups are `nothing`, `closed` and `open` quotes and comments, `word`, `sign`."""
    first_words: tuple[str, ...]
    """In lower case: what a SELECT may begin with."""

    def one_select(self, sql: str) -> str:
        """Return `sql` without semicolons at its end and brackets around it; raises `QueryError` if it is no one SELECT."""
        tokens = self.tokens(sql, "the query")
        while tokens and tokens[-1].text == ";":
            tokens.pop()
        if any(token.text == ";" for token in tokens):
            raise QueryError("the query holds several statements", remedy="leave one SELECT")
        while _is_bracketed(tokens):
            tokens = tokens[1:-1]
        if not tokens:
            raise QueryError("the query is empty", remedy="write one SELECT")
        if not self._is_select(tokens):
            others = " or ".join(word.upper() for word in self.first_words if word != "select")
            raise QueryError("the query is no SELECT", remedy=f"write one SELECT, or begin with {others}")
        return sql[tokens[0].start : tokens[-1].end]

    def _is_select(self, tokens: list[Token]) -> bool:
        """Return whether `tokens` begin as a SELECT, or as one between brackets with what may follow such a one."""
        first = next(token.text.lower() for token in tokens if token.text != "(")
        depth = tokens[0].depth
        behind = next((token.text.lower() for token in tokens[1:] if token.depth == depth and token.text != ")"), "")
        return first in self.first_words and (tokens[0].text != "(" or behind in BEHIND_BRACKETS)

    def require_expression(self, sql: str) -> None:
        """Raise `QueryError` where `sql`, put between brackets, would reach out of them."""
        tokens = self.tokens(sql, "it")
        if not tokens or tokens[0].text.lower() in self.first_words or any(token.text == ";" for token in tokens):
            raise QueryError("it is not one expression", remedy="write one value as SELECT takes it")

    def literals(self, sql: str) -> frozenset[str]:
        """Return the strings of `sql` with their quotes."""
        return frozenset(found.group() for found in self.token.finditer(sql) if found.group().startswith("'"))

    def tokens(self, sql: str, what: str) -> list[Token]:
        """Return the words of `sql`, called `what` in messages; raises `QueryError` where quotes or brackets are open."""
        if "\0" in sql:
            raise QueryError("the SQL holds a NUL character", remedy="take it out")
        if any("\ud800" <= character <= "\udfff" for character in sql):
            raise QueryError("the SQL is no valid text", remedy="take the surrogates out")
        tokens: list[Token] = []
        depth = 0
        for found in self.token.finditer(sql):
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


def _is_bracketed(tokens: list[Token]) -> bool:
    """Return whether one pair of brackets stands around all `tokens`."""
    if len(tokens) < 2 or tokens[0].text != "(" or tokens[-1].text != ")":
        return False
    return all(token.depth > tokens[0].depth for token in tokens[1:-1])
