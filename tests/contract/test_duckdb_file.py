"""A DuckDB file is opened for reading only, for as long as it is read, and every refusal says what to do."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from connectors.base import Query
from connectors.duckdb import DuckDBSource, Options, connect
from connectors.errors import QueryError, SourceError, SourceRefusedError, SourceUnavailableError
from connectors.testing.warehouse import all_rows, values

ORDERS = Query(sql="SELECT * FROM orders", cursor_column="id")
ANOTHER_PROCESS = (
    "import duckdb, sys; connection = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
)
PRESS_CTRL_C = """
import os, signal, sys, threading
from pathlib import Path
from connectors.base import Query
from connectors.duckdb import Options, connect

source = connect(Options(path=sys.argv[1]), root=Path("/"))
long = "SELECT hash(range) AS n FROM range(1000000000) ORDER BY n"
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    list(source.read(Query(sql=long)))
except KeyboardInterrupt:
    print("interrupted")
"""

PRESS_CTRL_C_AT_THE_END = """
import inspect, signal, sys, time
from pathlib import Path
from connectors import duckdb_instances
from connectors.base import Query
from connectors.duckdb import Options, connect

lines = inspect.getsource(duckdb_instances).splitlines()
(last,) = (number for number, line in enumerate(lines, 1) if "DETACH" in line)
pressed = 0

def press(frame, event, _):
    global pressed
    if frame.f_code.co_filename != duckdb_instances.__file__:
        return None
    if frame.f_lineno == last and event == "line":
        pressed += 1
        signal.setitimer(signal.ITIMER_REAL, pressed * 4e-6)
    return press

def stop(*_):
    raise KeyboardInterrupt

signal.signal(signal.SIGALRM, stop)
source = connect(Options(path=sys.argv[1]), root=Path("/"))
for _ in range(40):
    try:
        sys.settrace(press)
        source.schema(Query(sql="SELECT * FROM orders"))
        time.sleep(1)
    except KeyboardInterrupt:
        sys.settrace(None)
assert pressed == 40
print("interrupted")
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop" / "warehouse.duckdb"
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE orders AS SELECT range AS id, 'x' || range AS name FROM range(10)")
    return path


def source(file: Path, **options: str | int | bool) -> DuckDBSource:
    return connect(Options(path=str(file), **options), root=file.parent)  # type: ignore[arg-type]  # mixed types


