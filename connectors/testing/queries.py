"""The user's SQL: what may stand around it, expressions over it, and what is refused."""

from typing import Final

import pytest

from connectors.base import Query, Source
from connectors.errors import QueryError
from connectors.testing.warehouse import Contract, all_rows, values

ENDINGS: Final = (
    ";",
    " ; ",
    ";;",
    " -- the end",
    "; -- the end",
    "\n-- one\n-- two\n",
    " /* the end */",
    "; /* ; */ ;",
)
REFUSED: Final = (
    "",
    "   ",
    "-- nothing",
    ";",
    "SELECT 1; SELECT 2",
    "SELECT * FROM {table}; DELETE FROM {table}",
    "SELECT 1) AS q, (SELECT 2",
    "SELECT 1 /*",
    "SELECT 'open",
    "SELEC id FROM {table}",
    "SELECT nosuch FROM {table}",
    "SELECT * FROM no_such_table",
    "SELECT nosuch(id) FROM {table}",
    "SELECT * FROM {table} WHERE id = ?",
    "SELECT * FROM {table} WHERE id = $1",
    "SELECT 1 AS id\0; SELECT 2",
    "SELECT '\ud800' AS id",
)
NO_EXPRESSION: Final = (
    "",
    "id, name",
    "id) AS x, (id",
    "id AS other",
    "id other",
    "*",
    "id FROM no_such_table",
    "id; DROP TABLE nothing",
    "id /*",
    "nosuch + 1",
    "sum(id)",
    "count(*)",
    "row_number() OVER ()",
    "id ORDER BY 1",
    "id UNION SELECT 2",
    "$1",
    "id\0",
)


class QueryContract(Contract):
    """How the user's query is taken."""

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_comments_and_semicolons_at_the_end_hide_nothing(self, source: Source, people: str, ending: str) -> None:
        query = Query(sql=f"SELECT id, name FROM {people}{ending}", columns=("id",), cursor_column="id", limit=2)

        assert all_rows(source, query) == [{"id": 1}, {"id": 2}]

    @pytest.mark.parametrize(
        "sql",
        [
            "/* first */ SELECT ';' AS note, id FROM {table}",
            "WITH known AS (SELECT * FROM {table} WHERE id > 0) SELECT id, name FROM known",
            "SELECT id, 1 AS one FROM {table} WHERE name <> 'a;b' -- it's",
            "SELECT id FROM {table} WHERE id < 3 UNION ALL SELECT id FROM {table} WHERE id >= 3",
            "SELECT id FROM {table} ORDER BY id DESC LIMIT 100",
            "(SELECT id FROM {table})",
        ],
    )
    def test_any_single_select_is_taken(self, source: Source, people: str, sql: str) -> None:
        query = Query(sql=sql.format(table=people), columns=("id",), cursor_column="id")

        assert values(source, query, "id") == [1, 2, 3, 4, 5]

    @pytest.mark.parametrize("sql", REFUSED)
    def test_anything_but_one_select_that_the_warehouse_knows_is_refused(
        self, source: Source, people: str, sql: str
    ) -> None:
        with pytest.raises(QueryError) as caught:
            source.schema(Query(sql=sql.format(table=people)))

        assert not caught.value.is_transient

    def test_expressions_stand_behind_the_columns(self, source: Source, people: str) -> None:
        query = Query(
            sql=f"SELECT * FROM {people}",
            columns=("id",),
            expressions=(("twice", "id * 2 -- two times"), ("note", "name || ', ' || 'x'"), ("Some Name", "id + 0")),
            cursor_column="id",
            limit=1,
        )

        assert source.schema(query).names == ["id", "twice", "note", "Some Name"]
        assert all_rows(source, query) == [{"id": 1, "twice": 2, "note": "ann, x", "Some Name": 1}]

    @pytest.mark.parametrize("expression", NO_EXPRESSION)
    def test_what_is_not_one_value_of_one_row_is_no_expression(
        self, source: Source, people: str, expression: str
    ) -> None:
        query = Query(sql=f"SELECT * FROM {people}", expressions=(("wanted", expression),))

        with pytest.raises(QueryError, match="wanted"):
            source.schema(query)

    @pytest.mark.parametrize("alias", ["id", "ID"])
    def test_an_expression_cannot_take_the_name_of_a_column(self, source: Source, people: str, alias: str) -> None:
        with pytest.raises(QueryError, match=f'"{alias}"'):
            source.schema(Query(sql=f"SELECT * FROM {people}", expressions=((alias, "id + 1"),)))

    def test_a_reading_may_go_by_an_expression(self, source: Source, people: str) -> None:
        query = Query(sql=f"SELECT * FROM {people}", expressions=(("turned", "0 - id"),), cursor_column="turned")

        assert values(source, query, "id") == [5, 4, 3, 2, 1]
