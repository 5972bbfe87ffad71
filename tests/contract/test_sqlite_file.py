"""A SQLite file is opened for reading only, and every refusal says what to do."""

import hashlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from connectors.base import Query
from connectors.errors import QueryError, SourceRefusedError, SourceUnavailableError
from connectors.sqlite import Options, SqliteSource, connect
from connectors.testing.reading import MEGABYTE, resident_bytes
from connectors.testing.warehouse import all_rows, values

ORDERS = Query(sql="SELECT * FROM orders", cursor_column="id")
NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) "
KILLED_WRITER = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN")
connection.execute("UPDATE orders SET name = name || hex(zeroblob(5000))")
os._exit(9)
"""
PRESS_CTRL_C = """
import os, signal, sys, threading
from pathlib import Path
from connectors.base import Query
from connectors.sqlite import Options, connect

source = connect(Options(path=sys.argv[1]), root=Path("/"))
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    list(source.read(Query(sql=sys.argv[2])))
except KeyboardInterrupt:
    print("interrupted")
"""


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def temporary_files() -> list[os.stat_result]:
    """Return what SQLite has open of them."""
    opened: list[os.stat_result] = []
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # what listed the folder is closed again
            opened += [entry.stat()] if "etilqs" in str(entry.readlink()) else []
    return opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop" / "warehouse.db"
    path.parent.mkdir()
    change(
        path,
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT)",
        NUMBERS.format(count=10) + "INSERT INTO orders SELECT n - 1, 'x' || n FROM numbers",
    )
    return path


def source(file: Path) -> SqliteSource:
    return connect(Options(path=str(file)), root=file.parent)


@pytest.fixture
def writing(file: Path) -> Iterator[sqlite3.Connection]:
    """A writer that holds the file for itself."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield connection


def test_a_relative_path_starts_at_the_root(file: Path) -> None:
    by_name = connect(Options(path="shop/warehouse.db"), root=file.parent.parent)

    assert values(by_name, ORDERS, "id") == list(range(10))


