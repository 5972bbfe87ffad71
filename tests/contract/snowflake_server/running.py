"""Starts the Snowflake of the tests: fakesnow in an environment of its own, since it needs an older driver."""

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import pyarrow as pa
import pytest

from connectors.snowflake import Options, SnowflakeSource, connect

ROOT = Path(__file__).parents[3]
SERVE = Path(__file__).with_name("serve.py")
PACKAGES = (
    "fakesnow[server]==0.12.1",
    "sqlglot[c]",
    "snowflake-connector-python>=4.2,<5",
    "pytest>=8.4",
    "pytest-timeout>=2.3",
)
PASSWORD = "correct horse"
BUILT = "built"


class SnowflakeServer:
    """A running server."""

    def __init__(self, port: int) -> None:
        self.port = port

    def options(self, **changed: Any) -> Options:
        """Return what connects to it."""
        usual = {"account": "test", "user": "reader", "password": PASSWORD, "database": "SHOP", "schema": "MAIN"}
        place = {"host": "127.0.0.1", "port": self.port, "protocol": "http"}
        return Options(**{**usual, **place, **changed})

    def connect(self, **changed: Any) -> SnowflakeSource:
        """Return a source."""
        return connect(self.options(**changed), root=Path("/"))

    def load(self, rows: pa.Table, *, database: str = "SHOP") -> str:
        """Make a table and return its name."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)
        return str(self._ask(f"load?database={database}", sink.getvalue().to_pybytes()))

    def run(self, sql: str, *, database: str = "SHOP") -> None:
        """Run a statement of Snowflake's SQL."""
        self._ask(f"run?database={quote(database)}", sql.encode())

    def checksum(self) -> str:
        """Return a text that any write changes."""
        return str(self._ask("checksum"))

    def seen(self) -> Any:
        """Return `logins` and `statements` as they arrived."""
        return self._ask("seen")

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        with urlopen(Request(f"http://127.0.0.1:{self.port}/{path}", data=body), timeout=60) as answer:
            return json.load(answer)


@contextmanager
def running() -> Iterator[SnowflakeServer]:
    """Give a server that ends with the block; skips, with the reason, where it cannot be installed."""
    command = [str(older_driver()), str(SERVE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield SnowflakeServer(int(process.stdout.readline()))
        finally:
            process.terminate()


def older_driver() -> Path:
    """Return the Python of the environment with fakesnow and the driver's version 4, built where it is missing."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(" ".join((*PACKAGES, version)).encode()).hexdigest()[:12]
    folder = ROOT / ".cache" / f"snowflake-{digest}"
    folder.parent.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / BUILT).exists():
            shutil.rmtree(folder, ignore_errors=True)
            _build(folder)
            (folder / BUILT).touch()
    return folder / "bin" / "python"


def _build(folder: Path) -> None:
    python = str(folder / "bin" / "python")
    with_uv = (["uv", "venv", "--quiet", "--python", sys.executable, str(folder)], ["uv", "pip", "install", "--quiet"])
    with_pip = ([sys.executable, "-m", "venv", "--without-pip", str(folder)], _pip())
    make, install = with_uv if shutil.which("uv") else with_pip
    target = ["--python", python]
    install = [*install, *target, *PACKAGES] if install[0] == "uv" else [*install[:3], *target, *install[3:], *PACKAGES]
    for command in (make, install):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            pytest.skip(f"fakesnow and the driver's version 4 cannot be installed: {' '.join(said)[:200]}")


def _pip() -> list[str]:
    """Return the pip of the Python beneath this environment, which has none of its own."""
    base = Path(sys.base_prefix) / "bin" / "python3"
    return [str(base), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
