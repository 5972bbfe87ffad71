"""What the scripts of the whole run share: rows from a Postgres cursor, a thousand at a time, and a ledger of requests."""

import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import requests

from benchmarks.measure import cpu_s, report

QUERY = (
    "SELECT *, extract(epoch FROM ordered_at)::bigint AS event_time, birthday::text AS born"
    " FROM orders ORDER BY updated_at, order_id"
)
LEDGER = "CREATE TABLE requests (number INTEGER PRIMARY KEY, first TEXT, last TEXT, events INTEGER, outcome TEXT)"
Post = Callable[[list[Any]], int]
"""Sends events in one request; gives how many were received."""


def own_requests(sink: str) -> Post:
    """Return what posts events as JSON, by requests."""
    http = requests.Session()
    http.trust_env = False
    http.headers.update({"Content-Type": "application/json", "Authorization": f"Bearer {os.environ['BENCH_TOKEN']}"})

    def post(data: list[Any]) -> int:
        body = json.dumps({"data": data}, ensure_ascii=False, separators=(",", ":")).encode()
        answer = http.post(f"{sink}/v25.0/1234567890/events", data=body, timeout=60)
        answer.raise_for_status()
        return int(answer.json()["events_received"])

    return post


def main(event: Callable[[dict[str, Any]], Any], post_to: Callable[[str], Post] = own_requests) -> None:
    """Send an event of each row, None for none, to the sink at the URL that is the second argument; report what it took."""
    report(lambda: sent(sys.argv[1], event, post_to(sys.argv[2])), from_start=True)


def sent(postgres: str, event: Callable[[dict[str, Any]], Any], post: Post) -> dict[str, Any]:
    """Read, build and post, one request after the other, each noted before it goes and after it is answered."""
    began, loading_s, events, rows = time.perf_counter(), cpu_s(), 0, 0
    with TemporaryDirectory() as home, sqlite3.connect(Path(home) / "ledger.db") as ledger:
        ledger.execute(LEDGER)
        for number, batch in enumerate(_batches(postgres)):
            data = [made for row in batch if (made := event(row)) is not None]
            rows += len(batch)
            if data:
                _arm(ledger, number, batch, data)
                events += post(data)
                _settle(ledger, number)
    return {"rows": rows, "events": events, "wall_s": time.perf_counter() - began, "loading_s": loading_s}


def _batches(postgres: str) -> Iterator[list[dict[str, Any]]]:
    with (
        psycopg.connect(postgres, row_factory=psycopg.rows.dict_row) as connection,
        connection.cursor("orders") as cursor,
    ):
        cursor.itersize = 1_000
        cursor.execute(QUERY)
        while batch := cursor.fetchmany(1_000):
            yield batch


def _arm(ledger: sqlite3.Connection, number: int, rows: list[dict[str, Any]], data: list[Any]) -> None:
    ids = (rows[0]["order_id"], rows[-1]["order_id"])
    ledger.execute("INSERT INTO requests VALUES (?, ?, ?, ?, 'armed')", (number, *ids, len(data)))
    ledger.commit()


def _settle(ledger: sqlite3.Connection, number: int) -> None:
    ledger.execute("UPDATE requests SET outcome = ? WHERE number = ?", ("acked", number))
    ledger.commit()
