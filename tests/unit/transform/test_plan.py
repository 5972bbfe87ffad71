from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from syncer.duration import Duration
from syncer.errors import ConfigError
from syncer.mapping import Column, Constant, FirstOf, Sql
from syncer.pipeline import Cursor, Pii
from syncer.transform import Scope, compile_transform, sql_expressions
from syncer.transform.binding import named_columns
from syncer.transform.identity import event_id, identity
from syncer.transform.plan import EVENTS
from syncer.transform.verdicts import COLUMNS

NOW = 1_795_700_000
DAY = 86_400
SCOPE = Scope("prod", "meta", b"salt")
Make = Callable[..., Any]


def test_only_mapped_columns_are_asked_for(pipeline: Make) -> None:
    made = pipeline(customer={"em": Column(column="EMAIL")}, cursor=Cursor(column="updated_at"))
    schema = pa.schema([(name, pa.string()) for name in ("id", "email", "at", "updated_at", "secret")])
    transform = compile_transform(made, schema, SCOPE)
    assert transform.columns == ("id", "email", "at", "updated_at")
    assert transform.cursor_column == "updated_at"
    assert transform.key_columns == ("id",)


def test_every_missing_column_is_named_with_the_nearest_one(pipeline: Make) -> None:
    made = pipeline(customer={"em": Column(column="emial"), "ph": Column(column="phone")}, key=("order_id",))
    schema = pa.schema([(name, pa.string()) for name in ("id", "email", "at")])
    with pytest.raises(ConfigError) as error:
        compile_transform(made, schema, SCOPE)
    first, second, third = error.value.problems
    assert (first.path, second.path, third.path) == ("key", "mapping.customer_info.em", "mapping.customer_info.ph")
    assert 'did you mean "email"' in second.remedy
    assert "columns: id, email, at" in third.remedy


def test_a_path_that_is_none_is_a_mistake_of_the_file(pipeline: Make) -> None:
    made = pipeline(custom={"order_id": Column(column="id", path="a..b")})
    with pytest.raises(ConfigError, match="is no path"):
        compile_transform(made, pa.schema([("id", pa.string()), ("at", pa.int64())]), SCOPE)


def test_a_value_cannot_be_mapped_twice(pipeline: Make) -> None:
    made = pipeline(server={"app_data": Column(column="id"), "app_data.vendor_id": Column(column="id")})
    with pytest.raises(ConfigError, match=r"app_data\.vendor_id is mapped too"):
        compile_transform(made, pa.schema([("id", pa.string()), ("at", pa.int64())]), SCOPE)


def test_sql_expressions_become_columns_of_their_own(pipeline: Make, events: Callable[..., list[Any]]) -> None:
    made = pipeline(custom={"value": Sql(sql="total - tax"), "predicted_ltv": Sql(sql="ltv")})
    aliases = dict(sql_expressions(made))
    assert list(aliases.values()) == ["total - tax", "ltv"]
    first, second = aliases
    rows = [{first: 12.5, second: 3}]
    assert events(made, rows)[0]["custom_data"] == {"value": 12.5, "predicted_ltv": 3}
    batch = pa.RecordBatch.from_pylist([{"id": 1, "at": NOW, **rows[0]}])
    assert compile_transform(made, batch.schema, SCOPE).columns == ("id", "at")


def test_the_same_expression_is_asked_for_once(pipeline: Make) -> None:
    made = pipeline(custom={"value": Sql(sql="a"), "net_revenue": FirstOf(first_of=(Sql(sql="a"), Sql(sql="b")))})
    assert [sql for _, sql in sql_expressions(made)] == ["a", "b"]


def test_events_and_rejects_have_the_columns_that_were_promised(pipeline: Make, run: Make) -> None:
    cases: list[list[dict[str, Any]]] = [[{}], [{"at": None}], [{}, {"at": None}]]
    for rows in cases:
        found = run(
            pipeline(),
            pa.RecordBatch.from_pylist(
                [{"id": 1, "at": NOW, **row} for row in rows],
                schema=pa.schema([("id", pa.int64()), ("at", pa.int64())]),
            ),
        )
        assert dict(found.events.schema) == EVENTS
        assert dict(found.rejects.schema) == COLUMNS


def test_no_rows_give_no_events(pipeline: Make, run: Make) -> None:
    found = run(pipeline(), pa.RecordBatch.from_pylist([], schema=pa.schema([("id", pa.int64()), ("at", pa.int64())])))
    assert (found.events.height, found.rejects.height, found.tally.rows_read) == (0, 0, 0)


