"""`syncer held`."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncer.cli.common import (
    ListGroup,
    counted,
    destination_option,
    log_options,
    output_option,
    project_options,
    session,
)
from syncer.cli.run import run_one
from syncer.cli.signals import ends_in_order

if TYPE_CHECKING:
    from syncer.state.request_lines import RequestLine
    from syncer.state.requests import StoredRequest

COLUMNS = ("request", "run", "events", "since", "cursor from", "to", "reason", "fbtrace_id")


@click.group(cls=ListGroup)
def command() -> None:
    """Decide on requests that were sent, and nobody knows whether Meta took them."""


@command.command("list", short_help="List held requests.")
@click.argument("name")
@destination_option
@project_options
@output_option
@log_options
def list_held(name: str, project_dir: Path | None, target: str | None, *, as_json: bool) -> None:
    """List the held requests of a pipeline, with Meta's trace ids to look them up by.

    \b
    syncer held list orders
    """
    from syncer.actions import held
    from syncer.cli.json_lines import print_json
    from syncer.session import find_pipeline
    from syncer.status import held_json

    with session(project_dir, target) as opened:
        pipeline = find_pipeline(opened.project, name)
        found, label = held(opened, pipeline), opened.label(pipeline)
        facts = opened.scope(pipeline).to_json()
    if as_json:
        print_json({**facts, "requests": [held_json(*each) for each in found]})
    elif not found:
        click.echo(f"{label}: nothing is held (target {facts['target']}).")
    else:
        _print(found)


@command.command("resend", short_help="Send held requests again.")
@click.argument("name")
@click.argument("requests", nargs=-1, type=int, metavar="[REQUEST]...")
@click.option("--yes", is_flag=True, help="Do it. Without it, only what it would do is said.")
@destination_option
@project_options
@output_option
@log_options
def resend_held(
    name: str, requests: tuple[int, ...], project_dir: Path | None, target: str | None, *, yes: bool, as_json: bool
) -> None:
    """Send held requests again, all of them unless some are named.

    Their rows are read anew; the events keep their ids, and are noted as possible duplicates before. What is not found
    any more, or gives no event, stays held. The watermark stays.

    \b
    syncer held resend orders 17 --yes
    """
    from syncer.actions import held, resend_held
    from syncer.cli.json_lines import print_json
    from syncer.engine.held import COST
    from syncer.report import RunStatus
    from syncer.session import find_pipeline

    with session(project_dir, target) as opened, ends_in_order(opened.stop):
        pipeline = find_pipeline(opened.project, name)
        found = held(opened, pipeline, requests)
        if not found:
            click.echo(f"{opened.label(pipeline)}: nothing is held (target {opened.project.target}).", err=True)
            if as_json:
                print_json(opened.empty_report(pipeline, RunStatus.DONE, "nothing is held").to_json())
            return
        if not yes:
            _ask(found, f"{counted(_events(found), 'event')} would be sent again. {COST}", "sent")
        wanted = [stored.id for stored, _ in found]
        code = run_one(opened, pipeline, partial(resend_held, opened, pipeline, wanted), as_json=as_json)
        left = _events([each for each in held(opened, pipeline) if {each[0].id, each[0].parent} & {*wanted}])
    if left:
        stay = f"{left:,} of {counted(_events(found), 'event')} {'stays' if left == 1 else 'stay'} held"
        click.echo(f"{stay}: not sent, or in doubt again.", err=True)
    sys.exit(code)


@command.command("assume-delivered", short_help="Take held requests for delivered.")
@click.argument("name")
@click.argument("requests", nargs=-1, type=int, metavar="[REQUEST]...")
@click.option("--yes", is_flag=True, help="Do it. Without it, only what it would do is said.")
@destination_option
@project_options
@output_option
@log_options
def assume_delivered(
    name: str, requests: tuple[int, ...], project_dir: Path | None, target: str | None, *, yes: bool, as_json: bool
) -> None:
    """Take held requests for delivered, all of them unless some are named: nothing is sent.

    \b
    syncer held assume-delivered orders 17 --yes
    """
    from syncer.actions import assume_delivered, held
    from syncer.cli.json_lines import print_json
    from syncer.engine.held import FORGOTTEN
    from syncer.session import find_pipeline

    with session(project_dir, target) as opened:
        pipeline = find_pipeline(opened.project, name)
        found = held(opened, pipeline, requests)
        if found and not yes:
            _ask(found, f"{counted(_events(found), 'event')} would be taken for delivered. {FORGOTTEN}", "changed")
        ids = [stored.id for stored, _ in found]
        events = assume_delivered(opened, pipeline, ids) if ids else 0
        facts, label = opened.scope(pipeline).to_json(), opened.label(pipeline)
    if as_json:
        print_json({**facts, "requests": ids, "events": events})
    elif not found:
        click.echo(f"{label}: nothing is held (target {facts['target']}).")
    else:
        click.echo(
            f"{label}: {counted(events, 'event')} in {counted(len(ids), 'request')} "
            f"{'is' if events == 1 else 'are'} taken for delivered (target {facts['target']})."
        )


def _ask(found: "list[tuple[StoredRequest, RequestLine]]", what: str, done: str) -> None:
    click.echo("\n".join(_line(*each) for each in found), err=True)
    click.echo(what, err=True)
    raise click.UsageError(f"nothing was {done}; add --yes to do it")


def _line(stored: "StoredRequest", line: "RequestLine") -> str:
    from syncer.status import held_json

    facts = held_json(stored, line)
    return f"request {facts['request']}: {counted(facts['events'], 'event')} since {facts['since']}, trace id {facts['fbtrace_id'] or '-'}"


def _events(found: "list[tuple[StoredRequest, RequestLine]]") -> int:
    return sum(stored.known_events for stored, _ in found)


def _print(found: "list[tuple[StoredRequest, RequestLine]]") -> None:
    from syncer.cli.text import print_table
    from syncer.status import held_json

    facts = [held_json(*each) for each in found]
    print_table(COLUMNS, ([*(each[name] for name in _KEYS)] for each in facts))


_KEYS = ("request", "run_id", "events", "since", "cursor_low", "cursor_high", "reason", "fbtrace_id")
