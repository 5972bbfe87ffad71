"""Alerts of two daemons that know different things: neither takes back what the other tells."""

import pytest

from syncer.alerts.rounds import Rounds
from syncer.sandbox.tokens import Token
from tests.acceptance.moved_clock import MovedClock
from tests.acceptance.shop import TOKEN, Shop
from tests.acceptance.test_alerts import session_with
from tests.acceptance.told import Told, alerts_in

pytestmark = pytest.mark.acceptance
HOUR_S = 3_600


def test_what_one_daemon_hears_of_a_token_another_does_not_take_back_by_what_it_heard_before(shop: Shop) -> None:
    alerts_in(shop, "{token_expires_within: 14d}")
    clock, told, tokens = MovedClock(), Told(), shop.sandbox.sandbox.tokens
    with session_with(shop, clock) as session, session_with(shop, clock) as other:
        first, second, third = (Rounds(told) for _ in range(3))
        first.go(session)
        clock.sleep(3 * HOUR_S)
        second.go(other)
        tokens[TOKEN] = Token(text=TOKEN, invalid_subcode=460)
        clock.sleep(3 * HOUR_S)
        for _ in range(3):
            first.go(session)
            second.go(other)
            clock.sleep(15)
        assert told.alerts == [("raised", "token_expires_within")]
        clock.sleep(450)
        third.go(other)
        tokens[TOKEN] = Token(text=TOKEN)
        clock.sleep(450)
        for _ in range(3):
            first.go(session)
            third.go(other)
            clock.sleep(15)
    assert told.alerts[1:] == [("ended", "token_expires_within")]


def test_a_daemon_hears_of_a_token_within_a_quarter_of_an_hour_what_another_told_and_cannot_take_back(
    shop: Shop,
) -> None:
    alerts_in(shop, "{token_expires_within: 14d}")
    clock, told, tokens = MovedClock(), Told(), shop.sandbox.sandbox.tokens
    with session_with(shop, clock) as session, session_with(shop, clock) as other:
        stays, dies = Rounds(told), Rounds(told)
        stays.go(session)
        tokens[TOKEN] = Token(text=TOKEN, invalid_subcode=460)
        dies.go(other)
        tokens[TOKEN] = Token(text=TOKEN)
        clock.sleep(901)
        stays.go(session)
    assert told.alerts == [("raised", "token_expires_within"), ("ended", "token_expires_within")]


def test_a_token_whose_end_comes_near_between_two_questions_is_asked_about_then(shop: Shop) -> None:
    alerts_in(shop, "{token_expires_within: 1h}")
    clock, told, tokens = MovedClock(), Told(), shop.sandbox.sandbox.tokens
    with session_with(shop, clock) as session:
        rounds = Rounds(told)
        tokens[TOKEN] = Token(text=TOKEN, expires_at=int(clock.now().timestamp()) + 2 * HOUR_S)
        rounds.go(session)
        assert told.alerts == []
        clock.sleep(HOUR_S + 5)
        rounds.go(session)
        assert told.alerts == [("raised", "token_expires_within")]


def test_an_alert_that_the_files_of_another_daemon_do_not_ask_for_is_told_once_more_and_not_with_each_round(
    shop: Shop,
) -> None:
    """As while one of them still goes by the files from before an edit."""
    alerts_in(shop)
    clock, told = MovedClock(), Told()
    with session_with(shop, clock) as session:
        first = Rounds(told)
        shop.sql("ALTER TABLE orders RENAME TO gone")
        session.run("orders")
        first.go(session)
        shop.edit("pipelines/orders.yaml", "name: orders", "name: orders\nenabled: false")
        with session_with(shop, clock) as other:
            second = Rounds(told)
            for _ in range(4):
                second.go(other)
                first.go(session)
                clock.sleep(15)
    assert told.alerts == [("raised", "failed"), ("raised", "failed")]


def test_an_alert_about_a_token_that_another_daemons_files_do_not_ask_for_is_not_told_with_each_question(
    shop: Shop,
) -> None:
    alerts_in(shop, "{token_expires_within: 14d}")
    clock, told = MovedClock(), Told()
    shop.sandbox.sandbox.tokens[TOKEN] = Token(text=TOKEN, invalid_subcode=460)
    with session_with(shop, clock) as session:
        shop.edit("syncer.yaml", "{token_expires_within: 14d}", "{failed: true}")
        with session_with(shop, clock) as other:
            first, second = Rounds(told), Rounds(told)
            for _ in range(5):
                second.go(other)
                first.go(session)
                clock.sleep(901)
    assert told.alerts == [("raised", "token_expires_within")]


@pytest.mark.parametrize(("later_s", "alerts"), [(300, [("raised", "failed")]), (25 * HOUR_S, [])])
def test_a_message_to_a_receiver_that_only_another_daemons_files_name_waits_for_a_day(
    shop: Shop, later_s: float, alerts: list[tuple[str, str]]
) -> None:
    alerts_in(shop)
    clock, told = MovedClock(), Told(is_away=True)
    with session_with(shop, clock) as session:
        shop.sql("ALTER TABLE orders RENAME TO gone")
        session.run("orders")
        Rounds(told).go(session)
        shop.edit("syncer.yaml", "https://hooks.example.com/x", "https://hooks.example.com/other")
        with session_with(shop, clock) as other:
            clock.sleep(later_s)
            Rounds(Told()).go(other)
        told.is_away = False
        Rounds(told).go(session)
    assert told.alerts == alerts
