"""Pipelines of one command that send to different datasets, one of which is no good: what that costs the others (R23, F25).

They run one after the other, in one process.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from syncer.config.load import load_project
from syncer.report import RunReport
from syncer.sandbox.faults import parse_faults
from syncer.sandbox.server import Running, start
from syncer.sandbox.settings import Settings
from syncer.sandbox.tokens import Token
from syncer.session import Session
from tests.acceptance.shop import TOKEN, Shop
from tests.counts import FULL

pytestmark = [pytest.mark.acceptance, pytest.mark.faults]

OTHER = """\
  other:
    type: meta
    dataset_id: "987654321"
    access_token: ${env:TOKEN}
    base_url: URL
"""
SMALL = "destination: meta\ndelivery: {events_per_request: 20, requests_in_flight: 2}"


@dataclass(frozen=True)
class Noise:
    """What is wrong with the other dataset, and how its pipeline ends."""

    faults: str
    status: str
    tokens: tuple[Token, ...] = ()
    url: str = ""


NOISES = {
    "blocked": Noise("", "paused", tokens=(Token(text="EAAanothertoken"),)),
    "away": Noise("", "failed", url="http://127.0.0.1:9"),
    "failing": Noise("500=100%", "failed"),
    "throttled": Noise("throttle=100%", "failed"),
    "refusing": Noise("poison=100%", "paused"),
    "slow": Noise("latency=200ms", "done"),
}


class Hasty:
    """A clock whose waits are over at once. Mutable."""

    def __init__(self) -> None:
        self._waited_s = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic() + self._waited_s

    def sleep(self, seconds: float) -> None:
        self._waited_s += seconds


@pytest.fixture(params=list(NOISES) if FULL else ["failing"])
def noise(request: pytest.FixtureRequest, shop: Shop) -> Iterator[Noise]:
    """A second pipeline with the same rows, whose dataset is no good; it runs first."""
    made = NOISES[request.param]
    sandbox: Running = start(Settings(tokens=made.tokens, faults=parse_faults(made.faults)))
    project = shop.folder / "syncer.yaml"
    project.write_text(project.read_text() + OTHER.replace("URL", made.url or sandbox.url), encoding="utf-8")
    shop.edit("pipelines/orders.yaml", "destination: meta", SMALL)
    text = (shop.folder / "pipelines" / "orders.yaml").read_text(encoding="utf-8")
    noisy = text.replace("name: orders", "name: noisy").replace("destination: meta", "destination: other")
    (shop.folder / "pipelines" / "a_noisy.yaml").write_text(noisy, encoding="utf-8")
    shop.add_orders(1, 300)
    yield made
    sandbox.stop()


def runs(shop: Shop, *names: str) -> list[RunReport]:
    """Run pipelines in one process, as `syncer run` does."""
    with Session(load_project(shop.folder, environ={"TOKEN": TOKEN}), clock=Hasty()) as session:
        return [session.run(name) for name in names]


def test_R23_F25_a_dataset_that_is_no_good_is_no_other_pipelines_business(shop: Shop, noise: Noise) -> None:
    bad, good, again = runs(shop, "noisy", "orders", "noisy")
    assert (bad.pipeline, bad.status) == ("noisy", noise.status), bad.message
    assert (good.status, good.acknowledged, good.requests, good.possible_duplicates) == ("done", 300, 15, 0)
    assert again.status == noise.status
    assert sorted(map(int, shop.order_ids())) == list(range(1, 301))
