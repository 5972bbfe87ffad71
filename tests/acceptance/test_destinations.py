"""A pipeline with several destinations: each gets what is its own, with state of its own, and none waits for another."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from syncer.config.load import load_project
from syncer.pipeline import ways
from syncer.ports import NO_POINTS, Points
from syncer.report import RunReport
from syncer.sample.warehouse import create
from syncer.session import Session
from tests.acceptance.shop import TOKEN, Done, Shop

pytestmark = pytest.mark.acceptance

META, DATASET = "1234567890", "987654321"
BRANDS = "{column: brand, map: {acme: meta, globex: other}}"


@pytest.fixture
def branded(both: Shop) -> Shop:
    """A shop whose orders go to the dataset of their brand; one order has none, one another."""
    both.edit("pipelines/orders.yaml", "destination: [meta, other]", f"destination: {BRANDS}")
    brands = "CASE order_id WHEN 1 THEN 'acme' WHEN 2 THEN 'globex' WHEN 4 THEN 'initech' END AS brand"
    both.edit("pipelines/orders.yaml", "SELECT * FROM orders", f"SELECT *, {brands} FROM orders")
    both.add_orders(4, 4)
    return both


def arrived(shop: Shop, dataset: str) -> dict[str, str]:
    """Return the order ids that arrived in a dataset, once each, with their event ids."""
    events: list[Any] = [each.event for each in shop.sandbox.sandbox.arrivals() if each.batch.dataset_id == dataset]
    found: dict[str, str] = {each["custom_data"]["order_id"]: each["event_id"] for each in events}
    assert len(found) == len(events)
    return found


def set_token(shop: Shop, old: str, new: str) -> None:
    """Change the token of the second dataset."""
    shop.edit("syncer.yaml", f"${{env:{old}}}  # of the second", f"${{env:{new}}}  # of the second")


def reports(done: Done) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.out.splitlines()]


def run(shop: Shop, *more: str) -> tuple[int, list[dict[str, Any]]]:
    done = shop.syncer("run", "orders", "--output", "json", *more, BAD="EAAnotthetoken")
    return done.code, reports(done)


def test_each_destination_gets_every_event_once_under_the_same_id(both: Shop) -> None:
    code, found = run(both)
    assert (code, [(each["destination"], each["acknowledged"]) for each in found]) == (0, [("meta", 3), ("other", 3)])
    assert arrived(both, META) == arrived(both, DATASET)
    both.add_orders(4, 4)
    code, found = run(both)
    assert [(each["acknowledged"], each["buckets"]) for each in found] == [(1, {"duplicate_skipped": 3})] * 2
    assert sorted(arrived(both, DATASET)) == ["1", "2", "3", "4"]


def test_R23_one_blocked_destination_does_not_hold_up_the_other(both: Shop) -> None:
    both.edit("pipelines/orders.yaml", "[meta, other]", "[other, meta]")
    set_token(both, "TOKEN", "BAD")
    code, found = run(both)
    assert (code, [each["status"] for each in found]) == (1, ["paused", "done"])
    assert (sorted(arrived(both, META)), arrived(both, DATASET)) == (["1", "2", "3"], {})
    assert run(both, "--destination", "meta")[0] == 0
    set_token(both, "BAD", "TOKEN")
    code, found = run(both)
    assert (code, [each["acknowledged"] for each in found]) == (0, [3, 0])
    assert arrived(both, META) == arrived(both, DATASET)


class Failing(Points):
    """Fails the first time that a request is behind it. Mutable."""

    def __init__(self, point: str) -> None:
        self._point = point

    def hit(self, name: str, /) -> None:
        if name == self._point:
            raise RuntimeError(name)


@pytest.mark.parametrize("point", ["arm.before", "arm.after", "post.after"])
def test_R07_a_crash_on_one_way_is_no_business_of_the_other(both: Shop, point: str) -> None:
    def on_each(*points: Points) -> list[RunReport | None]:
        found: list[RunReport | None] = []
        pipeline = load_project(both.folder, environ={"TOKEN": TOKEN}).pipelines["orders"]
        for way, each in zip(ways(pipeline), points, strict=True):
            with Session(load_project(both.folder, environ={"TOKEN": TOKEN}), points=each) as session:
                try:
                    found.append(session.run(way))
                except RuntimeError:
                    found.append(None)
        return found

    first, crashed = on_each(NO_POINTS, Failing(point))
    assert first is not None
    assert (first.acknowledged, crashed) == (3, None)
    again, mended = on_each(NO_POINTS, NO_POINTS)
    assert again is not None
    assert mended is not None
    assert (again.acknowledged, again.requests, mended.status) == (0, 0, "done")
    events = Counter(
        (each.batch.dataset_id, each.event["event_id"])
        for each in both.sandbox.sandbox.arrivals()
        if each.duplicate is None
    )
    assert set(events.values()) == {1}
    assert len(events) == 6


def test_a_row_goes_to_the_destination_of_its_value_and_one_without_is_set_aside_once(branded: Shop) -> None:
    code, found = run(branded)
    assert code == 3
    assert [(each["acknowledged"], each["reasons"]) for each in found] == [
        (1, {"other_destination": 1, "route_unknown": 2}),
        (1, {"other_destination": 3}),
    ]
    assert [each["rows_read"] == each["events"] == 4 for each in found] == [True, True]
    assert ([*arrived(branded, META)], [*arrived(branded, DATASET)]) == (["1"], ["2"])


def test_the_rows_of_another_destination_are_no_part_of_what_is_tolerated(branded: Shop) -> None:
    """2 of the 3 rows that are the first destination's are rejected, of 4 that were read."""
    branded.edit("pipelines/orders.yaml", "settings:", "tolerate: {rejected: 60%}\nsettings:")
    assert run(branded)[0] == 3
    branded.edit("pipelines/orders.yaml", "rejected: 60%", "rejected: 67%")
    assert run(branded)[0] == 0


