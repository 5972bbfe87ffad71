"""Results for programs: one JSON object a line."""

import json
from typing import TYPE_CHECKING, Any

import click

from syncer.logs import harmless_json, redact

if TYPE_CHECKING:
    from syncer.errors import Problem


def print_json(value: Any) -> None:
    """Print one JSON object on a line of its own."""
    click.echo(json_line(value))


def json_line(value: Any) -> str:
    """Return one JSON object as a line that steers no terminal."""
    return harmless_json(json.dumps(value, ensure_ascii=False, default=str))


def problem_json(problem: "Problem") -> dict[str, Any]:
    """Return one mistake of a file, redacted; `file` is None where it is in none, such as a name that no pipeline has."""
    return {
        "file": str(problem.file) if problem.file else None,
        "line": problem.line,
        "column": problem.column,
        "path": redact(problem.path),
        "what": redact(problem.what),
        "remedy": redact(problem.remedy),
    }


def failure_json(words: str, *, remedy: str = "") -> dict[str, Any]:
    """Return what went wrong as a mistake that is in no file; `remedy` where the words have none behind a semicolon."""
    from syncer.errors import Problem

    what, _, said = redact(words).partition("; ")
    return problem_json(Problem(file=None, what=what, remedy=said or remedy))


def misuse_json(error: click.UsageError) -> dict[str, Any]:
    """Return what is wrong with the words of a command as a mistake that is in no file."""
    command = error.ctx.command_path if error.ctx else "syncer"
    return failure_json(error.format_message(), remedy=f"`{command} --help` says what it takes")
