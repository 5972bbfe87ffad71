"""What every event of a pipeline would be refused without is asked for when the file is read."""

import pytest

from syncer.config.presets import PRESETS
from syncer.config.presets import preset as preset_file
from syncer.spec.events import ATTRIBUTION_NEEDS, ORIGINAL_EVENT_NEEDS
from tests.unit.config.folder import Folder

CURRENCY = "currency: is missing, and Meta refuses each Purchase without it; add currency: {value: EUR}, or a column"
VALUE = "value: is missing, and Meta refuses each Purchase without it; add value: <column with the amount>"
NAME, MAPPING = "event_name: {value: Schedule}", "mapping:\n"


def test_a_purchase_needs_value_and_currency(folder: Folder) -> None:
    folder.pipeline_file(NAME, "event_name: {value: Purchase}")
    found = [f"pipelines/orders.yaml:9:3: mapping.custom_data.{said}" for said in (CURRENCY, VALUE)]
    assert folder.problems() == found
    folder.pipeline_file(MAPPING, f"{MAPPING}  custom_data: {{value: total}}\n")
    assert folder.problems() == [f"pipelines/orders.yaml:9:16: mapping.custom_data.{CURRENCY}"]
    folder.pipeline_file("value: total", "value: total, currency: {value: EUR}")
    assert folder.problems() == []


@pytest.mark.parametrize("wrong", ["value: {colum: total}, currency: currency", "value: total, curency: currency"])
def test_what_may_be_there_and_wrong_is_told_as_that_alone(folder: Folder, wrong: str) -> None:
    folder.pipeline_file(NAME, "event_name: {value: Purchase}")
    folder.pipeline_file(MAPPING, f"{MAPPING}  custom_data: {{{wrong}}}\n")
    (problem,) = folder.problems()
    assert "colum" in problem or "curency" in problem


@pytest.mark.parametrize(
    "name", ["kind", "{column: kind, map: {a: Purchase, b: Lead}, otherwise: drop}", "{sql: kind}"]
)
def test_nothing_is_asked_for_that_some_events_may_do_without(folder: Folder, name: str) -> None:
    folder.pipeline_file(NAME, f"event_name: {name}")
    assert folder.problems() == []


def test_a_purchase_may_have_both_from_all_other_columns(folder: Folder) -> None:
    folder.pipeline_file(NAME, "event_name: {value: Purchase}")
    folder.pipeline_file(MAPPING, f'{MAPPING}  user_defined: {{"*": rest}}\n')
    assert folder.problems() == []


def test_a_rule_whose_events_lack_something_is_told_by_its_number(folder: Folder) -> None:
    rules = "events:\n  - {id: seen, name: ViewContent}\n  - {id: bought, name: Purchase}\n"
    folder.pipeline_file(f"{NAME}, ", "").pipeline_file(MAPPING, f"{rules}{MAPPING}  custom_data: {{value: total}}\n")
    assert folder.problems() == [f"pipelines/orders.yaml:10:5: events[1].mapping.custom_data.{CURRENCY}"]
    folder.pipeline_file("name: Purchase", "name: Purchase, mapping: {custom_data: {currency: currency}}")
    assert folder.problems() == []


@pytest.mark.parametrize(("is_strict", "lacking"), [("true", 2), ("false", 0)])
def test_a_website_event_needs_page_and_user_agent_where_the_settings_are_strict(
    folder: Folder, is_strict: str, lacking: int
) -> None:
    settings = f"{{action_source: website, browser_pixel: none, strict: {is_strict}}}"
    folder.pipeline_file("{action_source: email}", settings)
    said = [problem for problem in folder.problems() if "`settings.strict` rejects each website event" in problem]
    assert len(folder.problems()) == len(said) == lacking
    folder.pipeline_file("event_time: ordered_at", "event_time: ordered_at, event_source_url: url")
    folder.pipeline_file("{em: email}", "{em: email, client_user_agent: agent}")
    assert folder.problems() == []


