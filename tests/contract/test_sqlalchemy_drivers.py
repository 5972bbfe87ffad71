"""What drivers do that PEP 249 does not say, shown by one of SQLite that does it."""

import sqlite3
import traceback
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.base import Query
from connectors.errors import QueryError, SourceError, SourceRefusedError, SourceUnavailableError
from connectors.sqlalchemy import SqlalchemySource
from connectors.testing.warehouse import all_rows

SECRET = "canary-s3cret"
ORDERS = Query(sql="SELECT value AS id FROM json_each('[1, 2, 3]')", cursor_column="id", batch_rows=1)


class HttpError(Exception):
    """As drivers have one that ask by HTTP: none of PEP 249, nor of the system."""


def source_of(driver: type[sqlite3.Connection]) -> SqlalchemySource:
    def opened() -> sqlite3.Connection:
        return sqlite3.connect(":memory:", factory=driver, check_same_thread=False)

    return SqlalchemySource(sa.create_engine("sqlite://", creator=opened, poolclass=sa.pool.NullPool))


def failing(when: str, error: Exception) -> type[sqlite3.Connection]:
    """Return a driver that raises `error` when a statement with `when` in it is executed, or rows are fetched."""

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, parameters: Any = ()) -> Any:
            if when in sql:
                raise error
            return super().execute(sql, parameters)

        def fetchmany(self, size: int | None = 1) -> list[Any]:
            if when == "fetch":
                raise error
            return super().fetchmany(size)

    class Driver(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

    return Driver


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (HttpError(f"error 503: service unavailable {SECRET}"), SourceUnavailableError, r"lost .*\(HttpError\)"),
        (ConnectionError(f"Max retries exceeded with url: {SECRET}"), SourceUnavailableError, r"\(ConnectionError\)"),
        (HttpError(f"error 401: {SECRET}"), SourceRefusedError, "refuses this user"),
    ],
)
@pytest.mark.parametrize("when", ["0 = 1", "ORDER BY", "fetch"])
def test_what_is_no_error_of_pep_249_is_none_of_syncer(
    when: str, error: Exception, kind: type[SourceError], said: str
) -> None:
    with source_of(failing(when, error)) as source, pytest.raises(kind, match=said) as caught:
        all_rows(source, ORDERS)

    assert caught.value.remedy
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_mistake_in_what_a_value_is_made_into_is_no_lost_connection() -> None:
    with source_of(failing("fetch", ValueError(SECRET))) as source, pytest.raises(QueryError):
        all_rows(source, ORDERS)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (HttpError("error 502: bad gateway"), SourceUnavailableError),
        (HttpError("Your default credentials were not found"), SourceRefusedError),
    ],
)
def test_who_cannot_sign_in_is_told_so(error: Exception, kind: type[SourceError]) -> None:
    def refuses() -> sqlite3.Connection:
        raise error

    source = SqlalchemySource(sa.create_engine("sqlite://", creator=refuses))

    with pytest.raises(kind, match="the sqlite database"):
        source.schema(ORDERS)


class Closed(sqlite3.Cursor):
    def close(self) -> None:
        if self.connection.was_cut_off:  # type: ignore[attr-defined]
            raise sqlite3.OperationalError("server closed the connection unexpectedly")
        super().close()


class CutOff(sqlite3.Connection):
    """The server ended it while the caller took its time: no cursor can be closed and nothing rolled back."""

    was_cut_off = False

    def cursor(self, factory: Any = Closed) -> Any:
        return super().cursor(factory)

    def rollback(self) -> None:
        if self.was_cut_off:
            raise sqlite3.OperationalError("server closed the connection unexpectedly")


def test_a_connection_that_was_cut_off_is_left_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    with source_of(CutOff) as source:
        reading = source.read(ORDERS)
        assert next(reading).num_rows == 1
        CutOff.was_cut_off = True

    assert not caplog.records
    with pytest.raises(SourceRefusedError, match="was closed before its rows were read"):
        next(reading)
