"""Held requests on the page and the API: what may be lost or counted twice is asked first, then done and written down."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from syncer.sandbox.faults import parse_faults
from syncer.session import Session
from syncer.state.audit import entries
from tests.acceptance.caller import Caller
from tests.acceptance.daemons import running, wait_until
from tests.acceptance.served import app_served
from tests.acceptance.shop import MakeShop, Shop
from tests.acceptance.visitor import reading, visiting

pytestmark = pytest.mark.acceptance
MODE = "destination: meta\ndelivery: {mode: at_most_once, events_per_request: 2, requests_in_flight: 1}"


@pytest.fixture
def holding(make_shop: MakeShop) -> Shop:
    """Orders 1 to 6 in three requests; the first two were taken, and nobody was told."""
    shop = make_shop(faults=parse_faults("reset_after=2@1"))
    shop.edit("pipelines/orders.yaml", "destination: meta", MODE)
    shop.add_orders(1, 6)
    shop.syncer("run", "orders")
    return shop


def done_by(session: Session) -> list[tuple[str, str]]:
    """What was done and by page or API, oldest first."""
    found = entries(session.store, "default", "orders", limit=9)
    return [(entry.action, entry.actor.partition(" ")[0]) for entry in reversed(found)]


def test_held_requests_are_sent_again_or_taken_for_delivered_after_a_question(browser: Browser, holding: Shop) -> None:
    with visiting(browser, holding) as visitor:
        page = visitor.open("/pipelines/orders/meta")
        rows = page.get_by_role("region", name="Held requests").locator("tbody tr")
        expect(rows).to_have_count(2)
        rows.first.get_by_role("button", name="Resend…").click()
        expect(page.get_by_role("dialog")).to_contain_text("2 events would be sent again. Meta may have these events.")
        page.get_by_role("dialog").get_by_role("button", name="Resend", exact=True).click()
        expect(page.get_by_text("2 events acknowledged")).to_be_visible(timeout=15_000)
        expect(rows).to_have_count(1)
        assert sorted(holding.order_ids()) == ["1", "1", "2", "2", "3", "4", "5", "6"]
        rows.first.get_by_role("button", name="Assume delivered…").click()
        expect(page.get_by_role("dialog")).to_contain_text("if Meta does not have them, they are lost to it")
        page.get_by_role("dialog").get_by_role("button", name="Assume delivered", exact=True).click()
        expect(page.get_by_text("Taken for delivered")).to_be_visible()
        expect(rows).to_have_count(0)
        assert len(holding.order_ids()) == 8
        assert done_by(visitor.session) == [("resend", "page"), ("assume_delivered", "page")]


def test_the_api_says_what_it_may_cost_and_decides_when_that_is_confirmed(holding: Shop) -> None:
    with running(holding) as daemon, app_served(daemon) as port:
        wait_until(lambda: daemon.standing().session is not None)
        call = Caller(port, daemon.session)
        first, second = (each["request"] for each in call("GET", "/pipelines/orders/held")[1])
        asked = call("POST", "/pipelines/orders/held/resend", {})[1]
        none = call("POST", "/pipelines/orders/held/resend", {"requests": [], "confirm": True})[1]
        wrong = call("POST", "/pipelines/orders/held/resend", {"requests": [99], "confirm": True})
        assert len(holding.order_ids()) == 6
        sent = call("POST", "/pipelines/orders/held/resend", {"requests": [first], "confirm": True})[1]
        assumed = call("POST", "/pipelines/orders/held/assume-delivered", {"confirm": True})[1]
        left = call("GET", "/pipelines/orders/held")[1]
        done = done_by(daemon.session)
    assert told(asked) == ([first, second], 4, False, None)
    assert "what it got earlier it counts again" in asked["cost"]
    assert told(none) == ([], 0, False, None)
    assert (wrong[0], "no request 99 is held" in wrong[1]["error"]) == (409, True)
    assert told(sent) == ([first], 2, True, 0)
    assert told(assumed) == ([second], 2, True, None)
    assert (left, done) == ([], [("resend", "api"), ("assume_delivered", "api")])


def test_a_form_that_names_no_request_changes_nothing_and_says_so(holding: Shop) -> None:
    with reading(holding) as client:
        answers = [
            client.post(f"/pipelines/orders/meta/held/{act}", data={"requests": ids}).status_code
            for act in ("resend", "assume-delivered")
            for ids in ("", "x", "9" * 5_000)
        ]
        held = client.get("/api/pipelines/orders/held").json()
    assert (answers, len(held)) == ([409] * 6, 2)


def told(answer: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(answer[name] for name in ("requests", "events", "done", "exit_code"))
