"""`events:`: rules laid over the mapping of their pipeline."""

from pathlib import Path

from syncer.mapping import Column, Constant
from tests.unit.config.folder import Folder

RULES = """name: orders
events:
  - {id: paid, name: Purchase, when: {status: paid}}
  - id: lead
    mapping:
      server_event: {event_name: {value: Lead}, event_time: seen_at}
      custom_data: {currency: null, order_id: lead_no}
"""


def with_rules(folder: Folder, rules: str = RULES) -> Folder:
    folder.pipeline_file("event_name: {value: Schedule}, ", "")
    return folder.pipeline_file("name: orders\n", rules)


def test_what_a_rule_maps_wins_entry_by_entry_and_null_takes_one_out(folder: Folder) -> None:
    folder.pipeline_file("mapping:", "mapping:\n  custom_data: {value: total, currency: currency}")
    paid, lead = with_rules(folder).pipeline().events
    assert paid.mapping.server_event["event_name"] == Constant(value="Purchase")
    assert paid.mapping.custom_data == {"value": Column(column="total"), "currency": Column(column="currency")}
    assert lead.mapping.server_event["event_time"] == Column(column="seen_at")
    assert lead.mapping.customer_info == paid.mapping.customer_info
    assert lead.mapping.custom_data == {"value": Column(column="total"), "order_id": Column(column="lead_no")}


def test_a_mistake_in_a_rule_is_told_at_its_place_and_one_of_the_pipeline_once(folder: Folder) -> None:
    folder.pipeline_file("{em: email}", "{em: email, nothing: x}")
    problems = with_rules(folder, RULES.replace("event_time: seen_at", "event_tim: seen_at")).problems()
    assert len([each for each in problems if "nothing" in each]) == 1
    assert len([each for each in problems if "event_tim" in each]) == 1


def test_the_name_of_a_rules_events_is_given_once(folder: Folder) -> None:
    folder.pipeline_file("mapping:", "mapping:\n  custom_data: {value: total, currency: currency}")
    (problem,) = with_rules(folder, RULES.replace("- id: lead", "- id: lead\n    name: Lead")).problems()
    assert "events[1].name: is given twice: here, and as mapping.server_event.event_name" in problem


def test_the_name_of_a_rule_wins_over_what_the_pipeline_maps(folder: Folder) -> None:
    longest = "x" * 50
    folder.pipeline_file("name: orders\n", f"name: orders\nevents: [{{id: a, name: {longest}}}, {{id: b}}]\n")
    names = [rule.mapping.server_event["event_name"] for rule in folder.pipeline().events]
    assert names == [Constant(value=longest), Constant(value="Schedule")]


def test_each_rule_of_events_that_a_pixel_sends_too_maps_their_ids(folder: Folder) -> None:
    folder.pipeline_file("{action_source: email}", "{action_source: website, browser_pixel: same_events}")
    rules = "name: orders\nevents: [{id: a, name: A, mapping: {server_event: {event_id: x}}}, {id: b, name: B}]\n"
    (problem,) = with_rules(folder, rules).problems()
    assert "same_events without an event_id counts events twice" in problem


def test_places_of_a_rule_are_known_by_its_number(folder: Folder) -> None:
    folder.pipeline_file("mapping:", "mapping:\n  custom_data: {value: total, currency: currency}")
    places = with_rules(folder).pipeline().places
    assert {path: place[1:] for path, place in places.items() if path.startswith("events[1]")} == {
        "events[1]": (4, 5),
        "events[1].mapping.server_event.event_name": (6, 34),
        "events[1].mapping.server_event.event_time": (6, 61),
        "events[1].mapping.custom_data.order_id": (7, 47),
    }
    assert places["events[0].when.status"][1:] == (3, 39)
    assert isinstance(places["events[0]"][0], Path)


def test_what_a_rule_leaves_blank_takes_away_nothing_that_the_pipeline_maps(folder: Folder) -> None:
    folder.pipeline_file(
        "{em: email}\n",
        "{em: email, ph: phone}\nevents:\n  - {id: a, mapping: {customer_info: {phone: }}}\n  - {id: b, mapping: }\n",
    )
    (problem,) = folder.problems()
    assert "events[0].mapping.customer_info.phone: is left blank, but pipelines/orders.yaml:10 gives a value" in problem
    rule, _ = folder.pipeline_file("phone: }", "phone: null}").pipeline().events
    assert list(rule.mapping.customer_info) == ["em"]
