"""The shared store: a real server's refusals in plain words, lost connections, nothing secret in any message."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from syncer.errors import StateError
from syncer.state.requests import RequestState
from syncer.state.scope import Scope
from syncer.state.store import Store, open_store

pytestmark = pytest.mark.integration
PASSWORD = "hunter2"


@pytest.fixture
def shared(postgres_url: str, tmp_path: Path) -> Any:
    with open_store(postgres_url, root=tmp_path, home=tmp_path / ".syncer") as store:
        yield store


def at_once(url: str, statement: str) -> None:
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def drop_connections(url: str) -> None:
    at_once(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


def test_a_commit_is_on_disk_when_it_returns(shared: Store) -> None:
    with shared.reading() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"


def test_R25_the_server_looks_whether_this_machine_is_still_there(shared: Store) -> None:
    asked = text("SELECT count(*) FROM pg_settings WHERE name LIKE 'tcp_keepalives%' AND source = 'session'")
    with shared.reading() as connection, shared.database.single.connect() as lock:
        assert (connection.execute(asked).scalar(), lock.execute(asked).scalar()) == (3, 3)


def test_nothing_is_made_on_this_machine(shared: Store, tmp_path: Path, acts: Any) -> None:
    with acts.begin(shared) as run:
        acts.deliver(run, 1, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"username": "nobody_here"}, "the server refused user or password; check the URL in `state:`"),
        ({"database": "nothing_here"}, "the database does not exist; create it or correct `state:`"),
        ({"host": "127.0.0.1", "port": 1, "query": {}}, "the server cannot be reached; check host, port and network"),
    ],
)
def test_R30_S14_a_server_that_refuses_is_named_with_the_remedy_and_without_password(
    postgres_database: str, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    url = make_url(postgres_database).set(password=PASSWORD).set(**change)
    with pytest.raises(StateError) as raised:
        open_store(url.render_as_string(hide_password=False), root=tmp_path, home=tmp_path)
    assert message in str(raised.value)
    assert str(raised.value).startswith("state: postgresql://")
    assert PASSWORD not in str(raised.value)


def test_S14_the_servers_detail_lines_are_dropped(shared: Store, acts: Any) -> None:
    acts.begin(shared, "ada@example.com").close()
    with pytest.raises(StateError) as raised:
        acts.begin(shared, "ada@example.com")
    assert str(raised.value).endswith("would contradict what is stored, and was refused (SQLSTATE 23505)")
    assert raised.value.__context__ is None


def test_R30_a_read_only_server_is_told_and_no_run_begins(postgres_url: str, tmp_path: Path, acts: Any) -> None:
    url = make_url(postgres_url).update_query_dict({"options": "-c default_transaction_read_only=on"})
    with open_store(url.render_as_string(hide_password=False), root=tmp_path, home=tmp_path) as standby:
        with pytest.raises(StateError, match="the server is read-only; name the primary server"):
            acts.begin(standby)
        assert not standby.is_running(Scope("default", "orders", "meta"))


def test_R30_a_user_without_rights_is_told_which_it_needs(empty_postgres_url: str, tmp_path: Path) -> None:
    role = f"guest_{uuid4().hex[:8]}"
    at_once(empty_postgres_url, f"CREATE ROLE {role} LOGIN")
    url = make_url(empty_postgres_url).set(username=role).render_as_string(hide_password=False)
    with pytest.raises(StateError, match="grant it CREATE on the schema"):
        open_store(url, root=tmp_path, home=tmp_path)
    at_once(empty_postgres_url, f"DROP ROLE {role}")


def test_R02_connections_lost_in_a_run_stop_it_and_the_next_one_finds_what_was_armed(
    shared: Store, postgres_url: str, acts: Any, contradictions: Any
) -> None:
    with acts.begin(shared) as run:
        acts.read(run, 2)
        request = acts.arm(run, 1, 2)
        drop_connections(postgres_url)
        with acts.begin(shared, "run-2") as successor:
            assert [left.id for left in successor.unfinished()] == [request]
            with pytest.raises(StateError, match="has taken this pipeline over"):
                run.settle(request, acts.accepted(), state=RequestState.ACKED)
            successor.supersede(request)
    assert contradictions(shared) == []


def test_connections_lost_between_runs_are_made_again(shared: Store, postgres_url: str, acts: Any) -> None:
    acts.begin(shared).close()
    drop_connections(postgres_url)
    with acts.begin(shared, "run-2") as run:
        acts.deliver(run, 1, 1)


def test_R24_connections_do_not_grow_with_the_number_of_runs(shared: Store, acts: Any) -> None:
    for number in range(20):
        with acts.begin(shared, f"run-{number}") as run:
            acts.deliver(run, number, 1)
    own = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
    with shared.reading() as connection:
        connections = connection.execute(own).scalar()
    assert connections is not None
    assert connections < 5  # one, and the last ones that the server has not seen off yet
