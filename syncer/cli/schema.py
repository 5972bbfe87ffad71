"""`syncer schema`."""

import json
from pathlib import Path

import click

from syncer.cli.common import log_options


@click.command()
@click.argument("kind", type=click.Choice(["project", "pipeline"]), default="pipeline")
@click.option("--write", "folder", type=click.Path(file_okay=False, path_type=Path), help="Write both schemas here.")
@log_options
def command(kind: str, folder: Path | None) -> None:
    """Print the JSON Schema of a pipeline file, or of syncer.yaml.

    An editor with a YAML language server completes and explains keys with it:

    \b
    syncer schema --write .syncer
    # yaml-language-server: $schema=../.syncer/pipeline.schema.json   (first line of a pipeline)
    """
    from syncer.config.schema import pipeline_schema, project_schema

    schemas = {"project": project_schema, "pipeline": pipeline_schema}
    if folder is None:
        click.echo(json.dumps(schemas[kind](), indent=2, ensure_ascii=False))
        return
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, schema in schemas.items():
        path = folder / f"{name}.schema.json"
        path.unlink(missing_ok=True)  # a link that somebody put there is replaced, not followed
        with path.open("x", encoding="utf-8") as file:
            file.write(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n")
        click.echo(path)
