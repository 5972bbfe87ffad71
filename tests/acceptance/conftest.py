"""Shops to sync from."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import duckdb
import psycopg
import pytest

from syncer.sandbox.server import Running, start
from syncer.sandbox.settings import Settings
from syncer.sandbox.tokens import Token
from tests.acceptance.shop import PIPELINE, PROJECT, TABLE, TOKEN, MakeShop, Shop

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Chromium; of a module, since no event loop may run beside it."""
    from tests.acceptance.browsers import chromium

    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file with a table of no orders, to be copied: to begin with DuckDB takes longer than most questions."""
    file = tmp_path_factory.mktemp("warehouse") / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(TABLE)
    return file


@pytest.fixture
def make_shop(tmp_path: Path, empty_warehouse: Path) -> Iterator[MakeShop]:
    """Return a function that makes a project; keyword arguments are the sandbox's settings."""
    opened: list[Running] = []

    def make(**settings: Any) -> Shop:
        tokens = (Token(text=TOKEN),)
        sandbox = start(Settings(**{"tokens": tokens, "keep": 10_000, **settings}))
        opened.append(sandbox)
        (tmp_path / "pipelines").mkdir()
        (tmp_path / "syncer.yaml").write_text(PROJECT.replace("${URL}", sandbox.url), encoding="utf-8")
        (tmp_path / "pipelines" / "orders.yaml").write_text(PIPELINE, encoding="utf-8")
        shutil.copy(empty_warehouse, tmp_path)
        return Shop(tmp_path, sandbox)

    yield make
    for sandbox in opened:
        sandbox.stop()


@pytest.fixture
def postgres_state(postgres_server: str) -> Iterator[str]:
    """URL of an empty database for the state."""
    name, server = f"syncer_state_{uuid4().hex[:8]}", postgres_server.replace("+psycopg", "")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres_server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


SECOND = """\
  other:
    type: meta
    dataset_id: "987654321"
    access_token: ${env:TOKEN}  # of the second
    base_url: %s
"""


@pytest.fixture
def both(shop: Shop) -> Shop:
    """A shop whose three orders go to two datasets."""
    project = shop.folder / "syncer.yaml"
    project.write_text(project.read_text(encoding="utf-8") + SECOND % shop.sandbox.url, encoding="utf-8")
    shop.edit("pipelines/orders.yaml", "destination: meta", "destination: [meta, other]")
    shop.add_orders(1, 3)
    return shop


@pytest.fixture
def shop(make_shop: MakeShop) -> Shop:
    """A project with an empty table and a sandbox without faults."""
    return make_shop()
