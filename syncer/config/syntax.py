"""What is wrong with text that is no YAML: where, in which words, and how to mend it."""

import re
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # PyYAML ships no types

from syncer.config.problems import Place

LINE_BREAK = re.compile("\r\n|\r|\n")
MERGE = re.compile(r"^(<{7}|\|{7}|={7}|>{7})( |\r?$)", re.MULTILINE)
UNSETTLED = (
    "a merge left two versions of these lines",
    "keep one of them, and delete the lines that begin with <<<<<<<, |||||||, ======= and >>>>>>>",
)
UNKNOWN_REMEDY = "check quotes, brackets and indentation"
WHOLE = "quote the whole text, or put each key on its own line"
VALUE_ENDED = ("expected key", "expected '-' indicator", "document start")
"""What is said where something stands behind the end of a value."""
SYNTAX_REMEDIES = (
    (
        "cannot start any token",
        "indent with spaces instead of tabs, and quote text that begins with a sign such as @, % or `",
    ),
    ("tab character", "indent with spaces instead of tabs"),
    ("mapping values are not allowed", "quote text that holds a colon, or mend the indentation"),
    ("could not find expected ':'", "write it as `key: value`"),
    ("unexpected end of stream", "close the quote that was opened before"),
    ("document start", WHOLE),
    ("',' or", "close the bracket or add the missing comma"),
    ("alphabetic or numeric", "quote text that begins with * or &, such as a line of cron"),
    (
        "expected node content",
        "close the bracket that was opened before, or quote text that begins with a sign such as ] or ,",
    ),
    ("did not find expected", "mend the indentation of this line or the one above"),
)
GROUP = re.compile(r"( *)(server_event|customer_info|custom_data|user_defined):\s*(?:#.*)?")
"""A line that opens a group of the mapping."""


def place_in(before: str, shown: Path) -> Place:
    """Return the place behind the text `before`."""
    lines = LINE_BREAK.split(before)
    return Place(shown, len(lines), len(lines[-1]) + 1)


def what_breaks(text: str, error: yaml.MarkedYAMLError, shown: Path) -> tuple[Place, str, str]:
    """Return where `text` breaks off, why, and how to mend it; `error` is what the parser said."""
    return _of_merge(text, shown) or _of_group(text, error, shown) or _of_syntax(error, text, shown)


def _of_merge(text: str, shown: Path) -> tuple[Place, str, str] | None:
    """Return where a merge left two versions of some lines, and how to mend it."""
    found = MERGE.search(text)
    return None if found is None else (place_in(text[: found.start()], shown), *UNSETTLED)


def _of_group(text: str, error: yaml.MarkedYAMLError, shown: Path) -> tuple[Place, str, str] | None:
    """Return the group of the mapping that stands further left than the next, while its entries stayed where they were."""
    lines = LINE_BREAK.split(text)
    at = error.problem_mark.line if error.problem_mark and "expected key" in (error.problem or "") else 0
    if not (here := GROUP.fullmatch("".join(lines[at : at + 1]))):  # YAML knows more line breaks
        return None
    above = next((number for number in reversed(range(at)) if _stands_left(lines[number], of=here[1])), None)
    if above is None or not (moved := GROUP.fullmatch(lines[above])):
        return None
    what = f"{moved[2]} stands further left than {here[2]} on line {at + 1}"
    return Place(shown, above + 1, len(moved[1]) + 1), what, "indent the groups of the mapping alike"


def _stands_left(line: str, *, of: str) -> bool:
    inner = line.lstrip(" ")
    return bool(inner) and not inner.startswith("#") and len(line) - len(inner) < len(of)


def _of_syntax(error: yaml.MarkedYAMLError, text: str, shown: Path) -> tuple[Place, str, str]:
    mark = error.problem_mark or error.context_mark
    place = Place(shown, mark.line + 1, mark.column + 1) if mark else Place(shown)
    problem = error.problem or "it cannot be parsed"
    since = f" (in what begins on line {error.context_mark.line + 1})" if error.context_mark else ""
    return place, f"{problem}{since}", _remedy(problem, text, place)


def _remedy(problem: str, text: str, place: Place) -> str:
    """Return how to mend `text`, which was read up to `place`."""
    line = "".join(LINE_BREAK.split(text)[place.line - 1 : place.line])
    before, sign = line[: place.column - 1], line[place.column - 1 : place.column]
    if any(each in problem for each in VALUE_ENDED):
        if sign in ("]", "}"):
            return f"delete this {sign}, which closes nothing, or quote the whole text"
        if before.strip(" -"):
            return WHOLE
    return next((mend for sign, mend in SYNTAX_REMEDIES if sign in problem), UNKNOWN_REMEDY)
