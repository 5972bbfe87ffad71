"""A project that runs as it stands: sample warehouse, sandbox target, one pipeline."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from syncer.sample.warehouse import create

HERE = Path(__file__).parent
PACKAGED = HERE / "project"
PIPELINES = (PACKAGED if PACKAGED.is_dir() else HERE.parents[1]) / "pipelines"
"""The wheel carries the pipeline; in a clone it is one of the examples."""
COPIED = {"syncer.yaml": HERE / "syncer.yaml", "pipelines/orders.yaml": PIPELINES / "orders.yaml"}
HOME = ".syncer"
IGNORED = f"{HOME}/\n*.duckdb\n*.duckdb.wal\n"
WAREHOUSE = "warehouse.duckdb"
SAMPLE_ORDERS = 5_000


def make(folder: Path, *, now: datetime, schemas: Mapping[str, Callable[[], object]]) -> Iterator[tuple[Path, bool]]:
    """Write what is missing of a new project into `folder`; yield each path and whether it is new. Nothing is replaced."""
    for name, template in COPIED.items():
        yield _write(folder / name, template.read_text(encoding="utf-8"))
    ignore, is_new = _write(folder / ".gitignore", IGNORED)
    yield ignore, is_new
    if not is_new:  # somebody's own, which may not know of state and token
        yield _write(folder / HOME / ".gitignore", "*\n")
    for kind, schema in schemas.items():
        text = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
        yield _write(folder / HOME / f"{kind}.schema.json", text)
    warehouse = folder / WAREHOUSE
    is_new = not warehouse.exists()
    if is_new:
        create(warehouse, count=SAMPLE_ORDERS, now=now)
    yield warehouse, is_new


def used(folder: Path) -> str | None:
    """Return what of a project is in `folder` already, the first of its files; None: nothing."""
    return next((name for name in (*COPIED, WAREHOUSE) if (folder / name).exists()), None)


def _write(path: Path, text: str) -> tuple[Path, bool]:
    if path.exists() or path.is_symlink():
        return path, False
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:  # never through a link that somebody put there
        file.write(text)
    return path, True
