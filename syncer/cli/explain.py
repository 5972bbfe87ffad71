"""`syncer explain`."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncer.cli.common import load, log_options, output_option, project_options

if TYPE_CHECKING:
    from syncer.pipeline import Pipeline


@click.command()
@click.argument("what")
@project_options
@output_option
@log_options
def command(what: str, project_dir: Path | None, target: str | None, *, as_json: bool) -> None:
    """Say what a reason code means and what to do about it, or what a pipeline does after all defaults.

    \b
    syncer explain currency_missing
    syncer explain orders
    """
    from syncer.cli.text import print_json

    facts = _facts(what)
    if facts is None:
        _pipeline(what, project_dir, target, as_json=as_json)
    elif as_json:
        print_json(facts)
    else:
        click.echo(f"{what} ({facts['kind']})\n  {facts['what']}\n  {facts['remedy']}".rstrip())


def _facts(code: str) -> dict[str, str | None] | None:
    """Return what is known of a code: a reason for an event, or what became of a request; None: neither."""
    from syncer.spec.answers import MEANINGS
    from syncer.spec.reasons import REASONS

    if reason := REASONS.get(code):
        kind = f"bucket {reason.bucket}" if reason.bucket else "warning; the event is sent"
        field = f", field {reason.field}" if reason.field else ""
        return {"code": code, "kind": kind + field, "what": reason.sentence, "remedy": reason.remedy}
    if meaning := MEANINGS.get(code):
        return {"code": code, "kind": f"request {meaning.kind}", "what": meaning.explanation, "remedy": ""}
    return None


def _pipeline(name: str, project_dir: Path | None, target: str | None, *, as_json: bool) -> None:
    from syncer.cli.text import print_json
    from syncer.errors import ConfigError
    from syncer.logs import printable_lines
    from syncer.spec.answers import MEANINGS
    from syncer.spec.reasons import REASONS

    try:
        project = load(project_dir, target)
    except ConfigError:
        if project_dir is None and name.replace("_", "").isalpha() and "_" in name:
            raise click.UsageError(_unknown(name, [*REASONS, *MEANINGS])) from None
        raise
    if name not in project.pipelines:
        raise click.UsageError(_unknown(name, [*project.pipelines, *REASONS, *MEANINGS]))
    pipeline = project.pipelines[name]
    lines = {path: value for path, value in _flat(pipeline) if not path.startswith(("places", "fingerprint", "file"))}
    if as_json:
        print_json(lines)
        return
    width = max(map(len, lines))
    for path, value in lines.items():
        text = printable_lines(str(value).rstrip()).replace("\n", "\n" + " " * (width + 2))
        click.echo(f"{path:<{width}}  {text}{_origin(path, pipeline)}")


def _origin(path: str, pipeline: "Pipeline") -> str:
    """Return where the line is written, as far as the files tell."""
    steps = path.split(".")
    for length in range(len(steps), 0, -1):
        if place := pipeline.places.get(".".join(steps[:length])):
            return f"   # {place[0]}:{place[1]}"
    return ""


def _flat(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield dotted paths and values; what is as it is by default is left out."""
    if is_dataclass(value):
        for part in fields(value):
            if getattr(value, part.name) != part.default:
                yield from _flat(getattr(value, part.name), f"{path}.{part.name}".lstrip("."))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}")
    elif isinstance(value, tuple | list) and any(is_dataclass(part) or isinstance(part, dict) for part in value):
        for number, inner in enumerate(value):
            yield from _flat(inner, f"{path}[{number}]")
    elif value not in (None, (), [], ""):
        yield path, ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "`syncer explain currency_missing` shows how it works"
    return f"{name!r} is neither a reason code nor a pipeline of this project; {hint}"
