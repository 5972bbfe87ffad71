"""What each answer of Meta means: a real-shaped body for every class (promise R19)."""

import json
from typing import Any

import pytest

from syncer.capi.answer import Answer
from syncer.capi.classify import classify
from syncer.spec import answers
from syncer.spec.outcomes import OutcomeClass, TransportFailure
from syncer.spec.reasons import REASONS, REMOTE_SUBCODES


def graph_error(code: object, subcode: object = None, **more: object) -> bytes:
    """Return an error as Meta writes it, with texts in the language of an account."""
    error: dict[str, object] = {
        "message": f"(#{code}) Invalid parameter",
        "type": "OAuthException",
        "code": code,
        "is_transient": False,
        "error_user_title": "Ugyldig parameter",
        "error_user_msg": "Les paramètres envoyés ne sont pas valides.",
        "fbtrace_id": "AbCdEf0123456789",
    }
    if subcode is not None:
        error["error_subcode"] = subcode
    return json.dumps({"error": error | more}).encode()


CLASSES = [  # status, body, class, reason
    # taken
    (200, b'{"events_received":2,"messages":[],"fbtrace_id":"A"}', "acked", "acknowledged"),
    (202, b'{"events_received":2}', "acked", "acknowledged"),
    (200, b'{"events_received":2,"error":null}', "acked", "acknowledged"),
    # taken, but
    (200, b'{"events_received":1,"messages":[]}', "anomaly", "count_differs"),
    (200, b'{"events_received":0}', "anomaly", "count_differs"),
    (200, b'{"events_received":3}', "anomaly", "count_differs"),
    (200, b'{"events_received":-2}', "anomaly", "count_differs"),
    (200, b'{"events_received":true}', "doubt", "count_missing"),
    (200, b'{"events_received":2.0}', "doubt", "count_missing"),
    (200, b'{"events_received":"2"}', "doubt", "count_missing"),
    (200, b'{"events_received":[2]}', "doubt", "count_missing"),
    (200, b'{"num_processed_entries":2}', "doubt", "count_missing"),
    (200, b"{}", "doubt", "count_missing"),
    (200, b"", "doubt", "answer_not_json"),
    (200, b"null", "doubt", "answer_not_json"),
    (200, b"2", "doubt", "answer_not_json"),
    (200, b"<html>", "doubt", "answer_not_json"),
    (200, b'\xef\xbb\xbf{"events_received":2}', "doubt", "answer_not_json"),
    (200, b'{"events_received":2,"error":{"code":190}}', "doubt", "answer_contradictory"),
    (200, b'{"events_received":2,"error":"oops"}', "doubt", "answer_contradictory"),
    (200, graph_error(190, 463), "blocked", "token_expired"),
    # throttled, whatever the status
    (403, graph_error(4, is_transient=True), "throttled", "rate_limit_app"),
    (400, graph_error(17, 2446079), "throttled", "rate_limit_user"),
    (400, graph_error(32), "throttled", "rate_limit_page"),
    (400, graph_error(341), "throttled", "rate_limit_app"),
    (400, graph_error(613, 1487742), "throttled", "rate_limit_custom"),
    (400, graph_error(613, 5044001), "throttled", "rate_limit_custom"),
    (400, graph_error(613), "throttled", "rate_limit_abuse"),
    (400, graph_error(80000), "throttled", "rate_limit_business"),
    (400, graph_error(80004, 2446079), "throttled", "rate_limit_business"),
    (400, graph_error(80014), "throttled", "rate_limit_business"),
    (500, graph_error(4), "throttled", "rate_limit_app"),
    (429, b"slow down", "throttled", "too_many_requests"),
    # blocked
    (401, graph_error(190), "blocked", "token_invalid"),
    (400, graph_error(190, 458), "blocked", "token_app_removed"),
    (400, graph_error(190, 459), "blocked", "token_checkpoint"),
    (400, graph_error(190, 460), "blocked", "token_password_changed"),
    (400, graph_error(190, 463), "blocked", "token_expired"),
    (400, graph_error(190, 464), "blocked", "token_user_unconfirmed"),
    (400, graph_error(190, 467), "blocked", "token_invalid"),
    (400, graph_error(190, 492), "blocked", "token_session_invalid"),
    (400, graph_error(190, is_transient=True), "blocked", "token_invalid"),
    (400, graph_error(102), "blocked", "token_session_invalid"),
    (403, graph_error(10), "blocked", "permission_missing"),
    (403, graph_error(200), "blocked", "permission_missing"),
    (403, graph_error(270), "blocked", "app_access_too_low"),
    (403, graph_error(294), "blocked", "permission_ads_management_missing"),
    (403, graph_error(299), "blocked", "permission_missing"),
    (400, graph_error(3), "blocked", "capability_missing"),
    (400, graph_error(104), "blocked", "appsecret_proof_wrong"),
    (400, graph_error(2500), "blocked", "path_unknown"),
    (400, graph_error(2635), "blocked", "api_version_ended"),
    (400, graph_error(368), "blocked", "temporarily_blocked"),
    (400, graph_error(100, 33), "blocked", "dataset_unknown"),
    (400, graph_error(100, message="(#100) Missing Permission"), "blocked", "token_of_other_dataset"),
    (500, graph_error(190), "blocked", "token_invalid"),
    (401, b"", "blocked", "unauthorized"),
    (403, b"<html>", "blocked", "forbidden"),
    (404, b"", "blocked", "not_found"),
    (301, b"", "blocked", "redirected"),
    (304, b"", "blocked", "redirected"),
    # rejected
    (400, graph_error(100, 2804003), "rejected", "remote_event_time_too_old"),
    (400, graph_error(100, 2804050), "rejected", "remote_customer_info_insufficient"),
    (400, graph_error(100, 2804009), "rejected", "remote_value_missing"),
    (400, graph_error(100, 2804999), "rejected", "remote_rejected"),
    (400, graph_error(100), "rejected", "remote_rejected"),
    (400, graph_error(100, 1487694), "rejected", "remote_rejected"),
    (400, graph_error(100, 2804001, message="Missing Permission"), "rejected", "remote_rejected"),
    (400, graph_error(105), "rejected", "remote_rejected"),
    (400, graph_error(506), "rejected", "remote_rejected"),
    (400, graph_error(7777, 2804003), "rejected", "remote_rejected"),
    (500, graph_error(100, 2804003), "rejected", "remote_event_time_too_old"),
    # too big
    (413, b"", "too_big", "request_too_large"),
    (
        500,
        graph_error(1, message="Please reduce the amount of data you're asking for, then retry your request"),
        "too_big",
        "reduce_data",
    ),
    # doubt
    (500, graph_error(1, 99), "doubt", "meta_unknown_error"),
    (500, graph_error(2, is_transient=True), "doubt", "meta_transient_error"),
    (503, graph_error(2), "doubt", "meta_unavailable"),
    (400, graph_error(5000), "doubt", "meta_unknown_error"),
    (400, graph_error(21009), "doubt", "dataset_not_ready"),
    (400, graph_error(-1), "doubt", "meta_internal_error"),
    (400, graph_error(-3, 2804003), "doubt", "meta_internal_error"),
    (400, graph_error(100, 2804003, is_transient=True), "doubt", "meta_transient_error"),
    (400, graph_error(9999), "doubt", "meta_error_unknown"),
    (400, graph_error("190"), "doubt", "answer_unknown"),
    (400, graph_error(True), "doubt", "answer_unknown"),
    (400, graph_error(None), "doubt", "answer_unknown"),
    (400, b'{"error":[190]}', "doubt", "answer_unknown"),
    (400, b'{"error":{"code":190,"code":4}}', "doubt", "answer_unknown"),
    (400, b"<html>Bad Request", "doubt", "answer_unknown"),
    (408, b"", "doubt", "status_408"),
    (425, b"", "doubt", "status_425"),
    (500, b"<html>Sorry, something went wrong.", "doubt", "server_error"),
    (502, b"", "doubt", "server_error"),
    (599, b"", "doubt", "server_error"),
    (100, b"", "doubt", "answer_unknown"),
    (418, b"{}", "doubt", "answer_unknown"),
    (999, b'{"events_received":2}', "doubt", "answer_unknown"),
]


