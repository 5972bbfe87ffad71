"""What Meta says about the quality of events: read, whatever it is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.capi.answer import Answer
from syncer.capi.quality import Quality, quality_of
from syncer.spec.outcomes import TransportFailure

PURCHASE: dict[str, Any] = {
    "event_name": "Purchase",
    "event_match_quality": {
        "composite_score": 6.2,
        "match_key_feedback": [
            {"identifier": "email", "coverage": {"percentage": 100}},
            {"identifier": "ip_address", "coverage": {"percentage": 99.9}},
            {"identifier": "phone"},
        ],
        "diagnostics": [
            {"name": "Missing fields", "solution": "Send more", "percentage": 59.5, "total_event_count": 9}
        ],
    },
    "event_coverage": {"percentage": 34.1, "goal_percentage": 75},
    "data_freshness": {"upload_frequency": "real_time"},
}


def said(document: object, status: int = 200) -> Quality:
    return quality_of(Answer(status=status, headers=(), body=json.dumps(document).encode(), received_at=0.0))


def test_scores_keys_and_advice_are_read() -> None:
    (event,) = said({"web": [PURCHASE]}).events
    assert (event.event_name, event.score) == ("Purchase", 6.2)
    assert event.match_keys == {"email": 100.0, "ip_address": 99.9}
    assert (event.coverage_percent, event.coverage_goal_percent, event.upload_frequency) == (34.1, 75.0, "real_time")
    (advice,) = event.diagnostics
    assert (advice.name, advice.solution, advice.percent, advice.total, advice.affected) == (
        "Missing fields", "Send more", 59.5, 9, None,
    )  # fmt: skip


def test_an_event_without_figures_has_none() -> None:
    (event,) = said({"web": [{"event_name": "Lead"}]}).events
    assert (event.score, event.match_keys, event.coverage_percent, event.diagnostics) == (None, {}, None, ())


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (400, {"code": 100, "message": "Missing Permission"}, "read_ads_dataset_quality"),
        (403, {"code": 200, "message": "x"}, "read_ads_dataset_quality"),
        (401, {"code": 190, "error_subcode": 463, "message": "x"}, "the token is not valid"),
        (500, {"code": 2, "message": "x"}, "try again later"),
    ],
)
def test_a_refusal_names_the_remedy(status: int, error: object, words: str) -> None:
    found = said({"error": error}, status)
    assert found.events == ()
    assert words in (found.problem or "")


def test_no_answer_is_said() -> None:
    assert quality_of(TransportFailure.READ_TIMEOUT).problem


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda child: (
        st.lists(child, max_size=3)
        | st.dictionaries(
            st.sampled_from([*PURCHASE, "coverage", "identifier", "percentage", "web"]), child, max_size=4
        )
    ),
    max_leaves=12,
)


@given(found=JSON, event=st.dictionaries(st.sampled_from(list(PURCHASE)), JSON))
def test_whatever_comes_is_read_or_refused(found: object, event: dict[str, object]) -> None:
    for document in ({"web": found}, {"web": [event]}, found):
        quality_of(Answer(status=200, headers=(), body=json.dumps(document).encode(), received_at=0.0))
