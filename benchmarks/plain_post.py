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

from benchmarks.measure import report

QUERY = (
    "SELECT *, extract(epoch FROM ordered_at)::bigint AS event_time, birthday::text AS born"
    " FROM orders ORDER BY updated_at, order_id"
)
LEDGER = "CREATE TABLE requests (number INTEGER PRIMARY KEY, first TEXT, last TEXT, events INTEGER, outcome TEXT)"
Event = dict[str, Any]


def main(event: Callable[[dict[str, Any]], Event | None]) -> None:
    """Send an event of each row to the sink at the URL that is the second argument; report what it took."""
    report(lambda: sent(sys.argv[1], sys.argv[2], event), from_start=True)


def sent(postgres: str, sink: str, event: Callable[[dict[str, Any]], Event | None]) -> dict[str, Any]:
    """Read, build and post, one request after the other, each noted before it goes and after it is answered."""
    began, events, rows = time.perf_counter(), 0, 0
    with TemporaryDirectory() as home, sqlite3.connect(Path(home) / "ledger.db") as ledger, requests.Session() as http:
        http.trust_env = False
        ledger.execute(LEDGER)
        for number, batch in enumerate(_batches(postgres)):
            data = [made for row in batch if (made := event(row)) is not None]
            rows += len(batch)
            events += _posted(ledger, http, number, sink, data) if data else 0
    return {"rows": rows, "events": events, "wall_s": time.perf_counter() - began}


def _batches(postgres: str) -> Iterator[list[dict[str, Any]]]:
    with (
        psycopg.connect(postgres, row_factory=psycopg.rows.dict_row) as connection,
        connection.cursor("orders") as cursor,
    ):
        cursor.itersize = 1_000
        cursor.execute(QUERY)
        while batch := cursor.fetchmany(1_000):
            yield batch


def _posted(ledger: sqlite3.Connection, http: requests.Session, number: int, sink: str, data: list[Event]) -> int:
    ids = (data[0]["event_id"], data[-1]["event_id"])
    ledger.execute("INSERT INTO requests VALUES (?, ?, ?, ?, 'armed')", (number, *ids, len(data)))
    ledger.commit()
    body = json.dumps({"data": data}, ensure_ascii=False, separators=(",", ":")).encode()
    address = f"{sink}/v25.0/1234567890/events"
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {os.environ['BENCH_TOKEN']}"}
    answer = http.post(address, data=body, headers=headers, timeout=60)
    answer.raise_for_status()
    received = int(answer.json()["events_received"])
    ledger.execute("UPDATE requests SET outcome = ? WHERE number = ?", ("acked", number))
    ledger.commit()
    return received
