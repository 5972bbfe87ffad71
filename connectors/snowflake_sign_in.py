"""How a session with Snowflake begins: what its driver is given."""

import os
from dataclasses import dataclass, field
from os.path import expanduser
from pathlib import Path
from typing import Any, ClassVar, Final

from connectors.errors import SourceRefusedError

LOGIN_S: Final = 60
"""Seconds until a server that does not answer is away."""
ANSWER_S: Final = 300
"""The same for a request of a session that stands; the driver tries again meanwhile."""
KEY_PAIR: Final = "snowflake_jwt"
TOKENS: Final = ("oauth", "programmatic_access_token")
AUTHENTICATORS: Final = ("snowflake", KEY_PAIR, *TOKENS, "externalbrowser")
WAYS: Final = ("password", "private_key", "private_key_file", "token")
"""Options that sign in, one of them at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A Snowflake account."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"password", "private_key", "private_key_passphrase", "token"})

    account: str
    """Account identifier, such as `xy12345.eu-west-1` or `org-account`."""
    user: str
    """A user that may only read."""
    password: str | None = field(default=None, repr=False)
    """Password of the user, by reference."""
    private_key: str | None = field(default=None, repr=False)
    """Text of the private key (PEM), by reference."""
    private_key_file: str | None = None
    """File with the private key (PEM); relative paths start at the project."""
    private_key_passphrase: str | None = field(default=None, repr=False)
    """Passphrase of the private key, by reference."""
    authenticator: str | None = None
    """Way of signing in: `snowflake`, `snowflake_jwt`, `oauth`, `programmatic_access_token` or `externalbrowser`."""
    token: str | None = field(default=None, repr=False)
    """OAuth or programmatic access token, by reference; `authenticator` says which."""
    warehouse: str | None = None
    """Virtual warehouse that runs the queries."""
    database: str | None = None
    """Database of names without one."""
    schema: str | None = None
    """Schema of names without one."""
    role: str | None = None
    """Role that reads."""
    query_tag: str = "syncer"
    """Tag of the queries in the account's history."""
    statement_timeout_s: int = 3600
    """Seconds after which Snowflake ends a query."""
    host: str | None = None
    """Host, where it does not follow from the account."""
    port: int | None = None
    """Port, where it is not the usual one."""
    protocol: str | None = None
    """https, or http for a server of this machine."""


def arguments(options: Options, *, root: Path, major: int) -> dict[str, Any]:
    """Return what `snowflake.connector.connect` of this `major` version is given; relative paths start at `root`.

    Raises `SourceRefusedError` where the options do not go together or the private key cannot be read.
    """
    _require_range(options)
    named = {name: getattr(options, name) for name in ("warehouse", "database", "schema", "role", "port", "host")}
    given = {
        "account": options.account,
        "user": options.user,
        **{name: value for name, value in named.items() if value is not None},
        **_credentials(options, root),
        "protocol": _protocol(options),
        "application": "syncer",
        "paramstyle": "qmark",
        "arrow_number_to_decimal": True,
        "client_store_temporary_credential": False,
        "client_prefetch_threads": 2,
        "client_session_keep_alive": False,
        "login_timeout": LOGIN_S,
        "session_parameters": session_parameters(options),
    }
    return given | _of_version(major)


def session_parameters(options: Options) -> dict[str, str | int | bool]:
    """Return the parameters of the session, those as well that an account or a user may have set otherwise."""
    return {
        "QUERY_TAG": options.query_tag,
        "STATEMENT_TIMEOUT_IN_SECONDS": options.statement_timeout_s,
        "TIMEZONE": "UTC",
        "DATE_INPUT_FORMAT": "AUTO",
        "TIMESTAMP_INPUT_FORMAT": "AUTO",
        "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
        "MULTI_STATEMENT_COUNT": 1,
        "ROWS_PER_RESULTSET": 0,
        "ABORT_DETACHED_QUERY": True,
        "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "ARROW",
        "CLIENT_TELEMETRY_ENABLED": False,
    }


def keep_quiet() -> None:
    """Let the driver ask no cloud where it runs, which it does for its telemetry alone."""
    os.environ.setdefault("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")


