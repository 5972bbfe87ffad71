"""`syncer pause`."""

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
    """Let every run of these pipelines end at once until they are resumed.

    A run that is under way ends as it would have. What another run would have sent stays to be sent.

    \b
    syncer pause orders
    """
    from syncer.actions import pause
    from syncer.cli.json_lines import print_json
    from syncer.pipeline import ways
    from syncer.session import find_pipeline

    where = f" --target {target}" if target else ""
    with session(project_dir, target) as opened, told_afterwards() as later:
        wanted = [find_pipeline(opened.project, name) for name in names]
        for way in (way for pipeline in wanted for way in ways(pipeline)):
            name, label, (destination,) = way.name, opened.label(way), way.destinations
            was = pause(opened, way)
            if as_json:
                facts = {"pipeline": name, "target": opened.project.target, "destination": destination}
                later(partial(print_json, facts | {"paused": True, "was": was}))
                continue
            there = where if label == name else f" --destination {destination}{where}"
            before = f" (it was paused already: {was})" if was else ""
            what = f"{label}: paused for target {opened.project.target}{before}; `syncer resume {name}{there}` ends it."
            later(partial(click.echo, what))
