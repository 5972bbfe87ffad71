"""All other keys of a pipeline, what waits for later versions, and the fingerprint."""

from pathlib import Path

import pytest

from syncer.config.pipelines import fingerprint
from syncer.duration import Duration
from syncer.pipeline import (
    AlertRules,
    Column,
    Consent,
    Constant,
    Cursor,
    LimitedDataUse,
    Mapping,
    Pii,
    Pipeline,
    Reconcile,
    Require,
    Route,
    Schedule,
    WhenPresent,
    ways,
)
from tests.unit.config.folder import PIPELINE, Folder


def add(folder: Folder, text: str) -> Folder:
    return folder.pipeline_file("name: orders\n", f"name: orders\n{text}\n")


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("query: SELECT 1", "SELECT 1"),
        ("query: 'SELECT 1 ; ; '", "SELECT 1"),
        ("query: |\n  SELECT 1 -- one\n  FROM x\n", "SELECT 1 -- one\n  FROM x".replace("\n  ", "\n")),
        ("table: orders", "SELECT * FROM orders"),
        ('table: analytics."Order Lines"', 'SELECT * FROM analytics."Order Lines"'),
        ("query_file: q.sql", "SELECT 2"),
        ("query_file: ../q.sql", "SELECT 3"),
        ("query: SELECT ${env:A:-7}", "SELECT 7"),
    ],
)
def test_a_query_is_written_in_one_of_three_ways(folder: Folder, text: str, query: str) -> None:
    folder.add("pipelines/q.sql", "\ufeffSELECT 2;\n").add("q.sql", "SELECT 3")
    assert folder.pipeline_file("query: SELECT * FROM orders", text).pipeline().query == query


@pytest.mark.parametrize(
    ("text", "cursor"),
    [
        ("cursor: updated_at", Cursor(column="updated_at")),
        ("cursor: {column: updated_at}", Cursor(column="updated_at")),
        ("cursor: {column: updated_at, lookback: 2h}", Cursor(column="updated_at", lookback=Duration(7200))),
        ("cursor: {column: id, lookback: 100}", Cursor(column="id", lookback=100)),
        ("cursor: null", None),
    ],
)
def test_a_cursor_has_a_short_and_a_long_form(folder: Folder, text: str, cursor: Cursor | None) -> None:
    found = add(folder, text).pipeline().cursor
    assert found == cursor
    assert isinstance(found and found.lookback, Duration) == ("h}" in text)


@pytest.mark.parametrize(("text", "key"), [("key: id", ("id",)), ("key: [shop, id]", ("shop", "id"))])
def test_a_key_is_a_column_or_several(folder: Folder, text: str, key: tuple[str, ...]) -> None:
    assert folder.pipeline_file("key: order_id", text).pipeline().key == key


@pytest.mark.parametrize(
    "start",
    ["now", "window", "beginning", "-3d", "-12h", "2026-11-01", "2026-11-01T10:00:00Z", "2026-11-01T10:00:00+02:00"],
)
def test_a_start_stays_as_it_is_written(folder: Folder, start: str) -> None:
    assert folder.pipeline_file("start: now", f"start: {start}").pipeline().start == start


@pytest.mark.parametrize(
    ("text", "hashing"),
    [("auto", "auto"), ("always", "always"), ("never", "never"), ("true", "auto"), ("false", "never")],
)
def test_hashing_may_be_a_boolean(folder: Folder, text: str, hashing: str) -> None:
    folder.pipeline_file("action_source: email", f"action_source: email, hashing: {text}")
    assert folder.pipeline().settings.hashing == hashing


@pytest.mark.parametrize("text", ["website", "Website", "WEBSITE", "physicalStore", "physical store", "Physical-Store"])
def test_an_action_source_may_be_written_in_any_case(folder: Folder, text: str) -> None:
    folder.pipeline_file("action_source: email", f"action_source: {text}, browser_pixel: none")
    assert folder.pipeline().settings.action_source in ("website", "physical_store")


