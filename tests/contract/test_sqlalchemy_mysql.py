"""MariaDB behind SQLAlchemy keeps the contract of every connector, where there is one to test."""

import pytest

from connectors.testing import SourceContract
from connectors.testing.injection import NAMES
from tests.contract.sqlalchemy_databases import Database, mysql_url

__all__ = ["mysql_url"]

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def warehouse(mysql_url: str, tmp_path_factory: pytest.TempPathFactory) -> Database:
    return Database(f"{mysql_url}&sql_mode=PIPES_AS_CONCAT", root=tmp_path_factory.mktemp("root"))


class TestMysqlBySqlalchemy(SourceContract):
    lacks = frozenset(
        {"boolean"}  # a TINYINT
        | {"timestamp_ns", "timestamptz_ns", "list", "struct", "list_of_structs"}
        | {"float64"}  # no NaN and no infinity
        | {"timestamptz_us"}  # TIMESTAMP begins in 1970
    )
    names = tuple(name for name in NAMES if max(name) <= "\uffff" and not name.endswith((" ", "\n")))
    failing = (
        "exp(CASE name WHEN '1' THEN 1 ELSE 9999 END)",
        "pow(9999, CASE name WHEN '1' THEN 1 ELSE 9999 END)",
        "9223372036854775807 + CASE name WHEN '1' THEN 0 ELSE 1 END",
    )
