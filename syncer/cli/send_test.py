"""`syncer send-test`."""

import sys
from pathlib import Path

import click

from syncer.cli.common import (
    destination_option,
    key_parts,
    log_options,
    output_option,
    project_options,
    session,
    tell,
)
from syncer.cli.outcome import told

BEFORE = (
    "These are real events: Meta counts them like all others, and shows them in Test Events, too. "
    "They are recorded as delivered, so that no run sends them again."
)


@click.command()
@click.argument("name")
@click.option("--code", required=True, help="The code that Test Events shows, such as TEST123.")
@click.option("--key", help="The row with this key; values of several key columns joined by commas.")
@click.option("--limit", type=click.IntRange(1, 1000), help="The next so many events.  [default: 3]")
@destination_option
@project_options
@output_option
@log_options
def command(
    name: str,
    code: str,
    key: str | None,
    limit: int | None,
    project_dir: Path | None,
    target: str | None,
    *,
    as_json: bool,
) -> None:
    """Send a few real rows to Test Events in Events Manager: the next ones that a run would send, or one by its key.

    Meta counts such events like all others. They are recorded as delivered; the watermark stays.

    \b
    syncer send-test orders --code TEST123
    syncer send-test orders --code TEST123 --key 4711
    """
    from syncer.cli.signals import ends_in_order
    from syncer.errors import LockedError
    from syncer.report import RunStatus
    from syncer.session import Trial, find_pipeline

    if key is not None and limit is not None:
        raise click.UsageError("--key names one row; leave --limit out")
    if not code.strip().isalnum():
        raise click.UsageError(f"--code {code!r}: copy the code that Test Events shows, such as TEST123")
    with session(project_dir, target) as opened, ends_in_order(opened.stop):
        pipeline = find_pipeline(opened.project, name)
        trial = Trial(code.strip(), key_parts(pipeline, key) if key is not None else ())
        tell(opened.heading(pipeline))
        tell(BEFORE)
        try:
            report = opened.run(name, limit=None if trial.key else limit or 3, trigger="send-test", trial=trial)
        except LockedError as error:
            report = opened.empty_report(pipeline, RunStatus.LOCKED, str(error))
    is_over = report.acknowledged or report.status in (RunStatus.DONE, RunStatus.DONE_WITH_REJECTS)
    after = _after(report.acknowledged, trial.code) if is_over else ""
    more = {"test_event_code": trial.code}
    sys.exit(told(report, pipeline, opened.label(pipeline), as_json=as_json, more=more, after=after))


def _after(acknowledged: int, code: str) -> str:
    if acknowledged:
        events = "1 event is" if acknowledged == 1 else f"{acknowledged} events are"
        return f"{events} in Test Events under {code}, counted by Meta and recorded as delivered."
    return (
        "No event was sent. What was settled before is not sent again; `syncer preview` says what becomes of rows; "
        "before the first run, `start:` leaves out events that are older than it."
    )
