import pytest

from connectors.errors import QueryError
from connectors.sqlite_text import literals, one_select, require_expression


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 ; -- the end", "SELECT 1"),
        ("/* ; */ select ';' as a;;", "select ';' as a"),
        ("((SELECT (1)))", "SELECT (1)"),
        ("VALUES (1), (2)", "VALUES (1), (2)"),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "WITH a AS (SELECT 1) SELECT * FROM a"),
        ('SELECT "a;""b", [c;d], `e;f` FROM t', 'SELECT "a;""b", [c;d], `e;f` FROM t'),
    ],
)
def test_one_select_stands_without_what_surrounds_it(sql: str, expected: str) -> None:
    assert one_select(sql) == expected


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("", "is empty"),
        ("()", "is empty"),
        ("(;)", "several statements"),
        ("SELECT 1; SELECT 2", "several statements"),
        ("SELECT 1) AS a, (SELECT 2", "closes a bracket"),
        ("SELECT (1", "opens a bracket"),
        ("SELECT 1 /* open", "without an end"),
        ("SELECT 'open", "without an end"),
        ("(SELECT 1) AS a, (SELECT 2)", "is no SELECT"),
        ("PRAGMA user_version", "is no SELECT"),
        ("SELECT\0 1", "NUL"),
        ("SELECT '\ud800'", "no valid text"),
    ],
)
def test_all_else_is_refused_in_words(sql: str, says: str) -> None:
    with pytest.raises(QueryError, match=says) as caught:
        one_select(sql)
    assert caught.value.remedy


@pytest.mark.parametrize("sql", ["", "-- nothing", "a; b", "a) AS b, (c", "SELECT 1", "a /*", "'a"])
def test_what_reaches_out_of_its_brackets_is_no_expression(sql: str) -> None:
    with pytest.raises(QueryError):
        require_expression(sql)


def test_literals_are_found_where_they_are_none_of_a_comment() -> None:
    assert literals("SELECT 'a''b', \"c'd\" -- 'e'\nFROM t WHERE x = ''") == {"'a''b'", "''"}
