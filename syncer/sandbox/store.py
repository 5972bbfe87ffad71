"""What arrived: counts of everything, and the last few of each kind in full."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from syncer.sandbox.coverage import Coverage
from syncer.sandbox.facts import DEDUPLICATION_S, OFFLINE_DEDUPLICATION_S
from syncer.sandbox.notes import Note
from syncer.sandbox.refusal import Refusal
from syncer.sandbox.repeats import Repeat, Repeats
from syncer.sandbox.seen import Seen
from syncer.sandbox.shapes import Json, number_of

_MOST_NAMES = 1_000
OTHER_NAMES = "(other)"
"""What event names are counted under once there are too many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What the events of one request have in common."""

    request: int
    received_at: float
    dataset_id: str
    test_event_code: str | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event that was taken."""

    number: int
    batch: Batch
    event: Json
    notes: tuple[Note, ...] = ()
    duplicate: str | None = None
    """`event_id`: the same event_name and event_id came within 48 hours; `offline`: by the keys of offline events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """One POST of events, however it ended."""

    number: int
    received_at: float
    dataset_id: str
    version: str
    body_bytes: int
    events: int
    """Taken from this request."""
    status: int
    """HTTP status answered; 0: no answer was sent."""
    outcome: str
    """`accepted`, `refused` or the name of the fault that struck."""
    code: int | None = None
    subcode: int | None = None
    fbtrace_id: str = ""
    token_in: str = "none"  # noqa: S105  # where it stood
    test_event_code: str | None = None


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """One request that was refused: why, and the event to blame."""

    request: int
    received_at: float
    refusal: Refusal
    event: Json | None
    dataset_id: str = ""
    fbtrace_id: str = ""
    outcome: str = "refused"
    """`refused`, or the name of the fault that struck."""


@dataclass(slots=True)
class _Counts:
    """Sums over everything since the last reset."""

    requests: int = 0
    events: int = 0
    duplicates: int = 0
    offline_duplicates: int = 0
    test_events: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    coverage: Coverage = field(default_factory=Coverage)
    value: dict[str, float] = field(default_factory=dict)


class Store:
    """All that the sandbox remembers; memory does not grow beyond `keep` of each kind and the keys seen in 48 hours."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self._counts = _Counts()
            self._arrivals: deque[Arrival] = deque(maxlen=self._keep)
            self._requests: deque[RequestRecord] = deque(maxlen=self._keep)
            self._refused: deque[RefusedRecord] = deque(maxlen=self._keep)
            self._by_id = Seen(DEDUPLICATION_S)
            self._offline = Seen(OFFLINE_DEDUPLICATION_S)
            self._repeats = Repeats(self._keep)

    @property
    def received(self) -> int:
        """How many events were taken."""
        return self._counts.events

    def take(self, batch: Batch, events: Sequence[Json], notes: Mapping[int, Sequence[Note]]) -> None:
        """Keep the events of an accepted request; `notes` are by index of the event."""
        with self._lock:
            for index, event in enumerate(events):
                remarks = notes.get(index, ())
                self._count(event, remarks)
                duplicate = self._duplicate(event, batch)
                self._arrivals.append(Arrival(self._counts.events, batch, event, tuple(remarks), duplicate))
            if batch.test_event_code is not None:
                self._counts.test_events += len(events)

    def _count(self, event: Json, notes: Sequence[Note]) -> None:
        counts = self._counts
        counts.events += 1
        name = _count_name(counts.names, str(event.get("event_name")))
        counts.sources[str(event.get("action_source"))] += 1
        for note in notes:
            counts.notes[note.code] += 1
        user_data = event.get("user_data")
        if isinstance(user_data, dict):
            counts.coverage.count(name, tuple(user_data))
        self._add_value(event.get("custom_data"))

    def _add_value(self, custom_data: object) -> None:
        if not isinstance(custom_data, dict):
            return
        value, currency = custom_data.get("value"), custom_data.get("currency")
        amount = number_of(value)
        if amount is not None and isinstance(currency, str) and len(currency) == 3:
            code = currency.upper()
            self._counts.value[code] = self._counts.value.get(code, 0.0) + amount

    def _duplicate(self, event: Json, batch: Batch) -> str | None:
        name, event_id = event.get("event_name"), event.get("event_id")
        if event_id is not None and self._by_id.add((batch.dataset_id, name, str(event_id)), batch.received_at):
            self._counts.duplicates += 1
            self._repeat("event_id", event, batch, str(event_id))
            return "event_id"
        if event.get("action_source") != "physical_store":
            return None
        key = (batch.dataset_id, name, event.get("event_time"), *_offline_key(event))
        if self._offline.add(key, batch.received_at):
            self._counts.offline_duplicates += 1
            self._repeat("offline", event, batch, *map(str, key))
            return "offline"
        return None

    def _repeat(self, kind: str, event: Json, batch: Batch, *key: str) -> None:
        name, event_id = str(event.get("event_name")), event.get("event_id")
        repeat = Repeat(
            kind=kind,
            dataset_id=batch.dataset_id,
            event_name=name,
            event_id=None if event_id is None else str(event_id),
            times=2,
            last_request=batch.request,
            last_received_at=batch.received_at,
        )
        self._repeats.add((kind, batch.dataset_id, name, *key), repeat)

    def count(self, events: int) -> None:
        """Count events that were not looked at."""
        with self._lock:
            self._counts.events += events

    def record(self, request: RequestRecord) -> None:
        """Keep how a request ended."""
        with self._lock:
            counts = self._counts
            counts.requests += 1
            counts.outcomes[request.outcome] += 1
            if request.code is not None:
                counts.errors[f"{request.code}/{request.subcode}" if request.subcode else str(request.code)] += 1
            self._requests.append(request)

    def refuse(self, record: RefusedRecord) -> None:
        """Keep why a request was refused."""
        with self._lock:
            self._refused.append(record)

    def arrivals(self) -> list[Arrival]:
        """Return the events kept, the oldest first."""
        with self._lock:
            return list(self._arrivals)

    def requests(self) -> list[RequestRecord]:
        """Return the requests kept, the oldest first."""
        with self._lock:
            return list(self._requests)

    def refused(self) -> list[RefusedRecord]:
        """Return the refused requests kept, the oldest first."""
        with self._lock:
            return list(self._refused)

    def state(self) -> Json:
        """Return the sums over everything since the last reset."""
        with self._lock:
            counts = self._counts
            return {
                "requests": counts.requests,
                "events": counts.events,
                "duplicates": counts.duplicates,
                "offline_duplicates": counts.offline_duplicates,
                "test_events": counts.test_events,
                "outcomes": dict(counts.outcomes),
                "errors": dict(counts.errors),
                "event_names": dict(counts.names),
                "action_sources": dict(counts.sources),
                "notes": dict(counts.notes),
                "value": {code: round(amount, 2) for code, amount in sorted(counts.value.items())},
                "kept": {"events": len(self._arrivals), "requests": len(self._requests), "refused": len(self._refused)},
            }

    def coverage(self) -> dict[str, int]:
        """Return for each key of user_data how many of the events carried it, the most frequent first."""
        with self._lock:
            return self._counts.coverage.totals()

    def coverage_by_name(self) -> list[Json]:
        """Return the keys of user_data of each event name, the most frequent name first."""
        with self._lock:
            return self._counts.coverage.by_name(self._counts.names)

    def repeats(self) -> list[Repeat]:
        """Return the events that came more than once, the last to be repeated first."""
        with self._lock:
            return self._repeats.newest_first()


def _offline_key(event: Json) -> tuple[str, ...]:
    """Return what tells two offline events of one name and time apart: item and order, else item and customer."""
    custom_data = event.get("custom_data")
    found: Json = custom_data if isinstance(custom_data, dict) else {}
    order = found.get("order_id")
    return str(found.get("item_number")), str(event.get("user_data") if order is None else order)


def _count_name(counter: Counter[str], name: str) -> str:
    """Count the name; return the name it was counted under."""
    counted = name if name in counter or len(counter) < _MOST_NAMES else OTHER_NAMES
    counter[counted] += 1
    return counted
