"""The JSON Schema of both files: what is right passes, every key is offered and explained."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types

from syncer.config.document import parse_document
from syncer.config.pipelines import KEYS as PIPELINE_KEYS
from syncer.config.problems import Problems
from syncer.config.projects import KEYS as PROJECT_KEYS
from syncer.config.projects import TARGET_KEYS
from syncer.config.schema import pipeline_schema, project_schema
from syncer.spec.fields import PARAMETERS, Group
from tests.unit.config.folder import PIPELINE, PROJECT, Folder

PROJECT_SCHEMA, PIPELINE_SCHEMA = project_schema(), pipeline_schema()
REPOSITORY = Path(__file__).parents[3]

WHOLE_PROJECT = """\
version: 1
state: ${env:SYNCER_STATE:-sqlite:///.syncer/state.db}
sources:
  warehouse: {type: duckdb, path: warehouse.duckdb}
  prod:
    type: snowflake
    account: xy12345.eu-west-1
    user: SYNCER
    private_key: ${file:/run/secrets/snowflake_key}
    warehouse: SYNC_WH
    database: ANALYTICS
    role: SYNCER_READER
  other: {type: postgres, host: db, port: "${env:PGPORT:-5432}", password: "${env:PGPASSWORD}"}
destinations:
  meta:
    type: meta
    dataset_id: "1234567890"
    access_token: ${env:META_ACCESS_TOKEN}
    api_version: v26.0
    base_url: https://graph.facebook.com
    test_event_code: null
    app_secret: null
    ca_bundle: null
    proxy: null
defaults: {settings: {timezone: Europe/Paris}, mapping: {customer_info: {client_ip: ip}}}
targets:
  dev:
    destinations: {meta: {type: sandbox}}
  prod:
    schedules: true
  other:
    schedules: ${env:SCHEDULES:-false}
  empty:
default_target: dev
alerts:
  to: [{slack: "${env:SLACK_URL}"}, {webhook: "${env:HOOK_URL}"}, {email: ops@example.com}]
  when: {failed: true, paused: true, rejected_above: 2%, nothing_delivered_for: 6h, expiring_within: 24h, volume_below: 50%, token_expires_within: 14d}
daemon: {host: 127.0.0.1, port: 8787, health_port: null, auth_token: "${env:SYNCER_TOKEN:-}", concurrency: 4, drain: 25s}
retention: {ledger: 90d, runs: 90d, rejects: 30d}
"""  # fmt: skip

WHOLE_PIPELINE = """\
version: 1
name: orders
description: Completed orders as Purchase events
tags: [hourly]
enabled: true
source: prod
query: |
  SELECT * FROM analytics.orders WHERE status = 'paid'
key: order_id
start: now
cursor: {column: updated_at, lookback: 1h}
destination: meta
settings:
  action_source: website
  browser_pixel: none
  hashing: auto
  default_country: null
  timezone: UTC
  preset: null
  strict: false
  delay: 0m
  max_age: null
  test_event_code: null
mapping:
  server_event:
    event_name: {value: Schedule}
    event_time: ordered_at
    event_id: order_id
    event_source_url: page_url
    app_data: {advertiser_tracking_enabled: att, extinfo: {version: {value: a2}, os_version: os}}
    original_event_data.event_name: first_event
    data_processing_options: {value: []}
  customer_info:
    em: [email, billing_email]
    phone: {column: phone, country_column: country}
    external_id: {first_of: [customer_id, anonymous_id]}
    db: {column: birthday, format: "%d/%m/%Y"}
    client_ip_address: ip
    client_user_agent: user_agent
    fbp: {column: cookie_header, cookie: _fbp}
    fbc: {first_of: [{column: cookie_header, cookie: _fbc}, {column: landing_url, query_parameter: fbclid, clicked_at: landed_at}]}
  custom_data:
    value: {sql: total - tax, default: 0}
    currency: {column: currency, map: {euro: EUR}, otherwise: reject}
    contents: {from: items, id: product_id, quantity: qty, item_price: price}
    mileage: {unit: u, value: v}
    store_data: {store_code: store}
  user_defined:
    loyalty_tier: tier
    "*": rest
consent: {column: consent_categories, category: "3", applies_to: {country: [de, fr]}}
limited_data_use: {when: {us_privacy_opt_out: true}, country: 0, state: 0}
require: {any: [em, ph, external_id, fbp, fbc], count: 1}
pii: {email: block, phone: warn, card: warn, url_parameters: strip, allow: []}
schedule: {cron: "*/15 * * * *", timezone: Europe/Paris, jitter: 30s}
reconcile: {every: 24h}
rejects: {retry: on_change}
tolerate: {rejected: 0%}
delivery: {mode: at_least_once, events_per_request: 1000, requests_in_flight: 4, max_rows: null}
alerts: {when: {failed: false}}
tests:
  - name: a guest order keeps its value
    now: 2026-11-20T12:00:00Z
    rows: [{order_id: 1, email: " A@B.co ", total: "12.50", currency: eur, ordered_at: 2026-11-20T10:00:00Z}]
    expect: [{event_name: Purchase, user_data: {em: [sha256(a@b.co)]}, custom_data: {value: 12.5, currency: EUR}}]
  - {name: one without value is refused, rows: [{order_id: 1}], expect_rejected: [{key: 1, reason: value_missing}]}
"""  # fmt: skip

EVENT_RULES = """\
name: shop
source: warehouse
table: analytics.steps
key: [session, step]
start: -3d
destination: {column: brand, map: {a: meta, b: meta}, otherwise: reject}
settings: {action_source: app, hashing: false}
mapping:
  server_event:
    event_time: at
    app_data: {advertiser_tracking_enabled: allowed, extinfo: {version: {value: a2}, os_version: os}}
  customer_info: {madid: device}
events:
  - {id: bought, name: Purchase, when: {status: [paid, sent], total: {gt: 0}}, mapping: {custom_data: {value: total, currency: currency}}}
  - {id: seen, name: ViewContent}
schedule: {every: 15m}
"""


def plain(text: str) -> Any:
    problems = Problems()
    node = parse_document(text.encode(), shown=Path("x.yaml"), problems=problems)
    assert node is not None
    assert not problems
    return node.plain()


def faults(schema: dict[str, Any], text: str) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(plain(text))]


@pytest.mark.parametrize("schema", [PROJECT_SCHEMA, PIPELINE_SCHEMA], ids=["project", "pipeline"])
def test_a_schema_is_one_of_2020_12(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert schema["description"]


@pytest.mark.parametrize("text", [PROJECT, WHOLE_PROJECT], ids=["small", "whole"])
def test_right_projects_pass_schema_and_loader(folder: Folder, text: str) -> None:
    assert faults(PROJECT_SCHEMA, text) == []
    (folder.path / "pipelines" / "orders.yaml").unlink()
    assert folder.add("syncer.yaml", text).problems() == []


@pytest.mark.parametrize("text", [PIPELINE, WHOLE_PIPELINE, EVENT_RULES], ids=["small", "whole", "rules"])
def test_right_pipelines_pass_schema_and_loader(folder: Folder, text: str) -> None:
    assert faults(PIPELINE_SCHEMA, text) == []
    folder.add(
        "syncer.yaml", WHOLE_PROJECT.replace("  prod:\n    type", "  shop: {type: sqlite, path: a}\n  prod:\n    type")
    )
    assert folder.add("pipelines/orders.yaml", text).problems() == []


def test_the_repositorys_own_project_passes() -> None:
    assert faults(PROJECT_SCHEMA, (REPOSITORY / "syncer.yaml").read_text()) == []
    for path in sorted((REPOSITORY / "pipelines").glob("*.yaml")):
        assert faults(PIPELINE_SCHEMA, path.read_text()) == [], path.name


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: orders", "nmae: orders"),
        ("name: orders", "name: or ders"),
        ("source: shop", "source: 5"),
        ("query: SELECT * FROM orders", "query: SELECT 1\ntable: x"),
        ("key: order_id", "key: []"),
        ("start: now", "start: soon"),
        ("action_source: email", "action_source: web"),
        ("action_source: email", "hashing: sometimes"),
        ("action_source: email", "delay: 5"),
        ("action_source: email", "strict: yes"),
        ("action_source: email", "stict: true"),
        ("value: Schedule", "value: " + "x" * 51),
        ("ordered_at", "ordered_at, action_source: {value: web}"),
        ("ordered_at", "ordered_at, app_data: {extinfo: [a]}"),
        ("ordered_at", "ordered_at, app_data: {extinfo: {os: a}}"),
        ("em: email", "emial: email"),
        ("em: email", "em: 5"),
        ("em: email", "em: {colum: email}"),
        ("em: email", "em: {column: email, otherwise: ignore}"),
        ("em: email", "fbp: [a, b]"),
        ("em: email", "em: {from: items, id: a}"),
        ("em: email", "em: []"),
        ("key: order_id", "key: a\ndelivery: {events_per_request: 1001}"),
        ("key: order_id", "key: a\ntolerate: {rejected: 0.02}"),
        ("key: order_id", "key: a\npii: {email: stop}"),
        ("key: order_id", "key: a\nlimited_data_use: {when: {a: {above: 1}}}"),
        ("key: order_id", "key: a\nevents: [{name: a}]"),
        ("key: order_id", "key: a\ntests: [{name: a, rows: []}]"),
    ],
)
def test_an_editor_sees_what_the_loader_refuses(folder: Folder, old: str, new: str) -> None:
    assert faults(PIPELINE_SCHEMA, PIPELINE.replace(old, new))
    assert folder.pipeline_file(old, new).problems()


def test_every_key_of_the_loader_is_in_the_schema_and_the_reverse() -> None:
    assert set(PIPELINE_SCHEMA["properties"]) == set(PIPELINE_KEYS)
    assert set(PROJECT_SCHEMA["properties"]) == set(PROJECT_KEYS)
    target = PROJECT_SCHEMA["properties"]["targets"]["additionalProperties"]["anyOf"][0]
    assert set(target["properties"]) == set(TARGET_KEYS)


def test_every_key_is_explained() -> None:
    silent = [path for path, schema in [*_keys(PROJECT_SCHEMA, ""), *_keys(PIPELINE_SCHEMA, "")] if not _says(schema)]
    assert silent == []


def test_every_parameter_of_meta_is_offered_with_its_rule() -> None:
    (mapping, _) = PIPELINE_SCHEMA["$defs"]["mapping"]["anyOf"]
    for group in (Group.SERVER_EVENT, Group.CUSTOMER_INFO, Group.CUSTOM_DATA):
        offered = mapping["properties"][group]["anyOf"][0]["properties"]
        for name, parameter in PARAMETERS[group].items():
            if group is Group.SERVER_EVENT and name in ("user_data", "custom_data"):
                assert name not in offered
                continue
            assert parameter.note in offered[name]["description"]
            for long_name in parameter.long_names:
                assert f"`{name}`" in offered[long_name]["description"]
    extinfo = mapping["properties"]["server_event"]["anyOf"][0]["properties"]["app_data"]["properties"]["extinfo"]
    assert list(extinfo["properties"])[:2] == ["version", "app_package_name"]


def test_every_reference_inside_a_schema_leads_somewhere() -> None:
    for schema in (PROJECT_SCHEMA, PIPELINE_SCHEMA):
        for reference in _references(schema):
            assert reference.removeprefix("#/$defs/") in schema["$defs"]


def test_a_schema_is_made_anew_each_time() -> None:
    first = pipeline_schema()
    before = copy.deepcopy(first)
    first["properties"].clear()
    assert pipeline_schema() == before


def _keys(schema: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every property of every map in a schema."""
    if isinstance(schema, dict):
        for name, child in schema.get("properties", {}).items():
            yield f"{path}/{name}", child
        for name, child in schema.items():
            yield from _keys(child, f"{path}/{name}")
    elif isinstance(schema, list):
        for child in schema:
            yield from _keys(child, path)


def _says(schema: Any) -> bool:
    return bool(schema.get("description")) or "$ref" in schema or any(_says(one) for one in schema.get("anyOf", ()))


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for child in schema.values():
            yield from _references(child)
    elif isinstance(schema, list):
        for child in schema:
            yield from _references(child)
