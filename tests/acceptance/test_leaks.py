"""A process that runs a pipeline again and again holds no more after the last run than after the first ones (F26)."""

import os

import pytest

from syncer import load_project, run_sync
from tests.acceptance.shop import TOKEN, MakeShop
from tests.counts import FULL, count, note
from tests.holding import MOST_GROWTH_MIB, at_rest

RUNS = count(50, 1_000) if FULL else 10
ROWS = 20
SETTLING = RUNS // 2
"""Runs until caches are full."""
FORGET = f"DELETE FROM orders WHERE order_id <= (SELECT max(order_id) FROM orders) - {10 * ROWS}"
"""Each run reads the whole lookback again: it stays as long as it is, for more rows take more memory."""

pytestmark = [pytest.mark.acceptance, pytest.mark.faults, pytest.mark.soak("F26"), pytest.mark.timeout(3_600)]


def test_R24_F26_runs_leave_no_file_thread_or_memory_behind(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", TOKEN)
    shop = make_shop(keep=10)
    project = load_project(shop.folder)
    for number in range(RUNS):
        if number == SETTLING:
            before = at_rest(os.getpid())
        shop.add_orders(1 + number * ROWS, (number + 1) * ROWS, changes=FORGET)
        assert run_sync(project, "orders").acknowledged == ROWS
    after = at_rest(os.getpid(), before.files, seconds=10)
    files, threads, growth = (now - then for now, then in zip(after, before, strict=True))
    assert files <= 0
    assert threads <= 0
    assert growth < MOST_GROWTH_MIB
    note("F26", tried=RUNS, files=files, threads=threads, growth_mib=round(growth, 1))