def test_an_event_carries_what_the_ledger_and_the_report_need(pipeline: Make, run: Make) -> None:
    made = pipeline(custom={"value": Column(column="total"), "currency": Column(column="currency")})
    made_up = run(made, [{"id": 7, "total": Decimal("12.50"), "currency": "eur"}])
    assert made_up.events.drop("json").rows(named=True) == [
        {
            "row": 0,
            "identity": identity(SCOPE, "orders", "", ["7"]),
            "event_id": event_id("orders", "", ["7"]),
            "event_name": "Lead",
            "event_time": NOW - 60,
            "consent": 1,
            "age_class": 0,
            "value": 12.5,
            "currency": "EUR",
        }
    ]


def test_the_json_of_an_event_reads_from_the_outside_in(pipeline: Make, run: Make) -> None:
    made = pipeline(
        server={"event_source_url": Column(column="url"), "opt_out": Constant(value=True)},
        customer={"client_user_agent": Column(column="agent"), "fbp": Column(column="fbp")},
        custom={"value": Column(column="total")},
        own={"tier": Column(column="tier")},
    )
    row = {
        "url": "https://a.b/",
        "agent": 'a "b" \\',
        "fbp": "fb.1.1554763741205.1",
        "total": Decimal("1.50"),
        "tier": "x\n",
    }
    assert run(made, [row]).events["json"].item() == (
        '{"event_name":"Lead","event_time":1795699940,"action_source":"other",'
        f'"event_id":"{event_id("orders", "", ["0"])}",'
        '"event_source_url":"https://a.b/","opt_out":true,'
        '"user_data":{"client_user_agent":"a \\"b\\" \\\\","fbp":"fb.1.1554763741205.1"},'
        '"custom_data":{"value":1.50,"tier":"x"}}'
    )


def test_the_order_of_keys_does_not_depend_on_the_rows(pipeline: Make, run: Make) -> None:
    made = pipeline(
        customer={"em": Column(column="email"), "fbp": Constant(value="fb.1.1554763741205.1")},
        custom={
            "value": Column(column="total"),
            "order_id": Constant(value="A"),
            "mileage.unit": Column(column="unit"),
        },
    )
    full = {"email": "a@b.co", "total": 1, "unit": "KM"}
    alone = run(made, [full]).events["json"].item()
    beside_a_gap = run(made, [full, {"email": None, "total": None, "unit": None}]).events["json"]
    assert beside_a_gap[0] == alone
    assert beside_a_gap[1].endswith('"user_data":{"fbp":"fb.1.1554763741205.1"},"custom_data":{"order_id":"A"}}')


def test_what_is_null_is_absent(pipeline: Make, events: Make) -> None:
    made = pipeline(
        customer={
            "em": Column(column="email"),
            "ph": Column(column="phone"),
            "fbp": Constant(value="fb.1.1554763741205.1"),
        },
        custom={"value": Column(column="total"), "order_id": Column(column="order")},
        own={"tier": Column(column="tier")},
    )
    rows = [{"email": "a@b.co", "phone": None, "total": None, "order": "", "tier": None}]
    event = events(made, rows)[0]
    assert list(event["user_data"]) == ["em", "fbp"]
    assert "custom_data" not in event


def test_a_mapped_event_id_wins_and_a_gap_takes_the_derived_one(pipeline: Make, run: Make) -> None:
    found = run(pipeline(server={"event_id": Column(column="code")}), [{"code": "A-1"}, {"code": " "}])
    assert found.events["event_id"].to_list() == ["A-1", event_id("orders", "", ["1"])]
    assert found.tally.warnings == {"event_id_derived": 1}


def test_the_mapped_action_source_wins_over_the_settings(pipeline: Make, events: Make) -> None:
    made = pipeline(server={"action_source": Column(column="source")}, action_source="website")
    rows = [{"source": "PhysicalStore"}, {"source": None}]
    assert [event["action_source"] for event in events(made, rows)] == ["physical_store", "website"]


def test_physical_store_has_the_long_window_and_a_class_of_its_own(pipeline: Make, run: Make) -> None:
    made = pipeline(server={"action_source": Column(column="source")})
    rows = [
        {"source": "physical_store", "at": NOW - 61 * DAY},
        {"source": "physical_store", "at": NOW - 62 * DAY},
        {"source": "email", "at": NOW - 8 * DAY},
        {"source": "email", "at": NOW - 6 * DAY},
    ]
    found = run(made, rows)
    assert found.events.select("row", "age_class").rows() == [(0, 1), (3, 0)]
    assert found.rejects.select("row", "bucket", "reason").rows() == [
        (1, "expired", "event_time_too_old"),
        (2, "expired", "event_time_too_old"),
    ]