def test_the_rows_of_another_destination_are_no_part_of_those_that_may_lack_consent(branded: Shop) -> None:
    branded.edit("pipelines/orders.yaml", "END AS brand", "END AS brand, order_id <> 2 AS agreed")
    branded.edit("pipelines/orders.yaml", "settings:", "consent: {column: agreed}\nsettings:")
    said = [[one["code"] for one in each["advice"]] for each in run(branded)[1]]
    assert ["most_rows_without_consent" in each for each in said] == [False, True]


def test_S17_consent_that_came_later_is_too_late_for_each_destination(branded: Shop) -> None:
    """Order 3 had no destination, and order 2 another one, when they were left unsent."""
    branded.edit("pipelines/orders.yaml", "END AS brand", "END AS brand, agreed")
    branded.edit("pipelines/orders.yaml", "settings:", "consent: {column: agreed}\nsettings:")
    branded.sql("ALTER TABLE orders ADD COLUMN agreed BOOLEAN", "UPDATE orders SET agreed = order_id NOT IN (2, 3)")
    run(branded)
    branded.edit("pipelines/orders.yaml", "WHEN 2 THEN 'globex'", "WHEN 2 THEN 'acme' WHEN 3 THEN 'globex'")
    branded.sql("UPDATE orders SET agreed = true, updated_at = updated_at + INTERVAL 1 DAY")
    planned = reports(branded.syncer("plan", "orders", "--output", "json"))
    found = run(branded)[1]
    for each in (planned, found):
        assert [one["reasons"].get("consent_came_later", 0) > 0 for one in each] == [True, True]
    assert ([*arrived(branded, META)], [*arrived(branded, DATASET)]) == (["1"], [])
    traced = reports(branded.syncer("trace", "orders", "3", "--destination", "other", "--output", "json"))
    assert traced[0]["reason"] == "consent_came_later"


