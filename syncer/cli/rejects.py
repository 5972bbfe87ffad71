"""`syncer rejects`."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syncer.cli.common import (
    MOST,
    ListGroup,
    counted,
    destination_option,
    key_parts,
    log_options,
    output_option,
    project_options,
    session,
)
from syncer.cli.run import run_one
from syncer.cli.signals import ends_in_order
from syncer.cli.tables import format_option, require_file, write

if TYPE_CHECKING:
    from syncer.pipeline import Pipeline
    from syncer.session import Session
    from syncer.state.quarantine import Chosen, Reject


@click.group(cls=ListGroup)
def command() -> None:
    """Look at rejected rows, judge them again, or forget them."""


def choice_options(function: click.decorators.FC) -> click.decorators.FC:
    """Add `--key`, `--reason` and `--all`, of which one must be given."""
    function = click.option("--all", "everything", is_flag=True, help="All of them.")(function)
    function = click.option("--reason", help="Those with this reason code.")(function)
    return click.option("--key", help="The one with this key; several key columns: values with commas between.")(
        function
    )


@command.command("list", short_help="Count rejects by reason, or name each.")
@click.argument("name")
@click.option("--rows", is_flag=True, help="Each of them with its key, which the warehouse is asked for.")
@click.option(
    "--limit", type=click.IntRange(1, MOST), default=100, show_default=True, help="With --rows: at most so many."
)
@destination_option
@project_options
@output_option
@log_options
def list_(name: str, project_dir: Path | None, target: str | None, limit: int, *, rows: bool, as_json: bool) -> None:
    """Say how many events of a pipeline are set aside, by reason.

    \b
    syncer rejects list orders
    syncer rejects list orders --rows
    """
    from syncer.cli.json_lines import print_json
    from syncer.outlook import rejected_rows, rejects
    from syncer.session import find_pipeline

    with session(project_dir, target) as opened:
        pipeline = find_pipeline(opened.project, name)
        found = rejects(opened, pipeline)
        lines = _first(rejected_rows(opened, pipeline, found), limit) if rows else None
        scope, label, reasons = opened.scope(pipeline).to_json(), opened.label(pipeline), _reasons(found)
    if as_json:
        facts = {**scope, "rejects": len(found), "reasons": reasons}
        print_json(facts if lines is None else {**facts, "rows": lines})
        return
    click.echo(
        f"{label}: {counted(len(found), 'event')} {'is' if len(found) == 1 else 'are'} set aside (target {scope['target']})."
    )
    if lines is None:
        _print_reasons(reasons)
    else:
        _print_rows(lines, of=len(found))


@command.command(short_help="Show one reject, field by field.")
@click.argument("name")
@click.option("--key", required=True, help="Its key; several key columns: values with commas between.")
@click.option("--show-values", is_flag=True, help="Do not mask personal values.")
@destination_option
@project_options
@output_option
@log_options
def show(
    name: str, key: str, project_dir: Path | None, target: str | None, *, show_values: bool, as_json: bool
) -> None:
    """Show one rejected row: why it is set aside, and each field on its way as it is now.

    \b
    syncer rejects show orders --key 1042
    """
    from syncer.cli.json_lines import print_json
    from syncer.cli.preview import print_steps
    from syncer.cli.text import console
    from syncer.outlook import reject_identities, rejects
    from syncer.session import find_pipeline

    with session(project_dir, target) as opened:
        pipeline = find_pipeline(opened.project, name)
        rules = reject_identities(opened, pipeline, key_parts(pipeline, key))
        found = [(rules[each.identity], each) for each in rejects(opened, pipeline) if each.identity in rules]
        if not found:
            raise _no_such_key(name, key)
        now = opened.preview(pipeline, limit=1, key=key_parts(pipeline, key))
    for rule, reject in found:
        facts = {
            "pipeline": name,
            "key": key,
            "rule": rule or None,
            **_facts(reject),
            "is_in_warehouse": bool(now.steps),
        }
        if as_json:
            print_json(facts)
        else:
            _print_reject(facts)
    if as_json:
        return
    if not now.steps:
        console.print("  The query gives no such row now.", markup=False)
    console.print()
    for row_key, steps in now.steps:
        print_steps(row_key, steps, show_values=show_values)


@command.command(short_help="Write all rejects to a file.")
@click.argument("name")
@format_option
@destination_option
@project_options
@log_options
def export(name: str, project_dir: Path | None, target: str | None, output: str) -> None:
    """Write a line for each rejected row: key, event_id, reason, field, Meta's code and trace id, run, time.

    The keys come from the warehouse, which is read again; the state keeps none. Keys may be personal data.

    \b
    syncer rejects export orders --output csv > rejects.csv
    """
    from syncer.engine.rejected_rows import SCHEMA
    from syncer.outlook import rejected_rows, rejects
    from syncer.session import find_pipeline

    require_file(output, "rejects export")
    with session(project_dir, target) as opened:
        pipeline = find_pipeline(opened.project, name)
        write(rejected_rows(opened, pipeline, rejects(opened, pipeline)), SCHEMA, output)


@command.command(short_help="Judge rejects again and send what passes.")
@click.argument("name")
@choice_options
@destination_option
@project_options
@output_option
@log_options
def retry(
    name: str,
    key: str | None,
    reason: str | None,
    project_dir: Path | None,
    target: str | None,
    *,
    everything: bool,
    as_json: bool,
) -> None:
    """Judge rejected rows again as they are now, and send what passes, with the event_id it always had.

    Events that Meta refused go once more; nothing that was delivered or is held does. The watermark stays.

    \b
    syncer rejects retry orders --reason currency_missing
    syncer rejects retry orders --all
    """
    from syncer.actions import retry_rejects
    from syncer.outlook import rejects
    from syncer.session import find_pipeline

    with session(project_dir, target) as opened, ends_in_order(opened.stop):
        pipeline = find_pipeline(opened.project, name)
        chosen = _chosen(opened, pipeline, key=key, reason=reason, everything=everything)
        if key is not None and not any(each in chosen for each in rejects(opened, pipeline)):
            raise _no_such_key(name, key)
        code = run_one(opened, pipeline, partial(retry_rejects, opened, pipeline, chosen), as_json=as_json)
    sys.exit(code)


@command.command(short_help="Forget rejects.")
@click.argument("name")
@choice_options
@click.option("--yes", is_flag=True, help="Do it. Without it, only how many there are is said.")
@destination_option
@project_options
@output_option
@log_options
def drop(
    name: str,
    key: str | None,
    reason: str | None,
    project_dir: Path | None,
    target: str | None,
    *,
    everything: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Forget rejected rows: they are listed and judged again no more. What Meta refused is never sent again.

    \b
    syncer rejects drop orders --reason currency_missing --yes
    """
    from syncer.actions import drop_rejects
    from syncer.cli.json_lines import print_json
    from syncer.outlook import rejects
    from syncer.session import find_pipeline

    with session(project_dir, target) as opened:
        pipeline = find_pipeline(opened.project, name)
        chosen = _chosen(opened, pipeline, key=key, reason=reason, everything=everything)
        count = sum(each in chosen for each in rejects(opened, pipeline))
        if key is not None and not count:
            raise _no_such_key(name, key)
        if count and yes:
            count = drop_rejects(opened, pipeline, chosen)
        facts, label = opened.scope(pipeline).to_json(), opened.label(pipeline)
    if as_json:
        print_json({**facts, "rejects": count, "done": yes})
    else:
        verb = "would be" if not yes else "is" if count == 1 else "are"
        click.echo(f"{label}: {counted(count, 'reject')} {verb} forgotten (target {facts['target']}).")
    if count and not yes:
        raise click.UsageError("nothing was changed; add --yes to do it")