@pytest.mark.parametrize(
    ("age", "choices", "reason"),
    [
        (-60, {}, None),
        (-61, {}, "event_time_in_future"),
        (7 * DAY - 600, {}, None),
        (7 * DAY - 599, {}, "event_time_too_old"),
        (3_600, {"max_age": Duration(3_600)}, None),
        (3_601, {"max_age": Duration(3_600)}, "past_max_age"),
        (47 * 3_600 + 1, {"browser_pixel": "same_events"}, "past_max_age"),
        (48 * 3_600, {"browser_pixel": "same_events", "max_age": Duration(3 * DAY)}, None),
        (599, {"delay": Duration(600)}, "too_early"),
        (600, {"delay": Duration(600)}, None),
    ],
)
def test_r20_age_decides(pipeline: Make, run: Make, age: int, choices: dict[str, Any], reason: str | None) -> None:
    found = run(pipeline(**choices), [{"at": NOW - age}])
    assert found.rejects["reason"].to_list() == ([reason] if reason else [])


def test_events_before_the_start_are_set_aside(pipeline: Make, run: Make) -> None:
    found = run(pipeline(), [{"at": NOW - 100}, {"at": NOW - 99}], start=NOW - 99)
    assert found.rejects.select("row", "bucket").rows() == [(0, "before_start")]


def test_what_is_too_old_is_not_normalised_or_counted(pipeline: Make, run: Make) -> None:
    made = pipeline(customer={"em": Column(column="email"), "external_id": Column(column="id")})
    found = run(made, [{"at": NOW - 30 * DAY, "email": "broken"}, {"email": "broken too"}])
    assert found.tally.dropped_fields == {"em": 1}
    assert found.tally.buckets == {"expired": 1}


def test_r12_the_same_key_again_is_skipped_and_another_payload_is_a_conflict(pipeline: Make, run: Make) -> None:
    made = pipeline(own={"tier": Column(column="tier")})
    rows = [{"id": 1, "tier": "a"}, {"id": 1, "tier": "a"}, {"id": 2, "tier": "a"}, {"id": 1, "tier": "b"}]
    found = run(made, rows)
    assert found.events["row"].to_list() == [0, 2]
    assert found.rejects.select("row", "bucket", "reason").rows() == [
        (1, "duplicate_skipped", "duplicate_skipped"),
        (3, "key_problem", "key_conflict"),
    ]


def test_r12_a_refused_row_does_not_block_a_good_one_with_its_key(pipeline: Make, run: Make) -> None:
    found = run(pipeline(), [{"id": 1, "at": None}, {"id": 1}])
    assert found.events["row"].to_list() == [1]


def test_r12_a_row_without_a_part_of_its_key_is_a_key_problem(pipeline: Make, run: Make) -> None:
    found = run(pipeline(key=("id", "line")), [{"line": "x"}, {"line": None}])
    assert found.rejects.select("row", "identity", "bucket", "reason").rows() == [
        (1, None, "key_problem", "key_missing")
    ]


def test_r13_a_value_that_cannot_be_read_costs_its_row_only(pipeline: Make, run: Make) -> None:
    batch = pa.RecordBatch.from_arrays(
        [
            pa.array([1, 2, 3, 4]),
            pa.array([NOW * 10**6, 2**63 - 1, NOW * 10**6, -(2**63)], pa.timestamp("us")),
            pa.array([b"ok", b"ok", b"\xff", b"ok"]),
        ],
        names=["id", "at", "tier"],
    )
    found = run(pipeline(own={"tier": Column(column="tier")}), batch)
    assert found.events["row"].to_list() == [0]
    assert found.rejects.select("row", "bucket", "reason", "field").rows() == [
        (1, "unreadable", "unreadable", "at"),
        (2, "unreadable", "unreadable", "tier"),
        (3, "unreadable", "unreadable", "at"),
    ]


