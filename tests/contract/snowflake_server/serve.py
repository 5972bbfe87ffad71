"""A Snowflake for tests: fakesnow's server and what the driver also asks of an account; run in its own environment.

Added to fakesnow: sign-in is checked, larger results come in chunks as those of an account do, timestamps keep the
precision of their type, tables are made from Arrow, a table `CODE_000606` answers with that error, and the database
AS_WRITTEN leaves unquoted names as they are written. Prints its port.
"""

import gzip
import json
import os
import re
import signal
import socket
import sys
import threading
import time
from typing import Any

import duckdb
import fakesnow.cursor
import fakesnow.rowtype
import fakesnow.server
import pyarrow as pa
import uvicorn
from fakesnow import transforms
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

PASSWORD = "correct horse"
CHUNK_BYTES = 4 * 2**20
GZIP_LEVEL = int(os.environ.get("SYNCER_TEST_SNOWFLAKE_GZIP", "0"))
SCALES = {"TIMESTAMP_S": 0, "TIMESTAMP_MS": 3, "TIMESTAMP": 6, "TIMESTAMP WITH TIME ZONE": 6, "TIME": 6}
ERRORS = {
    "000606": ("57P03", "No active warehouse selected in the current session."),
    "000630": ("57014", "Statement reached its statement or warehouse timeout of 1 second(s) and was canceled."),
    "003001": ("42501", "SQL access control error:\nInsufficient privileges to operate on table 'SECRETS'"),
    "000603": ("XX000", "SQL execution internal error: Processing aborted by error 300010:391167117"),
}
logins: list[dict[str, Any]] = []
statements: list[dict[str, Any]] = []
chunks: dict[str, bytes] = {}
as_written = threading.local()


def precise_rowtype(results: list[Any]) -> Any:
    """Give the digits of a timestamp that its column holds."""
    found = plain_rowtype([(row[0], "BIGINT" if row[1] in INTEGERS else row[1], *row[2:]) for row in results])
    for info, row in zip(found, results, strict=True):
        info["scale"] = SCALES.get(row[1], info["scale"])
        info["type"] = "real" if row[1] == "FLOAT" else info["type"]
    return found


INTEGERS = {"TINYINT", "SMALLINT", "UTINYINT", "USMALLINT", "UINTEGER"}
plain_rowtype = fakesnow.rowtype.describe_as_rowtype
fakesnow.rowtype.duckdb_to_sf_type |= {
    "TIMESTAMP_S": "timestamp_ntz",
    "TIMESTAMP_MS": "timestamp_ntz",
    "FLOAT": "real",
    "TIMESTAMPTZ_NS": "timestamp_tz",
}
fakesnow.rowtype.describe_as_rowtype = precise_rowtype
fakesnow.server.describe_as_rowtype = precise_rowtype


