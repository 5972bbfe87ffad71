"""DuckDB's messages become ours: what to do is said, no value of a row is."""

from pathlib import Path

import pytest

from connectors.duckdb_errors import Reading, about_rows, explain
from connectors.errors import QueryError, SourceError, SourceRefusedError, SourceUnavailableError

READING = Reading(Path("/shop/w.duckdb"), "400MB", ("SELECT 'ann@example.com' || name FROM t",))
QUERY = "SELECT id\nFROM orders\nWHERE email = 'ann@example.com' AND" + " AND" * 40
CANARY = "bob@example.com"


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        (
            "IO Error: Trying to read a database file with version number 69.\nIt was created with a newer version of DuckDB.",
            SourceRefusedError,
            "/shop/w.duckdb was written by a newer DuckDB than the one installed here; run: pip install --upgrade duckdb",
        ),
        (
            "IO Error: ... The database file was created with an older version of DuckDB.",
            SourceRefusedError,
            "/shop/w.duckdb was written by a DuckDB too old to be read here",
        ),
        (
            'IO Error: Cannot open file "/shop/w.duckdb": Permission denied',
            SourceRefusedError,
            "this user may not read /shop/w.duckdb; change its rights",
        ),
        (
            f"Conversion Error: Could not convert string '{CANARY}' to INT32 when casting from source column b",
            QueryError,
            "the query failed while rows were read: a value does not fit a cast of the query; use TRY_CAST",
        ),
        (f"Invalid Input Error: {CANARY}", QueryError, "a function of the query refused a value"),
        (f"Out of Range Error: Overflow ({CANARY} * 2)!", QueryError, "a number of the query left the range"),
        ("Out of Memory Error: failed to allocate", SourceRefusedError, "memory_limit of 400MB"),
        (
            f"IO Error: Could not write file: No space left on device {CANARY}",
            SourceUnavailableError,
            "a file could not",
        ),
        (
            f"INTERNAL Error: {CANARY}",
            QueryError,
            "the query failed in DuckDB: INTERNAL Error; try it in DuckDB itself",
        ),
        (CANARY, QueryError, "the query failed in DuckDB: an error without a name"),
        (f"{CANARY}: x", QueryError, "the query failed in DuckDB: an error without a name"),
        (
            f'Binder Error: No column "emial" in FROM!\nCandidate bindings: "email"\n\nLINE 3: name = \'{CANARY}\'\n    ^',
            QueryError,
            'DuckDB refuses the query: No column "emial" in FROM! Candidate bindings: "email"',
        ),
        (
            "Parser Error: syntax error at or near \"'ann@example.com'\"",
            QueryError,
            "DuckDB refuses the query: syntax error at or near \"'…'\"",
        ),
        ("Binder Error: " + "x" * 1000, QueryError, "x" * 400 + "…"),
    ],
)
def test_a_message_says_what_to_do_and_no_value(text: str, kind: type[SourceError], says: str) -> None:
    error = explain(text, READING)

    assert type(error) is kind
    assert says in str(error)
    assert CANARY not in str(error)
    assert "ann@example.com" not in str(error)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            'Parser Error: syntax error at or near "orders"\n\nLINE 2: FROM orders\n        ^',
            " in line 2: syntax error",
        ),
        ("Parser Error: slip\n\nLINE 3: ...example.com' AND AND AND AND...\n      ^", " in line 3: slip"),
        ("Binder Error: slip\n\nLINE 3: FROM orders\n      ^", " in line 2: slip"),
        ("Binder Error: slip\n\nLINE 1: SELECT _syncer.* FROM (\n      ^", "the query: slip"),
        ("Parser Error: slip\n\nLINE 9: ) AS _syncer\n      ^", "the query: slip"),
        ("Parser Error: slip\n\nLINE 2: something else\n      ^", "the query: slip"),
    ],
)
def test_a_line_is_named_only_where_it_is_one_of_the_query(text: str, says: str) -> None:
    error = explain(text, READING._replace(sql=(QUERY,)))

    assert f"DuckDB refuses the query{says.removeprefix('the query')}" in str(error)
    assert "ann@example.com" not in str(error)
    assert "_syncer" not in str(error)
    assert error.remedy


def test_of_many_tables_some_are_listed() -> None:
    text = 'Catalog Error: Table with name zzz does not exist!\nDid you mean "pg_am"?'
    error = explain(text, READING._replace(tables=[f"t{number}" for number in range(25)]))

    assert error.what == "DuckDB refuses the query: Table with name zzz does not exist"
    assert error.remedy.startswith("tables of w.duckdb: t0, t1, ")
    assert error.remedy.endswith("t19 and 5 more")


def test_while_rows_are_read_no_word_of_a_message_is_passed_on() -> None:
    errors = [
        about_rows(f"{kind} Error: {CANARY}", READING) for kind in ("Not implemented", "Binder", "Parser", "Catalog")
    ]

    assert [error.what for error in errors] == [
        "the query failed while rows were read: a function of the query does not know a value, such as a time zone",
        "the query failed in DuckDB: Binder Error",
        "the query failed in DuckDB: Parser Error",
        "the query failed in DuckDB: Catalog Error",
    ]