def test_reading_changes_no_byte_and_leaves_nothing_beside_the_file(file: Path) -> None:
    before = hashlib.sha256(file.read_bytes()).hexdigest()

    reading = source(file).read(Query(sql="SELECT * FROM orders", cursor_column="id", batch_rows=1))
    next(reading)
    beside = sorted(path.name for path in file.parent.iterdir())
    list(reading)

    assert beside == ["warehouse.db"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before


def test_a_file_that_is_being_written_is_unavailable_for_now(file: Path, writing: sqlite3.Connection) -> None:
    with pytest.raises(SourceUnavailableError, match=f"another process is writing {file}") as caught:
        all_rows(source(file), ORDERS)

    assert caught.value.is_transient
    assert "WAL" in caught.value.remedy
    writing.execute("COMMIT")
    assert values(source(file), ORDERS, "id") == list(range(10))


def test_in_wal_mode_a_writer_goes_on_and_the_reading_keeps_its_snapshot(file: Path) -> None:
    change(file, "PRAGMA journal_mode = WAL")
    with closing(sqlite3.connect(file)) as writer:
        reading = source(file).read(Query(sql="SELECT * FROM orders", cursor_column="id", batch_rows=1))
        found = [next(reading)]
        writer.execute("INSERT INTO orders VALUES (99, 'new')")
        writer.commit()
        found += reading

        assert [batch.column("id")[0].as_py() for batch in found] == list(range(10))
        assert values(source(file), ORDERS, "id") == [*range(10), 99]


def test_what_a_killed_writer_left_half_done_is_not_read(file: Path) -> None:
    change(file, NUMBERS.format(count=2000) + "INSERT INTO orders SELECT n + 100, 'y' FROM numbers")
    subprocess.run([sys.executable, "-c", KILLED_WRITER, str(file)], check=False)
    assert file.with_name("warehouse.db-journal").stat().st_size

    with pytest.raises(SourceRefusedError, match=f"{file} waits to be recovered") as caught:
        all_rows(source(file), ORDERS)

    assert "open it once" in caught.value.remedy
    change(file, "SELECT count(*) FROM orders")
    assert len(all_rows(source(file), ORDERS)) == 2010


def test_writers_wait_only_while_a_reading_is_open(file: Path) -> None:
    with source(file) as opened, closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as writer:
        reading = opened.read(Query(sql="SELECT * FROM orders", batch_rows=1))
        next(reading)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            writer.execute("DELETE FROM orders")
        reading.close()  # type: ignore[attr-defined]  # a generator

        writer.execute("DELETE FROM orders")


def test_leaving_the_source_ends_its_readings(file: Path) -> None:
    with source(file) as opened:
        next(opened.read(Query(sql="SELECT * FROM orders", batch_rows=1)))

    with pytest.raises(SourceRefusedError, match="was closed before its rows were read"):
        opened.schema(ORDERS)


@pytest.mark.parametrize("path", ["", " ", ":memory:", "nowhere.db", "shop"])
def test_a_path_that_is_no_file_is_refused_at_once(file: Path, path: str) -> None:
    with pytest.raises(SourceRefusedError, match="file") as caught:
        connect(Options(path=path), root=file.parent.parent)

    assert caught.value.remedy
    assert not (file.parent.parent / "nowhere.db").exists()


@pytest.mark.parametrize("content", [b"hello", b"id,name\n" * 2000, b"PAR1" * 3000])
def test_a_file_of_another_kind_is_named(file: Path, content: bytes) -> None:
    file.write_bytes(content)

    with pytest.raises(SourceRefusedError, match=f"{file} is no SQLite database"):
        all_rows(source(file), ORDERS)


def test_a_damaged_file_is_named(file: Path) -> None:
    change(file, NUMBERS.format(count=2000) + "INSERT INTO orders SELECT n + 100, hex(zeroblob(50)) FROM numbers")
    content = bytearray(file.read_bytes())
    content[8192::7] = bytes(byte ^ 0xFF for byte in content[8192::7])
    file.write_bytes(content)

    with pytest.raises(SourceRefusedError, match=f"{file} is damaged"):
        all_rows(source(file), ORDERS)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_this_user_may_not_read_is_named(file: Path) -> None:
    file.chmod(0)

    with pytest.raises(SourceRefusedError, match=f"{file} cannot be opened; change its rights"):
        all_rows(source(file), ORDERS)


def test_a_file_in_utf_16_is_refused_with_the_way_out(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    change(file, "PRAGMA encoding = 'UTF-16'", "CREATE TABLE orders (id INTEGER)")

    with pytest.raises(SourceRefusedError, match=r"UTF-16.*\.dump"):
        source(file).schema(ORDERS)


@pytest.mark.parametrize("name", ["it's mine.db", 'say "x".db', "what?mode=rwc.db", "50%41#.db", "ünï.db"])
def test_a_file_of_any_name_is_read(file: Path, name: str) -> None:
    moved = file.rename(file.with_name(name))

    assert values(source(moved), ORDERS, "id") == list(range(10))
    assert [path.name for path in file.parent.iterdir()] == [name]


@pytest.mark.parametrize(
    ("sql", "remedy"),
    [
        ("SELECT * FROM ordrs", "did you mean orders?"),
        ("SELECT * FROM main.ordes", "did you mean orders?"),
        ("SELECT * FROM zzz", "tables of warehouse.db: daily totals, orders"),
        ("SELECT nme FROM orders", "PRAGMA table_info"),
        ("SELECT id FROM FROM orders", "mend the SQL there"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(file: Path, sql: str, remedy: str) -> None:
    change(file, 'CREATE VIEW "daily totals" AS SELECT * FROM orders')

    for query in (Query(sql=sql), Query(sql="SELECT 1 AS one", expressions=(("other", f"({sql})"),))):
        with pytest.raises(QueryError, match="SQLite refuses the query") as caught:
            source(file).schema(query)
        assert remedy in caught.value.remedy


def test_an_empty_file_is_told_from_a_wrong_name(file: Path) -> None:
    file.write_bytes(b"")

    with pytest.raises(QueryError, match=r"holds no table; mend `path`"):
        source(file).schema(ORDERS)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM pragma_table_info('orders')",
        "SELECT load_extension('owned')",
        "SELECT id FROM orders WHERE load_extension('owned')",
        "SELECT 1 FROM orders, pragma_optimize",
    ],
)
def test_a_query_reads_tables_and_nothing_else(file: Path, sql: str) -> None:
    with pytest.raises(QueryError):
        all_rows(source(file), Query(sql=sql))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="this Python cannot tell SQLite to refuse them")
def test_a_misspelt_column_in_double_quotes_is_no_text(file: Path) -> None:
    with pytest.raises(QueryError, match="no such column"):
        source(file).schema(Query(sql='SELECT "nme" FROM orders'))


@pytest.mark.parametrize(
    "sql",
    [
        NUMBERS.format(count=10**9) + "SELECT max(n) AS n FROM numbers",
        NUMBERS.format(count=10**9) + "SELECT n FROM numbers ORDER BY n DESC",
        "WITH RECURSIVE n(at) AS (SELECT '2026-01-01' UNION ALL SELECT at FROM n) SELECT * FROM n",
    ],
)
def test_ctrl_c_ends_a_query_as_it_ends_everything_else(file: Path, sql: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRESS_CTRL_C, str(file), sql],
        check=False,
        capture_output=True,
        text=True,
        timeout=20,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert done.stdout == "interrupted\n", done.stderr


def test_a_sort_larger_than_memory_is_right_and_its_files_are_for_nobody_else(file: Path) -> None:
    change(
        file,
        NUMBERS.format(count=200_000)
        + "INSERT INTO orders SELECT n + 100, hex(randomblob(8)) || hex(zeroblob(600)) FROM numbers",
    )
    all_rows(source(file), Query(sql="SELECT 1 AS one"))  # what it imports counts for nothing
    before, most = resident_bytes(), 0

    reading = source(file).read(Query(sql="SELECT * FROM orders", cursor_column="name", batch_rows=2000))
    found = [name[:16] for name in next(reading).column("name").to_pylist()]
    files = temporary_files()
    for batch in reading:
        found += (name[:16] for name in batch.column("name").to_pylist())
        most = max(most, resident_bytes() - before)

    assert sum(one.st_size for one in files) > 100 * MEGABYTE
    assert {(one.st_mode & 0o777, one.st_nlink) for one in files} == {(0o600, 0)}
    assert len(found) == 200_010
    assert found == sorted(found)
    assert most < 120 * MEGABYTE, "240 MB of text were not sorted on disk"


def test_a_batch_of_wide_rows_ends_before_its_rows_are_complete(file: Path) -> None:
    wide = Query(sql=NUMBERS.format(count=8192) + "SELECT hex(zeroblob(10000)) AS pad FROM numbers")

    sizes = [batch.num_rows for batch in source(file).read(wide)]

    assert sum(sizes) == 8192
    assert max(sizes) <= 4096