@pytest.mark.parametrize(
    ("source", "lacking"),
    [
        ("kind", 0),
        ("{sql: kind}", 0),
        ("{first_of: [kind, other]}", 0),
        ("{column: kind, default: website}", 0),
        ("{column: kind, map: {a: website}}", 0),
        ("{column: kind, map: {a: website, b: email}, otherwise: drop}", 0),
        ("{column: kind, map: {a: website}, otherwise: drop}", 2),
        ("{value: Website}", 2),
    ],
)
def test_no_page_is_asked_for_where_a_row_may_say_that_its_event_is_of_no_website(
    folder: Folder, source: str, lacking: int
) -> None:
    folder.pipeline_file("{action_source: email}", "{action_source: website, browser_pixel: none, strict: true}")
    folder.pipeline_file("event_time: ordered_at", f"event_time: ordered_at, action_source: {source}")
    assert len(folder.problems()) == lacking


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_whose_page_is_taken_out_lets_a_row_say_that_its_event_is_of_a_store(
    folder: Folder, preset: str
) -> None:
    folder.pipeline_file("{action_source: email}", f"{{preset: {preset}, browser_pixel: none, strict: true}}")
    folder.pipeline_file(
        "event_time: ordered_at", "event_time: ordered_at, event_source_url: null, action_source: kind"
    )
    assert folder.problems() == []
    folder.pipeline_file(", action_source: kind", "")
    has_column = "action_source" in preset_file(preset).at(("mapping", "server_event")).entries
    assert len(folder.problems()) == (0 if has_column else 1)


def test_what_the_defaults_lack_is_told_in_the_file_of_the_pipeline(folder: Folder) -> None:
    folder.project_file("sources:", "defaults: {mapping: {custom_data: {currency: {value: EUR}}}}\nsources:")
    folder.pipeline_file(NAME, "event_name: {value: Purchase}")
    assert folder.problems() == [f"pipelines/orders.yaml:9:3: mapping.custom_data.{VALUE}"]


def test_a_mistake_that_another_target_had_told_before_is_told_as_that_alone(folder: Folder) -> None:
    targets = "default_target: dev\ntargets: {dev: {}, prod: {defaults: {tags: [a]}}}\n"
    folder.project_file("sources:", f"{targets}sources:").pipeline_file(NAME, "event_name: {value: Purchase}")
    folder.pipeline_file(MAPPING, f"{MAPPING}  custom_data: {{value: total, curency: currency}}\n")
    (problem,) = folder.problems()
    assert "curency" in problem


def test_a_mistake_of_the_defaults_is_told_as_that_alone(folder: Folder) -> None:
    defaults = "defaults: {mapping: {custom_data: {curency: currency}}}\n"
    folder.project_file("sources:", f"{defaults}sources:").pipeline_file(NAME, "event_name: {value: Purchase}")
    folder.pipeline_file(MAPPING, f"{MAPPING}  custom_data: {{value: total}}\n")
    folder.add("pipelines/more.yaml", (folder.path / "pipelines/orders.yaml").read_text())
    folder.edit("pipelines/more.yaml", "name: orders", "name: more")
    (problem,) = folder.problems()
    assert "curency" in problem


IDS = "ctwa_clid: click, whatsapp_business_account_id: account"
NOBODY = "and Meta refuses each such event; map another match key, such as em, ph or external_id"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("ct: city, country: country", "nobody is identified by country, ct alone"),
        ("fn: first, ge: {value: f}", "nobody is identified by fn, ge alone"),
        ("db: born, client_user_agent: agent", "nobody is identified by client_user_agent, db alone"),
        ("fn: first, ln: last", None),
        ("ct: city, fbp: fbp", None),
    ],
)
def test_somebody_must_be_identified(folder: Folder, keys: str, said: str | None) -> None:
    folder.pipeline_file("{em: email}", f"{{{keys}}}")
    found = [f"pipelines/orders.yaml:10:18: mapping.customer_info: {said}, {NOBODY}"]
    assert folder.problems() == ([] if said is None else found)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("{any: [ph, fbp]}", "1 of fbp, ph, and none is mapped"),
        ("[{any: [em, ph]}, {any: [em, ph], count: 2}]", "2 of em, ph, and 1 is mapped"),
        ("{any: [em, ph]}", None),
    ],
)
def test_what_is_required_must_be_mapped(folder: Folder, wanted: str, said: str | None) -> None:
    folder.pipeline_file("start: now", f"start: now\nrequire: {wanted}")
    found = [problem.partition("asks each event for ")[2].partition(";")[0] for problem in folder.problems()]
    assert found == ([] if said is None else [said])