@pytest.fixture
def writer(file: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the file open for writing until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", ANOTHER_PROCESS, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        yield process
        process.communicate()


def test_a_relative_path_starts_at_the_root(file: Path) -> None:
    by_name = connect(Options(path="shop/warehouse.duckdb"), root=file.parent.parent)

    assert values(by_name, ORDERS, "id") == list(range(10))


def test_reading_changes_no_byte_and_leaves_nothing_beside_the_file(file: Path) -> None:
    before = hashlib.sha256(file.read_bytes()).hexdigest()

    reading = source(file).read(Query(sql="SELECT * FROM orders", cursor_column="id", batch_rows=1))
    next(reading)
    beside = sorted(path.name for path in file.parent.iterdir())
    list(reading)

    assert beside == ["warehouse.duckdb"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before


def test_rows_that_a_killed_writer_left_in_its_log_are_read(file: Path) -> None:
    insert = "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]); c.execute(\"INSERT INTO orders VALUES (99, 'new')\"); os._exit(9)"
    subprocess.run([sys.executable, "-c", insert, str(file)], check=False)

    assert values(source(file), ORDERS, "id") == [*range(10), 99]
    assert file.with_suffix(".duckdb.wal").exists()


def test_a_file_that_another_process_writes_is_unavailable_for_now(file: Path, writer: subprocess.Popen[str]) -> None:
    with pytest.raises(SourceUnavailableError) as caught:
        all_rows(source(file), ORDERS)

    assert caught.value.is_transient
    assert str(file) in str(caught.value)
    assert f"(pid {writer.pid})" in str(caught.value)
    assert "close it there" in caught.value.remedy


def test_a_file_that_this_process_writes_is_unavailable_for_now(file: Path) -> None:
    with duckdb.connect(str(file)), pytest.raises(SourceUnavailableError, match=r"this very process has .*open"):
        all_rows(source(file), ORDERS)


def test_writers_wait_only_while_a_reading_is_open(file: Path) -> None:
    write = [sys.executable, "-c", "import duckdb, sys; duckdb.connect(sys.argv[1])", str(file)]
    with source(file) as opened:
        reading = opened.read(Query(sql="SELECT * FROM orders", batch_rows=1))
        next(reading)
        during = subprocess.run(write, check=False, capture_output=True)
        reading.close()  # type: ignore[attr-defined]  # a generator
        after = subprocess.run(write, check=False, capture_output=True)

    assert b"Could not set lock" in during.stderr
    assert after.returncode == 0


def test_leaving_the_source_lets_go_of_the_file(file: Path) -> None:
    with source(file) as opened:
        reading = opened.read(Query(sql="SELECT * FROM orders", batch_rows=1))
        next(reading)

    duckdb.connect(str(file)).close()
    with pytest.raises(SourceRefusedError, match="was closed before its rows were read"):
        opened.schema(ORDERS)


@pytest.mark.parametrize("path", ["", " ", ":memory:", "nowhere.duckdb", "shop"])
def test_a_path_that_is_no_file_is_refused_at_once(file: Path, path: str) -> None:
    with pytest.raises(SourceRefusedError, match="file") as caught:
        connect(Options(path=path), root=file.parent.parent)

    assert caught.value.remedy
    assert not (file.parent.parent / "nowhere.duckdb").exists()


@pytest.mark.parametrize("content", [b"", b"hello", b"id,name\n" * 2000, b"SQLite format 3\0" + bytes(8000)])
def test_a_file_of_another_kind_is_named(file: Path, content: bytes) -> None:
    file.write_bytes(content)

    with pytest.raises(SourceRefusedError, match=f"{file} is no DuckDB database"):
        all_rows(source(file), ORDERS)


def test_a_file_that_was_cut_short_is_named(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])

    with pytest.raises(SourceRefusedError, match=f"{file} is cut short"):
        all_rows(source(file), ORDERS)


def test_a_damaged_file_is_named(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4096::7] = bytes(byte ^ 0xFF for byte in content[4096::7])
    file.write_bytes(content)

    with pytest.raises(SourceRefusedError, match=f"{file} is damaged"):
        all_rows(source(file), ORDERS)


def test_an_encrypted_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "secret.duckdb"
    with duckdb.connect() as connection:
        connection.execute("SET force_mbedtls_unsafe = true")
        connection.execute(f"ATTACH '{file}' AS other (ENCRYPTION_KEY 'canary-key')")
        connection.execute("CREATE TABLE other.orders AS SELECT 1 AS id")

    with pytest.raises(SourceRefusedError, match="is encrypted"):
        all_rows(source(file), ORDERS)


@pytest.mark.parametrize(
    ("name", "qualified"),
    [
        ("it's mine.duckdb", '"it\'s mine".main.orders'),
        ('say "x".duckdb', '"say ""x""".orders'),
        ("v1.2.duckdb", "v1.orders"),
        ("memory.duckdb", "main.orders"),
        ("temp.duckdb", "temp_db.orders"),
        ("System.db", '"System_db".orders'),
        ("md:cloud.duckdb", "main.orders"),
        ("ünï.duckdb", "ünï.orders"),
    ],
)
def test_a_file_of_any_name_is_read_and_its_tables_may_be_qualified(file: Path, name: str, qualified: str) -> None:
    moved = file.rename(file.with_name(name))

    assert values(source(moved), Query(sql=f"SELECT id FROM {qualified}", cursor_column="id"), "id") == list(range(10))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"memory_limit": "lots"}, "memory_limit"),
        ({"memory_limit": "50%"}, "memory_limit"),
        ({"memory_limit": "1GB'; DROP TABLE orders; --"}, "memory_limit"),
        ({"threads": 0}, "threads"),
    ],
)
def test_a_wrong_option_is_named(file: Path, options: dict[str, str | int], says: str) -> None:
    with pytest.raises(SourceRefusedError, match=says):
        source(file, **options)


