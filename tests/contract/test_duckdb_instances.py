"""A DuckDB serves one reading after the other, and none of them sees anything of another."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from connectors.base import Query, Range
from connectors.duckdb import DuckDBSource, Options, connect
from connectors.errors import QueryError
from connectors.incremental import CursorKind, CursorValue
from connectors.testing.warehouse import values

WHICH = Query(sql="SELECT current_setting('temp_directory') AS place, id FROM orders LIMIT 1")
"""The place where it would sort on disk tells a DuckDB from each other one."""


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """Make a file whose table `orders` has one row with `id`."""
    names = count()

    def made(number: int = 1, *, name: str = "", more: str = "") -> Path:
        file = tmp_path / (name or f"shop{next(names)}.duckdb")
        file.unlink(missing_ok=True)
        with duckdb.connect(str(file)) as connection:
            connection.execute(f"CREATE TABLE orders AS SELECT {number} AS id; {more}")
        return file

    return made


def source(file: Path, **options: str | int | bool) -> DuckDBSource:
    return connect(Options(path=str(file), **options), root=file.parent)  # type: ignore[arg-type]  # mixed types


def which(opened: DuckDBSource) -> object:
    (place,) = values(opened, WHICH, "place")
    return place


def test_the_next_reading_gets_the_duckdb_of_the_last_one(make: Callable[..., Path]) -> None:
    file = make()

    assert which(source(file)) == which(source(file))


def test_two_readings_at_once_get_one_each(make: Callable[..., Path]) -> None:
    opened = source(make())
    first = opened.read(WHICH)
    batch = next(first)

    assert which(opened) != batch["place"][0].as_py()
    assert list(first) == []


@pytest.mark.parametrize(
    "options", [{"memory_limit": "64MB"}, {"threads": 3}, {"external_files": True}, {"temp_directory": "."}]
)
def test_other_options_get_another(make: Callable[..., Path], options: dict[str, str | int | bool]) -> None:
    file = make()

    assert which(source(file)) != which(source(file, **options))


def test_no_two_readings_share_one_that_may_read_other_files(make: Callable[..., Path]) -> None:
    opened = source(make(), external_files=True)

    assert which(opened) != which(opened)


def test_a_file_that_is_another_by_now_is_read_anew(make: Callable[..., Path]) -> None:
    file = make(1)
    opened = source(file)
    before = values(opened, WHICH, "id")
    make(2, name="new.duckdb").rename(file)

    assert (before, values(opened, WHICH, "id")) == ([1], [2])


@pytest.mark.parametrize(
    "name", ["a b.duckdb", "a?b=c.duckdb", "a*.duckdb", "a[1].duckdb", "it's%20.duckdb", "é:,.duckdb"]
)
def test_a_file_of_any_name_is_read_again_and_again(make: Callable[..., Path], name: str) -> None:
    opened = source(make(name=name))

    assert [values(opened, WHICH, "id") for _ in range(2)] == [[1], [1]]


def test_a_link_that_leads_elsewhere_by_now_is_followed(make: Callable[..., Path], tmp_path: Path) -> None:
    link = tmp_path / "link.duckdb"
    link.symlink_to(make(1))
    opened = source(link)
    before = values(opened, WHICH, "id")
    link.unlink()
    link.symlink_to(make(2))

    assert (before, values(opened, WHICH, "id")) == ([1], [2])


def test_a_file_whose_columns_are_others_by_now_shows_them(make: Callable[..., Path]) -> None:
    file = make()
    opened = source(file)
    query = Query(sql="SELECT * FROM orders")
    before = opened.schema(query).names
    make(name=file.name, more="ALTER TABLE orders ADD COLUMN email VARCHAR")

    assert (before, opened.schema(query).names) == (["id"], ["id", "email"])


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("ALTER orders ALTER id TYPE VARCHAR", pa.string()),
        ("ALTER orders ALTER id TYPE DECIMAL(12, 2)", pa.decimal128(12, 2)),
        ("ALTER orders ALTER id TYPE DECIMAL(12, 3)", pa.decimal128(12, 3)),
        ("ALTER orders ALTER id TYPE STRUCT(a INT) USING {'a': id}", pa.struct([("a", pa.int32())])),
        ("ALTER orders ALTER id TYPE JSON", pa.json_()),
    ],
)
def test_a_column_whose_type_is_another_by_now_shows_it(
    make: Callable[..., Path], change: str, kind: pa.DataType
) -> None:
    file = make()
    opened, query = source(file), Query(sql="SELECT * FROM orders")
    before = opened.schema(query)
    make(name=file.name, more=change.replace("ALTER orders", "ALTER TABLE orders"))

    after = opened.schema(query)
    assert (before.field("id").type, after.field("id").type) == (pa.int32(), kind)
    assert after == next(opened.read(query)).schema


def test_what_one_reading_binds_no_other_knows(make: Callable[..., Path]) -> None:
    opened = source(make())
    bound = Range(column="id", low=CursorValue(CursorKind.INTEGER, "1"))
    known = "SELECT getvariable('syncer_0') AS low, id FROM orders"
    assert values(opened, Query(sql=known, ranges=(bound,)), "low") != [None]

    assert values(opened, Query(sql=known), "low") == [None]


def test_what_one_reading_seeds_no_other_draws(make: Callable[..., Path]) -> None:
    opened, drawn = source(make()), []
    for _ in range(2):
        values(opened, Query(sql="SELECT setseed(0.5) AS seed"), "seed")
        drawn += values(opened, Query(sql="SELECT random() AS chance"), "chance")

    assert drawn[0] != drawn[1]


def test_one_that_failed_serves_no_other(make: Callable[..., Path]) -> None:
    opened = source(make())
    first = which(opened)
    with pytest.raises(QueryError):
        opened.schema(Query(sql="SELECT * FROM nothing"))

    assert which(opened) != first


def test_one_that_sorted_on_disk_serves_no_other(make: Callable[..., Path]) -> None:
    opened = source(make(), memory_limit="50MB", threads=1)
    first = which(opened)
    sql = "SELECT hash(range) AS id, repeat('x', 200) || range AS pad FROM range(200000)"
    assert sum(batch.num_rows for batch in opened.read(Query(sql=sql, order_by=("id",)))) == 200_000

    assert which(opened) != first


def test_one_that_read_a_large_file_serves_no_other(make: Callable[..., Path]) -> None:
    opened = source(make(more="CREATE TABLE wide AS SELECT hash(range) AS a, hash(range + 1) AS b FROM range(2000000)"))

    assert which(opened) != which(opened)


def test_a_place_that_somebody_took_meanwhile_is_left_to_them(make: Callable[..., Path]) -> None:
    opened = source(make(), temp_directory=".")
    before = which(opened)
    place, open_files = Path(str(before)).parent, len(list(Path("/proc/self/fd").iterdir()))
    (place / "theirs").mkdir(parents=True)

    assert which(opened) != before
    assert len(list(Path("/proc/self/fd").iterdir())) <= open_files
    assert [path.name for path in place.parent.iterdir() if path.is_dir()] == [place.name]


def test_few_are_kept(make: Callable[..., Path]) -> None:
    files = [make() for _ in range(3)]
    first = [which(source(file)) for file in files]

    assert [which(source(file)) for file in reversed(files)][:2] == first[:0:-1]
    assert which(source(files[0])) != first[0]
