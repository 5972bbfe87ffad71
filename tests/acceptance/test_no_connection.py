"""Commands that only look: none of them opens a connection, and none reaches for a download (promises S19, S22)."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from syncer.cli import cli
from tests.acceptance.shop import TOKEN, Shop

pytestmark = pytest.mark.acceptance

LOOKING: tuple[tuple[str, ...], ...] = (
    ("preview", "orders"), ("preview", "orders", "--explain"), ("preview", "orders", "--output", "json"),
    ("plan", "orders"), ("reconcile", "orders", "--dry-run"), ("validate",), ("test",), ("status",), ("runs",),
    ("trace", "orders", "1"), ("deliveries", "orders"), ("rejects", "list", "orders"), ("held", "list", "orders"),
    ("erase", "orders", "--key", "1", "--dry-run"), ("explain", "orders"), ("fields",), ("schema",),
)  # fmt: skip


class Watch:
    """Sees what this process asks the network for, while it is on; mutable: an audit hook cannot be taken out."""

    is_on = False

    def __init__(self) -> None:
        self.seen: list[str] = []
        sys.addaudithook(self._see)

    def _see(self, event: str, arguments: tuple[object, ...]) -> None:
        is_ours = self.is_on and threading.current_thread().name != "syncer-sandbox"
        if is_ours and event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"):
            self.seen.append(f"{event} {arguments}")


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


@pytest.fixture
def connections(watch: Watch) -> Iterator[list[str]]:
    watch.seen.clear()
    watch.is_on = True
    yield watch.seen
    watch.is_on = False


def ask(folder: Path, *words: str) -> int:
    return CliRunner().invoke(cli, [*words, "--project", str(folder)], env={"TOKEN": TOKEN}).exit_code


def test_S19_what_only_looks_opens_no_connection(shop: Shop, connections: list[str]) -> None:
    shop.add_orders(1, 3)
    shop.syncer("run", "orders")
    shop.edit("syncer.yaml", f"    base_url: {shop.sandbox.url}\n", "")
    without_project = ("fields", "schema")
    codes = {
        words: CliRunner().invoke(cli, list(words)).exit_code
        if words[0] in without_project
        else ask(shop.folder, *words)
        for words in LOOKING
    }
    assert codes == dict.fromkeys(LOOKING, 0)
    assert connections == []


def test_the_watch_sees_a_command_that_sends(shop: Shop, connections: list[str]) -> None:
    shop.add_orders(1, 1)
    assert ask(shop.folder, "run", "orders") == 0
    assert any(f"{shop.sandbox.port}" in seen for seen in connections)


def test_S22_a_first_run_needs_no_network_but_its_own_sandbox(tmp_path: Path, connections: list[str]) -> None:
    assert CliRunner().invoke(cli, ["init", str(tmp_path)]).exit_code == 0
    assert ask(tmp_path, "run", "orders", "--limit", "10") in (0, 3)
    assert connections
    assert [seen for seen in connections if "127.0.0.1" not in seen] == []
