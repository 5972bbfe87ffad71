"""Every mistake found so far, each with its place and its remedy."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from syncer.errors import Problem

if TYPE_CHECKING:
    from syncer.config.document import Node

KeyPath: TypeAlias = tuple[str | int, ...]

PLAIN_KEY = re.compile(r"[\w*<>@$-]+")
LONGEST_QUOTE = 60
MOST_KNOWN = 24
MOST_PROBLEMS = 500


class TooManyProblemsError(Exception):
    """So much is wrong that more messages would help nobody."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something is written."""

    file: Path
    line: int = 1
    column: int = 1


class Problems:
    """Collects mistakes; of several about one value the first is kept, the others follow from it."""

    def __init__(self) -> None:
        self._found: dict[tuple[Path | None, int, int, str], Problem] = {}
        self._ignored: set[Place] = set()

    def __bool__(self) -> bool:
        return bool(self.found())

    def add(self, place: Place, path: KeyPath, what: str, remedy: str) -> None:
        """Note a mistake at `place`."""
        if len(self._found) >= MOST_PROBLEMS:
            raise TooManyProblemsError
        self._keep(problem_at(place, path, what, remedy))

    def _keep(self, problem: Problem) -> None:
        self._found.setdefault((problem.file, problem.line, problem.column, problem.path), problem)

    def at(self, node: "Node", what: str, remedy: str) -> None:
        """Note a mistake in the value of `node`."""
        self.add(node.place, node.path, what, remedy)

    def key(self, node: "Node", key: str, what: str, remedy: str) -> None:
        """Note a mistake in a key of the map `node`, at the key itself."""
        place, path = node.keys.get(key, (node.place, (*node.path, key)))
        self.add(place, path, what, remedy)

    def unknown(self, node: "Node", known: Iterable[str]) -> None:
        """Note every key of the map `node` that is not among `known`, with the nearest one."""
        known = tuple(known)
        for key in node.entries:
            if key not in known:
                self.key(node, key, f"unknown key {quoted(key)}", suggestion(key, known, noun="keys"))

    def missing(self, node: "Node", key: str, remedy: str) -> None:
        """Note that the map `node` lacks `key`."""
        self.add(node.place, (*node.path, key), "is missing", remedy)

    def left_blank(self, node: "Node", keys: Iterable[str]) -> None:
        """Note those of `keys` of the map `node` behind which nothing stands; null is a value."""
        for key in keys:
            if (child := node.entries.get(key)) and child.is_left_blank:
                self.at(child, "is left blank", "give it a value, or write null where nothing is meant")

    def ignore_at(self, place: Place) -> None:
        """Leave out mistakes at `place`: its value is known only elsewhere."""
        self._ignored.add(place)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Take over mistakes that were found elsewhere."""
        for problem in problems:
            self._keep(problem)

    def found(self) -> tuple[Problem, ...]:
        """Return all of them by file, line and column."""
        ignored = {(place.file, place.line, place.column) for place in self._ignored}
        kept = (
            problem for problem in self._found.values() if (problem.file, problem.line, problem.column) not in ignored
        )
        return tuple(sorted(kept, key=lambda found: (str(found.file or ""), found.line, found.column, found.path)))


def problem_at(place: Place, path: KeyPath, what: str, remedy: str) -> Problem:
    """Return a mistake that prints as one line whatever the file holds."""
    return Problem(
        file=place.file,
        line=place.line,
        column=place.column,
        path=dotted(path),
        what=printable(what),
        remedy=printable(remedy),
    )


def printable(text: str) -> str:
    """Return the text with what would steer a terminal written out."""
    return text if text.isprintable() else "".join(_letter(letter) for letter in text)


def _letter(letter: str) -> str:
    return letter if letter.isprintable() else repr(letter)[1:-1]


def dotted(path: KeyPath) -> str:
    """Return `a.b[0]."odd key"`: safe to print whatever the keys hold."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += ("." if text else "") + (step if PLAIN_KEY.fullmatch(step) else quoted(step))
    return text


def quoted(value: object) -> str:
    """Return what a file holds as one short printable line."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    if not isinstance(value, str):
        return str(value)
    text = printable(value)
    return f'"{text[:LONGEST_QUOTE]}..."' if len(text) > LONGEST_QUOTE else f'"{text}"'


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the one of `known` that `word` most likely means, or None."""
    plain = {_bare(name): name for name in known}
    found = get_close_matches(_bare(word)[:100], plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else None


def _bare(word: str) -> str:
    return re.sub(r"[\W_]+", "", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word)).lower()


def suggestion(word: str, known: Iterable[str], *, noun: str) -> str:
    """Return the remedy for a word that is not among `known`."""
    known = tuple(known)
    if near := nearest(word, known):
        return f'did you mean "{near}"?'
    if not known:
        return f"there are no {noun} yet"
    more = f", ... ({len(known)} in all)" if len(known) > MOST_KNOWN else ""
    return f"known {noun}: {', '.join(known[:MOST_KNOWN])}{more}"
