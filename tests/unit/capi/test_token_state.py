"""What the answer to `debug_token` proves."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from syncer.capi.answer import Answer
from syncer.capi.token_state import token_state
from syncer.spec.outcomes import TransportFailure

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SCOPE = {"scope": "read_ads_dataset_quality", "target_ids": ["123"]}
LIVE: dict[str, Any] = {  # seen live 2026-09: a token of Events Manager
    "type": "SYSTEM_USER", "is_valid": True, "expires_at": 0, "scopes": [SCOPE["scope"]], "granular_scopes": [SCOPE]
}  # fmt: skip
ADS = {"scope": "ads_management", "target_ids": ["77"]}


def judged(status: int, body: object) -> tuple[str, str]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    state = token_state(Answer(status=status, body=raw), dataset_id="123", now=NOW)
    return state.verdict.value, state.detail


@pytest.mark.parametrize(
    ("data", "verdict", "says"),
    [
        ({}, "valid", "without an end"),
        ({"expires_at": 1_795_975_200}, "valid", "until 2026-11-29 (7 days)"),
        ({"expires_at": 1_795_000_000}, "expired", "expired"),
        ({"granular_scopes": [{**SCOPE, "target_ids": ["9"]}]}, "lacks_permission", "not for this dataset"),
        ({"granular_scopes": [{**SCOPE, "target_ids": ["9"]}, ADS]}, "unknown", "does not say"),
        ({"granular_scopes": [{"scope": SCOPE["scope"]}]}, "unknown", "does not say"),
        ({"granular_scopes": "?"}, "unknown", "does not say"),
        ({"is_valid": False, "error": {"code": 190, "subcode": 463}}, "expired", "expired"),
        ({"is_valid": False, "error": {"code": 190, "subcode": 460, "message": "Bob"}}, "invalid", "subcode 460"),
        ({"is_valid": False, "error": "?"}, "invalid", "not valid"),
        ({"is_valid": "yes"}, "unknown", "did not say"),
    ],
)
def test_what_is_said_about_the_token_is_believed_as_far_as_it_goes(
    data: dict[str, Any], verdict: str, says: str
) -> None:
    found, detail = judged(200, {"data": {**LIVE, **data}})
    assert found == verdict
    assert says in detail
    assert "Bob" not in detail


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (401, {"error": {"code": 190, "error_subcode": 463, "message": "EAAB"}}, "expired"),
        (401, {"error": {"code": 190, "message": "EAAB"}}, "invalid"),
        (400, {"error": {"code": 100, "message": "(#100) You must provide an app access token"}}, "unknown"),
        (403, {"error": {"code": 4}}, "unknown"),
        (500, b"<html>", "unknown"),
        (200, b"[" * 100_000, "unknown"),
        (200, {"data": None}, "unknown"),
    ],
)
def test_only_a_refusal_of_the_token_proves_something(status: int, body: object, verdict: str) -> None:
    found, detail = judged(status, body)
    assert found == verdict
    assert "EAAB" not in detail


def test_a_host_that_does_not_answer_is_told_as_such() -> None:
    state = token_state(TransportFailure.NAME_UNKNOWN, dataset_id="123", now=NOW)
    assert state.verdict == "unreachable"
    assert state.detail