def test_a_row_that_gets_its_destination_later_is_sent_there_and_is_no_reject_any_more(branded: Shop) -> None:
    run(branded)
    branded.edit("pipelines/orders.yaml", " END AS brand", " WHEN 3 THEN 'globex' END AS brand")
    branded.edit("pipelines/orders.yaml", "WHEN 4 THEN 'initech'", "WHEN 4 THEN 'acme'")
    code, found = run(branded)
    assert (code, [each["acknowledged"] for each in found]) == (0, [1, 1])
    assert (sorted(arrived(branded, META)), sorted(arrived(branded, DATASET))) == (["1", "4"], ["2", "3"])
    left = branded.syncer("rejects", "list", "orders", "--destination", "meta", "--output", "json").report
    assert left["rejects"] == 0


def test_a_row_whose_destination_changes_goes_to_the_new_one_too(branded: Shop) -> None:
    run(branded)
    branded.edit("pipelines/orders.yaml", "WHEN 1 THEN 'acme'", "WHEN 1 THEN 'globex'")
    assert [each["acknowledged"] for each in run(branded)[1]] == [0, 1]
    assert (sorted(arrived(branded, META)), sorted(arrived(branded, DATASET))) == (["1"], ["1", "2"])


@pytest.mark.parametrize("reconcile", ["{every: 24h}", "null"])
def test_R21_rows_that_had_no_destination_are_found_by_the_one_that_an_edited_map_gives_them(
    branded: Shop, reconcile: str
) -> None:
    """Its watermark has passed them, and the first destination sets them aside no more."""
    branded.edit(
        "pipelines/orders.yaml",
        "cursor: updated_at",
        f"cursor: {{column: updated_at, lookback: 0s}}\nreconcile: {reconcile}",
    )
    run(branded)
    branded.sql("UPDATE orders SET updated_at = updated_at - INTERVAL 1 DAY WHERE order_id = 4")
    branded.edit("pipelines/orders.yaml", "globex: other}", "globex: other, initech: other}")
    assert [each["acknowledged"] for each in run(branded)[1]] == [0, 1]
    assert sorted(arrived(branded, DATASET)) == ["2", "4"]
    assert [each["rows_read"] for each in run(branded)[1]] == [0, 0]


GLOBEX_LATER = "INSERT INTO orders SELECT 10, 'c10@example.com', 12.5, 'EUR', now() - INTERVAL 1 HOUR, '2026-11-02'"
BEHIND = "INSERT INTO orders SELECT 11, 'c11@example.com', 12.5, 'EUR', now() - INTERVAL 1 HOUR, '2026-11-03'"


def test_R02_what_came_while_the_map_was_wrong_is_found_once_it_is_as_it_was_before(branded: Shop) -> None:
    """The configuration is one that looked for all keys already, but before these rows."""
    branded.edit("pipelines/orders.yaml", "cursor: updated_at", "cursor: {column: updated_at, lookback: 0s}")
    branded.edit("pipelines/orders.yaml", "WHEN 2 THEN", "WHEN 10 THEN 'globex' WHEN 2 THEN")
    run(branded)
    branded.edit("pipelines/orders.yaml", "globex: other}", "glbex: other}")
    branded.sql(GLOBEX_LATER, BEHIND)
    run(branded)
    assert sorted(arrived(branded, DATASET)) == ["2"]
    branded.edit("pipelines/orders.yaml", "glbex: other}", "globex: other}")
    run(branded)
    assert sorted(arrived(branded, DATASET)) == ["10", "2"]


def test_R02_a_map_that_becomes_a_list_gives_each_destination_the_rows_of_the_other(branded: Shop) -> None:
    branded.edit("pipelines/orders.yaml", "cursor: updated_at", "cursor: {column: updated_at, lookback: 0s}")
    run(branded)
    branded.edit("pipelines/orders.yaml", f"destination: {BRANDS}", "destination: [meta, other]")
    assert run(branded)[0] == 0
    assert sorted(arrived(branded, META)) == sorted(arrived(branded, DATASET)) == ["1", "2", "3", "4"]


