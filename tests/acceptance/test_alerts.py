"""Alerts as people get them: once for each change, whoever runs, however long a receiver is away."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from syncer.alerts.rounds import Rounds
from syncer.config.load import load_project
from syncer.daemon.worker import Ended, Worker
from syncer.pipeline import ways
from syncer.report import RunStatus
from syncer.session import Session
from syncer.state import asked, crashes
from syncer.state.history import stored_runs
from tests.acceptance.daemons import EVERY, environ, serving, wait_until
from tests.acceptance.hooks import mail_server, webhook
from tests.acceptance.moved_clock import MovedClock
from tests.acceptance.shop import TOKEN, Shop
from tests.acceptance.told import Told, alerts_in

pytestmark = pytest.mark.acceptance
ONE_OF_TEN = "UPDATE orders SET currency = NULL WHERE order_id % 10 = 0"


@contextmanager
def session_with(shop: Shop, clock: MovedClock) -> Iterator[Session]:
    with Session(load_project(shop.folder, environ=environ(shop)), clock=clock) as session:
        yield session


def test_a_failure_is_told_once_and_its_end_once_also_behind_a_restart_or_by_two(shop: Shop) -> None:
    alerts_in(shop)
    clock, told = MovedClock(), Told()
    with session_with(shop, clock) as session, session_with(shop, clock) as other:
        shop.sql("ALTER TABLE orders RENAME TO gone")
        for _ in range(2):
            session.run("orders")
            for each in (session, other):
                Rounds(told).go(each)
        assert told.alerts == [("raised", "failed")]
        assert told.notices[0]["text"].startswith("orders: run 01")
        shop.sql("ALTER TABLE gone RENAME TO orders")
        session.run("orders")
        for each in (session, other):
            Rounds(told).go(each)
    with session_with(shop, clock) as session:
        Rounds(told).go(session)
    assert told.alerts == [("raised", "failed"), ("ended", "failed")]
    assert told.notices[0]["since"] == told.notices[1]["since"]


def test_runs_that_die_are_told_from_the_second_on_however_long_each_took(shop: Shop) -> None:
    """As where memory runs out after minutes: too seldom for `crash_loop`."""
    alerts_in(shop)
    clock, told = MovedClock(), Told()
    facts: dict[str, Any] = {"fingerprint": "f", "trigger": "schedule", "holder": "tester"}
    with session_with(shop, clock) as session:
        scope = session.scope(session.project.pipelines["orders"])
        for number in range(3):
            session.store.start_run(scope, run_id=f"dead-{number}", now=clock.now(), **facts).close()
            clock.sleep(400)
            crashes.find_dead(session.store, "default")
            Rounds(told).go(session)
            assert told.alerts == [("raised", "failed")] * (number > 0)
        assert "its last 2 runs died with their process" in told.notices[0]["text"]
        with session.store.start_run(scope, run_id="well", now=clock.now(), **facts) as run:
            run.finish(RunStatus.DONE, now=clock.now())
        Rounds(told).go(session)
    assert told.alerts == [("raised", "failed"), ("ended", "failed")]


def test_a_round_looks_for_runs_that_died_only_where_the_newest_one_may_have(shop: Shop) -> None:
    """Of all runs that are kept no index knows which died."""
    asked_for: list[str] = []
    with session_with(shop, MovedClock()) as session, session.store.reading() as connection:
        event.listen(connection.engine, "before_cursor_execute", lambda *of: asked_for.append(of[2]))
        session.run("orders")
        asked_for.clear()
        Rounds(Told()).go(session)
    assert asked_for
    assert not [sql for sql in asked_for if "runs.crashed =" in sql]


def test_a_run_that_ends_paused_by_hand_is_no_news_of_a_failure(shop: Shop) -> None:
    alerts_in(shop)
    told = Told()
    with session_with(shop, MovedClock()) as session:
        shop.sql("ALTER TABLE orders RENAME TO gone")
        session.run("orders")
        Rounds(told).go(session)
        session.store.pause(session.scope(session.project.pipelines["orders"]), reason="by_hand", actor="ada")
        assert session.run("orders").status is RunStatus.PAUSED
        Rounds(told).go(session)
    assert told.alerts == [("raised", "failed")]


def test_a_run_by_hand_that_failed_is_no_news_for_others(shop: Shop) -> None:
    alerts_in(shop)
    told = Told()
    with session_with(shop, MovedClock()) as session:
        session.run("orders")
        shop.sql("ALTER TABLE orders RENAME TO gone")
        session.run("orders", trigger="backfill")
        Rounds(told).go(session)
    assert told.alerts == []


@pytest.mark.parametrize("before", ["dataset_id: ", "dataset_id: '1234567890'\n    test_event_code: "])
def test_a_reference_to_a_file_that_is_gone_when_a_run_begins_is_told(before: str, shop: Shop) -> None:
    alerts_in(shop)
    (shop.folder / "value.txt").touch(0o600)
    (shop.folder / "value.txt").write_text("1234567890")
    shop.edit("syncer.yaml", 'dataset_id: "1234567890"', before + "${file:value.txt}")
    told = Told()
    with session_with(shop, MovedClock()) as session:
        (shop.folder / "value.txt").unlink()
        asked.ask(session.store, "default", "orders", by="ada")
        wishes = asked.waiting(session.store, "default")
        assert Worker(session, session.project.pipelines["orders"], wishes, is_suspect=False).run() is Ended.WELL
        assert [run.report.status for run in stored_runs(session.store, "default", limit=9)] == [RunStatus.FAILED]
        Rounds(told).go(session)
    assert told.alerts == [("raised", "failed")]
    assert 'the file "value.txt" is not there' in told.notices[0]["text"]


def test_a_receiver_that_is_away_is_told_later_in_order_and_given_up_after_a_day(shop: Shop) -> None:
    alerts_in(shop)
    clock, told = MovedClock(), Told(is_away=True)
    with session_with(shop, clock) as session:
        shop.sql("ALTER TABLE orders RENAME TO gone")
        session.run("orders")
        for _ in range(3):
            Rounds(told).go(session)
        assert told.tries == 1
        clock.sleep(31)
        shop.sql("ALTER TABLE gone RENAME TO orders")
        session.run("orders")
        Rounds(told).go(session)
        assert (told.tries, told.alerts) == (2, [])
        clock.sleep(61)
        told.is_away = False
        Rounds(told).go(session)
        assert told.alerts == [("raised", "failed"), ("ended", "failed")]
        told.is_away = True
        shop.sql("ALTER TABLE orders RENAME TO gone")
        session.run("orders")
        Rounds(told).go(session)
        clock.sleep(25 * 3_600)
        Rounds(told).go(session)
        clock.sleep(3_600)
        told.is_away, told.tries = False, 0
        Rounds(told).go(session)
        assert told.tries == 0


def test_rejects_a_pause_silence_and_rows_about_to_expire_are_told_and_taken_back(shop: Shop) -> None:
    alerts_in(shop, "{rejected_above: 2%, nothing_delivered_for: 6h, expiring_within: 24h}")
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("1h"))
    clock, told, rounds = MovedClock(), Told(), None
    with session_with(shop, clock) as session:
        rounds = Rounds(told)
        shop.add_orders(1, 20, changes=ONE_OF_TEN)
        session.run("orders")
        rounds.go(session)
        assert told.alerts == [("raised", "rejected_above")]
        assert "2 of 20 events (10.0%)" in told.notices[0]["text"]
        clock.sleep(6.1 * 86_400)
        rounds.go(session)
        assert told.alerts[1:] == [("raised", "nothing_delivered_for"), ("raised", "expiring_within")]
        clock.by = timedelta()
        shop.add_orders(21, 120)
        session.run("orders")
        rounds.go(session)
        assert sorted(told.alerts[3:]) == [
            ("ended", "expiring_within"), ("ended", "nothing_delivered_for"), ("ended", "rejected_above"),
        ]  # fmt: skip
        session.store.pause(session.scope(session.project.pipelines["orders"]), reason="rejects_full", actor="ada")
        rounds.go(session)
        assert told.alerts[6:] == [("raised", "paused")]
        assert "100,000 events are set aside." in told.notices[6]["text"]


def test_events_about_to_expire_are_told_once_though_each_run_that_fails_tries_them_again(shop: Shop) -> None:
    alerts_in(shop, "{expiring_within: 24h, failed: false}")
    clock, told = MovedClock(), Told()
    rounds = Rounds(told)
    with session_with(shop, clock) as session:
        session.run("orders")
    shop.add_orders(1, 3, changes="UPDATE orders SET ordered_at = now() - INTERVAL 156 HOUR")
    url = shop.sandbox.url
    shop.edit("syncer.yaml", url, "http://127.0.0.1:1")
    with session_with(shop, clock) as session:
        for _ in range(2):
            assert session.run("orders").status is RunStatus.FAILED
            rounds.go(session)
            clock.sleep(901)
            rounds.go(session)
    assert told.alerts == [("raised", "expiring_within")]
    assert "3 events have been read and not sent" in told.notices[0]["text"]
    clock.by = timedelta()
    shop.edit("syncer.yaml", "http://127.0.0.1:1", url)
    with session_with(shop, clock) as session:
        assert session.run("orders").acknowledged == 3
        rounds.go(session)
    assert told.alerts[1:] == [("ended", "expiring_within")]


def test_a_token_that_ends_soon_or_died_is_told_until_it_is_renewed(shop: Shop) -> None:
    from syncer.sandbox.tokens import Token

    alerts_in(shop, "{token_expires_within: 14d}")
    clock, told, tokens = MovedClock(), Told(), shop.sandbox.sandbox.tokens
    rounds = Rounds(told)
    with session_with(shop, clock) as session:
        soon = int(clock.now().timestamp()) + 10 * 86_400
        tokens[TOKEN] = Token(text=TOKEN, expires_at=soon)
        rounds.go(session)
        assert told.alerts == [("raised", "token_expires_within")]
        assert "the access token expires at" in told.notices[0]["text"]
        tokens[TOKEN] = Token(text=TOKEN, invalid_subcode=460)
        clock.sleep(901)
        rounds.go(session)
        assert len(told.alerts) == 1
        tokens[TOKEN] = Token(text=TOKEN)
        clock.sleep(901)
        rounds.go(session)
        assert told.alerts[1:] == [("ended", "token_expires_within")]


def test_a_rule_that_is_taken_out_ends_its_alert_without_a_word(shop: Shop) -> None:
    alerts_in(shop)
    told = Told()
    shop.sql("ALTER TABLE orders RENAME TO gone")
    with session_with(shop, MovedClock()) as session:
        session.run("orders")
        Rounds(told).go(session)
    shop.edit("pipelines/orders.yaml", "version: 1\n", "version: 1\nalerts: {when: {failed: false}}\n")
    with session_with(shop, MovedClock()) as session:
        Rounds(told).go(session)
    shop.edit("pipelines/orders.yaml", "alerts: {when: {failed: false}}\n", "")
    with session_with(shop, MovedClock()) as session:
        Rounds(told).go(session)
    assert told.alerts == [("raised", "failed"), ("raised", "failed")]


def test_the_daemon_tells_a_webhook_by_itself(shop: Shop) -> None:
    with webhook() as hook:
        alerts_in(shop, to=f"[{{webhook: '{hook.url.replace('?key=canaryhook7f3a', '')}'}}]")
        shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("1s"))
        shop.sql("ALTER TABLE orders RENAME TO gone")
        with serving(shop):
            wait_until(lambda: hook.alerts == [("raised", "failed")])
            shop.sql("ALTER TABLE gone RENAME TO orders")
            wait_until(lambda: hook.alerts == [("raised", "failed"), ("ended", "failed")])


def test_alerts_test_tells_each_receiver_and_says_who_was_not_told(shop: Shop) -> None:
    with webhook() as hook, mail_server() as mails:
        to = "[{webhook: '${env:HOOK}'}, {email: ops@example.com}, {slack: '${env:SLACK}'}]"
        alerts_in(shop, to=to)
        shop.edit("syncer.yaml", "alerts:\n", f"alerts:\n  smtp: {{host: 127.0.0.1, port: {mails.port}}}\n")
        environment = {"HOOK": hook.url, "SLACK": "http://127.0.0.1:1/canarypath"}
        done = shop.syncer("alerts", "test", "--output", "json", **environment)
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 1
    assert [(line["receiver"], line["told"]) for line in lines] == [
        ("webhook (1)", True), ("email (2)", True), ("slack (3)", False),
    ]  # fmt: skip
    assert lines[2]["error"] == "it takes no connection; check host, port and firewall"
    assert hook.alerts == [("test", "test")]
    assert "Subject: [syncer default] TEST default: test" in mails.lines
    assert "canary" not in done.out + done.err


def test_S02_what_keeps_a_receiver_from_being_told_names_no_address_and_quotes_no_answer(shop: Shop) -> None:
    with webhook() as hook, mail_server(refuses="RCPT") as mails:
        hook.status = 302
        alerts_in(
            shop,
            to="[{webhook: '${env:HOOK}'}, {email: canaryname@example.com}, {slack: '${env:MISSING}'}, {webhook: '${env:PLAIN}'}]",
        )
        shop.edit("syncer.yaml", "alerts:\n", f"alerts:\n  smtp: {{host: 127.0.0.1, port: {mails.port}}}\n")
        done = shop.syncer("alerts", "test", HOOK=hook.url, PLAIN="http://127.0.0.1.canary.invalid/x")
    assert done.code == 1
    assert done.out.splitlines()[:2] == [
        "webhook (1): it answered HTTP 302; look there for the reason",
        f"email (2): the mail server 127.0.0.1:{mails.port} refuses the address of the receiver; is it written right?",
    ]
    assert "the environment variable MISSING is not set" in done.out
    assert "alerts.to[3].webhook: is plain http, which is for this machine only; put https" in done.out
    assert "canary" not in done.out + done.err


def test_alerts_test_without_a_receiver_says_where_to_write_one(shop: Shop) -> None:
    done = shop.syncer("alerts", "test")
    assert (done.code, "alerts.to names nobody" in done.err) == (2, True)


def test_of_several_destinations_the_one_that_fails_is_named(both: Shop) -> None:
    alerts_in(both)
    told = Told()
    with session_with(both, MovedClock()) as session:
        first, second = ways(session.project.pipelines["orders"])
        session.run(first)
        both.sql("ALTER TABLE orders RENAME TO gone")
        session.run(second)
        Rounds(told).go(session)
    assert told.alerts == [("raised", "failed")]
    assert told.notices[0]["text"].startswith(f"orders to {second.destinations[0]}: run 01")
