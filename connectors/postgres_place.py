"""Where a Postgres database is and how long it may take, out of the options."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from connectors.errors import SourceRefusedError
from connectors.postgres_errors import Peer

if TYPE_CHECKING:
    from connectors.postgres import Options

SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
STEADY: Final = {"keepalives_idle": "60", "keepalives_interval": "10", "keepalives_count": "6"}
"""A server that is gone shows within two minutes."""
URL: Final = "postgresql://user:${env:PASSWORD}@host:5432/database"

_DURATION = re.compile(r"(\d{1,9})(ms|s|m|min|h|d)?", re.ASCII)
_MILLISECONDS: Final = {"ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST_MS: Final = 2**31 - 1
"""What Postgres takes."""


@dataclass(frozen=True, slots=True)
class Place:
    """A database and how it is spoken to."""

    conninfo: str = field(repr=False)
    """What libpq takes; holds the password."""
    peer: Peer
    settings: tuple[tuple[str, str], ...]
    """What each session sets for its transaction."""


def place(options: "Options", *, root: Path) -> Place:
    """Return where `options` lead; raises `SourceRefusedError` where they are wrong, without repeating a secret."""
    from psycopg.conninfo import make_conninfo

    parts = _parts(options)
    _refuse_wrong(parts)
    certificate = parts.get("sslrootcert")
    if certificate and certificate != "system":
        parts["sslrootcert"] = _file(certificate, root)
    settings = {
        "statement_timeout": _milliseconds("statement_timeout", options.statement_timeout),
        "lock_timeout": _milliseconds("lock_timeout", options.lock_timeout),
    }
    wait_s = max(1, round(int(_milliseconds("connect_timeout", options.connect_timeout)) / 1000))
    conninfo = make_conninfo(**{**STEADY, "connect_timeout": str(wait_s), **parts, "client_encoding": "UTF8"})
    return Place(conninfo, _peer(parts), (*_SETTINGS.items(), *settings.items()))


_SETTINGS: Final = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "client_min_messages": "error",
    "idle_in_transaction_session_timeout": "0",  # the caller may take its time between batches
    "cursor_tuple_fraction": "1",  # all rows are wanted
}


def _parts(options: "Options") -> dict[str, str]:
    """Return the parts of a connection: those of the URL, then the options, which win."""
    given = {
        "host": options.host,
        "port": None if options.port is None else str(options.port),
        "dbname": options.database,
        "user": options.user,
        "password": options.password,
        "sslmode": options.sslmode,
        "sslrootcert": options.sslrootcert,
        "options": options.options,
    }
    parts = {name: value for name, value in given.items() if value is not None}
    if options.url is None and not {"host", "dbname"} & parts.keys():
        raise SourceRefusedError("nothing says where the database is", remedy="give host and database, or url")
    named = {"application_name": options.application_name}
    return {**named, **(_of_url(options.url) if options.url is not None else {}), **parts}


def _of_url(url: str) -> dict[str, str]:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    remedy = f"write it such as {URL}, and letters like @ : / of the password as %40 %3A %2F"
    if _shows_the_password(url):
        raise SourceRefusedError("url cannot be read", remedy=remedy)
    try:
        found: Mapping[str, object] = conninfo_to_dict(
            re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", url.strip())
        )
    except psycopg.Error:
        raise SourceRefusedError("url cannot be read", remedy=remedy) from None
    return {name: str(value) for name, value in found.items() if value is not None}


def _shows_the_password(url: str) -> bool:
    """Return whether libpq takes a part of the password for the host or the database, which messages name."""
    rest = url.partition("://")[2]
    sign_in, _, place = rest.partition("@")
    if "/" not in sign_in:  # nor does a ? end it
        return "@" in place.partition("?")[0]
    return "@" in rest.partition("?")[0]


def _refuse_wrong(parts: Mapping[str, str]) -> None:
    mode = parts.get("sslmode")
    if mode is not None and mode not in SSL_MODES:
        raise SourceRefusedError("sslmode is none that there is", remedy=f"write one of {', '.join(SSL_MODES)}")
    for port in parts.get("port", "").split(","):
        if port and not (port.isdecimal() and 1 <= int(port) <= 65_535):
            raise SourceRefusedError(
                "port is no port",
                remedy="write a number from 1 to 65535; in a URL, / and : of a password as %2F and %3A",
            )
    for option, name in (("host", "host"), ("database", "dbname")):
        if "://" in parts.get(name, ""):
            raise SourceRefusedError(f"`{option}` holds a URL", remedy="give the whole connection as `url`")
    if any("\0" in value for value in parts.values()):
        raise SourceRefusedError("an option holds a NUL character", remedy="take it out")


def _file(path: str, root: Path) -> str:
    file = root.absolute() / path
    if not file.is_file():
        raise SourceRefusedError(
            f"there is no file {file}", remedy="mend `sslrootcert`; relative paths start at the project"
        )
    return str(file)


def _peer(parts: Mapping[str, str]) -> Peer:
    host = parts.get("host") or parts.get("hostaddr") or "the local server"
    user = parts.get("user") or "the user of this process"
    port = "" if host.startswith("/") else f":{parts.get('port', '5432')}"
    return Peer(f"{host}{port}/{parts.get('dbname') or parts.get('user') or ''}", user)


def _milliseconds(option: str, text: str) -> str:
    found = _DURATION.fullmatch(text.strip())
    milliseconds = int(found[1]) * _MILLISECONDS[found[2] or "ms"] if found else -1
    if found is None or (found[2] is None and milliseconds) or milliseconds > _LONGEST_MS:
        remedy = "write it such as 500ms, 30s, 15m or 2h, at most 24d; 0 means no end"
        raise SourceRefusedError(f"{option} is no duration", remedy=remedy)
    return str(milliseconds)
