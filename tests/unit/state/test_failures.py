"""Driver errors in plain words: place and remedy, and nothing of what the driver quotes."""

import logging
import sqlite3
import traceback
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, NoSuchTableError

from syncer.errors import StateError
from syncer.state.failures import explain, explained
from syncer.state.place import Place, parse

SECRET = "ada@example.com"
PLACE = parse("postgresql://ada:hunter2@db/state", root=Path("/"))


class FakeError(Exception):
    """A driver's error."""

    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FakeError(f"Key (identity)=({SECRET}) already exists.", "23505"), "was refused (SQLSTATE 23505)"),
        (FakeError(SECRET, "53100"), "the server's disk is full"),
        (FakeError(SECRET, "57P01"), "shutting down"),
        (FakeError(SECRET, "42501"), "grant it CREATE on the schema"),
        (FakeError(SECRET, "25006"), "read-only; name the primary"),
        (FakeError(SECRET, "08006"), "cannot be reached"),
        (FakeError(SECRET, "99999"), "the store failed (SQLSTATE 99999)"),
        (FakeError(f'password authentication failed for user "{SECRET}"'), "refused user or password"),
        (FakeError(f'could not translate host name "{SECRET}"'), "the host name is unknown"),
        (FakeError(f"connection to server at {SECRET} failed: timeout expired"), "did not answer in time"),
        (
            FakeError(f"connection to server at {SECRET} failed: FATAL:  Datenbank »state« existiert nicht"),
            "the server answers but refuses the connection; check user, password and database",
        ),
        (FakeError(f"connection to server at {SECRET} failed: Connection refused"), "the server cannot be reached"),
        (FakeError(SECRET), "the store failed (FakeError)"),
    ],
)
def test_S14_a_postgres_error_is_told_by_its_code_not_by_its_text(error: FakeError, words: str) -> None:
    told = str(explain(DBAPIError("INSERT", {"x": SECRET}, error), PLACE))
    assert told.startswith("state: postgresql://db/state: ")
    assert words in told
    assert SECRET not in told


def test_S14_an_error_of_the_library_itself_is_named_only() -> None:
    assert str(explain(NoSuchTableError(SECRET), PLACE)) == (
        "state: postgresql://db/state: the store failed (NoSuchTableError)"
    )


def test_S14_values_appear_in_no_traceback_log_or_context(caplog: pytest.LogCaptureFixture) -> None:
    engine = create_engine("sqlite://", hide_parameters=True)
    place = Place(engine.url, None, "a file")
    caplog.set_level(logging.DEBUG)
    twice = text("INSERT INTO t VALUES (:x), (:x)")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (x TEXT UNIQUE)"))
        with pytest.raises(StateError) as raised, explained(place):
            connection.execute(twice, {"x": SECRET})
    engine.dispose()
    printed = "".join(traceback.format_exception(raised.value))
    assert raised.value.__context__ is None
    assert SECRET not in printed + caplog.text
    assert "(SQLITE_CONSTRAINT_UNIQUE)" in printed


def test_other_errors_pass_as_they_are() -> None:
    with pytest.raises(ZeroDivisionError), explained(PLACE):
        _ = 1 / 0


def test_an_error_of_sqlite_itself_is_told_by_its_name() -> None:
    with pytest.raises(StateError, match=r"the store failed \(OperationalError\)"), explained(PLACE):
        raise sqlite3.OperationalError(SECRET)
