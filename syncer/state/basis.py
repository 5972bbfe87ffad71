"""What the watermark and the ledger of a pipeline rest on."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, update

from syncer.state.tables import PIPELINES


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """Texts that are compared with those of the next run; None: not known yet."""

    source: str | None = None
    """Kind of warehouse and a digest of where its database is."""
    cursor: str | None = None
    """Name of the column; empty where there is none."""
    key: str | None = None
    """Names of the columns as a JSON list."""


def read(row: Any) -> Basis:
    """Return the basis in a row of the pipelines."""
    return Basis(source=row.source_fingerprint, cursor=row.cursor_fingerprint, key=row.key_fingerprint)


def put(connection: Connection, pipeline_id: int, basis: Basis) -> None:
    """Write down what the pipeline rests on from now on."""
    connection.execute(
        update(PIPELINES)
        .where(PIPELINES.c.id == pipeline_id)
        .values(source_fingerprint=basis.source, cursor_fingerprint=basis.cursor, key_fingerprint=basis.key)
    )
