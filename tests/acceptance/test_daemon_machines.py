"""Two daemons as processes on one Postgres state, with different files: whose clocks ring where (R25, R27)."""

import re
from collections import Counter

import psycopg
import pytest

from tests.acceptance.daemons import EVERY, Process, process_of, said, wait_until
from tests.acceptance.shop import PIPELINE, MakeShop, Shop

pytestmark = [pytest.mark.acceptance, pytest.mark.integration]
SCHEDULED = PIPELINE.replace("destination: meta", EVERY.format("1s"))
RING = re.compile(r"run\.due pipeline=(\w+) by=schedule due=(\S+)")
Rings = list[tuple[str, str]]


def other_machine(shop: Shop) -> Shop:
    """The same project in another folder, on the same state and warehouse, without the pipelines."""
    folder = shop.folder / "other"
    (folder / "pipelines").mkdir(parents=True)
    (folder / "syncer.yaml").write_text((shop.folder / "syncer.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return Shop(folder, shop.sandbox)


def add(shop: Shop, *names: str) -> None:
    for name in names:
        text = SCHEDULED.replace("name: orders", f"name: {name}")
        (shop.folder / "pipelines" / f"{name}.yaml").write_text(text, encoding="utf-8")


def take_out(shop: Shop, *names: str) -> None:
    for name in names:
        shop.edit(f"pipelines/{name}.yaml", "schedule: {every: 1s}", "enabled: true")


def rings(*shops: Shop) -> Rings:
    """Return which due times asked for runs, as the daemons of the shops tell."""
    return [(name, due) for shop in shops for name, due in RING.findall(said(shop))]


def stood(state: str) -> dict[str, str]:
    """Return the fractions of seconds at which the clocks stand; those of one that began anew would be others."""
    with psycopg.connect(state.replace("+psycopg", "")) as connection:
        rows = connection.execute("SELECT pipeline, due_at FROM schedules").fetchall()
    return {pipeline: due_at.rpartition(".")[2] for pipeline, due_at in rows}


def wait_for_rings(*names: str, of: tuple[Shop, ...], by: tuple[Process, ...]) -> None:
    """Wait until each of these clocks rang once more, while the daemons live."""
    before = Counter(name for name, _ in rings(*of))

    def is_so() -> bool:
        assert [process.poll() for process in by] == [None] * len(by), [said(shop) for shop in of]
        now = Counter(name for name, _ in rings(*of))
        return all(now[name] > before[name] for name in names)

    wait_until(is_so, within_s=60)


def test_R25_R27_daemons_with_different_files_ring_their_own_clocks_and_each_due_time_once(
    make_shop: MakeShop, postgres_state: str
) -> None:
    """One is killed and started again; then the other one loses a clock that both have, and one of its own."""
    here = make_shop()
    here.edit("syncer.yaml", "version: 1", f"version: 1\nstate: {postgres_state}")
    here.edit("syncer.yaml", "path: warehouse.duckdb", f"path: {here.folder}/warehouse.duckdb")
    there = other_machine(here)
    add(here, "orders", "mine")
    add(there, "orders", "theirs")
    with process_of(here) as first:
        with process_of(there) as second:
            wait_for_rings("orders", "mine", "theirs", of=(here, there), by=(first, second))
            before = stood(postgres_state)
        wait_for_rings("orders", of=(here,), by=(first,))
        with process_of(there) as second:
            wait_for_rings("theirs", of=(there,), by=(first, second))
            assert stood(postgres_state) == before
            take_out(here, "orders", "mine")
            wait_until(lambda: "mine" not in stood(postgres_state))
            wait_for_rings("orders", of=(there,), by=(first, second))
    del before["mine"]
    assert stood(postgres_state) == before
    assert {name for name, _ in rings(here)} == {"orders", "mine"}
    assert {name for name, _ in rings(there)} == {"orders", "theirs"}
    assert set(Counter(rings(here, there)).values()) == {1}
