"""Values that no calendar, number or text holds cost at most their own row (R13, F15), on real Postgres and DuckDB."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from connectors import duckdb as by_duckdb
from connectors.base import Source
from syncer.engine.compiled import compiled
from syncer.engine.span import whole
from syncer.pipeline import Column, Constant, Cursor, Mapping, Pipeline
from syncer.transform.identity import Scope
from tests.postgres_database import PostgresDatabase

pytestmark = pytest.mark.integration

PIPELINE = Pipeline(
    name="orders",
    source="warehouse",
    query="",
    key=("id",),
    start="beginning",
    destinations=("meta",),
    mapping=Mapping(
        server_event={
            "event_name": Constant(value="Purchase"),
            "event_time": Column(column="at"),
            "action_source": Constant(value="system_generated"),
        },
        customer_info={"em": Column(column="email"), "external_id": Constant(value="c1")},
        custom_data={"value": Column(column="value"), "currency": Constant(value="EUR")},
    ),
    cursor=Cursor(column="updated"),
    file=Path("pipelines/orders.yaml"),
    fingerprint="f",
)


class Odd(NamedTuple):
    """A row with one odd value among two good ones."""

    column: str
    good: str
    """What the column holds in the other rows."""
    value: str
    becomes: str
    """Its reason, or `sent`."""
    duckdb: str = ""
    """How DuckDB writes the value, where that is different."""


GOOD = {"id": "'{}'", "at": "now()", "updated": "now()", "value": "12.5", "email": "'a@b.co'"}
NUMBER = "CAST(12.5 AS double precision)"
ODD = {
    "time infinity": Odd("at", "now()", "CAST('infinity' AS timestamptz)", "unreadable"),
    "time -infinity": Odd("at", "now()", "CAST('-infinity' AS timestamptz)", "unreadable"),
    "time BC": Odd("at", "now()", "CAST('0044-03-15 00:00:00+00 BC' AS timestamptz)", "unreadable", "TIMESTAMPTZ '0044-03-15 (BC) 00:00:00+00'"),
    "time of year 10000": Odd("at", "now()", "CAST('10000-01-01 00:00:00+00' AS timestamptz)", "unreadable"),
    "last time of the database": Odd("at", "now()", "CAST('294246-12-31 00:00:00+00' AS timestamptz)", "unreadable"),
    "time of year 1": Odd("at", "now()", "CAST('0001-01-01 00:00:00+00' AS timestamptz)", "event_time_too_old"),
    "date infinity": Odd("at", "current_date", "CAST('infinity' AS date)", "unreadable"),
    "date BC": Odd("at", "current_date", "CAST('0044-03-15 BC' AS date)", "unreadable", "DATE '0044-03-15 (BC)'"),
    "time NULL": Odd("at", "now()", "NULL", "event_time_missing"),
    "time of words": Odd("at", "CAST(now() AS text)", "'the day before'", "event_time_invalid"),
    "time of nothing": Odd("at", "CAST(now() AS text)", "''", "event_time_missing"),
    "largest number as time": Odd("at", "CAST(extract(epoch FROM now()) AS bigint)", "9223372036854775807", "event_time_in_future"),
    "negative number as time": Odd("at", "CAST(extract(epoch FROM now()) AS bigint)", "-9223372036854775807", "event_time_too_old"),
    "NaN as time": Odd("at", "CAST(extract(epoch FROM now()) AS double precision)", "CAST('NaN' AS double precision)", "event_time_missing"),
    "cursor NULL": Odd("updated", "now()", "NULL", "sent"),
    "cursor infinity": Odd("updated", "now()", "CAST('infinity' AS timestamptz)", "sent"),
    "cursor -infinity": Odd("updated", "now()", "CAST('-infinity' AS timestamptz)", "sent"),
    "cursor BC": Odd("updated", "now()", "CAST('0044-03-15 00:00:00+00 BC' AS timestamptz)", "sent", "TIMESTAMPTZ '0044-03-15 (BC) 00:00:00+00'"),
    "key NULL": Odd("id", "'{}'", "NULL", "key_missing"),
    "key NaN": Odd("id", "CAST({} AS double precision)", "CAST('NaN' AS double precision)", "key_missing"),
    "key of a megabyte": Odd("id", "'{}'", "repeat('k', 1000000)", "sent"),
    "value NaN": Odd("value", NUMBER, "CAST('NaN' AS double precision)", "value_missing"),
    "value infinity": Odd("value", NUMBER, "CAST('Infinity' AS double precision)", "value_invalid"),
    "value too large": Odd("value", NUMBER, "CAST('1e300' AS double precision)", "value_invalid"),
    "value of words": Odd("value", "'12.5'", "'twelve'", "value_invalid"),
    "text of two megabytes": Odd("email", "'a@b.co'", "repeat('x', 2000000)", "sent"),
    "text of control characters": Odd("email", "'a@b.co'", "'a' || chr(7) || chr(27) || '@b.co'", "sent"),
    "text of no character": Odd("email", "'a@b.co'", "chr(65534) || chr(8238)", "sent"),
}  # fmt: skip


@pytest.fixture(scope="module")
def database(postgres_server: str) -> Iterator[PostgresDatabase]:
    made = PostgresDatabase(postgres_server)
    yield made
    made.drop()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("duckdb") / "warehouse.duckdb"
    duckdb.connect(str(path)).close()
    return path


def fate(source: Source, odd: Odd, value: str) -> tuple[list[str], str, int]:
    """Return the good keys that are sent, what becomes of the odd row, and how many rows are accounted for."""
    texts = [{**GOOD, odd.column: each} for each in (odd.good, value, odd.good)]
    rows = (
        "SELECT " + ", ".join(f"{text.format(number)} AS {name}" for name, text in row.items())
        for number, row in enumerate(texts, 1)
    )
    pipeline = replace(PIPELINE, query=" UNION ALL ".join(rows))
    transform, _ = compiled(pipeline, source, Scope(target="t", destination="d", salt=bytes(16)))
    now, counted = int(datetime.now(UTC).timestamp()), 0
    reasons: list[str] = []
    keys: list[str] = []
    for batch in source.read(whole(pipeline, transform)):
        made = transform(batch, now=now, start=None)
        named = transform.named(batch, now=now)
        keys += [named["key"][row] for row in made.events["row"]]
        reasons += made.rejects["reason"].to_list()
        counted += made.events.height + made.rejects.height
    return [key for key in keys if key in ("1", "3")], reasons[0] if reasons else "sent", counted


@pytest.mark.parametrize("kind", ODD)
def test_R13_F15_an_odd_value_costs_its_own_row_at_most_in_postgres(kind: str, database: PostgresDatabase) -> None:
    odd = ODD[kind]
    with database.connect() as source:
        assert fate(source, odd, odd.value) == (["1", "3"], odd.becomes, 3)


@pytest.mark.parametrize("kind", ODD)
def test_R13_F15_an_odd_value_costs_its_own_row_at_most_in_duckdb(kind: str, file: Path) -> None:
    odd = ODD[kind]
    with by_duckdb.connect(by_duckdb.Options(path=file.name, threads=1), root=file.parent) as source:
        assert fate(source, odd, odd.duckdb or odd.value) == (["1", "3"], odd.becomes, 3)
