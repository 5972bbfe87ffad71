"""A daemon that works without a pause holds no more after minutes than after the first ones, and delivers all (F26)."""

import signal
import time
from collections import Counter

import pytest

from tests.acceptance.daemons import EVERY, add_orders, fresh_process_of, said, wait_until
from tests.acceptance.shop import MakeShop, Shop
from tests.counts import note
from tests.holding import MOST_GROWTH_MIB, held

SECONDS = 600
NAMES = ("orders", "leads", "repeats")
AT_ONCE = 10
EVERY_S = 0.2

pytestmark = [pytest.mark.acceptance, pytest.mark.performance, pytest.mark.soak("R24"), pytest.mark.timeout(1_800)]


def most_held(pid: int, seconds: float, shop: Shop, done: int) -> tuple[tuple[int, int, float], int]:
    """Add orders for so long; return the most that was held meanwhile, and how many orders there are now."""
    files, threads, mib, end = 0, 0, 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        add_orders(shop, done + 1, done + AT_ONCE)
        done += AT_ONCE
        time.sleep(EVERY_S)
        now = held(pid)
        files, threads, mib = max(files, now[0]), max(threads, now[1]), max(mib, now[2])
    return (files, threads, mib), done


def test_R24_F26_a_daemon_under_load_stays_as_large_as_it_was_and_delivers_all(make_shop: MakeShop) -> None:
    shop = make_shop(keep=1_000_000)
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("1s"))
    shop.edit("pipelines/orders.yaml", "cursor: updated_at", "cursor: {column: updated_at, lookback: 1s}")
    first = (shop.folder / "pipelines" / "orders.yaml").read_text(encoding="utf-8")
    for name in NAMES[1:]:
        text = first.replace("name: orders", f"name: {name}")
        (shop.folder / "pipelines" / f"{name}.yaml").write_text(text, encoding="utf-8")
    with fresh_process_of(shop) as daemon:
        _, orders = most_held(daemon.pid, SECONDS / 6, shop, 0)  # until caches are full
        before, orders = most_held(daemon.pid, SECONDS / 3, shop, orders)
        after, orders = most_held(daemon.pid, SECONDS / 2, shop, orders)
        wait_until(lambda: len(shop.order_ids()) >= orders * len(NAMES), within_s=60)
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(60) == 0, said(shop)
    assert Counter(Counter(shop.order_ids()).values()) == {len(NAMES): orders}
    figures = dict(
        zip(
            ("files", "threads", "growth_mib"), (now - was for now, was in zip(after, before, strict=True)), strict=True
        )
    )
    assert (figures["files"] <= 2, figures["threads"] <= 2, figures["growth_mib"] < MOST_GROWTH_MIB) == (True,) * 3, (
        figures
    )
    note("R24", tried=SECONDS, orders=orders, **{name: round(value, 1) for name, value in figures.items()})
