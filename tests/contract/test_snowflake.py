"""Snowflake keeps the contract of every connector, with both major versions of its driver."""

import os
import re
import subprocess
from collections.abc import Iterator

import pyarrow as pa
import pytest

from connectors.base import Source
from connectors.testing import SourceContract
from tests.contract.snowflake_server.running import ROOT, SnowflakeServer, older_driver, running
from tests.counts import FULL

pytestmark = pytest.mark.timeout(300)  # the first test may install the server

PORT = "SYNCER_TEST_SNOWFLAKE_PORT"
DATABASE = "AS_WRITTEN"
"""Names are not turned to upper case there: the contract's queries write its lower-case names without quotes."""

OLDER = "arrive or stays or piece or batch or meet or empty or value_of_a_row or cut_off or left or reads_no"
"""What the older driver does by code of its own; the SQL, and what the server says to it, are the same."""


class SnowflakeAccount:
    """A database that tests fill."""

    def __init__(self, server: SnowflakeServer) -> None:
        self.server = server

    def create(self, rows: pa.Table) -> str:
        return self.server.load(rows, database=DATABASE)

    def quoted(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def connect(self) -> Source:
        return self.server.connect(database=DATABASE)

    def checksum(self) -> str:
        return self.server.checksum()


@pytest.fixture(scope="module")
def warehouse() -> Iterator[SnowflakeAccount]:
    if port := os.environ.get(PORT):
        yield SnowflakeAccount(SnowflakeServer(int(port)))
        return
    with running() as server:
        yield SnowflakeAccount(server)


class TestSnowflake(SourceContract):
    lacks = frozenset({"list", "struct", "list_of_structs"})  # they are JSON


@pytest.mark.faults
@pytest.mark.skipif(not FULL, reason="what the older driver gives is tried in make faults")
@pytest.mark.skipif(PORT in os.environ, reason="this is the older driver")
def test_the_older_driver_gives_the_same(warehouse: SnowflakeAccount) -> None:
    pytest_there = [str(older_driver()), "-m", "pytest", "-q", "--noconftest", "-p", "no:cacheprovider"]
    command = [*pytest_there, "-k", OLDER, __file__]
    changed = {PORT: str(warehouse.server.port), "PYTHONDONTWRITEBYTECODE": "1"}

    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **changed}, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-4000:]
    assert re.search(r"[1-9]\d passed", done.stdout)