@pytest.mark.parametrize(("status", "body", "kind", "reason"), CLASSES)
def test_R19_an_answer_has_the_class_of_its_numbers(status: int, body: bytes, kind: str, reason: str) -> None:
    outcome = classify(Answer(status=status, body=body), 2)
    assert (outcome.kind, outcome.reason) == (kind, reason)


def test_R19_every_class_of_the_contract_is_in_the_table_but_unsent() -> None:
    assert {kind for _, _, kind, _ in CLASSES} == set(OutcomeClass) - {OutcomeClass.NOT_SENT}


@pytest.mark.parametrize("failure", TransportFailure)
def test_a_failure_of_the_transport_is_unsent_only_when_nothing_was_written(failure: TransportFailure) -> None:
    outcome = classify(failure, 2)
    assert outcome.reason == failure.value
    assert (outcome.kind is OutcomeClass.NOT_SENT) == (
        failure
        in {
            TransportFailure.NAME_UNKNOWN,
            TransportFailure.CONNECTION_REFUSED,
            TransportFailure.CONNECT_TIMEOUT,
            TransportFailure.POOL_TIMEOUT,
            TransportFailure.TLS_CERTIFICATE_INVALID,
            TransportFailure.TLS_FAILED,
            TransportFailure.PROXY_FAILED,
            TransportFailure.REQUEST_IMPOSSIBLE,
            TransportFailure.RESET_BEFORE_REQUEST,
        }
    )
    assert outcome.kind in (OutcomeClass.NOT_SENT, OutcomeClass.DOUBT)


@pytest.mark.parametrize("code", [*range(200, 300), 190, 102, 10, 3, 104, 2500, 368])
def test_codes_of_access_block_the_pipeline(code: int) -> None:
    assert classify(Answer(status=400, body=graph_error(code)), 2).kind is OutcomeClass.BLOCKED


@pytest.mark.parametrize("code", [4, 17, 32, 341, 613, *range(80_000, 80_015)])
def test_codes_of_limits_throttle(code: int) -> None:
    assert classify(Answer(status=400, body=graph_error(code)), 2).kind is OutcomeClass.THROTTLED


