"""A million rows take no more memory than a tenth of them, and a kill in the middle loses none (F18)."""

import pytest

from benchmarks.backfill import MOST_GROWTH_MIB, whole
from tests.counts import note

ROWS = 1_000_000

pytestmark = [pytest.mark.acceptance, pytest.mark.performance, pytest.mark.soak("F18"), pytest.mark.timeout(3_600)]


def test_R16_F18_memory_does_not_grow_with_the_rows() -> None:
    few, many = whole(ROWS // 10, "postgres"), whole(ROWS, "postgres")
    growth = many["peak_mib"] - few["peak_mib"]
    assert growth < MOST_GROWTH_MIB
    note("F18", tried=ROWS, growth_mib=growth)


def test_R16_F18_a_kill_in_the_middle_loses_nothing() -> None:
    facts = whole(ROWS, "postgres", kill=True)
    twice = facts["received"] - facts["rows"]
    assert facts["reconcile"]["acknowledged"] == 0
    assert 0 <= twice <= facts["possible_duplicates"]
    note("F18", deaths=1, duplicates=twice, announced=facts["possible_duplicates"])
