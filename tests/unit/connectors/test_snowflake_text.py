import pytest

from connectors.errors import QueryError
from connectors.snowflake_text import one_select, require_expression


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1;", "SELECT 1"),
        ("// first\nSELECT 1 // it's the end", "SELECT 1"),
        ("SELECT '; \\' ;' AS a -- x", "SELECT '; \\' ;' AS a"),
        ("SELECT $$; it's ?$$ AS a;", "SELECT $$; it's ?$$ AS a"),
        ('SELECT "a;""b" FROM t', 'SELECT "a;""b" FROM t'),
        ("(SELECT v:items[0].id::NUMBER FROM t)", "SELECT v:items[0].id::NUMBER FROM t"),
        ("(SELECT 1) UNION (SELECT 2);", "(SELECT 1) UNION (SELECT 2)"),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "WITH a AS (SELECT 1) SELECT * FROM a"),
        ("SELECT a$b, '10:30' FROM t", "SELECT a$b, '10:30' FROM t"),
    ],
)
def test_one_select_is_taken_without_what_stands_around_it(sql: str, expected: str) -> None:
    assert one_select(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM t",
        "CALL p()",
        "SELECT 1; DELETE FROM t",
        "SELECT 'open \\'",
        "SELECT $$ open",
        "SELECT 1 /* open",
        "SHOW TABLES ->> SELECT * FROM $1",
        "SELECT 1 ->> DELETE FROM t",
        "SELECT * FROM t WHERE a = ?",
        "SELECT * FROM t WHERE a = :1",
        "SELECT $1 FROM t",
        "SELECT * FROM t WHERE a = $name",
        "SELECT 1) AS q, (SELECT 2",
    ],
)
def test_what_writes_chains_or_waits_for_a_value_is_refused(sql: str) -> None:
    with pytest.raises(QueryError) as caught:
        one_select(sql)

    assert caught.value.remedy


@pytest.mark.parametrize("sql", ["*", "a, b", "a FROM t", "a AS b", "SELECT 1", "a ORDER BY 1", "$1", "a ->> b"])
def test_what_is_not_one_value_is_no_expression(sql: str) -> None:
    with pytest.raises(QueryError):
        require_expression(sql)


@pytest.mark.parametrize("sql", ["COALESCE(a, b)", "v:a.b::VARCHAR", "CAST(a AS DATE)", "EXTRACT(YEAR FROM a)"])
def test_one_value_is_an_expression(sql: str) -> None:
    require_expression(sql)
