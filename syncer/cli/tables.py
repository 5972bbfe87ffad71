"""Tables of Arrow as files of JSON, CSV or Parquet on stdout."""

import sys
from collections.abc import Iterator
from io import RawIOBase
from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = ("json", "csv", "parquet")


def format_option(command: click.decorators.FC) -> click.decorators.FC:
    """Add `--output json|csv|parquet`, given as `output`."""
    return click.option("--output", type=click.Choice(FORMATS), default="json", show_default=True, callback=_noted)(
        command
    )


def _noted(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """Have mistakes told as JSON as well where that is asked for; that it is the default asks for nothing."""
    is_asked = ctx.get_parameter_source(parameter.name or "") is not click.core.ParameterSource.DEFAULT
    ctx.meta["as_json"] = is_asked and value == "json"
    return value


def require_file(output: str, command: str) -> None:
    """Raise `UsageError` where a terminal would be shown what is no text."""
    if output == "parquet" and sys.stdout.isatty():
        name = command.rpartition(" ")[2]
        raise click.UsageError(f"parquet is no text; write it to a file: syncer {command} ... > {name}.parquet")


def write(tables: "Iterator[pa.Table]", schema: "pa.Schema", output: str) -> None:
    """Write tables of `schema` to stdout as they come; times of a line of JSON have milliseconds."""
    _WRITERS[output](tables, schema, sys.stdout.buffer)


def _json(tables: "Iterator[pa.Table]", schema: "pa.Schema", out: IO[bytes]) -> None:
    del schema
    import orjson

    from syncer.logs import harmless_json

    for table in tables:
        for line in table.to_pylist():
            at = line["at"] and line["at"].isoformat(timespec="milliseconds").replace("+00:00", "Z")
            out.write(harmless_json(orjson.dumps({**line, "at": at}).decode()).encode() + b"\n")


def _csv(tables: "Iterator[pa.Table]", schema: "pa.Schema", out: IO[bytes]) -> None:
    from pyarrow import csv

    from syncer.engine.deliveries import without, without_formulas
    from syncer.logs import STEERING

    is_seen = out.isatty()
    with csv.CSVWriter(out, schema) as writer:
        for table in tables:
            safe = without_formulas(table)
            writer.write_table((without(STEERING, safe) if is_seen else safe).cast(schema))


def _parquet(tables: "Iterator[pa.Table]", schema: "pa.Schema", out: IO[bytes]) -> None:
    """Write without a file between, where keys would lie on a disk."""
    import pyarrow as pa
    from pyarrow import parquet

    with parquet.ParquetWriter(pa.PythonFile(_Counted(out), mode="w"), schema) as writer:
        for table in tables:
            writer.write_table(table.cast(schema))


class _Counted(RawIOBase):
    """Passes bytes on and knows how many: the format asks where it is, and a pipe does not say. Mutable: counts."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out, self._written = out, 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._out.write(data)
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        if not self.closed:
            self._out.flush()


_WRITERS = {"json": _json, "csv": _csv, "parquet": _parquet}