def test_R14_rows_that_were_sent_before_a_map_came_are_no_rejects_for_want_of_a_destination(branded: Shop) -> None:
    branded.edit("pipelines/orders.yaml", f"destination: {BRANDS}", "destination: meta")
    run(branded)
    branded.edit("pipelines/orders.yaml", "destination: meta", f"destination: {BRANDS}")
    planned = reports(branded.syncer("plan", "orders", "--output", "json"))
    code, found = run(branded)
    counts = [{"duplicate_skipped": 3, "no_rule": 1}, {"no_rule": 3}]
    assert (code, [each["buckets"] for each in found]) == (0, counts)
    assert [each["buckets"] for each in planned] == counts
    left = branded.syncer("rejects", "list", "orders", "--destination", "meta", "--output", "json").report
    assert left["rejects"] == 0


def test_one_dataset_by_two_references_is_refused(both: Shop) -> None:
    both.edit("syncer.yaml", '"987654321"', "${env:SECOND}")
    done = both.syncer("run", "orders", SECOND=META)
    assert (done.code, "meta and other are the same dataset, which would get events twice" in done.err) == (2, True)
    assert both.order_ids() == []
    assert both.syncer("run", "orders", SECOND=DATASET).code == 0


def test_plan_says_what_it_can_where_one_destination_is_not_known_here(both: Shop) -> None:
    both.edit("syncer.yaml", '"987654321"', "${env:SECOND}")
    done = both.syncer("plan", "orders", "--output", "json")
    assert (done.code, [each["destination"] for each in reports(done)]) == (2, ["meta"])
    assert "the environment variable SECOND is not set" in done.err


def test_plan_and_reconcile_look_at_each_way(branded: Shop) -> None:
    planned = reports(branded.syncer("plan", "orders", "--output", "json"))
    assert [(each["destination"], each["to_send"]) for each in planned] == [("meta", 1), ("other", 1)]
    assert "orders to other  1 of 4 events would be sent" in branded.syncer("plan", "orders").out
    done = branded.syncer("reconcile", "orders", "--output", "json")
    assert (done.code, [each["acknowledged"] for each in reports(done)]) == (3, [1, 1])


def test_trace_says_what_each_destination_has_of_a_row(branded: Shop) -> None:
    run(branded)
    said = {
        (key, each["destination"]): each["conclusion"]
        for key in "123"
        for each in reports(branded.syncer("trace", "orders", key, "--output", "json"))
    }
    assert said == {
        ("1", "meta"): "acked", ("1", "other"): "no_rule",
        ("2", "meta"): "no_rule", ("2", "other"): "acked",
        ("3", "meta"): "rejected_local", ("3", "other"): "no_rule",
    }  # fmt: skip
    assert "orders to other, key 1: no_rule" in branded.syncer("trace", "orders", "1").out


ONE_WAY = [
    "reset orders --to start", "adopt orders --until -1h", "backfill orders --since -7d", "rejects list orders",
    "rejects retry orders --all", "held list orders", "send-test orders --code TEST1",
    "deliveries orders --output csv",
]  # fmt: skip


@pytest.mark.parametrize("command", ONE_WAY)
def test_what_acts_on_one_state_asks_which(both: Shop, command: str) -> None:
    done = both.syncer(*command.split())
    assert (done.code, "choose one with --destination: meta, other" in done.err) == (2, True)
    chosen = both.syncer(*command.split(), "--destination", "other")
    assert "several destinations" not in chosen.err
    assert arrived(both, META) == {}


def test_what_is_said_of_one_of_several_names_it(branded: Shop) -> None:
    run(branded)
    for command in ("plan orders", "run orders", "rejects list orders", "held list orders", "reset orders --to start"):
        done = branded.syncer(*command.split(), "--destination", "meta")
        assert "orders to meta" in done.out, command
    said = branded.syncer("rejects", "list", "orders", "--destination", "meta", "--output", "json").report
    assert (said["pipeline"], said["destination"]) == ("orders", "meta")


