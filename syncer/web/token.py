"""The token of the page where none is configured: made once, kept beside the state for this user alone."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from secrets import token_urlsafe

from syncer.errors import SyncerError
from syncer.state.place import PRIVATE_FILE, make_private_folder

FILE = "page-token"
MOST_BYTES = 4_096
LEAST = 16
"""Characters of a token: a shorter one could be guessed."""
INSTEAD = "or name a token of your own: `daemon: {auth_token: ${env:SYNCER_TOKEN}}`"


def kept_token(home: Path) -> tuple[str, bool]:
    """Return the token kept in `home`, and whether it was made just now; raises `SyncerError` with the remedy."""
    path = home / FILE
    try:
        make_private_folder(home)
        if not (path.is_symlink() or path.exists()):
            with suppress(FileExistsError):  # another daemon has just made one
                return _make(path), True
        return _read(path), False
    except OSError as error:
        failure = SyncerError(f"daemon: {path}: {error.strerror}; make the folder writable, {INSTEAD}")
    raise failure


def require_long(token: str) -> str:
    """Return a configured token; raises `SyncerError` where it could be guessed."""
    if len(token) < LEAST:
        raise SyncerError(f"daemon.auth_token: it is shorter than {LEAST} characters; write a longer one, by chance")
    return token


def _make(path: Path) -> str:
    """Make the file whole: a daemon that starts at the same time must not read it while it is empty."""
    token, beside = token_urlsafe(32), path.with_name(f"{path.name}.{token_urlsafe(8)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            os.fchmod(handle, PRIVATE_FILE)
            file.write(f"{token}\n")
        os.link(beside, path)
    finally:
        beside.unlink()
    return token


def _read(path: Path) -> str:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077 or found.st_uid != os.geteuid():
            raise SyncerError(f"daemon: {path}: others may read or write it; remove it and another is made, {INSTEAD}")
        token = file.read(MOST_BYTES).decode("ascii", "replace").strip()
    if len(token) < LEAST:
        raise SyncerError(f"daemon: {path}: it holds no token; remove it and another is made, {INSTEAD}")
    return token
