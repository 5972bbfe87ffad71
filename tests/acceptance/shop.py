"""A project on disk and the command, as a user has them."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from syncer.sandbox.server import Running
from tests.acceptance.warm import warm

EXAMPLES = Path(__file__).parents[2]
"""The repository is itself a project."""

TOKEN = "EAAtestonlytoken0123456789"

PROJECT = """\
version: 1
sources:
  warehouse: {type: duckdb, path: warehouse.duckdb}
destinations:
  meta:
    type: meta
    dataset_id: "1234567890"
    access_token: ${env:TOKEN}
    base_url: ${URL}
"""
PIPELINE = """\
version: 1
name: orders
source: warehouse
query: SELECT * FROM orders
key: order_id
cursor: updated_at
start: window
destination: meta
settings: {action_source: website, browser_pixel: none}
mapping:
  server_event:
    event_name: {value: Purchase}
    event_time: ordered_at
    event_source_url: {value: "https://shop.example/thanks"}
  customer_info:
    em: email
    client_user_agent: {value: "test agent"}
  custom_data:
    value: total
    currency: currency
    order_id: order_id
"""
TABLE = """\
CREATE TABLE orders (
    order_id BIGINT, email VARCHAR, total DECIMAL(12, 2), currency VARCHAR,
    ordered_at TIMESTAMPTZ, updated_at TIMESTAMPTZ
)
"""


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The one line of JSON on stdout."""
        (line,) = self.out.splitlines()
        report: dict[str, Any] = json.loads(line)
        return report


@dataclass(frozen=True)
class Shop:
    """A project folder with a DuckDB warehouse and a sandbox to send to."""

    folder: Path
    sandbox: Running

    @property
    def environ(self) -> dict[str, str]:
        """What a process is told that works for it: no more than it needs, and where the code of this checkout is."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TOKEN": TOKEN, "PYTHONPATH": str(EXAMPLES)}

    def syncer(self, *arguments: str, **environ: str) -> Done:
        """Run the command in the folder, as a process of its own."""
        return Done(*warm().run(arguments, folder=self.folder, environ=self.environ | environ))

    def sql(self, *statements: str) -> None:
        """Change the warehouse."""
        with duckdb.connect(str(self.folder / "warehouse.duckdb")) as connection:
            for statement in statements:
                connection.execute(statement)

    def add_orders(self, first: int, last: int, *, changes: str = "") -> None:
        """Insert orders `first` to `last`, each an hour old and updated a millisecond after the one before."""
        self.sql(
            f"""INSERT INTO orders SELECT range, 'customer' || range || '@example.com', 12.50, 'EUR',
                now() - INTERVAL 1 HOUR, TIMESTAMPTZ '2026-11-01 00:00:00+00' + to_milliseconds(range)
                FROM range({first}, {last + 1})""",
            *filter(None, [changes]),
        )

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file of the project."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def take_example(self, name: str) -> None:
        """Put an example of the repository and its syncer.yaml in place of this project; it sends to the same sandbox."""
        shutil.rmtree(self.folder / "pipelines")
        (self.folder / "pipelines").mkdir()
        for file in ("syncer.yaml", f"pipelines/{name}.yaml"):
            shutil.copy(EXAMPLES / file, self.folder / file)
        self.edit("syncer.yaml", "{type: sandbox}", f'{{base_url: "{self.sandbox.url}"}}')
        for prefix, dataset in (("META", "1234567890"), ("META_AMERICA", "987654321")):
            self.edit("syncer.yaml", f"${{env:{prefix}_DATASET_ID}}", f'"{dataset}"')
            self.edit("syncer.yaml", f"${{env:{prefix}_ACCESS_TOKEN}}", "${env:TOKEN}")

    def order_ids(self) -> list[str]:
        """The order ids that arrived, as often as they arrived."""
        events: list[Any] = list(self.sandbox.sandbox.events())
        return [event["custom_data"]["order_id"] for event in events]


MakeShop = Callable[..., Shop]
