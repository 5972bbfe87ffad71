"""What Snowflake says, as its documentation and its drivers quote it."""

from dataclasses import dataclass

import pytest

from connectors.errors import QueryError, SourceRefusedError, SourceUnavailableError
from connectors.snowflake_errors import about_query, about_sign_in


@dataclass
class Said:
    """An error of the driver."""

    errno: int
    text: str
    sfqid: str | None = "01b2c3d4-0000-1111"

    def __str__(self) -> str:
        return self.text


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (Said(390100, "Incorrect username or password was specified."), "refuses the user or its password"),
        (Said(250001, "250001 (08001): Failed to connect to DB: a:443. Incorrect username or password was specified."), "the user or its password"),
        (Said(250001, "250001 (08001): Failed to connect to DB. JWT token is invalid. [7b1c]"), "refuses the private key"),
        (Said(390189, "Role 'X' specified in the connect string does not exist or not authorized."), "the role does not exist"),
        (Said(390318, "OAuth access token expired. [secret]"), "the OAuth token has expired"),
        (Said(394400, "Programmatic access token is invalid."), "refuses the programmatic access token"),
        (Said(290404, "290404 (08001): 404 Not Found: post https://no.such.host"), "knows no such account"),
        (Said(250001, "something new about secret"), r"refuses to sign in \(error 250001\)"),
    ],
)  # fmt: skip
def test_a_sign_in_that_is_refused_is_final_and_says_what_mends_it(error: Said, what: str) -> None:
    found = about_sign_in(error, is_network=False)

    assert isinstance(found, SourceRefusedError)
    assert found.remedy
    with pytest.raises(SourceRefusedError, match=what):
        raise found
    assert "secret" not in str(found)


def test_a_server_that_does_not_answer_is_away_for_now() -> None:
    found = about_sign_in(Said(250001, "Could not connect to Snowflake backend"), is_network=True)

    assert isinstance(found, SourceUnavailableError)
    assert found.is_transient


@pytest.mark.parametrize(
    "said",
    [
        "HTTP request failed after retries: login request. Connection refused (os error 111)",
        "Invalid Snowflake response. end of file before message length reached",
    ],
)
def test_nobody_answered_also_where_the_driver_calls_it_a_refusal(said: str) -> None:
    found = about_sign_in(Said(250001, f"250001 (08001): Failed to login: {said}"), is_network=False)

    assert isinstance(found, SourceUnavailableError)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Said(904, "SQL compilation error: error line 3 at position 7\ninvalid identifier 'EMIAL'"), "in line 2: the query has no column EMIAL (query id 01b2c3d4-0000-1111)"),
        (Said(1003, "SQL compilation error:\nsyntax error line 2 at position 0 unexpected 'SELEC'."), "in line 1: a syntax error at SELEC"),
        (Said(2003, "SQL compilation error:\nObject 'SHOP.PUBLIC.ORDERS' does not exist or not authorized."), "SHOP.PUBLIC.ORDERS does not exist, or the role may not see it"),
        (Said(2140, "SQL compilation error: error line 2 at position 7\nUnknown function NOSUCH"), "in line 1: there is no function NOSUCH"),
        (Said(1003, "syntax error line 9 at position 0 unexpected ''canary@example.com''."), "refuses the query (error 001003)"),
        (Said(2016, "SQL compilation error: canary@example.com is odd"), "refuses the query (error 002016)"),
    ],
)  # fmt: skip
def test_a_query_that_is_refused_says_where_without_literals(error: Said, expected: str) -> None:
    found = about_query(error, lines=2, is_network=False)

    assert isinstance(found, QueryError)
    assert not found.is_transient
    assert expected in str(found)
    assert "canary" not in str(found)


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (Said(606, "No active warehouse selected in the current session."), "no warehouse runs the query"),
        (Said(90073, "Warehouse 'W' cannot be resumed because resource monitor 'M' has exceeded its quota."), "a resource monitor"),
        (Said(3001, "SQL access control error:\nInsufficient privileges to operate on table 'ORDERS'"), "may not read"),
        (Said(90105, "Cannot perform SELECT. This session does not have a current database."), "names no database"),
    ],
)  # fmt: skip
def test_what_the_account_lacks_is_final_with_a_remedy(error: Said, what: str) -> None:
    found = about_query(error, is_network=False)

    assert isinstance(found, SourceRefusedError)
    assert what in found.what
    assert found.remedy


def test_a_statement_that_timed_out_names_the_option() -> None:
    text = "Statement reached its statement or warehouse timeout of 60 second(s) and was canceled."

    found = about_query(Said(630, text), is_network=True)

    assert isinstance(found, QueryError)
    assert "statement_timeout_s" in found.remedy


@pytest.mark.parametrize("code", [100038, 100077])
def test_a_value_that_spoils_the_query_is_not_told(code: int) -> None:
    found = about_query(Said(code, "Numeric value 'canary@example.com' is not recognized"), is_network=False)

    assert isinstance(found, QueryError)
    assert "while rows were read" in found.what
    assert "canary" not in str(found)


@pytest.mark.parametrize(("code", "is_network"), [(390112, False), (390114, False), (250003, True), (603, True)])
def test_a_session_or_network_that_ends_is_worth_another_try(code: int, *, is_network: bool) -> None:
    assert about_query(Said(code, "gone"), is_network=is_network).is_transient