def test_an_event_of_an_app_needs_what_meta_asks_of_the_device(folder: Folder) -> None:
    folder.pipeline_file("action_source: email", "action_source: app")
    paths = [problem.split(": ")[1] for problem in folder.problems()]
    names = ("advertiser_tracking_enabled", "extinfo.version", "extinfo.os_version")
    assert paths == [f"mapping.server_event.app_data.{name}" for name in sorted(names)]
    data = "app_data.advertiser_tracking_enabled: {value: true}, app_data: {extinfo: {version: v, os_version: os}}"
    folder.pipeline_file("event_time: ordered_at", f"event_time: ordered_at, {data}")
    assert folder.problems() == []


@pytest.mark.parametrize(
    ("channel", "keys", "lacking"),
    [
        ("", IDS, ["server_event.messaging_channel"]),
        ("{value: whatsapp}", IDS, []),
        ("{value: whatsapp}", "em: email", ["customer_info"]),
        ("{column: channel, map: {w: whatsapp, m: messenger}, otherwise: drop}", "em: email", ["customer_info"]),
        ("{column: channel, map: {w: whatsapp, m: messenger}, otherwise: drop}", IDS, []),
        ("channel", "em: email", []),
    ],
)
def test_a_message_needs_a_channel_and_its_ids(folder: Folder, channel: str, keys: str, lacking: list[str]) -> None:
    folder.pipeline_file("action_source: email", "action_source: business_messaging")
    folder.pipeline_file("Schedule}", "Purchase}").pipeline_file("{em: email}", f"{{{keys}}}")
    folder.pipeline_file(MAPPING, f"{MAPPING}  custom_data: {{value: total, currency: currency}}\n")
    if channel:
        folder.pipeline_file("event_time: ordered_at", f"event_time: ordered_at, messaging_channel: {channel}")
    assert [problem.split(": ")[1] for problem in folder.problems()] == [f"mapping.{path}" for path in lacking]


@pytest.mark.parametrize(
    ("name", "is_known"),
    [
        ("{value: Lead}", False),
        ("{value: LeadSubmitted}", True),
        ("{value: ' OrderCreated '}", True),
        ('{value: "\\u200bOrderCreated"}', True),
        ("{column: kind, map: {a: Lead, b: OrderCreated}, otherwise: drop}", True),
        ("{column: kind, map: {a: Lead, b: Contact}, otherwise: drop}", False),
        ("kind", True),
    ],
)
def test_a_message_is_an_event_that_meta_takes_of_one(folder: Folder, name: str, *, is_known: bool) -> None:
    folder.pipeline_file("action_source: email", "action_source: business_messaging")
    folder.pipeline_file("event_time: ordered_at", "event_time: ordered_at, messaging_channel: {value: whatsapp}")
    folder.pipeline_file("{em: email}", f"{{{IDS}}}").pipeline_file(NAME, f"event_name: {name}")
    found = [problem for problem in folder.problems() if "business_messaging takes no " in problem]
    assert (len(folder.problems()), len(found)) == ((0, 0) if is_known else (1, 1))


def test_appended_attribution_needs_all_of_its_parts(folder: Folder) -> None:
    folder.pipeline_file(NAME, "event_name: {value: AppendAttribution}")
    folder.pipeline_file(MAPPING, f"{MAPPING}  custom_data: {{currency: {{value: EUR}}}}\n")
    assert len(folder.problems()) == len(ATTRIBUTION_NEEDS) + len(ORIGINAL_EVENT_NEEDS)
    given = [f"attribution_data.{name}: a" for name in ATTRIBUTION_NEEDS]
    given += [f"original_event_data.{name}: b" for name in ORIGINAL_EVENT_NEEDS]
    folder.pipeline_file("event_time: ordered_at", f"event_time: ordered_at, {', '.join(given)}")
    assert folder.problems() == []


@pytest.mark.parametrize(
    ("options", "lacking"),
    [
        ("{value: [LDU]}", ["country", "state"]),
        ("{value: []}", []),
        ("choice", []),
        ("{value: [LDU]}, data_processing_options_country: {value: 1}", ["state"]),
    ],
)
def test_constant_options_need_their_country_and_state(folder: Folder, options: str, lacking: list[str]) -> None:
    folder.pipeline_file("event_time: ordered_at", f"event_time: ordered_at, data_processing_options: {options}")
    paths = [problem.split(": ")[1] for problem in folder.problems()]
    assert paths == [f"mapping.server_event.data_processing_options_{name}" for name in lacking]
