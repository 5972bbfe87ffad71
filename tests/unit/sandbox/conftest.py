"""A valid event, and a judge to bring it to."""

import hashlib
from collections.abc import Callable
from typing import Any, Protocol

import pytest

from syncer.sandbox.refusal import Refusal
from syncer.sandbox.rules import Law, judge_event

Event = dict[str, Any]
Change = Callable[[Event, str, object], Event]

_NOW = 1_795_000_000


class Judge(Protocol):
    def __call__(self, event: Event, *, strict: bool = False) -> Refusal | list[str]: ...


@pytest.fixture
def now() -> int:
    return _NOW


@pytest.fixture
def digest() -> Callable[[str], str]:
    return lambda text: hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def event(digest: Callable[[str], str]) -> Event:
    return {
        "event_name": "Purchase",
        "event_time": _NOW - 3600,
        "event_id": "order-1",
        "action_source": "website",
        "event_source_url": "https://shop.example/thanks",
        "user_data": {"em": [digest("john_smith@gmail.com")], "client_user_agent": "Mozilla/5.0"},
        "custom_data": {"value": 142.52, "currency": "USD"},
    }


@pytest.fixture
def change() -> Change:
    """Set the value at a dotted path; `...` takes the key away."""

    def change(event: Event, path: str, value: object) -> Event:
        *parents, last = path.split(".")
        place = event
        for key in parents:
            place = place.setdefault(key, {})
        if value is ...:
            place.pop(last, None)
        else:
            place[last] = value
        return event

    return change


@pytest.fixture
def judge() -> Judge:
    """Return the refusal, or the codes of the remarks."""

    def judge(event: Event, *, strict: bool = False) -> Refusal | list[str]:
        verdict = judge_event(event, now=_NOW, law=Law(strict=strict))
        return verdict if isinstance(verdict, Refusal) else [note.code for note in verdict]

    return judge
