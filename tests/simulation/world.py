"""The warehouse's rows, and how they change between runs. Every choice comes from a seeded generator."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import pyarrow as pa

from connectors.base import Query, Range
from syncer.duration import Duration
from syncer.pipeline import Column, Consent, Constant, Cursor, Delivery, Mapping, Pipeline, Settings
from syncer.state.ledger_sizes import LedgerSizes
from tests.simulation.machine import FakeClock

CURSOR = "updated"
EPOCH = datetime(2026, 11, 1)  # noqa: DTZ001 - a column without zone
DAY_S = 86_400
OLD_S = 8 * DAY_S
MARGIN_S = 600
CursorType = Literal["integer", "timestamp", "none"]


def window_s(place: str) -> int:
    """Return how old an event may be that Meta takes."""
    return (62 if place == "physical_store" else 7) * DAY_S


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the warehouse."""

    key: str | None
    cursor: int | None
    at: int
    """event_time."""
    value: float | None
    place: str
    agreed: str | None = "yes"
    brand: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a world is like."""

    rows: int = 40
    batch_rows: int = 8
    events_per_request: int = 4
    requests_in_flight: int = 3
    mode: Literal["at_least_once", "at_most_once"] = "at_least_once"
    cursor: CursorType = "integer"
    lookback: int = 5
    delay_s: int = 0
    odd: float = 0.2
    """Share of rows that are not plain: no key, no cursor, no value, old, repeated."""
    poison: float = 0.05
    """Share of keys that Meta refuses."""
    faults: float = 0.2
    """Share of requests that end in trouble."""
    too_big: int = 1000
    """More events than this are too big."""
    sweeps: bool = False
    """Rows come later than any lookback, and runs reconcile."""
    consent: bool = False
    """A third of the rows has no consent, or loses it, or gets it later."""
    ledger_sizes: LedgerSizes = LedgerSizes()
    destinations: tuple[str, ...] = ("meta",)
    has_brands: bool = False
    """A row goes to the destination of its brand by one of `MAPS`, which an edit changes; else to each."""

    @classmethod
    def of(cls, rng: random.Random) -> Self:
        rows = rng.randint(4, 36)
        return cls(
            rows=rows,
            batch_rows=rng.choice([5, 10, 20, 40]),
            events_per_request=rng.choice([1, 2, 4, 7, 12]),
            requests_in_flight=rng.randint(1, 5),
            mode=rng.choice(["at_least_once", "at_least_once", "at_most_once"]),
            cursor=rng.choice(["integer", "integer", "timestamp", "none"]),
            lookback=rng.choice([0, 1, 5]),
            delay_s=rng.choice([0, 0, 3_600]),
            odd=rng.choice([0.0, 0.2, 0.5]),
            poison=rng.choice([0.0, 0.05, 0.2]),
            faults=rng.choice([0.0, 0.1, 0.3, 0.6]),
            too_big=rng.choice([1000, 1000, 3]),
            sweeps=rng.choice([False, False, True]),
            consent=rows % 4 == 0,  # by no choice of their own, so that the worlds without are what they were
        ).with_files(has_some=rows % 4 == 1)

    def with_files(self, *, has_some: bool) -> Self:
        """Return such a world whose ledger goes into files, while a run goes on as well, if it `has_some`."""
        small = LedgerSizes(few=3, part=3, recent=3 * self.batch_rows, long=3, in_file=12)
        return replace(self, ledger_sizes=small) if has_some else self

    def with_two(self, rng: random.Random) -> Self:
        """Return such a world whose events go to two destinations."""
        return replace(self, destinations=("meta", "other"), has_brands=rng.random() < 0.7)

    def pipeline(self) -> Pipeline:
        lookback = Duration(self.lookback) if self.cursor == "timestamp" else self.lookback
        return Pipeline(
            name="orders",
            source="warehouse",
            query="SELECT * FROM orders",
            key=("id",),
            start="beginning",
            destinations=self.destinations,
            mapping=Mapping(
                server_event={
                    "event_name": Constant(value="Purchase"),
                    "event_time": Column(column="at"),
                    "action_source": Column(column="place"),
                },
                customer_info={"external_id": Column(column="id")},
                custom_data={
                    "value": Column(column="value"),
                    "currency": Constant(value="EUR"),
                    "order_id": Column(column="id"),
                },
            ),
            consent=Consent(column="agreed", retroactive=True) if self.consent else None,
            cursor=None if self.cursor == "none" else Cursor(column=CURSOR, lookback=lookback),
            settings=Settings(delay=Duration(self.delay_s)),
            delivery=Delivery(
                mode=self.mode,
                events_per_request=self.events_per_request,
                requests_in_flight=self.requests_in_flight,
            ),
            file=Path("pipelines/orders.yaml"),
            fingerprint="f1",
        )


MAPS: tuple[dict[str, str] | None, ...] = (
    {"a": "meta", "b": "other"},
    {"a": "meta", "b": "other", "c": "other"},
    {"a": "meta", "c": "other"},
    {"b": "other", "a": "meta"},
    None,
)
"""Brand to destination; None: a list of both."""


@dataclass(slots=True)
class World:
    """The rows now. Mutable; changes only between runs."""

    shape: Shape
    rng: random.Random
    clock: FakeClock
    rows: list[Row] = field(default_factory=list)
    poison: set[str] = field(default_factory=set)
    healed: set[str] = field(default_factory=set)
    """Keys that were poison once: a refusal stands until the row, the mapping or an operator gives a reason to ask again."""
    top: int = 0
    """Highest cursor value ever."""
    to: str = "meta"
    """The destination that is looked at."""
    map: dict[str, str] | None = None
    _keys: int = 0

    def __post_init__(self) -> None:
        self.map = MAPS[0] if self.shape.has_brands else None

    def grow(self, count: int) -> None:
        """Add rows behind the others, many of them on one cursor value."""
        for _ in range(count):
            self.top += self.rng.choice([0, 0, 1, 3])
            row = self._plain(self.top)
            self.rows.append(self._odd(row) if self.rng.random() < self.shape.odd else row)

    def change(self) -> None:
        """What happens in a warehouse between two runs."""
        self.grow(self.rng.choice([0, 3, self.shape.rows // 4]))
        for _ in range(self.rng.randint(0, 3)):
            furthest = self.top if self.shape.sweeps else self.shape.lookback
            self.rows.append(self._plain(max(0, self.top - self.rng.randint(0, furthest))))
        for number in self.rng.sample(range(len(self.rows)), min(len(self.rows), self.rng.randint(0, 4))):
            self.rows[number] = self._edited(self.rows[number])
        if self.rows and self.rng.random() < 0.3:
            self.rows.pop(self.rng.randrange(len(self.rows)))

    def heal(self) -> None:
        """Let Meta take half of what it refused."""
        self.healed |= {key for key in sorted(self.poison) if self.rng.random() < 0.5}
        self.poison -= self.healed

    def verdict(self, row: Row) -> str:
        """Return what must become of `row` if it is judged now: a bucket, or `send`."""
        age = int(self.clock.now().timestamp()) - row.at
        place = self._place(row)
        if place not in (None, self.to):
            return "elsewhere"
        if row.key is None:
            return "key_problem"
        if age > window_s(row.place) - MARGIN_S:
            return "expired"
        if self.shape.consent and row.agreed != "yes":
            return "no_consent"
        if age < self.shape.delay_s:
            return "too_early"
        if place is None:
            return "no_place"
        return "rejected_local" if row.value is None else "send"

    def _place(self, row: Row) -> str | None:
        """Return the destination of a row; None: it has none, which is said where the first of the map is looked at."""
        if self.map is None:
            return self.to
        found = self.map.get(row.brand or "")
        first = next(iter(self.map.values()))
        return first if found is None and first != self.to else found

    def _plain(self, cursor: int) -> Row:
        self._keys += 1
        key = f"k{self._keys}"
        if self.rng.random() < self.shape.poison:
            self.poison.add(key)
        ago = self.rng.randint(60, 2 * 3_600)
        place = self.rng.choice(["system_generated", "system_generated", "system_generated", "physical_store"])
        at = int(self.clock.now().timestamp()) - ago
        return Row(key, cursor, at, self._value(), place, self._agreed(), self._brand())

    def _odd(self, row: Row) -> Row:
        kind = self.rng.choice(["no_key", "no_cursor", "no_value", "old", "repeated", "conflict"])
        other = self.rng.choice(self.rows) if self.rows else row
        match kind:
            case "no_key":
                return replace(row, key=None)
            case "no_cursor":
                return replace(row, cursor=None)
            case "no_value":
                return replace(row, value=None)
            case "old":
                return replace(row, at=row.at - OLD_S)
            case "repeated":
                return replace(other, cursor=row.cursor)
            case _:
                return replace(other, cursor=row.cursor, value=self._value())

    def _edited(self, row: Row) -> Row:
        self.top += self.rng.choice([0, 1])
        is_silent = self.shape.sweeps and self.rng.random() < 0.5
        moved = self.top if row.cursor is not None and not is_silent else row.cursor
        brand = self._brand() if self.shape.has_brands and self.rng.random() < 0.5 else row.brand
        return replace(row, value=self._value(), cursor=moved, agreed=self._agreed(), brand=brand)

    def _brand(self) -> str | None:
        return self.rng.choice(["a", "a", "b", "b", "c", None]) if self.shape.has_brands else None

    def _agreed(self) -> str | None:
        return self.rng.choice(["yes", "yes", "yes", "yes", "no", None]) if self.shape.consent else "yes"

    def _value(self) -> float:
        return self.rng.randint(100, 99_999) / 100


@dataclass(slots=True)
class Warehouse:
    """A source over the rows as they are when a read begins; notes what it gave. Mutable."""

    world: World
    given: list[tuple[Row, str]] = field(default_factory=list)
    """Each row of this run, with what must become of it."""
    new: int | None = None
    """How many of these the first reading gave, once there was another; no watermark passes those of the other."""
    readings: int = 0
    fails_after: int | None = None
    """Raise after so many batches."""
    failure: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def schema(self, query: Query) -> pa.Schema:
        types = {
            "id": pa.string(),
            "at": pa.int64(),
            "value": pa.float64(),
            "place": pa.string(),
            "agreed": pa.string(),
            "brand": pa.string(),
        }
        types[CURSOR] = pa.timestamp("us") if self.world.shape.cursor == "timestamp" else pa.int64()
        return pa.schema([(name, types[name]) for name in query.columns or types])

    def begin(self) -> None:
        """Forget what earlier runs read."""
        self.given.clear()
        self.new, self.readings = None, 0

    def read(self, query: Query) -> Iterator[pa.RecordBatch]:
        self.readings += 1
        if self.readings > 1:
            self.new = len(self.given)
        rows = sorted(
            (row for row in self.world.rows if all(self._is_in(row, part) for part in query.ranges)), key=_order
        )
        if query.cursor_column is None:
            rows = sorted(rows, key=lambda row: row.key or "~")
        schema = self.schema(query)
        size = min(query.batch_rows, self.world.shape.batch_rows)
        for number, first in enumerate(range(0, len(rows), size)):
            if number == self.fails_after and self.failure is not None:
                raise self.failure
            batch = rows[first : first + size]
            made = pa.RecordBatch.from_pylist([self._record(row) for row in batch], schema=schema)
            self.given.extend((row, self.world.verdict(row)) for row in batch)
            yield made

    def _is_in(self, row: Row, part: Range) -> bool:
        assert part.column == CURSOR
        if row.cursor is None:
            return part.with_null
        low = -(2**60) if part.low is None else self.ticks(part.low.text)
        high = 2**60 if part.high is None else self.ticks(part.high.text)
        return low <= row.cursor < high

    def ticks(self, text: str) -> float:
        """Return the number behind the text of a cursor value."""
        if self.world.shape.cursor == "timestamp":
            return (datetime.fromisoformat(text) - EPOCH).total_seconds()
        return int(text)

    def _record(self, row: Row) -> dict[str, object]:
        cursor: object = row.cursor
        if row.cursor is not None and self.world.shape.cursor == "timestamp":
            cursor = EPOCH + timedelta(seconds=row.cursor)
        plain = {"id": row.key, "at": row.at, "value": row.value, "place": row.place, "agreed": row.agreed}
        return {**plain, CURSOR: cursor, "brand": row.brand}


def _order(row: Row) -> tuple[bool, int, str]:
    return (row.cursor is not None, row.cursor or 0, row.key or "~")
