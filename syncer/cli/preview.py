"""`syncer preview`."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syncer.cli.common import destination_option, key_parts, log_options, output_option, project_options, session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncer.transform.built import Step

DIGEST = re.compile(r"[0-9a-f]{64}(\.\w+)?")
ADDRESS = re.compile(r"(?<![^\s@\"=&?,;<>()])[^\s@\"=&?,;<>()]+(?:@|%40)[^\s@\"&?,;<>()]+")
"""An address of e-mail, also within a URL."""


@click.command()
@click.argument("name")
@click.option("--limit", type=click.IntRange(1, 10_000), default=3, show_default=True, help="Rows to read.")
@click.option("--key", help="Only the row with this key; several key columns: values with commas between.")
@click.option("--explain", is_flag=True, help="Each field on its way: raw, normalised, digest.")
@click.option("--show-values", is_flag=True, help="Do not mask personal values.")
@destination_option
@project_options
@output_option
@log_options
def command(
    name: str,
    project_dir: Path | None,
    target: str | None,
    limit: int,
    key: str | None,
    *,
    explain: bool,
    show_values: bool,
    as_json: bool,
) -> None:
    """Show the first rows of a pipeline as Meta would get them; nothing is sent.

    With --output json the exact request bodies come out, one a line; refused rows go to stderr with their reasons.
    Reads the warehouse from its beginning, ignores what was sent before, never connects to the destination.

    \b
    syncer preview orders
    syncer preview orders --key 1042 --explain --show-values
    syncer preview orders --limit 100 --output json | jq .data[0].user_data
    """
    import orjson

    from syncer.capi.body import request_body
    from syncer.logs import harmless_json, printable
    from syncer.session import find_pipeline

    with session(project_dir, target) as opened:
        pipeline = find_pipeline(opened.project, name)
        shown = opened.preview(pipeline, limit=limit, key=key_parts(pipeline, key) if key is not None else ())
        code = opened.test_event_code(pipeline)
    if as_json:
        size = pipeline.delivery.events_per_request
        for begin in range(0, len(shown.events), size):
            body = request_body(shown.events[begin : begin + size], test_event_code=code)
            click.echo(harmless_json(body.decode()))
    elif explain:
        for row_key, steps in shown.steps:
            print_steps(row_key, steps, show_values=show_values)
    else:
        for text in shown.events:
            event = orjson.loads(text)
            shown_event = orjson.dumps(event if show_values else masked(event), option=orjson.OPT_INDENT_2)
            click.echo(harmless_json(shown_event.decode()))
    for refused in shown.refused:
        field = f" ({refused.field})" if refused.field else ""
        rule = f", rule {refused.rule}" if refused.rule else ""
        told = f"refused: key {refused.key}{rule}: {refused.reason}{field}; `syncer explain {refused.reason}`"
        click.echo(printable(told), err=True)
    if not shown.events and not shown.refused:
        click.echo("The query gives no such row." if key else "The query gives no rows.", err=True)


def masked(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event with everything in user_data hidden that is no digest, and addresses of e-mail elsewhere."""
    people = {name: _hidden(value) for name, value in event.get("user_data", {}).items()}
    return {name: people if name == "user_data" else without_addresses(value) for name, value in event.items()}


def without_addresses(value: Any) -> Any:
    """Return a value of JSON with each address of e-mail in it hidden."""
    match value:
        case str():
            return ADDRESS.sub("•••", value)
        case list():
            return [without_addresses(part) for part in value]
        case dict():
            return {name: without_addresses(part) for name, part in value.items()}
    return value


def _hidden(value: Any) -> Any:
    """Return the first character and dots; a digest, and what is not there, as it is."""
    if isinstance(value, list):
        return [_hidden(part) for part in value]
    if value is None or DIGEST.fullmatch(str(value)):
        return value
    return f"{str(value)[:1]}•••"


def _plain(value: Any) -> Any:
    """Return a list of one as its one value, other lists and objects as JSON."""
    if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], dict):
        return value[0]
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else value


def print_steps(key: str, steps: "Sequence[Step]", *, show_values: bool) -> None:
    """Print each field of a row on its way: raw, normalised, sent; personal values are masked unless `show_values`."""
    from rich.markup import escape

    from syncer.cli.text import print_table
    from syncer.logs import printable
    from syncer.spec.fields import PARAMETERS, Group

    personal = set() if show_values else set(PARAMETERS[Group.CUSTOMER_INFO])
    rows = []
    for step in steps:
        values = tuple(_plain(value) for value in (step.raw, step.normalised, step.sent))
        hidden = _hidden if step.field in personal else (lambda value: value) if show_values else without_addresses
        rows.append((step.field, *map(hidden, values)))
    print_table(
        ("parameter", "in the warehouse", "normalised", "sent"),
        rows,
        title=escape(printable(f"key {key}")),
        is_own=True,
    )
    click.echo()
