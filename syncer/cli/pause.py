"""`syncer pause`."""

from pathlib import Path

import click

from syncer.cli.common import log_options, output_option, project_options, session


@click.command()
@click.argument("names", nargs=-1, required=True)
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
    from syncer.cli.text import print_json
    from syncer.session import find_pipeline

    where = f" --target {target}" if target else ""
    with session(project_dir, target) as opened:
        for pipeline in [find_pipeline(opened.project, name) for name in names]:
            name = pipeline.name
            was = pause(opened, pipeline)
            if as_json:
                print_json({"pipeline": name, "target": opened.project.target, "paused": True, "was": was})
                continue
            before = f" (it was paused already: {was})" if was else ""
            click.echo(
                f"{name}: paused for target {opened.project.target}{before}; `syncer resume {name}{where}` ends it."
            )
