"""The native floor of a whole run: Postgres by ADBC, a C kernel over Arrow's C data interface, http.client, SQLite.

The same bytes of an event and no rule but lower case; nothing is checked. What we are measured against, at most thrice.
"""

import ctypes
import http.client
import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from benchmarks.measure import cpu_s, report
from benchmarks.turns import ROOT, say

SOURCE = Path(__file__).parent / "floor" / "kernel.c"
LIBRARY = ROOT / ".cache" / "bench" / "floor.so"
COLUMNS = (
    "order_id::text", "extract(epoch FROM ordered_at)::bigint::text", "page_url", "total::text", "currency", "contents",
    "loyalty_tier", "email", "phone", "gender", "birthday::text", "last_name", "first_name", "city", "state",
    "postal_code", "country", "customer_id", "ip", "user_agent", "fbc", "fbp",
)  # fmt: skip
QUERY = f"SELECT {', '.join(f'{column} AS c{number}' for number, column in enumerate(COLUMNS))} FROM orders"
ORDER = " ORDER BY updated_at, order_id"
LEDGER = "CREATE TABLE requests (number INTEGER PRIMARY KEY, first TEXT, last TEXT, events INTEGER, outcome TEXT)"
EVENTS = 1_000
ROOM = 8 << 20


def compiled() -> str | None:
    """Compile the kernel; return why that is not possible, or None."""
    compiler = shutil.which("cc")
    if compiler is None:
        return "there is no cc"
    LIBRARY.parent.mkdir(parents=True, exist_ok=True)
    words = [compiler, "-O3", "-march=native", "-shared", "-fPIC", "-o", str(LIBRARY), str(SOURCE), "-lcrypto"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"cc failed: {done.stderr.strip().splitlines()[0]}"


def main(postgres: str, sink: str) -> None:
    """Send once."""
    import pyarrow as pa
    from adbc_driver_postgresql import dbapi

    kernel = ctypes.CDLL(str(LIBRARY))
    kernel.body.argtypes = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_char_p)
    kernel.body.restype = ctypes.c_int64
    room = ctypes.create_string_buffer(ROOM)

    def batches(connection: dbapi.Connection) -> Iterator[pa.RecordBatch]:
        with connection.cursor() as cursor:
            cursor.execute(QUERY + ORDER)
            yield from cursor.fetch_record_batch()

    def bodies(batch: pa.RecordBatch) -> Iterator[tuple[str, str, int, memoryview]]:
        # An ArrowArray and an ArrowSchema take 80 and 72 bytes; both are released by those who import them again.
        array, schema = ctypes.create_string_buffer(80), ctypes.create_string_buffer(72)
        batch._export_to_c(ctypes.addressof(array), ctypes.addressof(schema))  # noqa: SLF001  the interface itself
        for first in range(0, batch.num_rows, EVENTS):
            end = min(first + EVENTS, batch.num_rows)
            size = kernel.body(ctypes.addressof(array), first, end, room)
            ids = batch.column(0)
            yield ids[first].as_py(), ids[end - 1].as_py(), end - first, memoryview(room)[:size]
        pa.RecordBatch._import_from_c(ctypes.addressof(array), ctypes.addressof(schema))  # noqa: SLF001

    def send() -> dict[str, Any]:
        began, loading_s, events = time.perf_counter(), cpu_s(), 0
        at = urlsplit(sink)
        with (
            TemporaryDirectory() as home,
            closing(http.client.HTTPConnection(at.hostname or "", at.port)) as connection,
            closing(sqlite3.connect(Path(home) / "ledger.db")) as ledger,
            dbapi.connect(postgres) as source,
        ):
            ledger.execute(LEDGER)
            for batch in batches(source):
                for first, last, count, body in bodies(batch):
                    armed = ledger.execute("INSERT INTO requests VALUES (NULL, ?, ?, ?, 'armed')", (first, last, count))
                    ledger.commit()
                    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
                    connection.request("POST", "/v25.0/1234567890/events", body=body, headers=headers)
                    events += json.loads(connection.getresponse().read())["events_received"]
                    ledger.execute("UPDATE requests SET outcome = 'acked' WHERE number = ?", (armed.lastrowid,))
                    ledger.commit()
        return {"rows": events, "events": events, "wall_s": time.perf_counter() - began, "loading_s": loading_s}

    report(send, from_start=True)


if __name__ == "__main__":
    if problem := compiled():
        say(problem)
        sys.exit(1)
    main(sys.argv[1], sys.argv[2])