def test_a_destination_that_is_none_or_not_the_pipelines_is_named_with_the_choices(both: Shop) -> None:
    both.edit("pipelines/orders.yaml", "[meta, other]", "other")
    unknown, elsewhere = (both.syncer("run", "orders", "--destination", name) for name in ("othr", "meta"))
    assert (unknown.code, elsewhere.code) == (2, 2)
    assert "no destination is called 'othr'; did you mean 'other'? destinations: meta, other" in unknown.err
    assert "--destination: orders does not go to this destination; it goes to other" in elsewhere.err


def test_one_way_is_paused_without_the_other(both: Shop) -> None:
    said = both.syncer("pause", "orders", "--destination", "other").out
    assert "orders to other: paused" in said
    assert "`syncer resume orders --destination other` ends it" in said
    code, found = run(both)
    assert (code, [each["status"] for each in found]) == (1, ["done", "paused"])
    states = {each["destination"]: each["state"] for each in reports(both.syncer("status", "--output", "json"))}
    assert states == {"meta": "done", "other": "paused"}
    shown = both.syncer("status")
    assert "orders to meta" in shown.out
    assert "orders to other: paused" in shown.out
    assert "orders to other: may run again; it was paused: by_hand" in both.syncer("resume", "orders").out
    assert run(both)[0] == 0
    assert arrived(both, META) == arrived(both, DATASET)


def test_a_person_is_erased_for_every_destination(both: Shop) -> None:
    done = reports(both.syncer("erase", "orders", "--match", "email=customer2@example.com", "--output", "json"))
    assert [(each["destination"], each["events"]) for each in done] == [("meta", 1), ("other", 1)]
    run(both)
    assert (sorted(arrived(both, META)), sorted(arrived(both, DATASET))) == (["1", "3"], ["1", "3"])


def test_runs_name_the_destination_where_there_are_several(both: Shop) -> None:
    run(both)
    listed = both.syncer("runs", "orders").out
    assert ("meta" in listed, "other" in listed) == (True, True)
    only = reports(both.syncer("runs", "orders", "--destination", "other", "--output", "json"))
    assert [each["destination"] for each in only] == ["other"]


def test_the_heaviest_code_of_both_ways_is_the_commands(branded: Shop) -> None:
    """1 before 3: the way to meta has rejects, the other one fails."""
    set_token(branded, "TOKEN", "BAD")
    code, found = run(branded)
    assert (code, [each["status"] for each in found]) == (1, ["done_with_rejects", "paused"])


def test_the_two_brands_of_the_example_go_to_their_datasets(shop: Shop) -> None:
    shop.take_example("brand_purchases")
    create(shop.folder / "sample.duckdb", count=200, now=datetime.now(UTC))
    shop.edit("syncer.yaml", "path: warehouse.duckdb", "path: sample.duckdb")
    done = shop.syncer("run", "brand_purchases", "--output", "json")
    found = {each["destination"]: each for each in reports(done)}
    assert done.code in (0, 3), done.err
    counts = {name: each["acknowledged"] for name, each in found.items()}
    assert counts == {"meta": len(arrived(shop, META)), "meta_america": len(arrived(shop, DATASET))}
    assert min(counts.values()) > 0
    assert not {*arrived(shop, META)} & {*arrived(shop, DATASET)}
    with duckdb.connect(str(shop.folder / "sample.duckdb")) as connection:
        theirs = connection.execute("SELECT order_id FROM orders WHERE country IN ('US', 'CA', 'MX')").fetchall()
    assert {*arrived(shop, DATASET)} <= {str(order_id) for (order_id,) in theirs}
    assert shop.syncer("test", "brand_purchases").code == 0
