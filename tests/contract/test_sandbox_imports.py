"""The sandbox shares no code with the sender: a mistake must be made twice to go unseen."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path


def _package() -> Path:
    spec = importlib.util.find_spec("syncer.sandbox")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _imported(file: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(file.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "." for node in nodes if isinstance(node, ast.ImportFrom)}


def test_the_sandbox_imports_nothing_else_of_ours() -> None:
    ours = {
        name
        for file in _package().glob("*.py")
        for name in _imported(file)
        if name.split(".")[0] in {"syncer", "connectors", "."} and not name.startswith("syncer.sandbox.")
    }
    assert ours == set()


def test_the_rules_load_no_server_and_no_driver() -> None:
    code = "import sys, syncer.sandbox.rules; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"uvicorn", "httpx", "polars", "pyarrow", "duckdb", "sqlalchemy", "syncer.spec"} & set(loaded)
