"""The JSON text of one request."""

import json

import polars as pl
import pytest

from syncer import __version__
from syncer.capi.body import PARTNER_AGENT, request_body, with_member

EVENTS = ['{"event_name":"Purchase","n":1}', '{"event_name":"Achat à Œuvre ✓ 𝒳","n":2}', '{"q":"\\"]},"}']


@pytest.mark.parametrize("events", [EVENTS, tuple(EVENTS), pl.Series("json", EVENTS)], ids=["list", "tuple", "series"])
def test_a_body_holds_the_events_in_order(events: "list[str] | pl.Series") -> None:
    document = json.loads(request_body(events))
    assert document == {"data": [json.loads(event) for event in EVENTS], "partner_agent": f"syncer-{__version__}"}


def test_texts_and_series_give_the_same_bytes() -> None:
    assert request_body(EVENTS, test_event_code="T") == request_body(pl.Series(EVENTS), test_event_code="T")


def test_a_slice_of_a_series_gives_its_own_events_only() -> None:
    events = pl.concat([pl.Series(EVENTS), pl.Series(EVENTS)]).slice(1, 2)
    assert json.loads(request_body(events))["data"] == [json.loads(event) for event in EVENTS[1:]]


def test_a_body_is_the_same_every_time() -> None:
    assert request_body(EVENTS) == request_body(EVENTS)


def test_a_test_event_code_is_a_member_beside_the_events() -> None:
    document = json.loads(request_body(['{"a":1}'], test_event_code='TEST"é1'))
    assert document["test_event_code"] == 'TEST"é1'


def test_members_that_are_empty_are_left_out() -> None:
    assert request_body(['{"a":1}'], test_event_code="", partner_agent="") == b'{"data":[{"a":1}]}'


def test_the_agent_is_one_that_meta_takes() -> None:
    assert len(PARTNER_AGENT) < 23
    assert sum(letter.isalpha() for letter in PARTNER_AGENT) >= 2


def test_a_member_is_added_at_the_end() -> None:
    body = with_member(request_body(['{"a":"}"}']), "appsecret_proof", "ab12")
    assert json.loads(body) == {"data": [{"a": "}"}], "partner_agent": PARTNER_AGENT, "appsecret_proof": "ab12"}


@pytest.mark.parametrize("events", [[], pl.Series([], dtype=pl.String), pl.Series(["{}", None])])
def test_a_missing_event_never_shrinks_a_request(events: "list[str] | pl.Series") -> None:
    with pytest.raises(ValueError, match="event"):
        request_body(events)