@pytest.mark.parametrize(
    ("settings", "max_age"),
    [
        ("browser_pixel: none", None),
        ("browser_pixel: other_events", None),
        ("browser_pixel: same_events", Duration(47 * 3600)),
        ("browser_pixel: same_events, max_age: null", Duration(47 * 3600)),
        ("browser_pixel: same_events, max_age: 2h", Duration(7200)),
    ],
)
def test_events_that_a_pixel_sends_too_grow_no_older_than_meta_deduplicates(
    folder: Folder, settings: str, max_age: Duration | None
) -> None:
    folder.pipeline_file("action_source: email", f"action_source: website, {settings}")
    folder.pipeline_file("event_time: ordered_at", "event_time: ordered_at, event_id: pixel_event_id")
    assert folder.pipeline().settings.max_age == max_age


def test_website_in_the_mapping_needs_browser_pixel_as_well(folder: Folder) -> None:
    folder.pipeline_file("settings: {action_source: email}\n", "")
    folder.pipeline_file(
        "event_time: ordered_at", "event_time: ordered_at, action_source: {column: s, default: website}"
    )
    assert "settings.browser_pixel: is required for website" in folder.problems()[0]


EVERYTHING = """
consent: {column: consent_categories, category: 3, granted: [granted, "1", Y], applies_to: {country: [de, fr]}}
limited_data_use: {when: {us_privacy_opt_out: true}, country: 1, state: 1000}
require: {any: [em, phone, fbp], count: 2}
pii: {email: warn, allow: [order_id]}
schedule: {cron: "*/15 * * * *", timezone: Europe/Paris, jitter: 30s}
reconcile: {every: 24h}
rejects: {retry: manual}
tolerate: {rejected: 0.5%}
delivery: {mode: at_most_once, events_per_request: 500, requests_in_flight: 2, max_rows: 10}
alerts: {when: {rejected_above: 5%}}
tags: [hourly, revenue]
enabled: false
description: Orders
tests:
  - {name: one, now: 2026-11-20T12:00:00Z, rows: [{id: 1}], expect: [{event_name: Purchase}]}
  - {name: two, rows: [], expect_rejected: [{key: 1, reason: currency_missing}]}
events:
  - {id: bought, name: Purchase, when: {status: paid, total: {gt: 0}, tier: {not: [a, b]}, note: {is_null: true}}}
  - {id: back, name: Refund, mapping: {custom_data: {value: refunded}}}
"""


def test_all_parts_of_a_pipeline_are_understood(folder: Folder) -> None:
    folder.pipeline_file("event_name: {value: Schedule}, ", "")
    folder.pipeline_file("mapping:", "mapping:\n  custom_data: {value: total, currency: currency}")
    folder.pipeline_file("{em: email}", "{em: email, ph: phone}")
    pipeline = add(folder, EVERYTHING).pipeline()
    assert pipeline.consent == Consent(
        column="consent_categories", category="3", granted=("granted", "1", "Y"), applies_to={"country": ["de", "fr"]}
    )
    assert pipeline.limited_data_use == LimitedDataUse(when={"us_privacy_opt_out": True}, country=1, state=1000)
    assert pipeline.require == (Require(any=("em", "ph", "fbp"), count=2),)
    assert pipeline.pii == Pii(email="warn", allow=("order_id",))
    assert pipeline.schedule == Schedule(cron="*/15 * * * *", timezone="Europe/Paris", jitter=Duration(30))
    assert pipeline.reconcile == Reconcile(every=Duration(86_400))
    assert pipeline.rejects.retry == "manual"
    assert (pipeline.tolerate.rejected, pipeline.tolerate.rejected.ratio) == ("0.5%", 0.005)
    assert (pipeline.delivery.mode, pipeline.delivery.events_per_request) == ("at_most_once", 500)
    assert pipeline.alerts is not None
    assert pipeline.alerts.rejected_above == "5%"
    assert (pipeline.tags, pipeline.enabled, pipeline.description) == (("hourly", "revenue"), False, "Orders")
    assert [test["name"] for test in pipeline.tests] == ["one", "two"]
    condition = {"status": "paid", "total": {"gt": 0}, "tier": {"not": ["a", "b"]}, "note": {"is_null": True}}
    bought, back = pipeline.events
    assert (bought.id, bought.name, bought.when) == ("bought", "Purchase", condition)
    assert back.mapping.custom_data["value"] == Column(column="refunded")


