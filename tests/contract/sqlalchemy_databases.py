"""Databases that the tests of the connector `sqlalchemy` fill and the servers they start."""

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest
import sqlalchemy as sa
from packaging.version import Version
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.pool import NullPool

from connectors.base import Source
from connectors.sqlalchemy import Options, connect

TAKES_PERCENTS = Version(sa.__version__) < Version("2.1.2")
TAKES = "SQLAlchemy before 2.1.2 takes `%(name)s` in the text of a statement for a value of its own"
INTEGERS: dict[str, dict[int, Any]] = {
    "sqlite": {},
    "postgresql": {8: sa.SmallInteger(), 16: sa.SmallInteger(), 32: sa.Integer()},
    "mysql": {8: mysql.TINYINT(), 16: sa.SmallInteger(), 32: sa.Integer()},
}
UNSIGNED: dict[int, Any] = {8: mysql.TINYINT(unsigned=True), 64: mysql.BIGINT(unsigned=True)}


def declared(kind: pa.DataType, dialect: str) -> Any:
    """Return the type that a table would declare for a column of this type."""
    if pa.types.is_list(kind):
        return postgresql.ARRAY(declared(kind.value_type, dialect))
    if pa.types.is_decimal(kind):
        return sa.Numeric(kind.precision, kind.scale)
    if pa.types.is_integer(kind):
        is_unsigned = pa.types.is_unsigned_integer(kind) and dialect == "mysql"
        return UNSIGNED[kind.bit_width] if is_unsigned else INTEGERS[dialect].get(kind.bit_width, sa.BigInteger())
    if pa.types.is_floating(kind):
        return sa.Float(24) if kind.bit_width == 32 else sa.Double()
    others = (
        (pa.types.is_string, {"mysql": mysql.LONGTEXT()}.get(dialect, sa.Text())),
        (
            pa.types.is_timestamp,
            {"mysql": mysql.DATETIME(fsp=6)}.get(dialect, sa.DateTime(timezone="tz=" in str(kind))),
        ),
        (pa.types.is_time, {"mysql": mysql.TIME(fsp=6)}.get(dialect, sa.Time())),
        (pa.types.is_date, sa.Date()),
        (pa.types.is_boolean, sa.Boolean()),
        (pa.types.is_binary, sa.LargeBinary()),
    )
    return next(declared for test, declared in others if test(kind))


class Database:
    """A database that tests fill; counts its tables."""

    def __init__(self, url: str, *, root: Path) -> None:
        self.url, self.root = url, root
        self._engine = sa.create_engine(url, poolclass=NullPool)
        self._dialect = self._engine.dialect.name.replace("mariadb", "mysql")
        self._tables, self._prefix = 0, f"table_{uuid4().hex[:8]}"

    def create(self, rows: pa.Table) -> str:
        if TAKES_PERCENTS and any("%(" in field.name for field in rows.schema):
            pytest.skip(TAKES)
        self._tables += 1
        columns = (
            sa.Column(sa.sql.quoted_name(field.name, quote=True), declared(field.type, self._dialect), key=f"c{place}")
            for place, field in enumerate(rows.schema)
        )
        table = sa.Table(f"{self._prefix}_{self._tables}", sa.MetaData(), *columns)
        values = zip(*(column.to_pylist() for column in rows.columns), strict=True)
        with self._engine.begin() as connection:
            table.create(connection)
            connection.execute(table.insert(), [{f"c{place}": one for place, one in enumerate(row)} for row in values])
        return table.name

    def quoted(self, name: str) -> str:
        return self._engine.dialect.identifier_preparer.quote_identifier(name)

    def connect(self) -> Source:
        return connect(Options(url=self.url), root=self.root)

    def checksum(self) -> str:
        names = sorted(sa.inspect(self._engine).get_table_names())
        digest = hashlib.sha256(repr(names).encode())
        with self._engine.connect() as connection:
            for name in names:
                rows = connection.execute(sa.text(f"SELECT * FROM {name}")).fetchall()
                digest.update(repr(sorted(map(repr, rows))).encode())
        return digest.hexdigest()


@pytest.fixture(scope="module")
def postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of an empty Postgres database."""
    yield from _new_database(postgres_server)


@pytest.fixture(scope="session")
def mysql_url() -> Iterator[str]:
    """URL of an empty MariaDB or MySQL database."""
    given = os.environ.get("SYNCER_TEST_MYSQL_URL")
    server = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
    if given:
        yield from _new_database(given)
    elif server is None:
        pytest.skip("no MariaDB here: install mariadb-server, or set SYNCER_TEST_MYSQL_URL")
    else:
        with tempfile.TemporaryDirectory(prefix="maria", ignore_cleanup_errors=True) as folder:
            yield from _mariadb(server, Path(folder))


def _mariadb(server: str, folder: Path) -> Iterator[str]:
    data, socket = folder / "data", folder / "socket"
    install = shutil.which("mariadb-install-db") or "mariadb-install-db"
    options = [f"--datadir={data}", f"--user={Path.home().owner()}"]
    made = [install, "--no-defaults", *options, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(made, check=True, capture_output=True)
    running = subprocess.Popen(
        [server, "--no-defaults", *options, f"--socket={socket}", "--skip-networking"], stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 30
        while not socket.exists() and time.monotonic() < until:
            time.sleep(0.05)
        yield from _new_database(f"mysql+pymysql://root@localhost/?unix_socket={socket}&charset=utf8mb4")
    finally:
        running.terminate()
        running.wait()


def _new_database(server: str) -> Iterator[str]:
    name = f"syncer_test_{uuid4().hex[:8]}"
    execute(server, f"CREATE DATABASE {name}" + ("" if server.startswith("postgresql") else " CHARACTER SET utf8mb4"))
    yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    execute(server, f"DROP DATABASE {name}" + (" WITH (FORCE)" if server.startswith("postgresql") else ""))


def execute(url: str, *statements: str) -> None:
    engine = sa.create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()
