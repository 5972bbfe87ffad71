"""The embedded store's file: private, durable, never overwritten, and a plain word where it cannot be used."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from syncer.errors import StateError
from syncer.state.damage import check_for_damage
from syncer.state.database import connect, driver
from syncer.state.place import disk_kind, parse
from syncer.state.requests import RequestState
from syncer.state.store import Store, open_store

URL = "sqlite:///.syncer/state.db"


def opened_at(root: Path, url: str = URL) -> Store:
    return open_store(url, root=root, home=root / ".syncer")


@pytest.fixture(params=[0o000, 0o022, 0o777])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_S13_every_file_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path, umask: None, acts: Any) -> None:
    with opened_at(tmp_path) as store, acts.begin(store) as run:
        acts.deliver(run, 1, 1)
        files = {path.name: mode(path) for path in (tmp_path / ".syncer").rglob("*") if path.is_file()}
        folders = {path.name: mode(path) for path in (tmp_path / ".syncer", tmp_path / ".syncer" / "locks")}
    assert {"state.db", "state.db-wal", "state.db-shm"} < set(files)
    assert set(files.values()) == {0o600}
    assert set(folders.values()) == {0o700}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_S13_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path, sqlite_template: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "state.db")
    (tmp_path / "state.db").chmod(0o644)
    opened_at(tmp_path, "sqlite:///state.db").close()
    assert mode(tmp_path / "state.db") == 0o600


@pytest.mark.parametrize(
    "link",
    [
        ".syncer",
        ".syncer/state.db",
        *(f".syncer/state.db{side}" for side in ("-wal", "-shm", "-journal", ".guard")),
        ".syncer/locks",
    ],
)
def test_S13_a_planted_symbolic_link_is_not_followed(tmp_path: Path, link: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if link != ".syncer":
        (tmp_path / ".syncer").mkdir()
    (tmp_path / link).symlink_to(elsewhere)
    with pytest.raises(StateError, match="is a symbolic link, which is not followed; name the real path"):
        opened_at(tmp_path)
    assert list(elsewhere.iterdir()) == []


def test_S13_a_planted_lock_file_link_is_not_followed(tmp_path: Path, acts: Any) -> None:
    with opened_at(tmp_path) as store:
        acts.begin(store).close()
        lock = next((tmp_path / ".syncer" / "locks").glob("orders*"))
        lock.unlink()
        lock.symlink_to(tmp_path / "target")
        with pytest.raises(StateError, match="no lock file can be made"):
            acts.begin(store)
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"order_id,total\n1,2\n", "is not a database of syncer"),
        (b"SQL", "is not a database of syncer"),
        (b"SQLite format 3\x00" + b"\xff" * 4000, "the file is damaged"),
    ],
)
def test_R30_a_file_that_is_no_database_is_refused_and_left_as_it_is(
    tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "state.db"
    file.write_bytes(content)
    with pytest.raises(StateError, match=message):
        opened_at(tmp_path, "sqlite:///state.db")
    assert file.read_bytes() == content


def test_R30_another_programs_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute("CREATE TABLE orders (id)")
    shop.close()
    with pytest.raises(StateError, match=r"holds tables of another program \(orders\)"):
        opened_at(tmp_path, "sqlite:///shop.db")
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        assert shop.execute("SELECT name FROM sqlite_master").fetchall() == [("orders",)]
    shop.close()


@pytest.mark.parametrize("damage", ["truncated", "page"])
def test_R30_a_damaged_file_is_refused_with_the_remedy(tmp_path: Path, acts: Any, damage: str) -> None:
    with opened_at(tmp_path) as store, acts.begin(store) as run:
        for number in range(20):
            acts.deliver(run, number * 1_000, 1_000)
    file = tmp_path / ".syncer" / "state.db"
    content = bytearray(file.read_bytes())
    if damage == "truncated":
        del content[len(content) // 2 :]
    else:
        content[4096:] = b"\x5a" * (len(content) - 4096)
    file.write_bytes(content)
    with pytest.raises(StateError, match=r"damaged.*; restore a copy of it, nothing was overwritten"):
        opened_at(tmp_path)
    assert file.read_bytes() == content


def test_a_check_for_damage_that_runs_out_of_time_is_no_failure(tmp_path: Path) -> None:
    with opened_at(tmp_path) as store:
        check_for_damage(store.database, seconds=0.0)


def test_R30_the_log_of_a_lost_file_is_not_read_into_a_new_one(tmp_path: Path, acts: Any) -> None:
    file = tmp_path / ".syncer" / "state.db"
    with opened_at(tmp_path) as store, acts.begin(store) as run:
        acts.deliver(run, 1, 1)
        log = file.with_name("state.db-wal").read_bytes()
    file.unlink()
    file.with_name("state.db-wal").write_bytes(log)
    with pytest.raises(StateError, match=r"state.db is missing, but its log state.db-wal is there; restore both"):
        opened_at(tmp_path)
    assert not file.exists()


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / "state.db").touch()
    with opened_at(tmp_path, "sqlite:///state.db") as store:
        assert len(store.salt) == 16


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:///missing/deep/state.db", "the folder .*missing does not exist; create it or correct `state:`"),
        ("sqlite:///file/state.db", "file is a file, not a folder"),
        ("sqlite:///folder", "folder: is a folder; name a file"),
    ],
)
def test_R30_an_impossible_path_is_named_with_the_remedy(tmp_path: Path, url: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match=message):
        opened_at(tmp_path, url)


AS_NOBODY = """
import os, sys
from pathlib import Path
from syncer.errors import StateError
from syncer.state.store import open_store
root = Path(sys.argv[1])
if os.geteuid() == 0:
    os.seteuid(65534)