def test_several_requirements_are_a_list(folder: Folder) -> None:
    folder.pipeline_file("{em: email}", "{em: email, fn: first, ln: last, zp: code}")
    pipeline = add(folder, "require: [{any: [email, ph]}, {any: [fn, ln, zp], count: 3}]").pipeline()
    assert pipeline.require == (Require(any=("em", "ph")), Require(any=("fn", "ln", "zp"), count=3))


def test_several_destinations_are_a_list(folder: Folder) -> None:
    folder.project_file("meta: {", "other: {type: sandbox}\n  meta: {")
    folder.pipeline_file("destination: meta", "destination: [meta, other]")
    pipeline = folder.pipeline()
    assert pipeline.destinations == ("meta", "other")
    assert [way.destinations for way in ways(pipeline)] == [("meta",), ("other",)]
    assert {way.fingerprint for way in ways(pipeline)} == {pipeline.fingerprint}


def test_a_destination_is_named_once(folder: Folder) -> None:
    folder.pipeline_file("destination: meta", "destination: [meta, meta]")
    (problem,) = folder.problems()
    assert problem.endswith('destination[1]: "meta" is named twice; name it once')


@pytest.mark.parametrize("destination", ["[meta, other]", "{column: brand, map: {a: meta, b: other}}"])
@pytest.mark.parametrize("dataset", ['"1234567890"', "${env:DATASET}"])
def test_two_destinations_of_a_pipeline_are_not_one_dataset(folder: Folder, destination: str, dataset: str) -> None:
    """As each event would be sent to it twice."""
    folder.project_file("  meta: {", "  other: {dataset_id: ID, access_token: '${env:META_ACCESS_TOKEN}'}\n  meta: {")
    folder.project_file('"1234567890"', "ID").project_file("ID", dataset)
    folder.pipeline_file("destination: meta", f"destination: {destination}")
    (problem,) = folder.problems()
    assert "destination: " in problem
    assert "are the same dataset, which would get events twice; name one of them" in problem


def test_sandboxes_of_one_project_are_told_apart(folder: Folder) -> None:
    folder.project_file("  meta: {", "  other: {type: sandbox}\n  third: {type: sandbox}\n  meta: {")
    found = folder.load().destinations
    assert [found[name].dataset_id.resolve() for name in ("other", "third")] == ["1234567890", "1234567891"]


def test_a_target_that_tries_one_destination_and_sends_to_another_is_warned_of(folder: Folder) -> None:
    folder.project_file("meta: {", "other: {type: sandbox}\n  meta: {")
    assert folder.load().warnings == ()
    folder.pipeline_file("destination: meta", "destination: [meta, other]")
    (said,) = folder.load().warnings
    assert "pipelines/orders.yaml:" in said
    assert "destination: in target default other is the sandbox, but meta is at Meta: its events are real" in said
    assert "add `destinations: {meta: {type: sandbox}}` to the target" in said
    folder.project_file("meta: {", 'meta: {base_url: "http://127.0.0.1:8765", ')
    assert folder.load().warnings == ()


def test_a_route_names_a_destination_for_each_value(folder: Folder) -> None:
    folder.project_file("meta: {", "other: {type: sandbox}\n  meta: {")
    folder.pipeline_file("destination: meta", "destination: {column: brand, map: {1: meta, b: other, c: meta}}")
    pipeline = folder.pipeline()
    assert pipeline.route == Route(column="brand", map={"1": "meta", "b": "other", "c": "meta"})
    assert pipeline.destinations == ("meta", "other")


def test_a_preset_may_give_what_the_file_lacks(folder: Folder) -> None:
    folder.add(
        "pipelines/orders.yaml",
        "name: orders\nsource: shop\ntable: t\nkey: id\nstart: now\ndestination: meta\n"
        "settings: {preset: ga4, browser_pixel: none}\n",
    )
    pipeline = folder.pipeline()
    assert pipeline.settings.action_source == "website"
    assert pipeline.mapping.server_event["event_id"] == WhenPresent(entry=Column(column="event_id"))


