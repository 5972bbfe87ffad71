"""What a driver says of a query, wherever it keeps its words."""

import pytest

from connectors.errors import QueryError, SourceError, SourceRefusedError, SourceUnavailableError
from connectors.sqlalchemy_errors import Asked, about_query, about_rows


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
