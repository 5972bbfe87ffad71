"""A million rows take no more memory than a tenth of them, and a kill in the middle loses none (F18)."""

import pytest

from benchmarks.backfill import MOST_GROWTH_MIB, whole
from tests.counts import note

ROWS = 1_000_000
SORT_MIB = 122
"""The `memory_limit` that a DuckDB has unless told otherwise: it sorts in our process, Postgres in its own."""

pytestmark = [pytest.mark.acceptance, pytest.mark.performance, pytest.mark.soak("F18"), pytest.mark.timeout(3_600)]


def test_R16_F18_memory_does_not_grow_with_the_rows() -> None:
    growth = growth_mib("postgres")
    assert growth < MOST_GROWTH_MIB
    note("F18", tried=ROWS, growth_mib=growth)


def test_R16_F18_memory_does_not_grow_with_the_rows_of_a_duckdb_but_for_its_sort() -> None:
    growth = growth_mib("duckdb")
    assert growth < MOST_GROWTH_MIB + SORT_MIB
    note("F18", tried=ROWS, growth_mib_with_sort=growth)


def test_R16_F18_a_kill_in_the_middle_loses_nothing() -> None:
    goes_on_after_a_kill("postgres")


def test_R16_F18_a_kill_in_the_middle_loses_no_row_of_a_duckdb() -> None:
    goes_on_after_a_kill("duckdb")


def growth_mib(source: str) -> float:
    few, many = whole(ROWS // 10, source), whole(ROWS, source)
    return float(many["peak_mib"]) - float(few["peak_mib"])


def goes_on_after_a_kill(source: str) -> None:
    facts = whole(ROWS, source, kill=True)
    twice = facts["received"] - facts["rows"]
    assert facts["reconcile"]["acknowledged"] == 0
    assert 0 <= twice <= facts["possible_duplicates"]
    note("F18", deaths=1, duplicates=twice, announced=facts["possible_duplicates"])
