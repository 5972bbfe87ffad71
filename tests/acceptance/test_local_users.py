"""What other users of the machine, and whoever reads its disk, get to see of a run: nothing (promises S13, S23)."""

import os
import resource
import signal
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from syncer.cli import cli
from syncer.sandbox.faults import parse_faults
from tests.acceptance.shop import TOKEN, MakeShop, Shop
from tests.acceptance.test_stopping import has_begun, wait_until

pytestmark = pytest.mark.acceptance


def started_at_its_worst(shop: Shop) -> "subprocess.Popen[bytes]":
    """A run under way, begun by a shell that lets everybody read new files and dumps memory of any size."""
    command = f"umask 0; ulimit -S -c unlimited; exec {sys.executable} -m syncer run orders -vv"
    (shop.folder / "temporary").mkdir()
    environ = {**shop.environ, "TMPDIR": str(shop.folder / "temporary")}
    return subprocess.Popen(
        ["sh", "-c", command], cwd=shop.folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def made(shop: Shop) -> list[Path]:
    """Return what is in the folder but for what the test itself has put there."""
    own = {"syncer.yaml", "pipelines", "orders.yaml", "warehouse.duckdb", "temporary"}
    return [path for path in shop.folder.rglob("*") if path.name not in own]


def test_S13_S23_a_run_that_is_aborted_leaves_no_memory_no_rows_and_no_open_file(make_shop: MakeShop) -> None:
    shop = make_shop(faults=parse_faults("latency=20s"))
    shop.add_orders(1, 3)
    running = started_at_its_worst(shop)
    try:
        wait_until(partial(has_begun, shop))
        seen = Path(f"/proc/{running.pid}/cmdline").read_bytes() + b"".join(
            path.read_bytes() for path in made(shop) if path.is_file()
        )
        limits = resource.prlimit(running.pid, resource.RLIMIT_CORE)
        running.send_signal(signal.SIGABRT)
        _, status = os.waitpid(running.pid, 0)
    finally:
        running.returncode = -signal.SIGABRT
    assert (os.WTERMSIG(status), os.WCOREDUMP(status), limits) == (signal.SIGABRT, False, (1, 1))
    left = made(shop)
    assert not [path for path in left if path.name.startswith("core")]
    assert {stat.S_IMODE(path.lstat().st_mode) for path in left if path.is_file()} == {0o600}
    assert {stat.S_IMODE(path.lstat().st_mode) for path in left if path.is_dir()} == {0o700}
    seen += b"".join(path.read_bytes() for path in left if path.is_file())
    for secret in (TOKEN.encode(), b"customer1@example.com", b"shop.example"):
        assert secret not in seen


def test_S13_nothing_is_written_through_a_link_that_somebody_put_there(tmp_path: Path) -> None:
    victim, other = tmp_path / "victim", tmp_path / "other"
    victim.write_text("mine")
    shop, editor = tmp_path / "shop", tmp_path / "editor"
    for folder, name, target in (
        (shop, "syncer.yaml", other), (shop, ".gitignore", other), (shop, "pipelines/orders.yaml", other),
        (editor, "pipeline.schema.json", victim), (editor, "project.schema.json", other),
    ):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)
    assert CliRunner().invoke(cli, ["init", str(shop)]).exit_code == 0
    assert CliRunner().invoke(cli, ["schema", "--write", str(editor)]).exit_code == 0
    assert (victim.read_text(), other.exists()) == ("mine", False)
    assert not (editor / "pipeline.schema.json").is_symlink()
