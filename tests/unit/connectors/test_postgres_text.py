"""SQL as Postgres splits it into words."""

import pytest

from connectors.errors import QueryError
from connectors.postgres_text import one_select, require_expression, strings


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1;", "SELECT 1"),
        ("(SELECT 1) ; -- end", "SELECT 1"),
        ("((SELECT 1))", "SELECT 1"),
        ("(SELECT 1) UNION (SELECT 2)", "(SELECT 1) UNION (SELECT 2)"),
        ("/* a /* ( */ ; */ SELECT 1", "SELECT 1"),
        ("SELECT $$;)$$", "SELECT $$;)$$"),
        ("SELECT $a$ $$ ;( $a$;", "SELECT $a$ $$ ;( $a$"),
        (r"SELECT E'a\'b;(' ;", r"SELECT E'a\'b;('"),
        (r"SELECT 'a\';", r"SELECT 'a\'"),
        ("SELECT 'it''s;'", "SELECT 'it''s;'"),
        ('SELECT ";)" FROM t;', 'SELECT ";)" FROM t'),
        ("SELECT a$b$c FROM t;", "SELECT a$b$c FROM t"),
        ("table orders;", "table orders"),
    ],
)
def test_one_select_stands_alone(sql: str, expected: str) -> None:
    assert one_select(sql) == expected


@pytest.mark.parametrize(
    "sql",
    ["SELECT $$open", "SELECT $a$ $$", r"SELECT E'open\'", "SELECT /* /* */ 1", "SELECT $1", "SELECT 1; SELECT 2"],
)
def test_anything_else_is_refused(sql: str) -> None:
    with pytest.raises(QueryError):
        one_select(sql)


@pytest.mark.parametrize("sql", ["a, b", "$1 + 1", "a) + (b"])
def test_a_list_or_a_parameter_is_no_expression(sql: str) -> None:
    with pytest.raises(QueryError):
        require_expression(sql)


def test_commas_in_brackets_and_quotes_belong_to_the_expression() -> None:
    require_expression("coalesce(a, ', ')")


def test_quoted_texts_are_found_and_names_are_not() -> None:
    assert strings("""SELECT 'a', E'b', $$c$$, "d", e FROM t""") == {"'a'", "E'b'", "$$c$$"}