def wire(table: pa.Table, rowtype: list[Any]) -> pa.Table:
    """Return the columns as an account sends them."""
    arrays, fields = [], []
    for column, info, field in zip(table.columns, rowtype, table.schema, strict=True):
        array = column.combine_chunks()
        kind = info["type"].upper()
        if pa.types.is_timestamp(array.type):
            array = moments(array)
        elif pa.types.is_time(array.type):
            array = array.cast(pa.int64())
        elif pa.types.is_null(array.type):
            array = array.cast(pa.string())
        elif pa.types.is_unsigned_integer(array.type):
            array = array.cast(pa.int64())
        elif pa.types.is_float32(array.type):
            array = array.cast(pa.float64())
        elif (
            pa.types.is_extension(array.type)
            if hasattr(pa.types, "is_extension")
            else isinstance(array, pa.ExtensionArray)
        ):
            array = array.storage
        facts = {
            "logicalType": kind,
            "precision": str(info["precision"] or 38),
            "scale": str(info["scale"] or 0),
            "charLength": str(info["length"] or 0),
        }
        arrays.append(array)
        fields.append(pa.field(field.name, array.type, metadata=facts))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def moments(array: pa.Array) -> pa.Array:
    """Return timestamps as an account sends them: steps of their own digits, or seconds, nanoseconds and a zone."""
    numbers = array.view(pa.int64())
    if array.type.tz is None and array.type.unit != "ns":
        return numbers
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[array.type.unit]
    pairs = [None if value is None else divmod(value, per_second) for value in numbers.to_pylist()]
    rows = [
        None if pair is None else {"epoch": pair[0], "fraction": pair[1] * (10**9 // per_second), "timezone": 1440}
        for pair in pairs
    ]
    parts = [("epoch", pa.int64()), ("fraction", pa.int32())] + ([("timezone", pa.int32())] if array.type.tz else [])
    return pa.array(rows, pa.struct(parts))


fakesnow.server.to_sf = wire


def first(node: exp.Expression) -> exp.Expression:
    """Keep the nanoseconds of a bound, and the case of names where they stay as written."""
    kind = TIMES_NS.get(node.to.this) if isinstance(node, exp.Cast) and node.to.expressions else None
    if kind and int(node.to.expressions[0].name) > 6:
        return exp.Anonymous(this=kind, expressions=[node.this])
    return node if getattr(as_written, "on", False) else plain_upper_case(node)


def precise_types(node: exp.Expression) -> exp.Expression:
    """Keep all digits of a type; leave out a collation by code points, which is DuckDB's own."""
    kinds = exp.DataType.Type
    if isinstance(node, exp.Collate):
        return node.this
    if isinstance(node, exp.DataType) and node.this == kinds.TIME:
        return exp.DataType(this=kinds.TIME)
    return plain_ntz(node)


TIMES_NS = {exp.DataType.Type.TIMESTAMPNTZ: "as_timestamp_ns", exp.DataType.Type.TIMESTAMPTZ: "as_timestamptz_ns"}
MACROS = "".join(
    f"CREATE OR REPLACE TEMP MACRO as_{kind}(text) AS coalesce(TRY_CAST(text AS {kind}), "
    f"CASE WHEN text < '1900' THEN '1677-09-22'::{kind} ELSE '2262-04-11'::{kind} END);"
    for kind in ("timestamp_ns", "timestamptz_ns")
)
"""Bounds that DuckDB's nanoseconds do not reach, and an account's do."""
plain_ntz = transforms.timestamp_ntz
transforms.timestamp_ntz = precise_types
plain_integer = transforms.integer_precision
transforms.integer_precision = lambda node: node if getattr(node, "expressions", None) else plain_integer(node)
plain_upper_case = transforms.upper_case_unquoted_identifiers
transforms.upper_case_unquoted_identifiers = first
plain_execute = fakesnow.cursor.FakeSnowflakeCursor.execute


def execute(self: Any, command: str, *args: Any, **kwargs: Any) -> Any:
    """Run a statement; name what a value of a row spoils as an account does."""
    as_written.on = self._conn.database == "AS_WRITTEN"
    if found := re.search(r"CODE_(\d{6})", command):
        state, message = ERRORS[found[1]]
        raise ProgrammingError(message, errno=int(found[1]), sqlstate=state)
    if re.search(r"'[^']*'\s+'", command):
        message = "SQL compilation error:\nsyntax error line 2 at position 9 unexpected ''again''."
        raise ProgrammingError(message, errno=1003, sqlstate="42000")
    if not hasattr(self._conn, "has_macros"):
        self._duck_conn.execute(MACROS)
        self._conn.has_macros = True
    try:
        return plain_execute(self, command, *args, **kwargs)
    except (duckdb.InvalidInputException, duckdb.OutOfRangeException) as error:
        raise ProgrammingError(str(error), errno=100038, sqlstate="22018") from None
    except duckdb.Error as error:
        raise ProgrammingError(str(error), errno=1003, sqlstate="42000") from None


fakesnow.cursor.FakeSnowflakeCursor.execute = execute
fakesnow.cursor.FakeSnowflakeCursor._inline_variables = lambda _, command: command


async def body_of(request: Request) -> Any:
    body = await request.body()
    return json.loads(gzip.decompress(body) if request.headers.get("Content-Encoding") == "gzip" else body)


async def login(request: Request) -> Response:
    asked = (await body_of(request))["data"]
    logins.append({**asked, "query": dict(request.query_params)})
    if asked.get("AUTHENTICATOR", "SNOWFLAKE").upper() == "SNOWFLAKE" and asked.get("PASSWORD") != PASSWORD:
        refused = {"data": {}, "code": "390100", "message": "Incorrect username or password was specified."}
        return JSONResponse({**refused, "success": False})
    given = json.loads((await fakesnow.server.login_request(request)).body)
    given["data"] |= {
        "masterToken": "master",
        "validityInSeconds": 3600,
        "masterValidityInSeconds": 14400,
        "sessionId": 1,
    }
    given["data"]["parameters"] += [
        {"name": name, "value": value} for name, value in asked.get("SESSION_PARAMETERS", {}).items()
    ]
    return JSONResponse(given)


async def query(request: Request) -> Response:
    asked = await body_of(request)
    statements.append(
        {"sqlText": asked["sqlText"], "describeOnly": asked.get("describeOnly"), "bindings": asked.get("bindings")}
    )
    pending.clear()
    response: Response = await fakesnow.server.query_request(request)
    if response.status_code != 200 or not pending:
        return response
    answer = json.loads(bytes(response.body))
    listed = [{**part, "url": f"{request.base_url}chunks/{part['url']}"} for part in pending]
    answer["data"] |= {"chunks": listed, "qrmk": "x", "chunkHeaders": {}}
    return JSONResponse(answer)


pending: list[dict[str, Any]] = []
"""Chunks of the answer that is being made; nothing is awaited between its making and its use."""


def in_chunks(table: pa.Table) -> bytes:
    """Return the first rows; the driver fetches the others chunk by chunk, as those of an account."""
    rows = max(1, table.num_rows * CHUNK_BYTES // max(CHUNK_BYTES, table.nbytes))
    for start in range(rows, table.num_rows, rows):
        name, part = f"{len(names)}", table.slice(start, rows)
        names.append(name)
        plain = bytes(plain_ipc(part))
        chunks[name] = gzip.compress(plain, GZIP_LEVEL)
        size = {"uncompressedSize": len(plain), "compressedSize": len(chunks[name])}
        pending.append({"url": name, "rowCount": part.num_rows, **size})
    return bytes(plain_ipc(table.slice(0, rows)))


names: list[str] = []
plain_ipc = fakesnow.server.to_ipc
fakesnow.server.to_ipc = in_chunks


async def chunk(request: Request) -> Response:
    return Response(chunks.pop(request.path_params["name"]), headers={"Content-Encoding": "gzip"})


async def load(request: Request) -> Response:
    rows = pa.ipc.open_stream(await request.body()).read_all()
    database = request.query_params["database"]
    name = f"loaded_{len(tables())}" if database == "AS_WRITTEN" else f"LOADED_{len(tables())}"

    def create() -> None:
        with fakesnow.server.shared_fs.connect(database, "MAIN")._duck_conn as connection:
            connection.register("rows_of_test", rows)
            columns = ", ".join(column_of(rows, field) for field in rows.schema)
            connection.execute(f'CREATE TABLE "{database}"."MAIN"."{name}" AS SELECT {columns} FROM rows_of_test')

    await run_in_threadpool(create)
    return JSONResponse(name)


def column_of(rows: pa.Table, field: pa.Field) -> str:
    """Return a column as an account would declare it: whole numbers have digits, not bits."""
    quoted: str = '"' + field.name.replace('"', '""') + '"'
    if pa.types.is_nested(field.type):
        return f"to_json({quoted}) AS {quoted}"
    if pa.types.is_integer(field.type):
        widest = max((abs(value) for value in rows[field.name].to_pylist() if value is not None), default=0)
        return f"CAST({quoted} AS DECIMAL({max(18, len(str(widest)))}, 0)) AS {quoted}"
    return quoted


def tables() -> Any:
    connection = fakesnow.server.shared_fs.duck_conn.cursor()
    return connection.execute(
        "SELECT database_name, schema_name, table_name FROM duckdb_tables() WHERE database_name <> '_fs_global' ORDER BY ALL"
    ).fetchall()


async def checksum(request: Request) -> Response:
    connection = fakesnow.server.shared_fs.duck_conn.cursor()
    found = []
    for table in tables():
        name = ".".join('"' + part + '"' for part in table)
        found.append(
            [*table, str(connection.execute(f"SELECT count(*), bit_xor(hash(t)) FROM {name} AS t").fetchone())]
        )
    return JSONResponse(found)


async def telemetry(request: Request) -> Response:
    sent.append(str(request.headers.get("Content-Length")))
    return JSONResponse({"success": True})


sent: list[str] = []


async def seen(request: Request) -> Response:
    return JSONResponse({"logins": logins, "statements": statements, "telemetry": sent})


async def run_sql(request: Request) -> Response:
    with fakesnow.server.shared_fs.connect(request.query_params["database"], "MAIN") as connection:
        connection.cursor().execute((await request.body()).decode())
    return JSONResponse("done")


routes = [
    Route("/session/v1/login-request", login, methods=["POST"]),
    Route("/queries/v1/query-request", query, methods=["POST"]),
    Route("/telemetry/send", telemetry, methods=["POST"]),
    Route("/chunks/{name}", chunk),
    Route("/load", load, methods=["POST"]),
    Route("/run", run_sql, methods=["POST"]),
    Route("/checksum", checksum),
    Route("/seen", seen),
]


def end_with(parent: int) -> None:
    """Exit when the tests are gone."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(Starlette(routes=routes + fakesnow.server.routes), log_level="error")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.Server(config).run(sockets=[listener])
