"""What a driver says of a query, wherever it keeps its words."""

import pytest

from connectors.errors import QueryError, SourceError, SourceRefusedError, SourceUnavailableError
from connectors.sqlalchemy_errors import Asked, about_connection, about_query, about_rows


class TrinoUserError(Exception):
    """As Trino's driver has it: what was said, and the id of the query."""

    message = "line 3:8: Column 'emial' cannot be resolved"


class ConnectorError(Exception):
    """As MySQL's own driver has it: number, whole text, SQLSTATE."""

    msg = "Unknown column 'emial' in 'SELECT'"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TrinoUserError({"errorName": "COLUMN_NOT_FOUND"}, "20261130_101010_00001_canary"), TrinoUserError.message),
        (ConnectorError(1054, f"1054 (42S22): {ConnectorError.msg}", "42S22"), ConnectorError.msg),
        (ValueError(RuntimeError("400 Unrecognized name: emial at [3:8]")), "Unrecognized name: emial"),
        (ValueError(1054, "Unknown column 'emial'"), "Unknown column 'emial'"),
        (ValueError({"S": "FEHLER", "C": "42703", "M": "Spalte »emial« existiert nicht"}), "query: Spalte »emial«"),
        (ValueError(), "ValueError"),
    ],
)
def test_the_words_of_a_driver_are_passed_on(error: Exception, said: str) -> None:
    found = str(about_query(error, Asked("trino", ("SELECT emial FROM orders",))))

    assert said in found
    assert "canary" not in found


class OperationalError(Exception):
    """As PyMySQL has it since 1.2: the SQLSTATE beside the number, which says more."""

    def __init__(self, number: int, text: str, sqlstate: str) -> None:
        super().__init__(number, text)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("number", "sqlstate", "kind"),
    [
        (1205, "HY000", SourceUnavailableError),
        (1317, "70100", SourceUnavailableError),
        (1969, "70100", SourceUnavailableError),
        (1213, "40001", SourceUnavailableError),
        (1142, "42000", SourceRefusedError),
        (1690, "22003", QueryError),
        (9999, "HY000", QueryError),
    ],
)
def test_a_number_of_mysql_counts_beside_a_sqlstate(number: int, sqlstate: str, kind: type[SourceError]) -> None:
    assert type(about_rows(OperationalError(number, "canary", sqlstate), is_disconnected=False)) is kind


def test_an_order_by_bytes_that_sql_server_refuses_names_the_cast() -> None:
    said = "[42000] Expression type uniqueidentifier is invalid for COLLATE clause. (447) (SQLExecDirectW)"

    assert "CAST(... AS NVARCHAR(36))" in str(about_rows(ValueError("42000", said), is_disconnected=False))


def server_says(text: str) -> Exception:
    """Return what libpq makes of a refusal, without a code."""
    return ValueError(f'connection failed: connection to server at "db", port 5432 failed: {text}')


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (server_says("FATAL:  Datenbank »canary« existiert nicht"), SourceUnavailableError, "answers but refuses"),
        (server_says("Connection refused\n\tIs the server running?"), SourceUnavailableError, "cannot be reached"),
        (
            ValueError({"S": "FATAL", "C": "28P01", "M": "Passwort falsch: canary"}),
            SourceRefusedError,
            "user, password",
        ),
        (ValueError({"S": "FATAL", "C": "53300", "M": "zu viele Verbindungen"}), SourceUnavailableError, "too many"),
        (OperationalError(1040, "Trop de connexions", "08004"), SourceUnavailableError, "too many connections"),
    ],
)
def test_a_refusal_in_another_language_is_no_server_that_is_away(
    error: Exception, kind: type[SourceError], words: str
) -> None:
    found = about_connection(error, "the database at db")

    assert type(found) is kind
    assert words in str(found)
    assert "canary" not in str(found)