def _print_reject(facts: dict[str, Any]) -> None:
    from syncer.cli.text import console
    from syncer.logs import printable

    rule = f", rule {facts['rule']}" if facts["rule"] else ""
    said = f"{facts['pipeline']}, key {facts['key']}{rule}: {facts['bucket']}, {facts['reason']}"
    console.print(printable(said), markup=False)
    console.print(f"  {printable(facts['text'])}", markup=False)
    for word in ("field", "code", "subcode", "fbtrace_id", "run_id", "at"):
        if facts[word] is not None:
            console.print(f"  {word} {facts[word]}", markup=False)


def _chosen(
    opened: "Session", pipeline: "Pipeline", *, key: str | None, reason: str | None, everything: bool
) -> "Chosen":
    """Return what the options name; raises `UsageError` unless it is one thing."""
    from syncer.outlook import reject_identities
    from syncer.state.quarantine import Chosen

    if sum((key is not None, reason is not None, everything)) != 1:
        raise click.UsageError("which rejects? Give one of --key, --reason and --all")
    if reason is not None:
        _require_reason(opened, pipeline, reason)
    if key is None:
        return Chosen(reason=reason)
    return Chosen(identities=frozenset(reject_identities(opened, pipeline, key_parts(pipeline, key))))


def _require_reason(opened: "Session", pipeline: "Pipeline", reason: str) -> None:
    """Raise `UsageError` where `reason` is neither a code nor set aside."""
    from syncer.outlook import rejects
    from syncer.spec.reasons import REASONS

    found = sorted({each.reason for each in rejects(opened, pipeline)})
    if reason not in REASONS and reason not in found:
        raise click.UsageError(f"--reason {reason!r} is no reason code; set aside for: {', '.join(found) or 'nothing'}")