def test_what_guards_people_is_not_left_blank(folder: Folder) -> None:
    """As where the lines below are commented out: then more would be sent than was meant."""
    add(folder, "consent:\n  # column: ok\nlimited_data_use:\nrequire: # later\nevents:\n")
    assert [problem.partition(": ")[2] for problem in folder.problems()] == [
        f"{key}: is left blank; give it a value, or write null where nothing is meant"
        for key in ("consent", "limited_data_use", "require", "events")
    ]


def test_a_category_of_consent_is_not_left_blank(folder: Folder) -> None:
    """Without one the column itself would say yes or no."""
    (problem,) = add(folder, "consent: {column: categories, category: }").problems()
    assert "consent.category: is left blank; give it a value, or write null" in problem


def test_an_unknown_match_key_is_one_mistake(folder: Folder) -> None:
    (problem,) = add(folder, "require: {any: [emial]}").problems()
    assert 'no parameter "emial"' in problem


def test_a_project_may_ask_for_consent_that_a_pipeline_takes_out_in_so_many_words(folder: Folder) -> None:
    folder.project_file("version: 1\n", "version: 1\ndefaults: {consent: {column: ok}}\n")
    assert folder.pipeline().consent == Consent(column="ok")
    assert add(folder, "consent: null").pipeline().consent is None
    assert len(folder.pipeline_file("consent: null", "consent:").problems()) == 1


def test_pipelines_alerts_lie_over_the_projects(folder: Folder) -> None:
    folder.project_file("version: 1\n", "version: 1\nalerts: {when: {failed: false, rejected_above: 2%}}\n")
    assert folder.pipeline().alerts is None
    assert add(folder, "alerts: {when: {rejected_above: 9%}}").pipeline().alerts == AlertRules(
        failed=False,
        rejected_above=folder.load().pipelines["orders"].alerts.rejected_above,  # type: ignore[union-attr]
    )


def test_project_sections_become_values(folder: Folder) -> None:
    folder.project_file(
        "version: 1\n",
        "version: 1\nretention: {ledger: 100d, runs: 1w}\ndaemon: {port: 0, health_port: 9000, drain: 1m, auth_token: '${env:TOKEN:-}'}\n"
        "alerts: {to: [{slack: '${env:SLACK_URL}'}, {webhook: 'https://h/'}, {email: ops@example.com}], when: {nothing_delivered_for: 6h}}\n",
    )
    project = folder.load({"SLACK_URL": "https://hooks.slack.com/x"})
    assert (project.retention.ledger, str(project.retention.runs)) == (Duration(100 * 86_400), "7d")
    assert (project.daemon.port, project.daemon.health_port, project.daemon.drain) == (0, 9000, Duration(60))
    assert project.daemon.auth_token is not None
    assert project.daemon.auth_token.resolve() == ""
    assert [(target.kind, target.address.resolve()) for target in project.alerts.to] == [
        ("slack", "https://hooks.slack.com/x"), ("webhook", "https://h/"), ("email", "ops@example.com")
    ]  # fmt: skip
    assert project.alerts.when.nothing_delivered_for == Duration(21_600)


def test_a_dataset_id_may_be_a_number_or_have_its_other_name(folder: Folder) -> None:
    assert folder.load().destinations["meta"].dataset_id.resolve() == "1234567890"
    folder.project_file('dataset_id: "1234567890"', "pixel_id: 1234567890123456")
    assert folder.load().destinations["meta"].dataset_id.resolve() == "1234567890123456"
    folder.project_file("pixel_id: 1234567890123456", 'pixel_id: "${env:DATASET}"')
    assert folder.load({"DATASET": "77123"}).destinations["meta"].dataset_id.resolve() == "77123"


def test_a_certificate_file_lies_in_the_project(folder: Folder) -> None:
    folder.project_file("access_token:", "ca_bundle: ca.pem, access_token:")
    assert folder.load().destinations["meta"].ca_bundle == folder.path / "ca.pem"


