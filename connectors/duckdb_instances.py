"""The DuckDBs of this process, each lent to one reading at a time; few that are free are kept, since one takes 17 ms to make.

One that is kept has no file attached and no folder: what a reading used is gone when it ends. All that a reading may
do is settled, and locked, when its DuckDB is made, so the next reading finds it as the first one did.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from connectors.duckdb_select import literal
from connectors.private_folder import private_folder
from connectors.wrapping import quoted

if TYPE_CHECKING:
    import duckdb

MOST_KEPT: Final = 2
"""About 4 MiB each."""
SMALL_FILE_BYTES: Final = 16 * 1024 * 1024
"""A DuckDB holds on to the memory that it read with; it is small beside the reading of a larger file."""
SORT: Final = "sort"
RESERVED_NAMES: Final = ("main", "memory", "system", "temp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a DuckDB must be like to serve a reading."""

    file: Path
    target: str
    """Where `file` lies when all links are followed."""
    memory_limit: str
    threads: int
    sorts_in: Path | None
    """Folder for the private one of large sorts; None: the system's."""
    search_path: Path | None
    """Where names of files beside the database start; None: no such file may be read."""

    @property
    def is_small(self) -> bool:
        """Return whether reading the whole file needs little memory."""
        try:
            return self.file.stat().st_size <= SMALL_FILE_BYTES
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class _Instance:
    """A DuckDB, and the place of its folder while it is lent."""

    wanted: Wanted
    folder: Path
    connection: "duckdb.DuckDBPyConnection"

    @property
    def may_serve_again(self) -> bool:
        """Return whether nothing of the reading that ended is left in it: neither a key of what it wrote nor memory."""
        is_closed_in = self.wanted.search_path is None
        return is_closed_in and self.wanted.is_small and not (self.folder / SORT).exists()


@dataclass
class Instances:
    """Those that are free. Mutable; threads may share it."""

    _kept: list[_Instance] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def lent(self, wanted: Wanted) -> "Iterator[duckdb.DuckDBPyConnection]":
        """Give a connection that sees the file and nothing else; raises `duckdb.Error`, `OSError` where no folder can be made.

        After an error, or where the reading left something behind, no other gets the same DuckDB.
        """
        with ExitStack() as until_then:
            instance = self._again(wanted, until_then) or _new(wanted, until_then)
            try:
                with _attached(instance) as connection:
                    yield connection
            except BaseException:
                instance.connection.close()
                raise
            self._put_back(instance)

    def _again(self, wanted: Wanted, until_then: ExitStack) -> _Instance | None:
        """Return one that was kept, with its folder; None where there is none, or somebody has taken the folder's place."""
        kept = self._take(wanted)
        if kept is None:
            return None
        try:
            until_then.enter_context(_folder(wanted, kept.folder))
        except OSError:
            kept.connection.close()
            return None
        return kept

    def _take(self, wanted: Wanted) -> _Instance | None:
        with self._lock:
            found = next((one for one in self._kept if one.wanted == wanted), None)
            if found is not None:
                self._kept.remove(found)
            return found

    def _put_back(self, instance: _Instance) -> None:
        if not instance.may_serve_again:
            instance.connection.close()
            return
        with self._lock:
            self._kept.append(instance)
            over = self._kept[:-MOST_KEPT]
            del self._kept[:-MOST_KEPT]
        for one in over:
            one.connection.close()


INSTANCES: Final = Instances()
"""Of this process."""


def _new(wanted: Wanted, until_then: ExitStack) -> _Instance:
    folder = until_then.enter_context(_folder(wanted))
    return _Instance(wanted, folder, _made(wanted, folder))


def _folder(wanted: Wanted, path: Path | None = None) -> AbstractContextManager[Path]:
    return private_folder("syncer-duckdb", parent=wanted.sorts_in, path=path)


def _made(wanted: Wanted, folder: Path) -> "duckdb.DuckDBPyConnection":
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": wanted.memory_limit,
        "temp_directory": str(folder / SORT),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_persistent_secrets": False,
        "python_enable_replacements": False,
        "threads": wanted.threads,
    }
    connection = duckdb.connect(":memory:", config=config)
    _encrypt_spill(connection)
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    if wanted.search_path is not None:
        connection.execute(f"SET GLOBAL file_search_path = {literal(str(wanted.search_path))}")
    else:
        names = (str(wanted.file), wanted.target)
        allowed = ", ".join(literal(path) for name in names for path in (name, _log_of(name)))
        connection.execute(f"SET allowed_paths = [{allowed}]")
        connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _log_of(file: str) -> str:
    """Return where DuckDB looks for the log of a file: what is behind a question mark it takes for options."""
    path, mark, options = file.partition("?")
    return f"{path}.wal{mark}{options}"


def _encrypt_spill(connection: "duckdb.DuckDBPyConnection") -> None:
    """Let what is sorted on disk be written with a key that lives in this process only.

    The wheels carry no OpenSSL, and DuckDB calls its own cipher unsafe for files that are kept, since its nonces come
    from a plain random generator; these files live as long as the reading, and the alternative is plain text.
    """
    import duckdb

    try:
        connection.execute("SET force_mbedtls_unsafe = true")
        connection.execute("SET temp_file_encryption = true")
    except duckdb.CatalogException:
        return  # a DuckDB without these settings; the folder is private all the same


@contextmanager
def _attached(instance: _Instance) -> "Iterator[duckdb.DuckDBPyConnection]":
    """Give a new connection that sees the file, so none of the variables and random numbers of another reading."""
    import duckdb

    file = instance.wanted.file
    name = file.name.partition(".")[0] or "warehouse"
    name = f"{name}_db" if name.lower() in RESERVED_NAMES else name
    with instance.connection.cursor() as connection:
        connection.execute(f"ATTACH {literal(str(file))} AS {quoted(name)} (READ_ONLY, TYPE duckdb)")
        connection.execute(f"USE {quoted(name)}")
        yield connection
        with suppress(duckdb.TransactionException):  # none was begun
            connection.rollback()
        connection.execute("USE memory")
        connection.execute(f"DETACH {quoted(name)}")


def target_of(file: Path) -> str:
    """Return where `file` lies when all links are followed."""
    return os.path.realpath(file)