def test_a_temp_directory_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(SourceRefusedError, match=r"no temporary folder can be made.*temp_directory"):
        all_rows(source(file, temp_directory="/nowhere/at/all"), ORDERS)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM 'people.csv'",
        "SELECT * FROM read_csv('people.csv')",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM glob('*')",
    ],
)
def test_files_beside_the_database_need_the_option(file: Path, sql: str) -> None:
    with pytest.raises(QueryError, match="external_files: true"):
        all_rows(source(file), Query(sql=sql))


def test_the_option_gives_files_from_the_root_on(file: Path) -> None:
    (file.parent / "people.csv").write_text("id,name\n1,ann\n")

    rows = all_rows(source(file, external_files=True), Query(sql="SELECT * FROM 'people.csv'"))

    assert rows == [{"id": 1, "name": "ann"}]


@pytest.mark.parametrize(
    "sql", ["COPY orders TO 'out.csv'", "EXPORT DATABASE 'out'", "SELECT 1; COPY orders TO 'out.csv'"]
)
def test_the_option_lets_nothing_be_written(file: Path, sql: str) -> None:
    with pytest.raises(QueryError):
        all_rows(source(file, external_files=True), Query(sql=sql))

    assert [path.name for path in file.parent.iterdir()] == ["warehouse.duckdb"]


def test_variables_of_this_process_are_no_tables(file: Path) -> None:
    import pyarrow as pa

    local_rows = pa.table({"id": [1]})

    with pytest.raises(QueryError, match="local_rows does not exist"):
        all_rows(source(file), Query(sql="SELECT * FROM local_rows"))
    assert local_rows.num_rows == 1


