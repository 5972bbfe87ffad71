"""The `url` of a database: what it names, and the engine for it; no text here repeats it."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from connectors.database_file import database_file
from connectors.errors import ConnectorError, SourceRefusedError

if TYPE_CHECKING:
    import sqlalchemy as sa

KIND = "sqlalchemy"
LOGGED_AS = "source"
"""The last part of the names of SQLAlchemy's loggers for a source; they say the whole query, so a program shuts them up."""
DIALECTS: Final = {
    "awsathena": "PyAthena[SQLAlchemy]",
    "bigquery": "sqlalchemy-bigquery",
    "clickhousedb": "clickhouse-connect[sqlalchemy]",
    "cockroachdb": "sqlalchemy-cockroachdb",
    "databricks": "databricks-sqlalchemy",
    "duckdb": "duckdb-engine",
    "firebird": "sqlalchemy-firebird",
    "hana": "sqlalchemy-hana",
    "redshift": "sqlalchemy-redshift",
    "snowflake": "snowflake-sqlalchemy",
    "trino": "trino[sqlalchemy]",
}
"""What to install for a dialect that SQLAlchemy does not bring."""
DRIVERS: Final = {
    "MySQLdb": "mysqlclient",
    "mysql": "mysql-connector-python",
    "psycopg": "'psycopg[binary]'",
    "psycopg2": "psycopg2-binary",
}
"""Packages whose module has another name."""

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9_]{0,40}(?:\+[A-Za-z][A-Za-z0-9_]{0,40})?)://")
_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,200}|[0-9a-fA-F:]{2,40}")


def engine_of(text: str, *, root: Path) -> "sa.Engine":
    """Return what makes connections to the database of the URL `text`; files in it start at `root`.

    Raises `ConnectorError` where its dialect or driver is not installed, `SourceRefusedError` where it is no URL.
    """
    import sqlalchemy as sa
    from sqlalchemy.pool import NullPool

    url, options = _with_file(_parsed(text), root)
    try:
        engine = sa.create_engine(
            url,
            poolclass=NullPool,
            hide_parameters=True,
            connect_args=options,
            logging_name=LOGGED_AS,
            pool_logging_name=LOGGED_AS,
        )
    except sa.exc.NoSuchModuleError:
        raise _no_dialect(url.drivername) from None
    except ImportError as error:
        raise _no_driver(url.drivername, error) from None
    except (sa.exc.ArgumentError, TypeError, ValueError):
        raise _no_url() from None
    if engine.dialect.is_async:
        what = f"the driver of {url.drivername}:// only works asynchronously"
        raise SourceRefusedError(what, remedy=f"take another one, such as {_other(url.get_backend_name())}")
    return engine


def address(url: "sa.URL") -> str:
    """Return what a message calls the database: its host, or its dialect where that is no plain name.

    Nor is it where an @ comes later: then it may be a part of a password with one.
    """
    name = f"the {url.get_backend_name()} database"
    is_host = url.host and _HOST.fullmatch(url.host) and "@" not in f"{url.database}{url.query}"
    return f"{name} at {url.host}" if is_host else name


def _parsed(text: str) -> "sa.URL":
    import sqlalchemy as sa

    if _SCHEME.match(text.strip()) is None:
        raise _no_url()
    try:
        return sa.make_url(text.strip())
    except (sa.exc.ArgumentError, ValueError):
        raise _no_url() from None


def _with_file(url: "sa.URL", root: Path) -> "tuple[sa.URL, dict[str, Any]]":
    """Return the URL with the whole path of its file, opened for reading, and what else the driver is told."""
    match url.drivername:
        case "sqlite" | "sqlite+pysqlite":
            file = database_file(url.database or "", root=root, product="SQLite", option="url")
            query = {**url.query, "mode": "ro", "uri": "true"}
            return url.set(database=f"file:{quote(str(file))}", query=query), {"check_same_thread": False}
        case "duckdb":
            file = database_file(url.database or "", root=root, product="DuckDB", option="url")
            return url.set(database=str(file)), {"read_only": True}
        case _:
            return url, {}


def _no_url() -> SourceRefusedError:
    remedy = "write dialect+driver://user:${env:PASSWORD}@host/database; in a password @ is %40, / is %2F, % is %25"
    return SourceRefusedError("url is no URL of a database", remedy=remedy)


def _no_dialect(drivername: str) -> ConnectorError:
    package = DIALECTS.get(drivername.partition("+")[0])
    remedy = f"run: pip install '{package}'" if package else "mend it, or install the package that brings this dialect"
    return ConnectorError(KIND, what=f"no SQLAlchemy dialect {drivername!r} is installed", remedy=remedy)


def _no_driver(drivername: str, error: ImportError) -> ConnectorError:
    module = (error.name or "").partition(".")[0]
    what = f"{drivername}:// needs the driver {module!r}, which is not installed"
    if not module or not isinstance(error, ModuleNotFoundError):
        what = f"the driver of {drivername}:// cannot be loaded"
    package = DRIVERS.get(module, module)
    return ConnectorError(KIND, what=what, remedy=f"run: pip install {package}" if package else "install it again")


def _other(dialect: str) -> str:
    known = {"postgresql": "postgresql+psycopg://", "mysql": "mysql+pymysql://", "sqlite": "sqlite://"}
    return known.get(dialect, "one without `async` in its name")
