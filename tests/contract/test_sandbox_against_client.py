"""What the sandbox answers means to the sender what Meta would mean by it."""

import hashlib
import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from syncer.capi.client import Client
from syncer.capi.endpoint import Endpoint
from syncer.ports import SystemClock
from syncer.sandbox.faults import parse_faults
from syncer.sandbox.server import Running, start
from syncer.sandbox.settings import Settings
from syncer.sandbox.tokens import Token
from syncer.secret import Secret
from syncer.spec.outcomes import Outcome, OutcomeClass

TOKEN = "EAAtoken"


def _event(number: int, **changes: object) -> dict[str, Any]:
    return {
        "event_name": "Purchase",
        "event_time": int(time.time()) - 60,
        "event_id": f"order-{number}",
        "action_source": "website",
        "event_source_url": "https://shop.example/thanks",
        "user_data": {"em": [hashlib.sha256(b"a@b.co").hexdigest()], "client_user_agent": "Mozilla/5.0"},
        "custom_data": {"value": 12.5, "currency": "EUR"},
        **changes,
    }


def _send(running: Running, *events: dict[str, Any], timeout_s: float = 10.0, **endpoint: Any) -> Outcome:
    settings = {"dataset_id": "123", "access_token": Secret(TOKEN), "base_url": running.url, **endpoint}
    sent = events or (_event(1), _event(2))
    with Client(Endpoint(**settings), clock=SystemClock(), timeout_s=timeout_s) as client:
        return client.send(orjson.dumps({"data": sent}), events=len(sent))


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with start() as running:
        yield running


@pytest.mark.parametrize(
    ("faults", "kind", "code"),
    [
        ("", OutcomeClass.ACKED, None),
        ("latency=30ms", OutcomeClass.ACKED, None),
        ("reset_before=100%", OutcomeClass.DOUBT, None),
        ("reset_after=100%", OutcomeClass.DOUBT, None),
        ("cut=100%", OutcomeClass.DOUBT, None),
        ("drip=100%:20s", OutcomeClass.DOUBT, None),
        ("garbage=100%", OutcomeClass.DOUBT, None),
        ("short=100%", OutcomeClass.ANOMALY, None),
        ("500=100%", OutcomeClass.DOUBT, 2),
        ("500_after=100%", OutcomeClass.DOUBT, 2),
        ("html=100%", OutcomeClass.DOUBT, None),
        ("too_large=100%", OutcomeClass.TOO_BIG, None),
        ("throttle=100%:4", OutcomeClass.THROTTLED, 4),
        ("throttle=100%:17", OutcomeClass.THROTTLED, 17),
        ("throttle=100%:613", OutcomeClass.THROTTLED, 613),
        ("throttle=100%:80004", OutcomeClass.THROTTLED, 80004),
        ("expire=0", OutcomeClass.BLOCKED, 190),
        ("error=100%:368", OutcomeClass.BLOCKED, 368),
        ("error=100%:100/33", OutcomeClass.BLOCKED, 100),
        ("error=100%:2500", OutcomeClass.BLOCKED, 2500),
        ("error=100%:294", OutcomeClass.BLOCKED, 294),
        ("error=100%:1", OutcomeClass.DOUBT, 1),
        ("poison=100%", OutcomeClass.REJECTED, 100),
    ],
)
def test_a_fault_means_what_it_stands_for(sandbox: Running, faults: str, kind: OutcomeClass, code: int | None) -> None:
    sandbox.sandbox.faults = parse_faults(faults)
    outcome = _send(sandbox, timeout_s=0.5 if "drip" in faults else 10.0)
    assert (outcome.kind, outcome.code) == (kind, code)


@pytest.mark.parametrize(
    ("settings", "kind", "reason"),
    [
        ({"tokens": [Token(text="other")]}, OutcomeClass.BLOCKED, 190),
        ({"tokens": [Token(text=TOKEN, invalid_subcode=460)]}, OutcomeClass.BLOCKED, 190),
        ({"tokens": [Token(text=TOKEN, code=200)]}, OutcomeClass.BLOCKED, 200),
        ({"tokens": [Token(text=TOKEN, dataset_ids=["7"])]}, OutcomeClass.BLOCKED, 100),
        ({"dataset_ids": ["7"]}, OutcomeClass.BLOCKED, 100),
        ({"app_secret": "secret"}, OutcomeClass.BLOCKED, 104),
        ({"calls_per_hour": 0.5}, OutcomeClass.THROTTLED, 80004),
        ({"body_limit_bytes": 100}, OutcomeClass.TOO_BIG, None),
    ],
)
def test_a_closed_door_is_never_blamed_on_the_events(
    settings: dict[str, Any], kind: OutcomeClass, reason: int | None
) -> None:
    with start(Settings(**settings)) as running:
        outcome = _send(running)
    assert (outcome.kind, outcome.code) == (kind, reason)


def test_the_sender_proves_that_it_knows_the_app_secret() -> None:
    with start(Settings(app_secret="secret")) as running:
        assert _send(running, app_secret=Secret("secret")).kind is OutcomeClass.ACKED
        assert _send(running, app_secret=Secret("wrong")).code == 104


@pytest.mark.parametrize("hints", ["object", "text"])
def test_a_hint_is_read(hints: Any) -> None:
    with start(Settings(hints=hints)) as running:
        outcome = _send(running, _event(1), _event(2), _event(3, user_data={}))
    assert (outcome.kind, outcome.subcode, outcome.blamed) == (OutcomeClass.REJECTED, 2804050, (2,))


def test_the_wait_that_throttling_asks_for_is_read(sandbox: Running) -> None:
    waits = []
    for code in (4, 17, 613, 80004):
        sandbox.sandbox.faults = parse_faults(f"throttle=100%:{code}")
        outcome = _send(sandbox)
        waits.append((outcome.usage_percent, outcome.retry_after_s))
    assert waits == [(100.0, 60.0)] * 4


def test_a_version_that_ended_is_told(sandbox: Running) -> None:
    assert _send(sandbox).warning == ""
    assert _send(sandbox, api_version="v19.0").warning != ""


def test_the_skew_of_the_clocks_is_told() -> None:
    with start(Settings(clock=lambda: time.time() + 7200)) as running:
        outcome = _send(running, _event(1))
    assert outcome.date_skew_s == pytest.approx(7200, abs=3)
