"""A merged pipeline, each line with its origin."""

from syncer.config.merged import flow, lines
from syncer.pipeline import Json
from tests.unit.config.folder import Folder

PIPELINE = """\
name: orders
source: shop
table: orders
key: order_id
start: now
cursor: updated_at
settings: {preset: segment_ecommerce, browser_pixel: none}
mapping:
  customer_info: {email: mail}
  custom_data: {contents: {from: lines, id: sku}, content_ids: [a, {value: b}], value: {sql: "a - b", default: 1}}
  user_defined: {"*": rest}
"""


def explained(folder: Folder) -> dict[str, tuple[Json, str]]:
    folder.project_file("sources:", "defaults: {destination: meta, settings: {timezone: Europe/Paris}}\nsources:")
    folder.add("pipelines/orders.yaml", PIPELINE)
    return {line.path: (line.value, line.origin) for line in lines(folder.pipeline())}


def test_each_line_has_its_origin(folder: Folder) -> None:
    found = explained(folder)
    assert found["query"] == ("SELECT * FROM orders", "pipelines/orders.yaml:3")
    assert found["cursor.column"] == ("updated_at", "pipelines/orders.yaml:6")
    assert found["settings.browser_pixel"] == ("none", "pipelines/orders.yaml:7")
    assert found["settings.timezone"] == ("Europe/Paris", "defaults of syncer.yaml:2")
    assert found["destination"] == ("meta", "defaults of syncer.yaml:2")
    assert found["settings.action_source"] == ("website", "preset segment_ecommerce")
    assert found["settings.hashing"] == ("auto", "default")
    assert found["settings.delay"] == ("0s", "default")
    assert found["delivery.events_per_request"] == (1000, "default")
    assert found["mapping.customer_info.em"] == ("mail", "pipelines/orders.yaml:9")
    assert found["mapping.customer_info.external_id"] == (
        {"first_of": ["user_id", "anonymous_id"]},
        "preset segment_ecommerce",
    )
    assert found["mapping.user_defined.*"] == ("rest", "pipelines/orders.yaml:11")


def test_entries_are_shown_as_a_mapping_writes_them(folder: Folder) -> None:
    found = explained(folder)
    assert found["mapping.custom_data.contents"][0] == {"from": "lines", "id": "sku"}
    assert found["mapping.custom_data.content_ids"][0] == ["a", {"value": "b"}]
    assert found["mapping.custom_data.value"][0] == {"sql": "a - b", "default": 1}
    source = found["mapping.server_event.action_source"][0]
    assert flow(source) == (
        "{first_of: [action_source, actionSource, {column: type, map: {offline: physical_store, "
        "Offline: physical_store, OFFLINE: physical_store}, otherwise: drop}]}"
    )
    assert (flow("a text"), flow(None), flow(12)) == ("a text", "null", "12")


def test_what_is_null_or_empty_is_left_out(folder: Folder) -> None:
    assert not {"description", "tags", "settings.default_country", "file"} & explained(folder).keys()


def test_of_a_rule_what_it_says_itself_is_shown(folder: Folder) -> None:
    rules = "events: [{id: won, name: Purchase, when: {stage: won}, mapping: {custom_data: {value: amount}}}]\n"
    folder.project_file("sources:", "defaults: {destination: meta}\nsources:")
    folder.add("pipelines/orders.yaml", PIPELINE + rules)
    found = {
        line.path: (line.value, line.origin) for line in lines(folder.pipeline()) if line.path.startswith("events")
    }
    here = "pipelines/orders.yaml:12"
    assert found == {
        "events[0].id": ("won", here),
        "events[0].name": ("Purchase", here),
        "events[0].when": ({"stage": "won"}, here),
        "events[0].mapping.custom_data.value": ("amount", here),
    }


def test_what_is_required_is_shown_as_it_is_written(folder: Folder) -> None:
    folder.pipeline_file("{em: email}", "{em: email, fn: first, ln: last}")
    folder.pipeline_file("start: now\n", "start: now\nrequire: [{any: [em, ph]}, {any: [fn, ln], count: 2}]\n")
    (found,) = [line for line in lines(folder.pipeline()) if line.path == "require"]
    assert flow(found.value) == "[{any: [em, ph], count: 1}, {any: [fn, ln], count: 2}]"
    assert found.origin == "pipelines/orders.yaml:6"


def test_a_route_stands_for_its_destinations(folder: Folder) -> None:
    folder.project_file("  meta: {", "  other: {type: sandbox}\n  meta: {")
    folder.pipeline_file("destination: meta", "destination: {column: brand, map: {a: meta, b: other}}")
    found = {line.path: line.value for line in lines(folder.pipeline())}
    assert "destination" not in found
    assert found["destination.map"] == {"a": "meta", "b": "other"}
