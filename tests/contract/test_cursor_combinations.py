"""How many kinds of cursor the warehouses are tried with (R07, F10)."""

from connectors.testing.cursors import CURSORS
from tests.contract import (
    test_duckdb,
    test_postgres,
    test_snowflake,
    test_sqlalchemy_mysql,
    test_sqlalchemy_postgres,
    test_sqlalchemy_sqlite,
    test_sqlite,
)

CONTRACTS = (
    test_duckdb.TestDuckDB,
    test_postgres.TestPostgres,
    test_snowflake.TestSnowflake,
    test_sqlalchemy_mysql.TestMysqlBySqlalchemy,
    test_sqlalchemy_postgres.TestPostgresBySqlalchemy,
    test_sqlalchemy_sqlite.TestSqliteBySqlalchemy,
    test_sqlite.TestSqlite,
)


def test_R07_F10_at_least_sixty_pairs_of_cursor_type_and_warehouse_cut_exactly() -> None:
    tried = {contract.__name__: len(CURSORS.keys() - contract.lacks) for contract in CONTRACTS}
    assert sum(tried.values()) >= 60, tried