try:
    store = open_store("sqlite:///home/state.db", root=root, home=root / "home")
    with store.tx("test") as connection:
        connection.exec_driver_sql("DELETE FROM runs")
except StateError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("folder", "file", "message"),
    [
        (0o700, 0o600, "home/state.db: permission denied; give this user the right to write there"),
        (0o555, 0o444, "home/state.db: permission denied; give this user the right to write there"),
        (0o555, 0o666, "the file cannot be written; give this user the right to write it and its folder"),
    ],
)
def test_R30_a_store_of_another_user_is_refused_with_the_remedy(
    open_folder: Path, sqlite_template: Path, folder: int, file: int, message: str
) -> None:
    home = open_folder / "home"
    home.mkdir()
    shutil.copy(sqlite_template, home / "state.db")
    (home / "state.db").chmod(file)
    home.chmod(folder)
    command = [sys.executable, "-c", AS_NOBODY, str(open_folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    home.chmod(0o700)
    assert message in done.stdout


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are closed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def impatient(store: Store) -> None:
    """Wait 30 ms for locks rather than 10 s."""
    event.listen(
        store.database.engine, "begin", lambda connection: driver(connection).execute("PRAGMA busy_timeout = 30")
    )


def test_R30_a_store_locked_by_another_program_is_named_and_works_again_afterwards(tmp_path: Path, acts: Any) -> None:
    with opened_at(tmp_path) as store:
        impatient(store)
        other = sqlite3.connect(tmp_path / ".syncer" / "state.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match=r"another program keeps it locked; .* run again \(SQLITE_BUSY\)"):
            acts.begin(store)
        other.close()
        with acts.begin(store) as run:
            acts.deliver(run, 1, 1)


def test_R30_a_full_disk_stops_the_run_before_anything_is_armed_and_it_goes_on_later(
    tmp_path: Path, acts: Any, contradictions: Any
) -> None:
    with opened_at(tmp_path) as store:
        allowed = ["PRAGMA max_page_count = 1"]
        event.listen(store.database.engine, "begin", lambda connection: driver(connection).execute(allowed[0]))
        run = acts.begin(store)
        acts.read(run, 100_000)
        with pytest.raises(StateError, match=r"the disk is full; make room and run again \(SQLITE_FULL\)"):
            acts.arm(run, 1, 100_000)
        run.close()
        assert contradictions(store) == []
        allowed[0] = "PRAGMA max_page_count = 1000000"
        with acts.begin(store, "run-2") as again:
            assert again.unfinished() == []
            acts.deliver(again, 1, 100_000)


FILLING = """
import resource, signal, sys
from datetime import datetime, UTC
from pathlib import Path
from syncer.errors import StateError
from syncer.report import Tally
from syncer.state.requests import NewRequest
from syncer.state.scope import Scope
from syncer.state.store import open_store
root = Path(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
with open_store("sqlite:///.syncer/state.db", root=root, home=root / ".syncer") as store:
    with store.start_run(Scope("default", "orders", "meta"), run_id="r", now=datetime.now(UTC), fingerprint="f",
                         trigger="manual", holder="x") as run:
        armed = 0
        try:
            for number in range(100):
                run.page(Tally(rows_read=1000), [], 1000)
                run.arm(NewRequest(digests=bytes(16000), events=1000, event_time_min=1, event_time_max=1))
                armed += 1
        except StateError as error:
            print(armed, error)
"""


def test_R30_a_file_that_may_not_grow_loses_nothing_that_was_committed(tmp_path: Path, contradictions: Any) -> None:
    command = [sys.executable, "-c", FILLING, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    armed, _, message = done.partition(" ")
    assert "the disk failed or is full" in message
    with opened_at(tmp_path) as store:
        assert contradictions(store) == []
        with store.reading() as connection:
            assert connection.execute(text("SELECT count(*) FROM requests")).scalar() == int(armed) > 3


def point_to_nothing(connection: Connection) -> None:
    """Write what no commit accepts."""
    connection.execute(text("PRAGMA defer_foreign_keys = ON"))
    connection.execute(text("CREATE TABLE one (id INTEGER PRIMARY KEY)"))
    connection.execute(text("CREATE TABLE other (one INTEGER REFERENCES one(id))"))
    connection.execute(text("INSERT INTO other VALUES (1)"))


def test_a_commit_that_fails_leaves_nothing_open(tmp_path: Path) -> None:
    """SQLAlchemy holds then that there is nothing to roll back, and the write lock would stay."""
    with opened_at(tmp_path) as store:
        with pytest.raises(StateError), store.tx("test") as connection:
            point_to_nothing(connection)
        with store.tx("test") as connection:
            connection.execute(text("CREATE TABLE third (id INTEGER PRIMARY KEY)"))
        with store.reading() as connection:
            made = connection.execute(text("SELECT name FROM sqlite_master WHERE name IN ('one', 'other', 'third')"))
            assert made.scalars().all() == ["third"]


def test_a_commit_is_on_disk_when_it_returns_and_readers_work_beside_a_writer(tmp_path: Path) -> None:
    with opened_at(tmp_path) as store, store.reading() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def test_a_reader_sees_one_moment_while_another_process_writes(tmp_path: Path, acts: Any) -> None:
    count = text("SELECT count(*) FROM requests")
    with opened_at(tmp_path) as writer, opened_at(tmp_path) as reader, acts.begin(writer) as run:
        acts.deliver(run, 1, 1)
        with reader.reading() as connection:
            before = connection.execute(count).scalar()
            acts.deliver(run, 2, 1)
            during = connection.execute(count).scalar()
        with reader.reading() as connection:
            after = connection.execute(count).scalar()
    assert (before, during, after) == (1, 1, 2)


def test_runs_of_one_process_write_through_each_other(tmp_path: Path, acts: Any, contradictions: Any) -> None:
    from syncer.state.scope import Scope

    with opened_at(tmp_path) as store:

        def work(number: int) -> None:
            with acts.begin(store, f"run-{number}", scope=Scope("default", f"pipeline-{number}", "meta")) as run:
                for first in range(10):
                    acts.deliver(run, first, 1)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
        assert contradictions(store) == []
        with store.reading() as connection:
            assert connection.execute(text("SELECT sum(events) FROM requests")).scalar() == 40


def test_one_run_may_be_settled_by_several_threads(tmp_path: Path, acts: Any, contradictions: Any) -> None:
    with opened_at(tmp_path) as store, acts.begin(store) as run:
        acts.read(run, 40)

        def send(number: int) -> None:
            run.settle(acts.arm(run, number, 1), acts.accepted(), state=RequestState.ACKED)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(send, range(40)))
        assert contradictions(store) == []
        assert run.report().acknowledged == 40


def test_R24_handles_stay_constant_over_many_runs(tmp_path: Path, acts: Any) -> None:
    with opened_at(tmp_path) as store:
        acts.begin(store).close()
        before = open_files()
        for number in range(25):
            with acts.begin(store, f"run-{number}-") as run:
                acts.deliver(run, number, 1)
        assert open_files() == before


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/data/x/state.db", "nfs4"), ("/data-2/state.db", "ext4"), ("/home/state.db", "ext4"), ("/tmp/a/s.db", "tmpfs")],
)
def test_the_disk_of_a_path_is_that_of_its_deepest_mount(path: str, kind: str) -> None:
    mounts = "/dev/vda / ext4 rw 0 0\nserver:/x /data nfs4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n"
    assert disk_kind(Path(path), mounts) == kind


def test_two_stores_in_one_folder_have_locks_of_their_own(tmp_path: Path, acts: Any) -> None:
    with (
        opened_at(tmp_path, "sqlite:///a.db") as one,
        opened_at(tmp_path, "sqlite:///b.db") as two,
        acts.begin(one),
        acts.begin(two) as run,
    ):
        assert run.epoch == 1


def test_closing_leaves_one_file_with_everything_in_it(tmp_path: Path, acts: Any) -> None:
    with opened_at(tmp_path) as store, acts.begin(store) as run:
        acts.deliver(run, 1, 1)
    assert {path.name for path in (tmp_path / ".syncer").glob("state.db*")} == {"state.db", "state.db.guard"}
    database = connect(parse(URL, root=tmp_path))
    check_for_damage(database)
    database.close()


def test_R30_a_process_that_opens_a_file_twice_keeps_its_locks_on_it(tmp_path: Path, acts: Any) -> None:
    """Without them, a program that opens the file and closes it deletes the log, and what was committed with it."""
    with opened_at(tmp_path) as store, acts.begin(store):
        for _ in range(2):
            opened_at(tmp_path).close()
        code = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM runs').fetchall()"
        subprocess.run([sys.executable, "-c", code, str(store.place)], check=True)
        assert Path(f"{store.place}-wal").exists()
