"""`syncer reset`."""

from pathlib import Path

import click

from syncer.cli.common import destination_option, log_options, output_option, project_options, require_text, session


@click.command()
@click.argument("name")
@click.option("--to", "position", required=True, metavar="X", help="A value of the cursor, or `start`.")
@click.option("--yes", is_flag=True, help="Do it. Without it, only what it would do is said.")
@destination_option
@project_options
@output_option
@log_options
def command(
    name: str, position: str, project_dir: Path | None, target: str | None, *, yes: bool, as_json: bool
) -> None:
    """Move the watermark of a pipeline, back or forward.

    Without --yes nothing changes: before, after and what it costs are shown, and the exit code is 2.

    \b
    syncer reset orders --to 2026-11-20T00:00:00Z
    syncer reset orders --to start --yes
    """
    from syncer.actions import reset, reset_to
    from syncer.cli.json_lines import print_json
    from syncer.session import find_pipeline

    with session(project_dir, target) as opened:
        pipeline = find_pipeline(opened.project, name)
        wanted = reset_to(opened, pipeline, require_text(position, "the value"))
        is_wanted = wanted.direction != "none"
        if is_wanted and yes:
            reset(opened, pipeline, wanted)
        before, after = (str(each) if each else None for each in (wanted.before, wanted.after))
        scope, label = opened.scope(pipeline).to_json(), opened.label(pipeline)
    if as_json:
        facts = {**scope, "before": before, "after": after}
        print_json(facts | {"direction": wanted.direction, "done": is_wanted and yes})
    else:
        moved = "went" if yes else "would go"
        click.echo(
            f"{label}: the watermark {moved} from {before or 'start'} to {after or 'start'} (target {scope['target']})."
        )
        click.echo(wanted.cost)
    if is_wanted and not yes:
        raise click.UsageError("nothing was changed; add --yes to do it")
