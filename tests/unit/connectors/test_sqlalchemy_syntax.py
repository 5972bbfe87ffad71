import pytest

from connectors.errors import QueryError
from connectors.sqlalchemy_described import described
from connectors.sqlalchemy_errors import Asked, about_query
from connectors.sqlalchemy_syntax import literals, one_select, require_expression


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        ("postgresql", "SELECT $a$;)'$a$, E'\\';', 'x\\', 1 /* a /* ; */ ' */"),
        ("postgresql", "TABLE orders"),
        ("mysql", "SELECT 'it\\'s;', \"a\\\";\" # ; '\n, 1 -- ;"),
        ("mysql", "SELECT 1--1"),
        ("mssql", "SELECT [a']];] FROM t /* /* ; */ */"),
        ("sqlite", "SELECT [;'], `\"` FROM t"),
        ("duckdb", "FROM orders"),
        ("nosuch", "SELECT 'a', \"b\", `c` FROM t"),
    ],
)
def test_quotes_and_comments_of_a_dialect_hide_what_is_in_them(dialect: str, sql: str) -> None:
    assert one_select(f"({sql}\n) ;", dialect).startswith(sql[:20])


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mariadb", "mssql", "oracle", "duckdb", "bigquery"])
@pytest.mark.parametrize(
    "sql",
    ["(SELECT 1) UNION ALL (SELECT 2)", "((SELECT 1)\nUNION (SELECT 2)) ORDER BY 1", "(SELECT 1) UNION SELECT 2"],
)
def test_a_union_may_begin_with_a_bracket(dialect: str, sql: str) -> None:
    assert one_select(f"( {sql} );", dialect) == sql


@pytest.mark.parametrize(
    "sql", ["(DELETE FROM t) UNION (SELECT 1)", "(SELECT 1) AS a, (SELECT 2)", "(SELECT 1)(SELECT 2)", "(SELECT 1) t"]
)
def test_a_list_of_tables_between_brackets_is_no_select(sql: str) -> None:
    with pytest.raises(QueryError, match="is no SELECT"):
        one_select(sql, "mysql")


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        ("postgresql", "SELECT 'a\\'; DELETE FROM t --'"),
        ("mysql", "SELECT 'a\\\\'; DELETE FROM t"),
        ("mysql", "SELECT 1 /*! ; DELETE FROM t */"),
        ("mysql", "SELECT 1 /*M! ; DELETE FROM t */"),
        ("nosuch", "SELECT 'a\\'; DELETE FROM t --'"),
        ("nosuch", "SELECT 'a\\\\'; DELETE FROM t --"),
        ("mssql", "SELECT [a]; DELETE FROM t"),
        ("duckdb", "FROM a; FROM b"),
    ],
)
def test_what_a_dialect_would_run_besides_is_refused(dialect: str, sql: str) -> None:
    with pytest.raises(QueryError):
        one_select(sql, dialect)


def test_an_expression_is_one_value() -> None:
    require_expression("coalesce(a, b)", "postgresql")
    with pytest.raises(QueryError):
        require_expression("a, b", "postgresql")


def test_literals_are_found_in_the_quotes_of_the_dialect() -> None:
    assert literals("SELECT 'a', \"b\", $$c$$", "postgresql") == {"'a'", "$$c$$"}
    assert literals("SELECT 'a\\'', \"b\"", "mysql") == {"'a\\''", '"b"'}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((1064, "You have an error near 'ann@x.co' AND phone = 44' at line 3"), "You have an error in line 2"),
        ((1146, "Table 'shop.ordrs' doesn't exist"), "Table 'shop.ordrs' does not exist"),
        ((9999, "bad value 'ann@x.co' for ann@x.co\nSELECT"), "bad value … for …"),
        ((9999, "s3cret is in `it all`"), "… is in …"),
    ],
)
def test_a_message_holds_no_literal_no_value_and_no_password(args: tuple[int, str], said: str) -> None:
    asked = Asked("mysql", ("SELECT * FROM t WHERE em = 'ann@x.co'",), "s3cret")

    assert f": {said}; " in str(about_query(Exception(*args), asked))


@pytest.mark.parametrize(
    ("dialect", "told", "name"),
    [
        ("trino", ("a", "decimal(12, 2)", None, None, None, None, None), "DECIMAL(12, 2)"),
        ("trino", ("a", "bigint", None, None, None, None, None), "INTEGER"),
        ("mssql", ("a", int, None, 10, 10, 0, True), "INTEGER"),
        ("mysql", ("a", 246, None, 14, 14, 2, True), "DECIMAL(38, 2)"),
        ("mysql", ("a", 246, None, 67, 67, 30, True), "NUMERIC without digits"),
        ("postgresql", ("a", 1700, None, None, 3, -2, None), "NUMERIC without digits"),
    ],
)
def test_a_description_tells_the_type(dialect: str, told: tuple[object, ...], name: str) -> None:
    column = described(dialect, told)

    assert column is not None
    assert column.type_name == name


@pytest.mark.parametrize("code", [None, "timestamp", "row(a integer)", 7])
def test_what_a_description_does_not_tell_is_left_to_the_values(code: object) -> None:
    assert described("nosuch", ("a", code, None, None, None, None, None)) is None
