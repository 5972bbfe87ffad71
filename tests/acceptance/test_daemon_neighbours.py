"""A pipeline in trouble leaves the others alone (R23): F25, one kind of trouble after the other.

A daemon's answer comes late by whole runs where a place, a thread or a lock is lent to nobody: this is what the bound
here finds. The few per cent that a shared machine hides are told in `test_bulkheads.py`.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from syncer.sandbox.faults import parse_faults
from syncer.sandbox.server import Running, start
from syncer.sandbox.settings import Settings
from syncer.sandbox.tokens import Token
from syncer.session import Session
from syncer.state.history import stored_runs
from tests.acceptance.daemons import add_orders, answered, ask, serving, wait_until
from tests.acceptance.shop import PIPELINE, TOKEN, Shop
from tests.counts import FULL

pytestmark = [pytest.mark.acceptance, pytest.mark.faults, pytest.mark.timeout(900)]

NOISY = PIPELINE.replace("name: orders", "name: noisy").replace("destination: meta", "destination: away")
RUNS = 20 if FULL else 3


@contextmanager
def other_dataset(shop: Shop, faults: str) -> Iterator[Running]:
    """A second dataset, for the noisy pipeline alone, behind a sandbox of its own."""
    away = start(Settings(tokens=(Token(text=TOKEN),), faults=parse_faults(faults)))
    added = (
        f'  away: {{type: meta, dataset_id: "9876543210", access_token: "${{env:TOKEN}}", base_url: "{away.url}"}}\n'
    )
    path = shop.folder / "syncer.yaml"
    path.write_text(path.read_text(encoding="utf-8") + added, encoding="utf-8")
    try:
        yield away
    finally:
        away.stop()


def put(shop: Shop, text: str) -> None:
    (shop.folder / "pipelines" / "noisy.yaml").write_text(text, encoding="utf-8")


def is_down(shop: Shop) -> None:
    """Its dataset does not answer: it waits, for minutes, with a place that others need."""
    put(shop, NOISY)


def is_blocked(shop: Shop) -> None:
    """Its token is refused: it is paused."""
    put(shop, NOISY)
    shop.edit("syncer.yaml", '"${env:TOKEN}", base', '"${env:HOME}", base')


def crashes(shop: Shop) -> None:
    """Its query fails, whenever it runs."""
    put(shop, NOISY.replace("SELECT * FROM orders", "SELECT *, error('no') AS broken FROM orders"))


def floods(shop: Shop) -> None:
    """Each of its events is refused before it is sent."""
    put(shop, NOISY.replace("value: total", "value: order_id").replace("currency: currency", "currency: email"))


def is_slow(shop: Shop) -> None:
    """Its dataset takes its time for each request."""
    put(shop, NOISY.replace("destination: away", "destination: away\ndelivery: {events_per_request: 50}"))


def waits_s(session: Session, shop: Shop, first: int) -> float:
    """Return the median time from a wish for a run of the quiet pipeline to the answer, over `RUNS` of them."""
    waited: list[float] = []
    for number in range(first, first + RUNS):
        add_orders(shop, number, number)
        began = time.monotonic()
        answered(session, ask(session, "orders"))
        waited.append(time.monotonic() - began)
    runs = stored_runs(session.store, "default", "orders", limit=RUNS)
    assert {run.report.status.value for run in runs} == {"done"}
    return statistics.median(waited)


TROUBLES = (is_down, is_blocked, crashes, floods, is_slow) if FULL else (is_down,)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_R23_a_pipeline_in_trouble_does_not_keep_another_from_running(
    trouble: Callable[[Shop], None], shop: Shop
) -> None:
    faults = "500=100%" if trouble is is_down else "latency=2s" if trouble is is_slow else "latency=0ms"
    with other_dataset(shop, faults) as away:
        shop.edit("syncer.yaml", "version: 1", f"version: 1\ndaemon: {{concurrency: {1 if trouble is is_down else 2}}}")
        add_orders(shop, 10_000, 12_000)
        with serving(shop) as session:
            alone_s = waits_s(session, shop, 1)
            trouble(shop)
            ask(session, "noisy")
            wait_until(lambda: stored_runs(session.store, "default", "noisy", limit=1))
            if trouble is is_down:
                wait_until(lambda: away.sandbox.begun >= 3)
            assert waits_s(session, shop, 1_000) < 3 * alone_s + 1
    assert {str(number) for number in range(1_000, 1_000 + RUNS)} <= set(shop.order_ids())


def test_R23_while_a_dataset_is_away_one_pipeline_alone_asks_whether_it_is_back(shop: Shop) -> None:
    with other_dataset(shop, "500=100%") as away:
        for name in ("noisy", "second", "third"):
            text = NOISY.replace("name: noisy", f"name: {name}")
            (shop.folder / "pipelines" / f"{name}.yaml").write_text(text, encoding="utf-8")
        add_orders(shop, 1, 5)
        with serving(shop) as session:
            first = ask(session, "noisy")
            wait_until(lambda: session.is_down("away"))
            others = ask(session, "second", "third", "orders")
            answered(session, others[-1:])
            assert {run.report.pipeline for run in stored_runs(session.store, "default", limit=9)} == {
                "noisy",
                "orders",
            }
            away.sandbox.faults = parse_faults("latency=0ms")
            answered(session, [*first, *others], within_s=90)
    events = list(away.sandbox.events())
    assert len(events) >= 15
