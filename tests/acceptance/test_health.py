"""Probes of a daemon at work, on the port of their own."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

import pytest
from sqlalchemy.pool import QueuePool

from syncer.daemon.serve import Daemon
from syncer.errors import SyncerError
from syncer.health import Health
from syncer.state.database import Database
from syncer.web.health_port import health_served
from syncer.web.server import listener
from tests.acceptance.daemons import process_of, running, said, wait_until
from tests.acceptance.shop import Shop

pytestmark = pytest.mark.acceptance


def ask(port: int, path: str, method: str = "GET") -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@contextmanager
def probed(daemon: Daemon) -> Iterator[int]:
    with health_served(Health(daemon, daemon.clock), "127.0.0.1", 0) as port:
        yield port


def test_probes_tell_that_a_daemon_lives_and_is_ready_and_prometheus_gets_its_numbers(shop: Shop) -> None:
    with running(shop) as daemon, probed(daemon) as port:
        assert ask(port, "/livez")[0] == 200
        wait_until(lambda: ask(port, "/readyz")[0] == 200)
        ready = json.loads(ask(port, "/readyz")[1])
        assert ready == {
            "ready": True, "begun": True, "alive": True, "stopping": False, "state": "up", "file_problems": 0,
        }  # fmt: skip
        status, text = ask(port, "/metrics")
        assert (status, "syncer_state_up 1.0" in text) == (200, True)
        assert ask(port, "/metrics", "HEAD") == (200, "")


def test_nothing_else_is_served_there_and_nothing_can_be_changed(shop: Shop) -> None:
    with running(shop) as daemon, probed(daemon) as port:
        assert [ask(port, path)[0] for path in ("/", "/api/pipelines", "/livez/", "/metrics/..", "//metrics")] == [
            404
        ] * 5
        assert [ask(port, "/livez", method)[0] for method in ("POST", "PUT", "DELETE")] == [405] * 3


def test_a_daemon_that_has_not_begun_or_ends_is_not_ready_but_lives(shop: Shop) -> None:
    with running(shop) as daemon:
        pass
    with probed(daemon) as port:
        assert [ask(port, path)[0] for path in ("/livez", "/readyz", "/metrics")] == [200, 503, 503]
    new = Daemon(daemon.project)
    with probed(new) as port:
        assert [ask(port, path)[0] for path in ("/livez", "/readyz", "/metrics")] == [200, 503, 503]


def is_disconnected(database: Database) -> bool:
    """Close every connection, as soon as the daemon uses none: the pool forgets one that is in use."""
    assert isinstance(database.engine.pool, QueuePool)
    assert database.writer is not None
    database.writer.close()
    if database.engine.pool.checkedout():
        return False
    database.close()
    return True


def test_a_daemon_whose_state_is_away_lives_and_is_not_ready(shop: Shop) -> None:
    state = shop.folder / ".syncer" / "state.db"
    with running(shop) as daemon, probed(daemon) as port:
        wait_until(lambda: ask(port, "/readyz")[0] == 200)
        wait_until(partial(is_disconnected, daemon.session.store.database))
        state.rename(shop.folder / "elsewhere")
        wait_until(lambda: ask(port, "/readyz")[0] == 503)
        assert json.loads(ask(port, "/readyz")[1])["state"] == "away"
        assert ask(port, "/livez")[0] == 200


def test_a_port_in_use_is_told_with_its_key_and_a_remedy() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        said = rf"daemon.health_port: port {port} of 127.0.0.1 cannot be used: Address already in use; stop what has it"
        with pytest.raises(SyncerError, match=said):
            listener("127.0.0.1", port, key="daemon.health_port")


def test_the_command_serves_the_port_and_refuses_to_begin_where_it_is_in_use(shop: Shop) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
    shop.edit("syncer.yaml", "version: 1\n", f"version: 1\ndaemon: {{health_port: {port}}}\n")
    with process_of(shop) as process:
        wait_until(lambda: f"health.served host=127.0.0.1 port={port}" in said(shop))
        wait_until(lambda: ask(port, "/readyz")[0] == 200)
        second = shop.syncer("daemon")
        assert process.poll() is None
    assert second.code == 1
    assert f"daemon.health_port: port {port} of 127.0.0.1 cannot be used" in second.err
