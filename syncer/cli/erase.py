"""`syncer erase`."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syncer.cli.common import (
    counted,
    destination_option,
    key_parts,
    log_options,
    output_option,
    project_options,
    require_text,
    session,
    split_key,
    tell,
    told_afterwards,
)

if TYPE_CHECKING:
    from syncer.actions import Wanted
    from syncer.engine.persons import Found
    from syncer.pipeline import Pipeline
    from syncer.session import Session
    from syncer.state.erased import Traces

OLD_KEY = "what the state has by the old key is not found, nor blocked: put the key back and erase there, too"


@click.command()
@click.argument("name")
@click.option("--key", metavar="K", help="The row with this key, whether the warehouse still has it or not.")
@click.option("--match", metavar="COLUMN=VALUE", help="The rows of the query that have this value.")
@click.option(
    "--keys",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file with one key a line, as the JSON of `syncer deliveries` has them.",
)
@click.option("--dry-run", is_flag=True, help="Change nothing, say what would be erased.")
@destination_option
@project_options
@output_option
@log_options
def command(
    name: str, key: str | None, match: str | None, keys: Path | None, project_dir: Path | None, target: str | None,
    *, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Take a person's rows out of the state of a pipeline, and block them from ever being sent.

    Give one of --key, --match and --keys. It cannot be undone. What Meta has already is not recalled.

    \b
    syncer erase orders --match email=ada@example.com --dry-run
    syncer erase orders --key 1042
    """
    from syncer.actions import changed_key, erase, person, traces
    from syncer.cli.json_lines import print_json
    from syncer.pipeline import ways
    from syncer.session import find_pipeline

    if sum(given is not None for given in (key, match, keys)) != 1:
        raise click.UsageError("give one of --key, --match and --keys")
    with session(project_dir, target) as opened, told_afterwards() as later:
        pipeline = find_pipeline(opened.project, name)
        wanted = _wanted(pipeline, key=key, match=match, keys=keys)
        for way in ways(pipeline):
            found = person(opened, way, wanted)
            if (change := changed_key(opened, way)) is not None:
                tell(f"Warning: {opened.label(way)}: {change}; {OLD_KEY}")
            there = traces(opened, way, found) if dry_run else erase(opened, way, found)
            if as_json:
                facts = {"pipeline": name, "target": opened.project.target, "destination": way.destinations[0]}
                facts |= {"done": not dry_run} | _facts(there, found) | {"copies": _copies(opened)}
                later(partial(print_json, facts))
            else:
                later(partial(_print, opened.label(way), opened.project.target, there, found, dry_run=dry_run))
        if (copies := _copies(opened)) and not as_json:
            what = f"Copies that upgrades made still have what they had; delete them: {', '.join(copies)}"
            later(partial(click.echo, what))


def _copies(opened: "Session") -> list[str]:
    """Return the files beside the state that an erasure does not reach."""
    from syncer.state.backup import upgrade_copies

    path = opened.state_place.path
    return [] if path is None else [str(copy) for copy in upgrade_copies(path)]


def _facts(there: "Traces", found: "Found") -> dict[str, Any]:
    return {
        "events": there.events, "blocked_before": there.blocked, "rejects": there.rejects, "ledger": there.ledger,
        "suppressed": there.suppressed, "similar": found.similar, "recalled_at_meta": False,
    }  # fmt: skip


def _print(label: str, target: str, there: "Traces", found: "Found", *, dry_run: bool) -> None:
    verb = "would be" if dry_run else "is" if there.events == 1 else "are"
    before = f"; {there.blocked:,} of them {'was' if there.blocked == 1 else 'were'} so before" if there.blocked else ""
    click.echo(f"{label}: {counted(there.events, 'event')} {verb} blocked for target {target}{before}.")
    click.echo(
        f"Out of the state {'would go' if dry_run else 'went'} {counted(there.rejects, 'reject')}, "
        f"{counted(there.suppressed, 'row')} without consent and "
        f"{counted(there.ledger, 'entry', 'entries')} of the ledger."
    )
    if there.ledger:
        click.echo("Those in the ledger were sent, or may have been: syncer cannot recall what Meta has.")
    if found.similar:
        click.echo(f"Not meant: {counted(found.similar, 'row')} whose value differs in case only.")


def _wanted(pipeline: "Pipeline", *, key: str | None, match: str | None, keys: Path | None) -> "Wanted":
    from syncer.actions import Wanted

    if key is not None:
        return Wanted(key=key_parts(pipeline, key))
    if keys is not None:
        return Wanted(keys=list(_lines(pipeline, keys)))
    column, is_there, value = require_text(match or "", "the value").partition("=")
    if not is_there or not column.strip() or not value.strip():
        raise click.BadParameter("write a column, = and a value", param_hint="--match")
    return Wanted(match=(column.strip(), value))


def _lines(pipeline: "Pipeline", file: Path) -> Iterator[tuple[str, ...]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise click.BadParameter("the file is no UTF-8 text", param_hint="--keys") from None
    return (_line(pipeline, number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip())


def _line(pipeline: "Pipeline", number: int, line: str) -> tuple[str, ...]:
    """Return the values of a key; raises `BadParameter` for one as CSV has it, which is no key of any row."""
    from syncer.engine.deliveries import is_disarmed

    is_quoted = len(pipeline.key) == 1 and len(line) > 1 and line[0] == line[-1] == '"'
    if is_quoted or is_disarmed(line):
        what = f"line {number} has a key with the {'quotes' if is_quoted else 'apostrophe'} of a CSV file"
        remedy = "take the keys from `--output json`, which has them as they are; one that begins so takes --key"
        raise click.BadParameter(f"{what}; {remedy}", param_hint="--keys")
    return split_key(pipeline, line)
