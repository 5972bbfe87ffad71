"""A daemon at work: schedules, triggers, edits, neighbours, as users meet them."""

import json
import os
import pty
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from syncer.sandbox.faults import parse_faults
from syncer.session import Session
from syncer.state.history import StoredRun, report_of, stored_runs
from syncer.state.schedules import missed_times
from tests.acceptance.daemons import EVERY, add_orders, answered, ask, environ, serving, wait_until
from tests.acceptance.shop import PIPELINE, MakeShop, Shop
from tests.counts import FULL, count

pytestmark = pytest.mark.acceptance
ONE_BY_ONE = "delivery: {events_per_request: 1, requests_in_flight: 1}"


def test_R26_a_trigger_waits_for_a_run_of_the_daemon_and_ends_as_that_does(shop: Shop) -> None:
    add_orders(shop, 1, 5)
    with serving(shop):
        done = shop.syncer("trigger", "orders", "--output", "json")
        shop.add_orders(6, 6, changes="UPDATE orders SET currency = NULL WHERE order_id = 6")
        refused = shop.syncer("trigger", "orders")
        only = shop.syncer("trigger", "orders", "--no-wait")
    assert (done.code, done.report["status"], done.report["acknowledged"]) == (0, "done", 5)
    assert (refused.code, only.code) == (3, 0)
    assert "currency_missing" in refused.out
    runs = [json.loads(line) for line in shop.syncer("runs", "--output", "json").out.splitlines()]
    assert runs[-1]["trigger"] == "trigger"


def test_who_reads_no_report_of_a_trigger_gets_the_exit_code_of_its_run(shop: Shop) -> None:
    add_orders(shop, 1, 3)
    read, unread = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "syncer", "trigger", "orders"]
    with serving(shop):
        done = subprocess.run(command, cwd=shop.folder, env=environ(shop), stdout=unread, check=False)
    os.close(unread)
    assert done.returncode == 0


def test_a_person_at_a_terminal_is_told_what_a_trigger_waits_for(shop: Shop) -> None:
    add_orders(shop, 1, 3)
    seen, terminal = pty.openpty()
    command = [sys.executable, "-m", "syncer", "trigger", "orders"]
    with serving(shop), subprocess.Popen(command, cwd=shop.folder, env=environ(shop), stderr=terminal) as asking:
        os.close(terminal)
        said = os.read(seen, 4_096).decode()
        assert asking.wait(30) == 0
    os.close(seen)
    assert said.strip() == "orders: asked for a run; waiting for its report (Ctrl-C ends the waiting alone)"


def test_a_trigger_that_no_daemon_hears_says_what_to_do(shop: Shop) -> None:
    done = shop.syncer("trigger", "orders")
    assert done.code == 1
    assert "no daemon serves target default of this state; `syncer run orders --target default` runs it" in done.err


def test_a_trigger_that_takes_too_long_says_where_to_look(make_shop: MakeShop) -> None:
    shop = make_shop(faults=parse_faults("latency=3s"))
    add_orders(shop, 1, 1)
    with serving(shop):
        done = shop.syncer("trigger", "orders", "--timeout", "0.5")
    assert (done.code, "the run has not ended within 0.5 s; `syncer runs orders` shows it" in done.err) == (1, True)


