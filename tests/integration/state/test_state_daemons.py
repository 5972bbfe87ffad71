"""Who serves the state: one daemon a file, several on Postgres, each known by a lock that dies with it (R25)."""

from collections.abc import Callable, Collection
from fcntl import LOCK_SH, flock
from pathlib import Path

import pytest
from sqlalchemy import event, text

from syncer.errors import StateError
from syncer.state.daemons import ONLY, Serving, served, serving
from syncer.state.locks import try_lock
from syncer.state.store import Store
from tests.integration.state.conftest import TestClock

Opened = Callable[[], Store]
FRAME = 4096 + 24
"""Bytes of a page in SQLite's write-ahead log."""


def daemon(store: Store, number: int = 1, target: str = "prod", serves: Collection[str] = ()) -> Serving:
    return Serving(store, target, daemon_id=f"id-{number}", holder=f"ada@host pid {number}", serves=serves)


def test_a_daemon_is_known_while_it_serves_with_what_it_says(store: Store) -> None:
    with daemon(store) as one:
        store.clock.sleep(5)
        one.beat(["pipelines/orders.yaml:3:1: key: is missing", "another"], [])
        (found,) = serving(store, "prod")
        assert (found.holder, found.problems[1]) == ("ada@host pid 1", "another")
        assert (found.seen_at - found.started_at).total_seconds() == 5
        assert serving(store, "dev") == []
    assert serving(store, "prod") == []


def test_a_daemon_says_which_runs_it_begins(store: Store) -> None:
    before = [served("orders"), served("orders", destination="meta"), served("orders", by="schedule")]
    with daemon(store, serves=before) as one:
        (found,) = serving(store, "prod")
        assert found.may_begin("orders")
        assert found.may_begin("orders", destination="meta")
        assert found.may_begin("orders", by="schedule")
        assert not found.may_begin("orders", destination="other")
        assert not found.may_begin("customers")
        one.beat([], [])
        (found,) = serving(store, "prod")
        assert (found.serves, found.may_begin("orders")) == (frozenset([""]), False)


def test_a_daemon_writes_what_it_serves_when_that_changed(store: Store) -> None:
    """A server keeps a long value as it is where it is not written."""
    asked: list[str] = []
    with daemon(store, serves=["orders//"]) as one:
        event.listen(store.database.engine, "before_cursor_execute", lambda *of: asked.append(of[2]))
        one.beat([], ["orders//"])
        assert not any("serves" in statement for statement in asked if "UPDATE" in statement)
        one.beat([], ["customers//"])
        one.beat([], ["orders//"])
        assert [found.serves for found in serving(store, "prod")] == [frozenset(["orders//"])]


def test_a_beat_that_changes_nothing_writes_one_page_of_a_state_file(store: Store, tmp_path: Path) -> None:
    """SQLite writes the pages of a row that differ, where the row stays as long as it was."""
    if store.database.kind == "postgres":
        pytest.skip("a server has pages of its own")
    serves = [f"pipeline-{number}//" for number in range(1_000)]
    with daemon(store, serves=serves) as one:
        one.beat([], serves)
        (log,) = tmp_path.rglob("*.db-wal")
        before = log.stat().st_size
        store.clock.sleep(5)
        one.beat([], serves)
        assert log.stat().st_size - before == FRAME


def test_a_daemon_of_an_earlier_release_beside_others_may_begin_anything(store: Store) -> None:
    """It goes on while another upgrades the state, and does not say what its files have."""
    with daemon(store):
        with store.tx("test") as connection:
            connection.execute(text("UPDATE daemons SET serves = NULL"))
        (found,) = serving(store, "prod")
        assert (found.serves, found.may_begin("orders", destination="meta", by="schedule")) == (None, True)


def test_R25_a_state_file_takes_one_daemon_and_says_who_that_is(store: Store, opened: Opened) -> None:
    if store.database.kind == "postgres":
        pytest.skip("a server takes several")
    with daemon(store):
        with pytest.raises(StateError, match=r"a daemon serves this file already \(ada@host pid 1\)") as refused:
            daemon(opened(), 2, target="dev")
        assert "keep the state in Postgres" in str(refused.value)
    with daemon(opened(), 2):
        pass


def test_a_look_at_who_serves_a_state_file_keeps_no_daemon_from_starting(store: Store) -> None:
    """A look takes the lock for a moment, where a daemon died and left its word."""
    if store.database.kind == "postgres":
        pytest.skip("a server is asked without")
    look = try_lock(store.database, ONLY)
    assert look is not None
    end = look.release

    class LookEnds(TestClock):
        def sleep(self, seconds: float) -> None:
            end()

    store.clock = LookEnds()
    with daemon(store):
        assert len(serving(store, "prod")) == 1


def test_of_two_looks_at_a_state_file_none_takes_the_other_for_a_daemon(store: Store, tmp_path: Path) -> None:
    """Where a daemon died and left its word, a page and a command may ask at the same instant."""
    if store.database.kind == "postgres":
        pytest.skip("a server is asked without")
    died = daemon(store)
    died._lock.release()
    (lock_file,) = tmp_path.rglob(f"{ONLY}-*.lock")
    with lock_file.open() as another:
        flock(another, LOCK_SH)
        assert serving(store, "prod") == []


def test_R25_a_server_takes_several_daemons(store: Store, opened: Opened) -> None:
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one")
    with daemon(store), daemon(opened(), 2):
        assert [each.holder for each in serving(store, "prod")] == ["ada@host pid 1", "ada@host pid 2"]
    assert serving(store, "prod") == []


def test_a_daemon_that_died_serves_no_more_and_is_forgotten(store: Store, opened: Opened) -> None:
    died = daemon(store)
    died._lock.release()
    assert serving(store, "prod") == []
    with daemon(opened(), 2), store.reading() as connection:
        assert connection.execute(text("SELECT id FROM daemons")).scalars().all() == ["id-2"]


def test_a_daemon_that_another_took_for_dead_says_again_that_it_serves(store: Store) -> None:
    with daemon(store) as one:
        with store.tx("test") as connection:
            connection.execute(text("DELETE FROM daemons"))
        assert serving(store, "prod") == []
        one.beat([], [])
        assert len(serving(store, "prod")) == 1


def test_a_lock_that_the_server_forgot_is_taken_again(store: Store, opened: Opened) -> None:
    if store.database.kind == "sqlite":
        pytest.skip("the system forgets no lock")
    with daemon(store) as one:
        with store.tx("test") as connection:
            kill = (
                "SELECT pg_terminate_backend(pid, 9999) FROM pg_locks "
                "WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
            connection.execute(text(kill))
        assert serving(opened(), "prod") == []
        one.beat([], [])
        assert len(serving(opened(), "prod")) == 1


def test_R25_a_lock_that_the_server_keeps_for_a_broken_connection_stops_no_daemon(store: Store, opened: Opened) -> None:
    if store.database.kind == "sqlite":
        pytest.skip("the system keeps no lock")
    with daemon(store) as one:
        one._lock.release()
        kept = try_lock(opened().database, "daemon\0id-1")
        assert kept is not None
        one.beat([], [])
        assert [each.holder for each in serving(opened(), "prod")] == ["ada@host pid 1"]
        kept.release()
    assert serving(opened(), "prod") == []
