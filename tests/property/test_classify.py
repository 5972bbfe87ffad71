"""Classification is total, and acknowledges nothing but a plain success (promise R19, fault F21)."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.capi.answer import Answer
from syncer.capi.classify import classify
from syncer.capi.pacing import wait_s
from syncer.spec.outcomes import Outcome, OutcomeClass
from tests.counts import count

ANSWERS = count(100_000)
SENT = 3

STATUSES = [
    200,
    200,
    200,
    201,
    202,
    204,
    206,
    100,
    101,
    301,
    302,
    400,
    400,
    400,
    401,
    403,
    404,
    408,
    413,
    425,
    429,
    500,
    502,
    503,
    600,
    999,
]
CODES: list[Any] = [
    1,
    2,
    3,
    4,
    10,
    17,
    100,
    102,
    104,
    190,
    200,
    299,
    368,
    506,
    613,
    2500,
    5000,
    80000,
    80014,
    -1,
    0,
    10**17,
    9999,
    True,
    "190",
    1.5,
    None,
    [],
    {},
]
SUBCODES: list[Any] = [33, 463, 2804003, 2804050, 2804999, 1487742, 0, -5, "33", True, None, 10**18]
COUNTS: list[Any] = [SENT, SENT, SENT, 2, 4, 0, -3, 3.0, "3", True, None, [3], {"n": 3}, 10**30]
TEXTS = ["", "x", "Missing Permission", "reduce the amount of data", "é", "\ud800", "\x00", "a" * 3000, "A1b2"]
BLOCKS = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"3",
    b'"x"',
    b"NaN",
    b"<html>",
    b"\xff\xfe",
    b"[" * 3000,
    b'{"a":' * 3000,
    b'{"events_received":3,"events_received":3}',
    b'{"events_received":' + b"3" * 5000 + b"}",
    b'{"events_received":3}{"a":1}',
    b"\xef\xbb\xbf" + b'{"events_received":3}',
]
NAMES = [
    "date",
    "retry-after",
    "x-app-usage",
    "x-business-use-case-usage",
    "x-ad-account-usage",
    "x-ad-api-version-warning",
    "content-type",
]
VALUES = [
    "",
    "7",
    "-7",
    "1e9",
    "9" * 50,
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 99999 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 +9999",
    "{}",
    "[]",
    '{"call_count":NaN}',
    '{"1":[{"estimated_time_to_regain_access":1e308,"call_count":1e308}]}',
    '{"acc_id_util_pct":100,"reset_time_duration":-1}',
    "[" * 2000,
    "\x00",
    "é\ud800",
    "v26.0",
    '{"1":3,"2":[3],"3":[[]],"4":[{"call_count":[]}]}',
]


def any_json(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.randrange(8 if depth < 3 else 6)
    if kind == 6:
        return [any_json(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 7:
        return {
            rng.choice(["code", "error", "data", "x", ""]): any_json(rng, depth + 1) for _ in range(rng.randrange(4))
        }
    return [None, True, rng.choice(CODES), rng.choice(COUNTS), rng.choice(TEXTS), rng.random() * 10**9][kind]


def any_body(rng: random.Random) -> bytes:
    """Return an answer of Meta's with anything in any place, or none of Meta's, or one with bytes changed."""
    if rng.random() < 0.15:
        return rng.choice(BLOCKS)
    document: dict[str, Any] = {}
    if rng.random() < 0.6:
        document["events_received"] = rng.choice(COUNTS)
        document["messages"] = any_json(rng)
    if rng.random() < 0.6:
        names = [
            "code",
            "error_subcode",
            "message",
            "type",
            "is_transient",
            "error_data",
            "error_user_msg",
            "fbtrace_id",
        ]
        error = {name: any_json(rng) for name in names if rng.random() < 0.5}
        error |= {"code": rng.choice(CODES)} if rng.random() < 0.7 else {}
        error |= {"error_subcode": rng.choice(SUBCODES)} if rng.random() < 0.5 else {}
        error |= {"error_data": {"blame_field_specs": any_json(rng)}} if rng.random() < 0.2 else {}
        document["error"] = error if rng.random() < 0.9 else any_json(rng)
    document["fbtrace_id"] = any_json(rng)
    body = bytearray(json.dumps(document, allow_nan=True).encode())
    while body and rng.random() < 0.3:
        place = rng.randrange(len(body))
        body[place : place + rng.randrange(3)] = rng.choice([b"", b"}", b'"', b"\xff", b"{", b"9"])
    return bytes(body)


def any_headers(rng: random.Random) -> tuple[tuple[str, str], ...]:
    return tuple((rng.choice(NAMES), rng.choice(VALUES)) for _ in range(rng.randrange(5)))


def is_plain_success(answer: Answer) -> bool:
    """Say, in other words than the product's, whether Meta took exactly the events sent."""
    try:
        document = json.loads(answer.body.decode())
    except (ValueError, RecursionError):
        return False
    if not 200 <= answer.status <= 299 or not isinstance(document, dict) or not answer.request_was_whole:
        return False
    return (
        type(document.get("events_received")) is int
        and document["events_received"] == SENT
        and not document.get("error")
    )


def check(answer: Answer) -> Outcome:
    outcome = classify(answer, SENT)
    assert isinstance(outcome.kind, OutcomeClass)
    assert outcome.kind is not OutcomeClass.NOT_SENT
    assert outcome.reason
    assert outcome.explanation.endswith(".")
    if outcome.kind is OutcomeClass.ACKED:
        assert is_plain_success(answer)
    for number in (outcome.code, outcome.subcode, outcome.events_received):
        assert number is None or (type(number) is int and abs(number) < 2**63)
    assert all(0 <= event < SENT for event in outcome.blamed)
    assert 0.0 <= wait_s(outcome, 1, jitter=0.5) <= 86_400 * 1.1
    repr(outcome).encode()
    return outcome


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_R19_F21_fuzzed_answers_never_raise_and_never_acknowledge_wrongly() -> None:
    rng = random.Random(20261122)
    seen: dict[OutcomeClass, int] = {}
    for _ in range(ANSWERS):
        answer = Answer(
            status=rng.choice(STATUSES),
            headers=any_headers(rng),
            body=any_body(rng),
            received_at=rng.choice([None, 1.79e9, 0.0]),
            request_was_whole=rng.random() < 0.9,
        )
        kind = check(answer).kind
        seen[kind] = seen.get(kind, 0) + 1
    assert set(seen) == set(OutcomeClass) - {OutcomeClass.NOT_SENT}


@given(
    status=st.integers(0, 1000),
    body=st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5).map(
        lambda value: json.dumps({"error": value}).encode()
    ),
    headers=st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=60)), max_size=3),
)
def test_R19_any_bytes_in_any_place_have_a_class(status: int, body: bytes, headers: list[tuple[str, str]]) -> None:
    check(Answer(status=status, headers=tuple(headers), body=body, received_at=1.79e9))
