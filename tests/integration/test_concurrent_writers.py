"""Writers that commit out of order on a real Postgres: a watermark alone loses rows, ours and a reconcile none (F12)."""

import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from connectors.postgres import Options, connect
from syncer.duration import Duration
from syncer.engine.executor import Threads
from syncer.engine.job import Job
from syncer.engine.readings import Sweep
from syncer.engine.sync import run_sync
from syncer.engine.tools import Tools
from syncer.pipeline import Column, Constant, Cursor, Mapping, Pipeline
from syncer.report import RunReport, RunStatus
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.scope import Scope
from syncer.state.store import open_store
from tests.counts import FULL, SOAK, note

pytestmark = [pytest.mark.integration, pytest.mark.faults]

WRITERS = 6
FOR_S, LONGEST_S = (600.0 if SOAK else 20.0, 2.0) if FULL else (2.5, 0.5)
"""How long they write, and how long a transaction takes at most."""
EVERY_S = (0.05, 1.0, 5.0) if FULL else (0.05, 0.5)
"""Pauses of the readers between two runs."""
TABLE = "CREATE TABLE orders (id text PRIMARY KEY, at timestamptz, updated_at timestamptz); CREATE INDEX ON orders (updated_at)"
INSERT = "INSERT INTO orders VALUES (%s, now(), clock_timestamp())"
PIPELINE = Pipeline(
    name="orders",
    source="warehouse",
    query="SELECT * FROM orders",
    key=("id",),
    start="beginning",
    destinations=("meta",),
    mapping=Mapping(
        server_event={
            "event_name": Constant(value="Lead"),
            "event_time": Column(column="at"),
            "action_source": Constant(value="system_generated"),
        },
        customer_info={"external_id": Column(column="id")},
        custom_data={"order_id": Column(column="id")},
    ),
    cursor=Cursor(column="updated_at", lookback=Duration(0)),
    file=Path("pipelines/orders.yaml"),
    fingerprint="f",
)
"""No lookback, so that what was committed late is found by reconcile alone."""


@dataclass
class Taker:
    """Takes every event and remembers its order. Mutable."""

    taken: list[str] = field(default_factory=list)

    def send(self, events: Any) -> Outcome:
        self.taken.extend(json.loads(event)["custom_data"]["order_id"] for event in events)
        return Outcome(kind=OutcomeClass.ACKED)


@pytest.fixture
def url(postgres_server: str) -> Iterator[str]:
    """A database with the table of orders."""
    name, server = f"syncer_writers_{uuid4().hex[:8]}", postgres_server.replace("+psycopg", "")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        made = server.replace("/postgres?", f"/{name}?")
        with psycopg.connect(made, autocommit=True) as inside:
            inside.execute(TABLE)
        yield made
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def write(url: str, number: int, until: float) -> int:
    """Insert rows in transactions of random length; return how many."""
    rng, rows = random.Random(number), 0
    with psycopg.connect(url) as connection:
        while time.monotonic() < until:
            for _ in range(rng.randint(1, 5)):
                connection.execute(INSERT, (f"{number}-{rows}",))
                rows += 1
                time.sleep(rng.random() ** 3 * LONGEST_S / 5)
            connection.commit()
    return rows


def write_at_once_and_commit_last(url: str, until: float) -> int:
    """Insert rows at the beginning that nobody sees before the end, so that a busy machine has late rows too."""
    rows = 40
    with psycopg.connect(url) as connection:
        for number in range(rows):
            connection.execute(INSERT, (f"late-{number}",))
        time.sleep(max(0.0, until - time.monotonic()))
    return rows


def read_naively(url: str, every_s: float, until: float) -> set[str]:
    """Return what a watermark alone sees that is read from inclusively, as many tools do."""
    seen: set[str] = set()
    watermark = datetime.min.replace(tzinfo=UTC)
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in repeated(until, every_s):
            rows = connection.execute(
                "SELECT id, updated_at FROM orders WHERE updated_at >= %s ORDER BY updated_at", (watermark,)
            ).fetchall()
            seen.update(row[0] for row in rows)
            watermark = rows[-1][1] if rows else watermark

    return seen


def repeated(until: float, every_s: float) -> Iterator[None]:
    """Yield with pauses between, and once more when the writers are through."""
    while time.monotonic() < until + LONGEST_S:
        yield
        time.sleep(every_s)
    yield


class Ours:
    """A pipeline of its own, with its own state and dataset. Mutable."""

    def __init__(self, url: str, folder: Path) -> None:
        self.sender = Taker()
        self._open = ExitStack()
        folder.mkdir()
        store = self._open.enter_context(open_store("sqlite:///.syncer/state.db", root=folder, home=folder / ".syncer"))
        self._job = Job(
            pipeline=PIPELINE,
            scope=Scope("default", "orders", "meta"),
            store=store,
            open_source=lambda: connect(Options(url=url), root=folder),
            open_sender=lambda: nullcontext(self.sender),
        )

    def run(self, sweep: Sweep = Sweep.NONE) -> RunReport:
        report = run_sync(replace(self._job, sweep=sweep), Tools(executor=Threads(2)))
        assert report.status is RunStatus.DONE, report.message
        return report

    def read(self, every_s: float, until: float) -> None:
        for _ in repeated(until, every_s):
            self.run()

    def close(self) -> None:
        self._open.close()


@pytest.mark.soak("F12")
@pytest.mark.timeout(1_200)
def test_R09_F12_a_reconcile_finds_what_a_watermark_loses_beside_writers(url: str, tmp_path: Path) -> None:
    until = time.monotonic() + FOR_S
    ours = [Ours(url, tmp_path / str(number)) for number in range(len(EVERY_S))]
    with ThreadPoolExecutor(WRITERS + 1 + 2 * len(EVERY_S)) as threads:
        writers = [threads.submit(write, url, number, until) for number in range(WRITERS)]
        writers.append(threads.submit(write_at_once_and_commit_last, url, until))
        naive = [threads.submit(read_naively, url, every_s, until) for every_s in EVERY_S]
        readers = [threads.submit(each.read, every_s, until) for each, every_s in zip(ours, EVERY_S, strict=True)]
        rows = sum(writer.result() for writer in writers)
        for reader in readers:
            reader.result()
        lost = [rows - len(seen.result()) for seen in naive]
    found = [each.run(Sweep.ALSO).acknowledged for each in ours]
    for each in ours:
        assert sorted(set(each.sender.taken)) == sorted(each.sender.taken)
        assert len(each.sender.taken) == rows
        assert each.run(Sweep.ONLY).acknowledged == 0
        each.close()
    assert max(lost) > rows / 100, (lost, rows)
    assert sum(found) > 0
    note(
        "F12",
        tried=rows,
        minutes=FOR_S / 60,
        lost_by_a_watermark_alone=max(lost),
        found_by_reconcile=sum(found),
        duplicates=0,
        announced=0,
    )