def test_r01_every_row_ends_in_exactly_one_place(pipeline: Make, run: Make) -> None:
    made = pipeline(customer={"em": Column(column="email")})
    rows = [
        {"id": number // 2, "email": email, "at": at}
        for number, (email, at) in enumerate(
            [("a@b.co", NOW), ("a@b.co", NOW), ("x", NOW), ("a@b.co", None), ("a@b.co", 0), ("", NOW + 99)]
        )
    ]
    found = run(made, rows)
    assert sorted([*found.events["row"], *found.rejects["row"]]) == list(range(len(rows)))
    assert found.tally.rows_read == found.events.height + found.tally.buckets.total()
    assert found.tally.reasons.total() == found.tally.buckets.total()


def test_coverage_counts_the_match_keys_of_events_that_go_out(pipeline: Make, run: Make) -> None:
    made = pipeline(customer={"em": Column(column="email"), "country": Column(column="land")})
    rows = [{"email": "a@b.co", "land": "de"}, {"email": "b@b.co", "land": None}, {"email": None, "land": "fr"}]
    found = run(made, rows)
    assert found.tally.covered == 2
    assert found.tally.coverage == {"em": 2, "country": 1}


def test_match_keys_are_told_by_event_before_and_after_normalising(pipeline: Make, run: Make) -> None:
    made = pipeline(
        server={"event_name": Column(column="name"), "action_source": Constant(value="system_generated")},
        customer={"em": Column(column="email"), "ph": Column(column="phone")},
    )
    rows = [
        {"name": "Lead", "email": "a@b.co", "phone": "n0 phone"},
        {"name": "Lead", "email": "b@b.co", "phone": "+4915112345678"},
        {"name": "Contact", "email": None, "phone": "+4915112345678"},
        {"name": "call +49 151 12345678", "email": "a@b.co", "phone": None},
        {"name": "Lead", "email": "nobody", "phone": None},
    ]
    keys = run(made, rows).tally.match_keys()
    assert keys == {
        "Lead": {"events": 2, "keys": {"em": {"given": 1.0, "sent": 1.0}, "ph": {"given": 1.0, "sent": 0.5}}},
        "(others)": {"events": 1, "keys": {"em": {"given": 1.0, "sent": 1.0}}},
        "Contact": {"events": 1, "keys": {"ph": {"given": 1.0, "sent": 1.0}}},
    }


def test_the_rest_becomes_properties_of_its_own_names(pipeline: Make, events: Make) -> None:
    made = pipeline(custom={"currency": Column(column="money")}, rest=True)
    rows = [{"money": "eur", "currency": "ignored", "value": "7.50", "tier": "gold", "points": 5, "empty": None}]
    assert events(made, rows)[0]["custom_data"] == {"currency": "EUR", "value": 7.5, "tier": "gold", "points": 5}


def test_a_name_of_pii_allow_that_no_column_of_the_rest_has_is_a_mistake(pipeline: Make) -> None:
    schema = pa.schema([(name, pa.string()) for name in ("id", "at", "order_note")])
    own, shared = (Path("orders.yaml"), 2, 1), (Path("syncer.yaml"), 9, 1)
    pii = Pii(allow=("order_note", "order_id", "order_not"))
    made = replace(pipeline(rest=True), pii=pii, places={"name": own, "pii.allow": own})
    assert {"order_note", "order_not"} < set(named_columns(made))  # which rows of `syncer test` need not have
    with pytest.raises(ConfigError, match='no column "order_not"; did you mean "order_note"'):
        compile_transform(made, schema, SCOPE)
    compile_transform(replace(made, places={"name": own, "pii.allow": shared}), schema, SCOPE)
    compile_transform(replace(made, pii=Pii(allow=("order_note", "order_id"))), schema, SCOPE)


def test_a_transform_keeps_nothing_of_a_batch(pipeline: Make) -> None:
    batch = pa.RecordBatch.from_pylist([{"id": n, "at": NOW, "email": f"{n}@b.co"} for n in range(50)])
    transform = compile_transform(pipeline(customer={"em": Column(column="email")}), batch.schema, SCOPE)
    first = transform(batch, now=NOW, start=None)
    transform(batch.slice(10, 20), now=NOW, start=None)
    again = transform(batch, now=NOW, start=None)
    assert again.events.equals(first.events)
    assert again.tally == first.tally


def test_a_slice_of_a_batch_gives_the_events_of_its_rows(pipeline: Make) -> None:
    batch = pa.RecordBatch.from_pylist([{"id": n, "at": NOW, "email": f"{n}@b.co"} for n in range(50)])
    transform = compile_transform(pipeline(customer={"em": Column(column="email")}), batch.schema, SCOPE, few=0)
    whole, part = transform(batch, now=NOW, start=None), transform(batch.slice(20, 5), now=NOW, start=None)
    assert part.events["json"].to_list() == whole.events["json"][20:25].to_list()
    assert part.events["row"].to_list() == [0, 1, 2, 3, 4]
