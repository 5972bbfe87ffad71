"""Where the state lies: its URL read, its files made private, mistakes named."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from syncer.errors import StateError

if TYPE_CHECKING:
    from syncer.state.guard import Guard

EXAMPLES = "write sqlite:///.syncer/state.db or postgresql+psycopg://user@host/database"
POSTGRES = ("postgresql+psycopg", "postgresql", "postgres")
PLAIN_NAME = re.compile(r"[\w.,:%/\[\]\\ -]*")
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
SIDE_FILES = ("-wal", "-shm", "-journal", ".guard")
SHARED_DISKS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs", "fuse.glusterfs"}
)
MOUNTS = Path("/proc/self/mounts")


@dataclass(frozen=True, slots=True)
class Place:
    """A state store's address; `str` gives what may be shown of it."""

    url: URL
    path: Path | None
    """The file of an embedded store."""
    shown: str

    def __str__(self) -> str:
        return self.shown

    def __repr__(self) -> str:
        return f"Place({self.shown!r})"


def parse(url: str, *, root: Path) -> Place:
    """Return the place that `url` names; relative files start at `root`. The URL itself is never in a message."""
    parsed = _parse_url(url)
    if parsed is None:
        raise StateError(f"state: the URL cannot be read; {EXAMPLES}, with @ : / in a password as %40 %3A %2F")
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(url, root=root)
    if parsed.drivername in POSTGRES:
        return _postgres(parsed)
    raise StateError(f"state: no store of this kind ({_kind(parsed.drivername)}); {EXAMPLES}")


def _parse_url(url: str) -> URL | None:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        return None


def _kind(drivername: str) -> str:
    return drivername if re.fullmatch(r"[a-z0-9+_]{1,30}", drivername) else "unknown"


def _sqlite(url: str, *, root: Path) -> Place:
    """Read the path here: the releases of SQLAlchemy differ on `%` in it."""
    name, is_plain, given = url.partition(":///")
    file = unquote(given)
    if not is_plain or name not in ("sqlite", "sqlite+pysqlite") or "?" in given:
        raise StateError("state: a SQLite URL is three slashes and a path; write sqlite:///.syncer/state.db")
    if not file or ":memory:" in file or file.startswith("file:") or "\0" in file:
        raise StateError("state: what was sent must outlive the process; write sqlite:///.syncer/state.db")
    if file.startswith("~") and "/" in file:
        what = "`~` would be a folder of this name in the project, not your home"
        raise StateError(f"state: {what}; write the whole path, such as sqlite:////home/shop/state.db")
    path = Path(os.path.abspath(root / file))  # noqa: PTH100 - resolve() would follow the symlinks we refuse
    return Place(URL.create("sqlite+pysqlite", database=str(path)), path, str(path))


def _postgres(url: URL) -> Place:
    host = url.host or _text(url.query.get("host")) or "localhost"
    shown = f"postgresql://{host}{f':{url.port}' if url.port else ''}/{url.database or ''}"
    if not PLAIN_NAME.fullmatch(host) or not PLAIN_NAME.fullmatch(url.database or ""):
        raise StateError("state: the URL's host cannot be read; write @ : / in a user name or password as %40 %3A %2F")
    return Place(url.set(drivername="postgresql+psycopg"), None, shown)


def _text(value: str | tuple[str, ...] | None) -> str:
    return ",".join(value) if isinstance(value, tuple) else value or ""


def prepare(path: Path, guard: "Guard | None" = None, *, is_open: bool = False) -> None:
    """Make the file of an embedded store and its folder, for this user alone; raises `StateError` with the remedy.

    A file that `guard` has seen is not made anew. One that this process has open is looked at from outside alone.
    """
    try:
        _refuse_links(path)
        _make_folder(path.parent)
        _refuse_shared_disk(path)
        _refuse_lone_log(path)
        if guard is not None and not _has_content(path) and guard.read() is not None:
            raise guard.missing()
        if not is_open:
            make_private_file(path)
            _check_database(path)
    except OSError as error:
        failure = StateError(f"state: {path}: {_words(error)}")
    else:
        return
    raise failure


def make_private_file(path: Path) -> None:
    """Create the file if it is missing; leave it readable for its owner alone, whatever the umask."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        _close_to_others(handle)
    finally:
        os.close(handle)


def make_private_folder(path: Path) -> None:
    """Create the folder if it is missing, for this user alone, whatever the umask."""
    _refuse_link(path)
    if path.is_dir():
        return
    try:
        path.mkdir(PRIVATE_FOLDER, exist_ok=True)  # another process may make it just now
    except FileExistsError:
        raise StateError(f"state: {path} is a file where a folder must be; move it away") from None
    except OSError as error:
        raise StateError(f"state: the folder {path} cannot be made: {_words(error)}") from None
    path.chmod(PRIVATE_FOLDER)


def _refuse_links(path: Path) -> None:
    for part in (path.parent, path, *(path.with_name(path.name + side) for side in SIDE_FILES)):
        _refuse_link(part)


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        raise StateError(f"state: {path} is a symbolic link, which is not followed; name the real path in `state:`")


def _make_folder(folder: Path) -> None:
    if not folder.parent.is_dir():
        raise StateError(f"state: the folder {folder.parent} does not exist; create it or correct `state:`")
    if folder.exists() and not folder.is_dir():
        raise StateError(f"state: {folder} is a file, not a folder; correct `state:`")
    make_private_folder(folder)


def _close_to_others(handle: int) -> None:
    found = os.fstat(handle)
    if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) != PRIVATE_FILE:
        os.fchmod(handle, PRIVATE_FILE)


def _check_database(path: Path) -> None:
    """SQLite itself would take a short or foreign file for an empty database and write over it."""
    with path.open("rb") as file:
        head = file.read(16)
    if head and head != b"SQLite format 3\x00":
        raise StateError(
            f"state: {path} is not a database of syncer; move it away or correct `state:`; nothing was written"
        )


def _refuse_lone_log(path: Path) -> None:
    """SQLite would read the log of a lost file into the new one."""
    log = path.with_name(f"{path.name}-wal")
    if _has_content(log) and not _has_content(path):
        raise StateError(
            f"state: {path} is missing, but its log {log.name} is there; restore both, or move the log away"
        )


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _refuse_shared_disk(path: Path) -> None:
    real = path.parent.resolve() / path.name
    kind = disk_kind(real, MOUNTS.read_text(errors="replace") if MOUNTS.exists() else "")
    if kind in SHARED_DISKS:
        raise StateError(
            f"state: {path} is on a network disk ({kind}), where SQLite loses data; use a local disk or Postgres"
        )


def disk_kind(path: Path, mounts: str) -> str | None:
    """Return the kind of the disk that holds `path`, by the system's table of mounts; None where it does not say."""
    table = [line.split() for line in reversed(mounts.splitlines())]  # what is mounted last lies on top
    over = [(fields[1], fields[2]) for fields in table if len(fields) > 2 and path.is_relative_to(fields[1])]
    return max(over, key=lambda mount: len(mount[0]))[1] if over else None


def _words(error: OSError) -> str:
    match error:
        case PermissionError():
            return "permission denied; give this user the right to write there"
        case IsADirectoryError():
            return "is a folder; name a file in `state:`"
        case _:
            return f"{os.strerror(error.errno or 0)}; mend it or correct `state:`"
