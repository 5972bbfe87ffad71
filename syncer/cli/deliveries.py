"""`syncer deliveries`."""

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

import click

from syncer.cli.common import log_options, project_options, session
from syncer.cli.moment import Moment

if TYPE_CHECKING:
    import pyarrow as pa


@click.command()
@click.argument("name")
@click.option("--since", type=Moment(), help="Only what happened since: a time, a day, or -7d.")
@click.option("--output", type=click.Choice(["json", "csv", "parquet"]), default="json", show_default=True)
@project_options
@log_options
def command(name: str, project_dir: Path | None, target: str | None, since: datetime | None, output: str) -> None:
    """Write a line for each event that was sent or set aside: key, event_id, outcome, reason, time, run, trace id.

    The keys come from the warehouse, which is read again; the state keeps none. Keys may be personal data.

    \b
    syncer deliveries orders --since -7d --output csv > deliveries.csv
    """
    from syncer.outlook import deliveries
    from syncer.session import find_pipeline

    if output == "parquet" and sys.stdout.isatty():
        raise click.UsageError("parquet is no text; write it to a file: syncer deliveries ... > deliveries.parquet")
    with session(project_dir, target) as opened:
        found, tables = deliveries(opened, find_pipeline(opened.project, name), since=since)
        _WRITERS[output](tables, sys.stdout.buffer)
    if found.found < found.events:
        gone = found.events - found.found
        click.echo(f"{gone:,} more events were sent or set aside whose rows the query no longer gives.", err=True)


def _json(tables: "Iterator[pa.Table]", out: IO[bytes]) -> None:
    import orjson

    for table in tables:
        for line in table.to_pylist():
            at = line["at"] and line["at"].isoformat(timespec="milliseconds").replace("+00:00", "Z")
            out.write(orjson.dumps({**line, "at": at}) + b"\n")


def _csv(tables: "Iterator[pa.Table]", out: IO[bytes]) -> None:
    from pyarrow import csv

    from syncer.engine.deliveries import SCHEMA

    with csv.CSVWriter(out, SCHEMA) as writer:
        for table in tables:
            writer.write_table(table.cast(SCHEMA))


def _parquet(tables: "Iterator[pa.Table]", out: IO[bytes]) -> None:
    """Write by way of a file without a name: the format needs to know where it is, and a pipe does not."""
    from shutil import copyfileobj

    from pyarrow import parquet

    from syncer.engine.deliveries import SCHEMA

    with TemporaryFile() as file:
        with parquet.ParquetWriter(file, SCHEMA) as writer:
            for table in tables:
                writer.write_table(table.cast(SCHEMA))
        file.seek(0)
        copyfileobj(file, out)


_WRITERS = {"json": _json, "csv": _csv, "parquet": _parquet}