def test_the_numbers_of_the_answer_are_kept() -> None:
    outcome = classify(Answer(status=400, body=graph_error(100, 2804050)), 2)
    assert (outcome.status, outcome.code, outcome.subcode) == (400, 100, 2804050)
    assert outcome.fbtrace_id == "AbCdEf0123456789"


@pytest.mark.parametrize("trace_id", ["x" * 65, "a b", "a\nb", "é", "", "\ud800", 7, ["A"], {"a": 1}])
def test_a_trace_id_that_is_none_is_dropped(trace_id: Any) -> None:
    body = json.dumps({"events_received": 2, "fbtrace_id": trace_id}).encode()
    assert classify(Answer(status=200, body=body), 2).fbtrace_id is None


def test_a_success_that_came_before_the_request_was_written_is_doubted() -> None:
    answer = Answer(status=200, body=b'{"events_received":2}', request_was_whole=False)
    assert classify(answer, 2).kind is OutcomeClass.DOUBT


@pytest.mark.parametrize(
    ("status", "body", "used", "wait_s"),
    [
        (200, b'{"events_received":2}', {"call_count": 5, "total_time": 3}, None),
        (200, b'{"events_received":2}', {"call_count": 5, "total_time": 100}, 1_140.0),
        (200, b'{"events_received":2}', {}, 1_140.0),
        (400, graph_error(100, 2804050), {"call_count": 5}, None),
        (400, graph_error(80_004), {"call_count": 5}, 1_140.0),
        (500, graph_error(2), {"call_count": 5}, 1_140.0),
    ],
)
def test_a_business_with_room_left_makes_no_request_wait_that_was_let_through(
    status: int, body: bytes, used: dict[str, int], wait_s: float | None
) -> None:
    usage = json.dumps({"66782684": [used | {"estimated_time_to_regain_access": 19}]})
    answer = Answer(status=status, body=body, headers=(("x-business-use-case-usage", usage),))
    assert classify(answer, 2).retry_after_s == wait_s


def test_texts_of_meta_reach_no_outcome() -> None:
    outcome = classify(Answer(status=400, body=graph_error(100, 2804050, message="person@example.com")), 2)
    assert not any(text in repr(outcome) for text in ("person@example.com", "Ugyldig", "valides", "OAuth"))


@pytest.mark.parametrize(
    ("data", "blamed"),
    [
        ({"blame_field_specs": [["data", 1, "user_data"]]}, (1,)),
        ({"blame_field_specs": [["data", "0", "user_data", "em"], ["data", "1"]]}, (0, 1)),
        ({"blame_field_specs": [["data[1][event_time]"]]}, (1,)),
        ({"blame_field_specs": ["data.1.event_time"]}, (1,)),
        ('{"blame_field_specs":[["data",1]]}', (1,)),
        ({"blame_field_specs": [["data", 1], ["data", 1]]}, (1,)),
        ({"blame_field_specs": [["data", 2], ["data", -1], ["data", 10**9], ["data", 1.0], ["data", True]]}, ()),
        ({"blame_field_specs": [["custom_data", 1], ["user_data[1]"], ["access_token"]]}, ()),
        ({"blame_field_specs": {"data": 1}}, ()),
        ({"blame_field_specs": [[["data", 1]], None, 7, {}]}, ()),
        ("not json", ()),
        ([1], ()),
        (None, ()),
    ],
)
def test_blamed_events_are_read_as_a_hint(data: object, blamed: tuple[int, ...]) -> None:
    outcome = classify(Answer(status=400, body=graph_error(100, 2804003, error_data=data)), 2)
    assert outcome.blamed == blamed


@pytest.mark.parametrize(("subcode", "reason"), REMOTE_SUBCODES.items())
def test_a_refusal_of_data_has_the_reason_that_explain_knows(subcode: int, reason: str) -> None:
    outcome = classify(Answer(status=400, body=graph_error(100, subcode)), 2)
    assert outcome.reason == reason
    assert outcome.explanation.startswith(REASONS[reason].sentence)


def test_every_reason_is_stable_text_with_one_sentence_of_its_own() -> None:
    meanings = [
        *answers.CODES.values(),
        *answers.STATUSES.values(),
        *answers.FAILURES.values(),
        *answers.MEANINGS.values(),
    ]
    sentences: dict[str, str] = {}
    for meaning in meanings:
        assert meaning.reason.replace("_", "").isalnum()
        assert meaning.reason.islower()
        assert sentences.setdefault(meaning.reason, meaning.explanation) == meaning.explanation
    assert len(set(sentences.values())) == len(sentences)


@pytest.mark.parametrize("reason", answers.MEANINGS)
def test_a_refusal_that_pauses_says_how_to_mend_it(reason: str) -> None:
    meaning = answers.MEANINGS[reason]
    if meaning.kind is OutcomeClass.BLOCKED and reason != "token_unreadable":
        assert any(
            verb in meaning.explanation for verb in ("make ", "set ", "check ", "assign ", "add ", "ask ", "see ")
        )