def test_a_trigger_waits_for_a_number_of_seconds_and_nan_is_none(shop: Shop) -> None:
    done = shop.syncer("trigger", "orders", "--timeout", "nan")
    assert (done.code, "nan is no number of seconds" in done.err) == (2, True)


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_R26_a_storm_of_triggers_is_two_runs_at_most_and_each_gets_one_that_began_later(make_shop: MakeShop) -> None:
    """F30: a hundred while a run is under way, or before one can begin."""
    shop = make_shop(keep=200_000)
    shop.edit("pipelines/orders.yaml", "destination: meta", f"destination: meta\n{ONE_BY_ONE}")
    with serving(shop) as session:
        for storm in range(count(20)):
            add_orders(shop, 1 + storm * 60, 60 + storm * 60)
            before, begun = {run.report.run_id for run in ended(session)}, shop.sandbox.sandbox.begun
            shop.sandbox.sandbox.faults = parse_faults("latency=1s")
            wishes = ask(session, "orders")
            wait_until(partial(has_begun, shop, begun))
            threads = [threading.Thread(target=ask_into, args=(wishes, session)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            shop.sandbox.sandbox.faults = parse_faults("latency=0ms")
            answers = answered(session, wishes, within_s=120)
            runs = {run.report.run_id for run in ended(session)}
            by_age = [answer.run_id or "" for answer in sorted(answers, key=lambda answer: answer.id)]
            assert (len(wishes), len(runs - before)) == (101, 2)
            assert (by_age, len(set(by_age[1:]))) == (sorted(by_age), 1)
            assert len(shop.order_ids()) == 60 + storm * 60


def ask_into(wishes: list[int], session: Session) -> None:
    wishes.extend(ask(session, *["orders"] * 25))


def test_a_schedule_runs_a_pipeline_again_and_again(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("1s"))
    add_orders(shop, 1, 2)
    with serving(shop) as session:
        wait_until(lambda: len(shop.order_ids()) == 2)
        add_orders(shop, 3, 3)
        wait_until(lambda: len(shop.order_ids()) == 3)
        wait_until(lambda: len(stored_runs(session.store, "default", limit=9)) >= 3)
        assert {run.trigger for run in stored_runs(session.store, "default", limit=9)} == {"schedule"}


def test_a_scheduled_run_refuses_a_code_of_test_events_and_one_that_was_asked_for_does_not(shop: Shop) -> None:
    code = "settings: {test_event_code: TEST1, action_source"
    shop.edit("pipelines/orders.yaml", "settings: {action_source", code)
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("1h"))
    add_orders(shop, 1, 2)
    with serving(shop) as session:
        wait_until(lambda: stored_runs(session.store, "default", limit=1))
        wait_until(lambda: stored_runs(session.store, "default", limit=1)[0].finished_at)
        (refused,) = stored_runs(session.store, "default", limit=1)
        assert (refused.trigger, refused.report.status.value) == ("schedule", "failed")
        assert "pipelines/orders.yaml:10:" in refused.report.message
        assert "allow_scheduled_test_code: true" in refused.report.message
        assert shop.order_ids() == []
        assert shop.syncer("trigger", "orders").code == 0
        shop.edit(
            "pipelines/orders.yaml",
            code,
            f"{code.split('action', maxsplit=1)[0]}allow_scheduled_test_code: true, action_source",
        )
        shop.edit("pipelines/orders.yaml", "every: 1h", "every: 1s")
        add_orders(shop, 3, 3)
        wait_until(lambda: len(shop.order_ids()) == 3)


def test_R32_edited_added_and_removed_files_take_effect_at_the_next_run(shop: Shop) -> None:
    orders = shop.folder / "pipelines" / "orders.yaml"
    add_orders(shop, 1, 2)
    with serving(shop) as session:
        answered(session, ask(session, "orders"))
        shop.edit("pipelines/orders.yaml", "value: Purchase", "value: Lead")
        (shop.folder / "pipelines" / "late.yaml").write_text(PIPELINE.replace("name: orders", "name: late"))
        add_orders(shop, 3, 3)
        answered(session, ask(session, "orders", "late"))
        orders.unlink()
        (gone,) = answered(session, ask(session, "orders"))
        names = [str(event["event_name"]) for event in shop.sandbox.sandbox.events()]
    assert sorted(names) == ["Lead", *["Purchase"] * 5]
    assert (gone.run_id, "knows no pipeline 'orders'" in (gone.message or "")) == (None, True)


def test_R32_a_broken_file_changes_nothing_and_is_shown_with_its_place(shop: Shop) -> None:
    add_orders(shop, 1, 2)
    with serving(shop) as session:
        shop.edit("pipelines/orders.yaml", "currency: currency", "curency: currency")
        answered(session, ask(session, "orders"))
        assert len(shop.order_ids()) == 2
        wait_until(lambda: "curency" in "".join(session_problems(session)))  # not what a half-written file says
        broken = session_problems(session)
        shop.edit("pipelines/orders.yaml", "curency: currency", "currency: currency")
        wait_until(lambda: not session_problems(session))
    assert "pipelines/orders.yaml:20:5: mapping.custom_data.curency: Meta has no parameter" in broken[0]


def has_begun(shop: Shop, before: int) -> bool:
    return shop.sandbox.sandbox.begun > before


def session_problems(session: Session) -> tuple[str, ...]:
    from syncer.state.daemons import serving as daemons

    (daemon,) = daemons(session.store, "default")
    return daemon.problems


@pytest.mark.faults
@pytest.mark.timeout(1_800)
def test_R32_a_run_goes_by_one_configuration_from_its_first_event_to_its_last(make_shop: MakeShop) -> None:
    """Edits while runs are under way: the events of one run bear one name."""
    shop = make_shop(faults=parse_faults("latency=20ms"), keep=200_000)
    shop.edit("pipelines/orders.yaml", "destination: meta", "destination: meta\ndelivery: {events_per_request: 2}")
    before = "Purchase"
    with serving(shop) as session:
        for number in range(200 if FULL else 5):
            add_orders(shop, 1 + number * 10, 10 + number * 10)
            begun, wishes = shop.sandbox.sandbox.begun, ask(session, "orders")
            wait_until(partial(has_begun, shop, begun))
            shop.edit("pipelines/orders.yaml", f"value: {before}", f"value: Run{number}")
            answered(session, wishes)
            names = {event["event_name"] for event in list(shop.sandbox.sandbox.events())[-10:]}
            assert names == {before}
            before = f"Run{number}"


def test_R32_a_swapped_configmap_is_noticed_by_content(shop: Shop) -> None:
    """A mounted ConfigMap is a link to a folder that is exchanged whole; dates tell nothing."""
    folder = shop.folder / "pipelines"
    for name in ("one", "two"):
        (shop.folder / name).mkdir()
        text = PIPELINE.replace("value: Purchase", f"value: {name.title()}")
        (shop.folder / name / "orders.yaml").write_text(text, encoding="utf-8")
    (folder / "orders.yaml").unlink()
    folder.rmdir()
    folder.symlink_to("one")
    add_orders(shop, 1, 1)
    with serving(shop) as session:
        answered(session, ask(session, "orders"))
        (shop.folder / "next").symlink_to("two")
        (shop.folder / "next").replace(folder)
        add_orders(shop, 2, 2)
        answered(session, ask(session, "orders"))
        names = [str(event["event_name"]) for event in shop.sandbox.sandbox.events()]
    assert names == ["One", "Two"]


def test_the_commands_work_beside_a_daemon(make_shop: MakeShop) -> None:
    shop = make_shop(faults=parse_faults("latency=1s"))
    shop.edit("pipelines/orders.yaml", "destination: meta", f"{EVERY.format('1s')}\n{ONE_BY_ONE}")
    add_orders(shop, 1, 60)
    with serving(shop) as session:
        wait_until(lambda: shop.sandbox.sandbox.begun)
        held = shop.syncer("run", "orders")
        assert (held.code, "another run holds this pipeline" in held.err + held.out) == (4, True)
        assert shop.syncer("pause", "orders").code == 0
        shop.sandbox.sandbox.faults = parse_faults("latency=0ms")
        wait_until(lambda: ended(session))
        runs = len(ended(session))
        time.sleep(2)
        assert len(ended(session)) == runs
        assert shop.syncer("trigger", "orders").code == 1
        assert shop.syncer("resume", "orders").code == 0
        wait_until(lambda: len(ended(session)) > runs + 1)


def ended(session: Session) -> list[StoredRun]:
    return [run for run in stored_runs(session.store, "default", limit=99) if run.finished_at]


def test_a_run_by_hand_answers_those_that_wait_for_the_daemon(make_shop: MakeShop) -> None:
    shop = make_shop(faults=parse_faults("latency=1s"))
    add_orders(shop, 1, 1)
    with serving(shop) as session:
        first = ask(session, "orders")
        wait_until(lambda: shop.sandbox.sandbox.begun)
        second = ask(session, "orders")
        assert {answer.run_id for answer in answered(session, first)}.isdisjoint(
            answer.run_id for answer in answered(session, second)
        )
        report = report_of(session.store, answered(session, second)[0].run_id or "")
        assert report.tally.buckets["duplicate_skipped"] == 1
        assert missed_times(session.store, "default", since=session.clock.now().replace(year=2020)) == []


def test_state_goes_to_the_folder_of_the_project(shop: Shop) -> None:
    with serving(shop):
        second = shop.syncer("daemon")
    assert second.code == 1
    assert "a daemon serves this file already" in second.err
    assert Path(shop.folder / ".syncer" / "state.db").exists()
