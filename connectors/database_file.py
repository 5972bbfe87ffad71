"""The file that an option `path` names, and the tables in it that a query may mean."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from connectors.errors import SourceRefusedError

LISTED = 20
"""So many tables are named in a message."""


def database_file(path: str, *, root: Path, product: str) -> Path:
    """Return the file; relative paths start at `root`. Raises `SourceRefusedError` where there is none."""
    if path.strip() in {"", ":memory:"}:
        raise SourceRefusedError("path names no file", remedy=f"give the path of a {product} file")
    file = root.absolute() / path
    if not _is_file(file):
        raise SourceRefusedError(f"there is no file {file}", remedy="mend `path`; relative paths start at the project")
    return file


def other_table(name: str, tables: Sequence[str], file: Path) -> str:
    """Return what to write instead of the table `name`, which `file` with its `tables` does not have."""
    if not tables:
        return f"{file} holds no table; mend `path`"
    bare = {table.rpartition(".")[2].strip('"').lower(): table for table in reversed(tables)}
    near = get_close_matches(name.rpartition(".")[2].strip('"').lower(), bare, n=3)
    if near:
        return f"did you mean {' or '.join(bare[table] for table in near)}?"
    more = f" and {len(tables) - LISTED} more" if len(tables) > LISTED else ""
    return f"tables of {file.name}: {', '.join(tables[:LISTED])}{more}"


def _is_file(file: Path) -> bool:
    try:
        return file.is_file()
    except PermissionError:
        raise SourceRefusedError(f"this user may not enter the folder of {file}", remedy="change its rights") from None