def _no_such_key(name: str, key: str) -> Exception:
    from syncer.errors import SyncerError

    remedy = f"`syncer rejects list {name} --rows` shows the keys as they are written"
    return SyncerError(f"{name}: no event with the key {key} is set aside; {remedy}")


def _facts(reject: "Reject") -> dict[str, Any]:
    from syncer.outlook import refused_in_words
    from syncer.status import in_utc

    said = {name: getattr(reject, name) for name in ("bucket", "reason", "field", "code", "subcode", "fbtrace_id")}
    text = refused_in_words(reject.reason, reject.field)
    return {**said, "run_id": reject.run_id, "at": in_utc(reject.at), "text": text}


def _reasons(found: "list[Reject]") -> list[dict[str, Any]]:
    """Return reasons with the number of events, most first."""
    from collections import Counter

    from syncer.outlook import refused_in_words
    from syncer.status import in_utc

    newest = {reject.reason: reject for reject in found}  # oldest first, so the last one stays
    return [
        {
            "reason": reason,
            "bucket": newest[reason].bucket,
            "events": events,
            "last_at": in_utc(newest[reason].at),
            "text": refused_in_words(reason, None),
        }
        for reason, events in Counter(reject.reason for reject in found).most_common()
    ]


def _first(tables: Any, limit: int) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for table in tables:
        lines += table.slice(0, limit - len(lines)).to_pylist()
        if len(lines) >= limit:
            break
    at = (line["at"].isoformat(timespec="milliseconds").replace("+00:00", "Z") for line in lines)
    return [{**line, "at": moment} for line, moment in zip(lines, at, strict=True)]


def _print_reasons(reasons: list[dict[str, Any]]) -> None:
    from syncer.cli.text import print_table

    if reasons:
        rows = [(each["reason"], each["bucket"], each["events"], each["last_at"]) for each in reasons]
        print_table(("reason", "bucket", "events", "last"), rows)
        click.echo("`syncer explain CODE` says what a reason means.")


def _print_rows(lines: list[dict[str, Any]], *, of: int) -> None:
    from syncer.cli.text import print_table

    names = ("key", "rule", "reason", "field", "code", "fbtrace_id", "at")
    shown = [name for name in names if name != "rule" or any(line["rule"] for line in lines)]
    codes = ("/".join(str(code) for code in (line["code"], line["subcode"]) if code) or None for line in lines)
    coded = [{**line, "code": code} for line, code in zip(lines, codes, strict=True)]
    print_table(tuple(shown), [tuple(line[name] for name in shown) for line in coded])
    if len(lines) < of:
        click.echo(f"... and {of - len(lines):,} more; `syncer rejects export` has all")
