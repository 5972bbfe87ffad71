"""The file that an option `path` names, and what to write where it lacks a table."""

from collections.abc import Sequence
from pathlib import Path

from connectors.errors import SourceRefusedError
from connectors.tables import nearest_table


def database_file(path: str, *, root: Path, product: str, option: str = "path") -> Path:
    """Return the file that `option` names; relative paths start at `root`. Raises `SourceRefusedError` where there is none."""
    if path.strip() in {"", ":memory:"}:
        raise SourceRefusedError(f"{option} names no file", remedy=f"give the path of a {product} file")
    if "://" in path:  # which may hold a password
        raise SourceRefusedError(f"`{option}` holds a URL", remedy=f"give the path of a {product} file")
    file = root.absolute() / path
    if not _is_file(file):
        raise SourceRefusedError(
            f"there is no file {file}", remedy=f"mend `{option}`; relative paths start at the project"
        )
    return file


def other_table(name: str, tables: Sequence[str], file: Path) -> str:
    """Return what to write instead of the table `name`, which `file` with its `tables` does not have."""
    return nearest_table(name, tables, file.name) if tables else f"{file} holds no table; mend `path`"


def _is_file(file: Path) -> bool:
    try:
        return file.is_file()
    except PermissionError:
        raise SourceRefusedError(f"this user may not enter the folder of {file}", remedy="change its rights") from None
