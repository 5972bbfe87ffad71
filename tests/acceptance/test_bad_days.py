"""Days on which something is away for long: what is told meanwhile, and that all is delivered afterwards."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from syncer.alerts.rounds import Rounds
from syncer.config.load import load_project
from syncer.report import RunReport, RunStatus
from syncer.sandbox.faults import parse_faults
from syncer.sandbox.tokens import Token
from syncer.session import Session
from tests.acceptance.daemons import EVERY, environ
from tests.acceptance.moved_clock import MovedClock
from tests.acceptance.served import page_text
from tests.acceptance.shop import TOKEN, MakeShop, Shop
from tests.acceptance.told import Told, alerts_in

pytestmark = pytest.mark.acceptance
HOUR_S, MINUTE_S = 3_600, 60
WHEN = "{failed: true, paused: true, nothing_delivered_for: 6h}"


@dataclass
class Days:
    """A shop whose pipeline runs by its schedule; time passes between runs. Mutable."""

    shop: Shop
    session: Session
    clock: MovedClock
    environment: dict[str, str]
    told: Told = field(default_factory=Told)
    orders: int = 0

    def __post_init__(self) -> None:
        self.rounds = Rounds(self.told)

    def step(self, seconds: float, *, new_orders: int = 0) -> RunReport:
        """Let orders come, run, look for alerts, wait."""
        if new_orders:
            self.shop.add_orders(self.orders + 1, self.orders + new_orders)
            self.orders += new_orders
        report = self.session.run("orders", trigger="schedule")
        self.rounds.go(self.session)
        self.clock.sleep(seconds)
        return report

    def status(self) -> str:
        """What `syncer status` says, its lines joined."""
        return " ".join(self.shop.syncer("status").out.split())

    def page(self) -> str:
        """What the overview and the pipeline's page say, without tags."""
        return page_text(self.session, "/", "/pipelines/orders/meta")

    def all_arrived_once(self) -> bool:
        return sorted(map(int, self.shop.order_ids())) == list(range(1, self.orders + 1))


@pytest.fixture
def days(make_shop: MakeShop) -> Iterator[Days]:
    """Begin with a run that went well."""
    clock = MovedClock()
    shop = make_shop(clock=lambda: clock.now().timestamp())
    alerts_in(shop, WHEN)
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("1h"))
    environment = environ(shop)
    with Session(load_project(shop.folder, environ=environment), clock=clock) as session:
        begun = Days(shop, session, clock, environment)
        assert begun.step(HOUR_S, new_orders=3).status is RunStatus.DONE
        yield begun


def test_a_day_without_meta_is_told_once_and_all_is_delivered_when_it_is_back(days: Days) -> None:
    days.shop.sandbox.sandbox.faults = parse_faults("500=100%")
    before = days.shop.sandbox.sandbox.begun
    for _ in range(8):
        assert days.step(3 * HOUR_S, new_orders=2).status is RunStatus.FAILED
    asked = days.shop.sandbox.sandbox.begun - before
    status, page = days.status(), days.page()
    days.shop.sandbox.sandbox.faults = parse_faults("latency=0ms")
    assert days.step(HOUR_S).status is RunStatus.DONE
    assert days.all_arrived_once()
    assert asked <= 8 * 10
    assert "orders failed" in status
    assert "nothing_delivered_for: orders: Meta has acknowledged no event since" in status
    assert "Nothing delivered for (" in page
    assert "orders: Meta has acknowledged no event since" in page
    assert "orders to meta failed" in page
    assert days.told.alerts == [
        ("raised", "failed"), ("raised", "nothing_delivered_for"), ("ended", "failed"), ("ended", "nothing_delivered_for"),
    ]  # fmt: skip


def test_an_hour_without_the_warehouse_is_told_with_its_place_and_all_is_delivered(days: Days) -> None:
    warehouse, elsewhere = days.shop.folder / "warehouse.duckdb", days.shop.folder / "moved"
    days.shop.add_orders(4, 9)
    days.orders = 9
    warehouse.rename(elsewhere)
    failed = [days.step(5 * MINUTE_S) for _ in range(12)]
    status, page = days.status(), days.page()
    elsewhere.rename(warehouse)
    assert days.step(HOUR_S).acknowledged == 6
    assert {report.status for report in failed} == {RunStatus.FAILED}
    assert "warehouse.duckdb" in failed[0].message
    assert "warehouse.duckdb" in status
    assert "warehouse.duckdb" in page
    assert "orders to meta failed" in page
    assert days.all_arrived_once()
    assert "failed: orders: run 01" in status
    assert days.told.alerts == [("raised", "failed"), ("ended", "failed")]


def test_a_token_that_is_revoked_pauses_and_a_new_one_goes_on_without_a_new_start(days: Days) -> None:
    tokens = days.shop.sandbox.sandbox.tokens
    tokens[TOKEN] = Token(text=TOKEN, invalid_subcode=460)
    paused = [days.step(HOUR_S, new_orders=1) for _ in range(5)]
    status, page = days.status(), days.page()
    tokens["EAAanother0123456789"] = Token(text="EAAanother0123456789")
    days.environment["TOKEN"] = "EAAanother0123456789"
    after = days.step(HOUR_S)
    assert {(report.status, report.pause_reason) for report in paused} == {(RunStatus.PAUSED, "token_password_changed")}
    assert "paused since" in status
    assert "`syncer explain token_password_changed` says what to do" in status
    assert "orders to meta paused token_password_changed" in page
    assert "make a new one" in page
    assert (after.status, days.all_arrived_once()) == (RunStatus.DONE, True)
    assert days.told.alerts == [("raised", "paused"), ("ended", "paused")]
    assert "make a new one" in days.told.notices[0]["text"]
