"""A process that runs a pipeline again and again holds no more after the last run than after the first ones (F26)."""

import os
import threading
from pathlib import Path

import pytest

from syncer import load_project, run_sync
from tests.acceptance.shop import TOKEN, MakeShop
from tests.counts import FULL, count, note

RUNS = count(50, 1_000) if FULL else 10
ROWS = 20
SETTLING = RUNS // 2
"""Runs until caches are full."""
FORGET = f"DELETE FROM orders WHERE order_id <= (SELECT max(order_id) FROM orders) - {10 * ROWS}"
"""Each run reads the whole lookback again: it stays as long as it is, for more rows take more memory."""
MOST_GROWTH_MIB = 24
MIB = 1 << 20

pytestmark = [pytest.mark.acceptance, pytest.mark.faults, pytest.mark.soak("F26"), pytest.mark.timeout(3_600)]


def held() -> tuple[int, int, float]:
    """Return open files, threads and MiB of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return (
        len(list(Path("/proc/self/fd").iterdir())),
        threading.active_count(),
        pages * os.sysconf("SC_PAGE_SIZE") / MIB,
    )


def test_R24_F26_runs_leave_no_file_thread_or_memory_behind(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", TOKEN)
    shop = make_shop(keep=10)
    project = load_project(shop.folder)
    for number in range(RUNS):
        if number == SETTLING:
            before = held()
        shop.add_orders(1 + number * ROWS, (number + 1) * ROWS, changes=FORGET)
        assert run_sync(project, "orders").acknowledged == ROWS
    files, threads, mib = held()
    assert (files, threads) == before[:2]
    assert mib - before[2] < MOST_GROWTH_MIB
    note("F26", tried=RUNS, files=files - before[0], threads=threads - before[1], growth_mib=round(mib - before[2], 1))
