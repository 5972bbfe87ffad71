"""A project that runs as it stands: sample warehouse, sandbox target, one pipeline."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from syncer.sample.warehouse import create

FILES = {"syncer.yaml": "syncer.yaml", "pipelines/orders.yaml": "pipelines/orders.yaml", ".gitignore": "gitignore"}
SAMPLE_ORDERS = 5_000


def make(folder: Path, *, now: datetime, schemas: dict[str, Callable[[], object]]) -> Iterator[tuple[Path, bool]]:
    """Write what is missing of a new project into `folder`; yield each path and whether it is new. Nothing is replaced."""
    for name, packaged in FILES.items():
        text = files("syncer.sample.project").joinpath(packaged).read_text(encoding="utf-8")
        yield folder / name, _write(folder / name, text)
    for kind, schema in schemas.items():
        path = folder / ".syncer" / f"{kind}.schema.json"
        yield path, _write(path, json.dumps(schema(), indent=2, ensure_ascii=False) + "\n")
    warehouse = folder / "warehouse.duckdb"
    is_new = not warehouse.exists()
    if is_new:
        create(warehouse, count=SAMPLE_ORDERS, now=now)
    yield warehouse, is_new


def _write(path: Path, text: str) -> bool:
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True
