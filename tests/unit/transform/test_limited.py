"""Limited Data Use by switch, by condition and by column, and other choices that are never dropped (S18)."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from syncer.errors import ConfigError
from syncer.mapping import Column, Constant
from syncer.pipeline import LimitedDataUse, Pipeline

NOW = 1_795_700_000
Make = Callable[..., Any]
OPTIONS = ("data_processing_options", "data_processing_options_country", "data_processing_options_state")
INCOMPLETE, INVALID = "data_processing_options_incomplete", "data_processing_options_invalid"


@pytest.fixture
def limited(pipeline: Make) -> Callable[..., Pipeline]:
    """Return the pipeline with an IP address and `limited_data_use`."""

    def of(**choices: Any) -> Pipeline:
        customer = {"em": Constant(value="a@b.co"), "client_ip_address": Column(column="ip")}
        made: Pipeline = replace(pipeline(customer=customer), limited_data_use=LimitedDataUse(**choices))
        return made

    return of


@pytest.fixture
def chosen(run: Make) -> Callable[..., list[Any]]:
    """Return of each row its options, or the reason of its refusal."""

    def of(made: Pipeline, rows: list[dict[str, Any]] | pa.RecordBatch) -> list[Any]:
        if isinstance(rows, list):
            rows = [{"ip": "203.0.113.7", **row} for row in rows]
        found = run(made, rows)
        events = zip(found.events["row"], map(json.loads, found.events["json"]), strict=True)
        said: dict[int, Any] = {row: tuple(event.get(name) for name in OPTIONS) for row, event in events}
        said |= {row["row"]: row["reason"] for row in found.rejects.iter_rows(named=True)}
        return [said[row] for row in sorted(said)]

    return of


def test_S18_as_a_switch_every_event_carries_the_flag(limited: Make, chosen: Make) -> None:
    assert chosen(limited(), [{}]) == [(["LDU"], 0, 0)]
    assert chosen(limited(country=1, state=1000), [{"ip": None}]) == [(["LDU"], 1, 1000)]


def test_S18_country_0_and_state_0_need_the_address_of_the_row(limited: Make, chosen: Make) -> None:
    assert chosen(limited(), [{"ip": None}, {"ip": "no address"}, {"ip": "2001:db8::1"}]) == [
        INCOMPLETE, INCOMPLETE, (["LDU"], 0, 0),
    ]  # fmt: skip


def test_S18_country_0_and_state_0_need_an_address_in_the_mapping(pipeline: Make, run: Make) -> None:
    made = replace(pipeline(), limited_data_use=LimitedDataUse())
    with pytest.raises(ConfigError, match="limited_data_use: country 0 and state 0 let Meta find the place by the IP"):
        run(made, [{}])


def test_S18_by_condition_only_the_events_that_meet_it_carry_the_flag(limited: Make, chosen: Make) -> None:
    made = limited(when={"us_privacy_opt_out": True}, country=1, state=1000)
    flags = ["yes", "no", None, "1", "maybe", ""]
    nothing = (None, None, None)
    flagged = (["LDU"], 1, 1000)
    assert chosen(made, [{"us_privacy_opt_out": flag} for flag in flags]) == [
        flagged, nothing, nothing, flagged, INVALID, nothing,
    ]  # fmt: skip


def test_S18_no_flag_is_lost_because_a_word_is_written_with_another_case_or_with_blanks(
    limited: Make, chosen: Make
) -> None:
    """Text is compared as it is elsewhere; here that would send what somebody objected to."""
    flagged, nothing = (["LDU"], 1, 1000), (None, None, None)
    made = limited(when={"choice": ["Opt-Out", "none"], "total": {"gt": 5}}, country=1, state=1000)
    rows = [("opt-out", 9), (" OPT-OUT ", 9), ("Opt-Out", 9), ("opt-in", 9), ("opt-out", 5), (None, 9), ("unknown", 9)]
    assert chosen(made, [{"choice": choice, "total": total} for choice, total in rows]) == [
        flagged, flagged, flagged, nothing, nothing, nothing, nothing,
    ]  # fmt: skip
    other = limited(when={"state": {"not": "CA"}}, country=1, state=1000)
    assert chosen(other, [{"state": "CA"}, {"state": "ca"}, {"state": "NY"}]) == [nothing, flagged, flagged]
    ordered = limited(when={"choice": {"lt": "b"}}, country=1, state=1000)
    assert chosen(ordered, [{"choice": "a"}, {"choice": "B"}, {"choice": "c"}]) == [flagged, flagged, nothing]


def test_S18_country_and_state_may_be_columns_and_are_never_guessed(limited: Make, chosen: Make) -> None:
    made = limited(when={"is_limited": True}, country="land", state="region")
    cases: list[tuple[Any, Any, Any]] = [
        ("1", "1000", (["LDU"], 1, 1000)),
        ("0", "0", (["LDU"], 0, 0)),
        (None, "1000", INCOMPLETE),
        ("1", None, INCOMPLETE),
        ("US", "1000", INVALID),
        ("1", "California", INVALID),
        ("1", "9999", INVALID),
    ]
    rows = [{"is_limited": True, "land": land, "region": region} for land, region, _ in cases]
    assert chosen(made, rows) == [expected for *_, expected in cases]
    others = [{**row, "is_limited": False} for row in rows]
    assert chosen(made, others) == [(None, None, None)] * len(cases)


def test_S18_places_in_json_are_read(limited: Make, chosen: Make) -> None:
    columns = {"id": pa.array([1, 2]), "at": pa.array([NOW - 60] * 2), "ip": pa.array(["203.0.113.7"] * 2)}
    places = {"land": pa.array(["1", '"1"'], pa.json_()), "region": pa.array(['"1000"', "null"], pa.json_())}
    batch = pa.RecordBatch.from_pydict({**columns, **places})
    assert chosen(limited(country="land", state="region"), batch) == [(["LDU"], 1, 1000), INCOMPLETE]


def test_S18_it_is_asked_for_in_one_place(limited: Make, run: Make) -> None:
    made = limited()
    server = {**made.mapping.server_event, "data_processing_options": Column(column="options")}
    made = replace(made, mapping=replace(made.mapping, server_event=server))
    with pytest.raises(ConfigError, match="limited_data_use: the mapping has data_processing_options too"):
        run(made, [{"options": "LDU", "ip": "203.0.113.7"}])


def test_S18_a_column_that_the_query_lacks_stops_the_run(limited: Make, run: Make) -> None:
    made = limited(when={"a": 1}, country="b", state="c")
    with pytest.raises(ConfigError) as caught:
        run(made, [{"ip": "203.0.113.7"}])
    paths = [problem.path for problem in caught.value.problems]
    assert paths == ["limited_data_use.when.a", "limited_data_use.country", "limited_data_use.state"]


def test_S18_the_mapping_may_still_say_it_row_by_row(pipeline: Make, chosen: Make) -> None:
    made = pipeline(server={name: Column(column=name) for name in OPTIONS})
    rows = [
        dict(zip(OPTIONS, values, strict=True))
        for values in (("LDU", 1, 1000), ("[]", None, None), (None, None, None), ("LDU", 1, None), (None, 1, 1000))
    ]
    assert chosen(made, rows) == [
        (["LDU"], 1, 1000), ([], None, None), (None, None, None), INCOMPLETE, INCOMPLETE,
    ]  # fmt: skip


def test_S18_opt_out_passes_unchanged_or_the_event_is_refused(pipeline: Make, run: Make) -> None:
    made = pipeline(server={"opt_out": Column(column="choice")})
    choices = [True, False, None]
    found = run(made, [{"choice": choice} for choice in choices])
    assert [json.loads(text).get("opt_out") for text in found.events["json"]] == choices
    found = run(made, [{"choice": choice} for choice in ("yes", "0", "perhaps", "")])
    assert [json.loads(text).get("opt_out") for text in found.events["json"]] == [True, False, None]
    assert found.rejects.select("row", "reason").rows() == [(2, "opt_out_invalid")]