def _of_version(major: int) -> dict[str, Any]:
    if major >= 5:
        return {
            "enable_server_session_keep_alive_auto_detection": False,
            "request_timeout": ANSWER_S,
            "logout_total_timeout_seconds": 5,
            "client_memory_limit": 64,
        }
    return {
        "network_timeout": ANSWER_S,
        "platform_detection_timeout_seconds": 0.0,
        "validate_default_parameters": False,
    }


def _require_range(options: Options) -> None:
    if not 1 <= options.statement_timeout_s <= 604_800:
        what = "`statement_timeout_s` is not between 1 and 604800"
        raise SourceRefusedError(what, remedy="write the seconds that a query may take")


def _protocol(options: Options) -> str:
    protocol = (options.protocol or "https").lower()
    if protocol == "https":
        return protocol
    if protocol == "http" and options.host in {"localhost", "127.0.0.1", "::1"}:
        return protocol
    raise SourceRefusedError(
        "`protocol` is not https", remedy="http is for a `host` of this machine alone, such as 127.0.0.1"
    )


def _credentials(options: Options, root: Path) -> dict[str, Any]:
    given = [name for name in WAYS if getattr(options, name)]
    authenticator = (options.authenticator or "").lower() or _usual(given)
    if authenticator not in AUTHENTICATORS:
        what = "`authenticator` is none that syncer knows"
        raise SourceRefusedError(what, remedy=f"write one of {', '.join(AUTHENTICATORS)}")
    wanted = _wanted(authenticator)
    if len(given) != bool(wanted) or not set(given) <= set(wanted):
        needs = " or ".join(f"`{name}`" for name in wanted) or "none of the secrets"
        has = " and ".join(f"`{name}`" for name in given) or "none"
        raise SourceRefusedError(
            f"signing in by {authenticator} takes {needs}, and {has} is given", remedy="leave one way"
        )
    if authenticator == KEY_PAIR:
        return {"authenticator": KEY_PAIR.upper(), "private_key": _private_key(options, root)}
    return {"authenticator": authenticator.upper(), **{name: getattr(options, name) for name in given}}


def _usual(given: list[str]) -> str:
    """Return the way of signing in that follows from the options given; raises `SourceRefusedError` where none does."""
    if given == ["token"]:
        what = "`token` may be of two kinds"
        raise SourceRefusedError(what, remedy=f"write `authenticator`: {' or '.join(TOKENS)}")
    return KEY_PAIR if given in (["private_key"], ["private_key_file"]) else "snowflake"


def _wanted(authenticator: str) -> tuple[str, ...]:
    if authenticator == KEY_PAIR:
        return ("private_key", "private_key_file")
    if authenticator in TOKENS:
        return ("token",)
    return ("password",) if authenticator == "snowflake" else ()


def _private_key(options: Options, root: Path) -> bytes:
    """Return the key without passphrase as both versions of the driver take it (PKCS #8, DER); it stays in memory."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    text = options.private_key or _file(options.private_key_file or "", root)
    passphrase = options.private_key_passphrase
    try:
        key = serialization.load_pem_private_key(text.encode(), passphrase.encode() if passphrase else None)
        return key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass
    if "ENCRYPTED" in text and not passphrase:
        raise SourceRefusedError("the private key has a passphrase", remedy="give `private_key_passphrase`")
    what = "the private key cannot be read: it is no PEM, or its passphrase is another or needless"
    raise SourceRefusedError(what, remedy="compare `private_key` with -----BEGIN ... PRIVATE KEY-----")


def _file(path: str, root: Path) -> str:
    file = root / expanduser(path)  # noqa: PTH111  Path.expanduser fails where nobody is called so
    try:
        return file.read_text(encoding="ascii")
    except FileNotFoundError:
        raise SourceRefusedError(f"there is no file {file}", remedy="mend `private_key_file`") from None
    except (OSError, UnicodeDecodeError):
        raise SourceRefusedError(f"the file {file} cannot be read as PEM", remedy="mend `private_key_file`") from None