def test_a_fingerprint_is_the_same_for_the_same_meaning(folder: Folder) -> None:
    first = folder.pipeline().fingerprint
    lines = PIPELINE.splitlines()
    lines = [
        *lines[4:6],
        "# a comment",
        *lines[:4],
        "description: other words",
        "tags: [x]",
        "enabled: true",
        *lines[6:],
    ]
    text = (
        "\n".join(lines)
        .replace("{em: email}", '{"email": email, }')
        .replace("settings: {", "settings: {timezone: UTC, ")
    )
    (folder.path / "pipelines" / "orders.yaml").unlink()
    folder.add("pipelines/renamed.yml", text.replace("SELECT * FROM orders", '"SELECT * FROM orders;"'))
    assert folder.pipeline().fingerprint == first
    assert len(first) == 64


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("em: email", "em: mail"),
        ("em: email", "em: [email]"),
        ("em: email", "em: {value: email}"),
        ("key: order_id", "key: [order_id, shop]"),
        ("start: now", "start: window"),
        ("FROM orders", "FROM Orders"),
        ("action_source: email", "action_source: chat"),
        ("action_source: email", "action_source: email, delay: 1m"),
        ("name: orders", "name: orders\ncursor: updated_at"),
        ("name: orders", "name: orders\ncursor: {column: updated_at, lookback: 1h}"),
        ("name: orders", "name: orders\ndelivery: {mode: at_most_once}"),
        ("name: orders", "name: orders\nenabled: false"),
    ],
)
def test_a_fingerprint_changes_with_what_is_sent(folder: Folder, old: str, new: str) -> None:
    first = folder.pipeline().fingerprint
    assert folder.pipeline_file(old, new).pipeline().fingerprint != first


def test_a_fingerprint_never_changes_between_versions() -> None:
    mapping = Mapping(server_event={"event_name": Constant(value="Purchase")}, customer_info={})
    pipeline = Pipeline(
        name="orders", source="shop", query="SELECT 1", key=("id",), start="now", destinations=("meta",), mapping=mapping,
        file=Path("x.yaml"), fingerprint="",
    )  # fmt: skip
    assert fingerprint(pipeline) == "92f10b1bb715b4d7fc20b2b4876020b419f6d0bcd1088053cd85f9901e9f9b1b"


MISSPELT = [
    ("event_name: {value: Schedule}", ""),
    ("event_name: {column: kind, map: {a: Schedule, b: Lead}, otherwise: drop}", ""),
    ("event_name: {first_of: [{column: kind, map: {a: Lead}, otherwise: reject}, {value: Schedule}]}", ""),
    ("", "events: [{id: a, name: Schedule}, {id: b, name: Lead}]"),
]


@pytest.mark.parametrize(("name", "rules"), MISSPELT)
def test_an_event_that_the_pipeline_does_not_send_is_named_with_the_nearest(
    folder: Folder, name: str, rules: str
) -> None:
    folder.pipeline_file("{event_name: {value: Schedule}, event_time", f"{{{name}{', ' if name else ''}event_time")
    folder.pipeline_file("em: email", "em: [email, {column: other, only_for: [Schedle]}]")
    (problem,) = add(folder, rules).problems()
    said = 'customer_info.em.only_for: no event of this pipeline is called "Schedle"; did you mean "Schedule"?'
    assert said in problem


@pytest.mark.parametrize(
    "name", ["event_name: kind", "event_name: {column: kind, map: {a: Purchase}}", "event_name: {sql: kind}"]
)
def test_an_event_of_any_name_may_be_meant_where_a_column_gives_the_names(folder: Folder, name: str) -> None:
    folder.pipeline_file("event_name: {value: Schedule}", name)
    folder.pipeline_file("em: email", "em: {column: email, only_for: [Purchse]}")
    assert folder.problems() == []


def test_defaults_may_name_events_that_another_pipeline_sends(folder: Folder) -> None:
    defaults = "defaults: {mapping: {custom_data: {value: {column: total, only_for: [Lead]}}}}\nsources:"
    folder.project_file("sources:", defaults)
    assert folder.problems() == []