@pytest.mark.parametrize(
    ("sql", "remedy"),
    [
        ("SELECT * FROM ordrs", "did you mean orders?"),
        ("SELECT * FROM ORDER_S", "did you mean orders?"),
        ("SELECT * FROM main.ordes", "did you mean orders?"),
        ("SELECT * FROM sale.refunds", "did you mean sales.refunds?"),
        ("SELECT * FROM daily_total", 'did you mean "daily totals"?'),
        ("SELECT * FROM zzz", 'tables of warehouse.duckdb: "daily totals", orders, sales.refunds'),
        ("SELECT lenth(name) FROM orders", "mend the name"),
        ("SELECT nme FROM orders", "DESCRIBE in DuckDB shows theirs"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(file: Path, sql: str, remedy: str) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            'CREATE SCHEMA sales; CREATE TABLE sales.refunds (id INT); CREATE VIEW "daily totals" AS FROM orders'
        )

    for query in (Query(sql=sql), Query(sql="SELECT 1 AS one", expressions=(("other", f"({sql})"),))):
        with pytest.raises(QueryError, match="DuckDB refuses the query") as caught:
            source(file).schema(query)
        assert remedy in caught.value.remedy


def test_an_empty_file_is_told_from_a_wrong_name(file: Path) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute("DROP TABLE orders")

    with pytest.raises(QueryError, match=r"holds no table; mend `path`"):
        source(file).schema(ORDERS)


@pytest.mark.parametrize(
    ("sql", "line"),
    [
        ("SELEC id", 1),
        ("SELECT id,\n  name\nFORM orders\nWHERE id > 1", 3),
        ("-- one\n\nSELECT id FROM FROM orders", 3),
    ],
)
def test_a_slip_is_shown_by_its_line_in_the_query(file: Path, sql: str, line: int) -> None:
    with pytest.raises(QueryError, match=f"DuckDB refuses the query in line {line}: syntax error at or near") as caught:
        source(file).schema(Query(sql=sql))

    assert "mend the SQL there" in caught.value.remedy
    assert "_syncer" not in str(caught.value)


def test_a_query_that_needs_too_much_memory_says_which_option_to_raise(file: Path) -> None:
    hungry = Query(sql="SELECT list(repeat('x', 1000) || range) AS all_of_them FROM range(200000)")

    with pytest.raises(SourceRefusedError, match=r"memory_limit of 40MB.*raise memory_limit"):
        all_rows(source(file, memory_limit="40MB", threads=1), hungry)


@pytest.mark.parametrize("press", [PRESS_CTRL_C, PRESS_CTRL_C_AT_THE_END], ids=["within", "at_the_end"])
def test_ctrl_c_ends_a_query_as_it_ends_everything_else(file: Path, press: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", press, str(file)],
        check=False,
        capture_output=True,
        text=True,
        timeout=20,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert done.stdout == "interrupted\n", done.stderr


@pytest.fixture
def sorting(file: Path, tmp_path: Path) -> tuple[DuckDBSource, Path, Query]:
    """A source whose memory is too small for the sort of the query, and the folder it sorts in."""
    folder = tmp_path / "sort"
    folder.mkdir()
    sql = "SELECT hash(range) AS id, 'canary' || range || repeat('x', 200) AS pad FROM range(200000)"
    return (
        source(file, memory_limit="50MB", threads=1, temp_directory=str(folder)),
        folder,
        Query(sql=sql, order_by=("id",)),
    )


def test_a_sort_larger_than_memory_is_right_private_unreadable_and_leaves_nothing(
    sorting: tuple[DuckDBSource, Path, Query],
) -> None:
    opened, folder, query = sorting
    reading = opened.read(query)
    found = next(reading).column("id").to_pylist()
    (private,) = folder.iterdir()
    spilled = [path for path in private.rglob("*") if path.is_file() and path.stat().st_size]

    rights = private.stat().st_mode & 0o777
    tells = [path.name for path in spilled if b"canary" in path.read_bytes()]
    found += [row for batch in reading for row in batch.column("id").to_pylist()]

    assert spilled
    assert rights == 0o700
    assert tells == []
    assert len(found) == 200_000
    assert found == sorted(found)
    assert list(folder.iterdir()) == []


def test_a_sort_that_is_left_early_leaves_nothing(sorting: tuple[DuckDBSource, Path, Query]) -> None:
    opened, folder, query = sorting
    reading = opened.read(query)
    next(reading)

    reading.close()  # type: ignore[attr-defined]  # a generator

    assert list(folder.iterdir()) == []


def test_a_reading_that_fails_leaves_nothing(file: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        all_rows(source(file, temp_directory=str(tmp_path)), Query(sql="SELECT CAST(name AS INTEGER) FROM orders"))

    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_a_batch_of_wide_rows_ends_before_its_rows_are_complete(file: Path) -> None:
    wide = Query(sql="SELECT repeat('x', 20000) AS pad FROM range(8192)")

    sizes = [batch.num_rows for batch in source(file).read(wide)]

    assert sum(sizes) == 8192
    assert max(sizes) <= 4096


@pytest.mark.parametrize(
    "rows",
    [
        "SELECT * FROM twice QUALIFY row_number() OVER (PARTITION BY id ORDER BY version DESC) = 1",
        "SELECT DISTINCT ON (id) * FROM twice",
        "SELECT id, any_value(rank) AS rank FROM twice GROUP BY id",
    ],
)
def test_a_large_query_with_a_free_choice_gives_each_key_once(file: Path, rows: str) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "CREATE TABLE twice AS SELECT (range * 7919) % 300000 // 2 AS id, 1 AS version, "
            "(range * 104729) % 300000 AS rank FROM range(300000)"
        )

    found = values(source(file, threads=2), Query(sql=rows, cursor_column="rank", order_by=("id",)), "id")

    assert sorted(found) == list(range(150_000))
