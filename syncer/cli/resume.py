"""`syncer resume`."""

from functools import partial
from pathlib import Path

import click

from syncer.cli.common import destination_option, log_options, output_option, project_options, session, told_afterwards


@click.command()
@click.argument("names", nargs=-1, required=True)
@destination_option
@project_options
@output_option
@log_options
def command(names: tuple[str, ...], project_dir: Path | None, target: str | None, *, as_json: bool) -> None:
    """Let paused pipelines run again, whatever paused them.

    A pipeline that Meta refused, for instance its token, resumes by itself with the next run that goes well. One whose
    source, cursor or key was changed goes on with the new one.

    \b
    syncer resume orders
    """
    from syncer.actions import resume
    from syncer.cli.json_lines import print_json
    from syncer.engine.basis import consequences
    from syncer.pipeline import ways
    from syncer.session import find_pipeline

    with session(project_dir, target) as opened, told_afterwards() as later:
        wanted = [find_pipeline(opened.project, name) for name in names]
        for way in (way for pipeline in wanted for way in ways(pipeline)):
            name, (destination,) = way.name, way.destinations
            done = resume(opened, way)
            if as_json:
                facts = {"pipeline": name, "target": opened.project.target, "destination": destination}
                more = {"paused": False, "was": done.was, "accepted": [str(change) for change in done.accepted]}
                later(partial(print_json, facts | more))
                continue
            state = f"may run again; it was paused: {done.was}" if done.was else "is not paused"
            later(partial(click.echo, f"{opened.label(way)}: {state} (target {opened.project.target})."))
            if done.accepted:
                said = ", ".join(str(change) for change in done.accepted)
                later(partial(click.echo, f"  Accepted: {said}; {consequences(name, done.accepted)}."))
